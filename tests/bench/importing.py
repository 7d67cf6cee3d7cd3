"""Times gif-import: against postmap over the same addresses, a bare CSV scan, and itself."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ADDRESS = re.compile(r"smtp:([^%\",]+)", re.IGNORECASE)
SAMPLE_SECONDS = 0.02   # between two looks at the memory: it grows over seconds
SCALED = 200000         # rows, values or members of the larger file where two sizes are compared
FIELD_VALUES = 500      # an object may have 1,000 addresses


class Run:
    """One command to its end: seconds, and the peak of its anonymous memory in MB."""

    def __init__(self, *command):
        started = time.monotonic()
        self.anonymous = 0
        with tempfile.TemporaryFile() as told, \
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told) as process:
            while process.poll() is None:
                self.anonymous = max(self.anonymous, self.look(process.pid))
                time.sleep(SAMPLE_SECONDS)
            self.seconds = time.monotonic() - started
            told.seek(0)
            said = told.read().decode(errors="replace")
        if process.returncode:
            sys.exit("%s ended with %d\n%s" % (" ".join(command), process.returncode, said[-2000:]))

    @staticmethod
    def look(pid):
        try:
            with open("/proc/%d/status" % pid, encoding="ascii") as status:
                for line in status:
                    if line.startswith("RssAnon:"):
                        return int(line.split()[1]) / 1024
        except (FileNotFoundError, ProcessLookupError):
            pass
        return 0


class Importing:
    def __init__(self, bench, export):
        self.bench, self.export, self.folder = bench, export, bench.folder
        self.program = bench.program("gif/gif-import")
        self.scan = bench.program("tests/bench/scan")
        self.config = os.path.join(self.folder, "import.conf")
        self.store = os.path.join(self.folder, "import.mdb")
        self.rounds = max(1, min(bench.given.rounds, 3))
        with open(self.config, "w", encoding="ascii") as out:
            out.write("[store]\npath=%s\n" % self.store)

    def path(self, name):
        return os.path.join(self.folder, name)

    def empty(self):
        for suffix in ("", "-lock", ".lock"):
            if os.path.exists(self.store + suffix):
                os.unlink(self.store + suffix)

    def imported(self, path, *options, fresh=True):
        if fresh:
            self.empty()
        return Run(self.program, "--config=" + self.config, "--force", *options, path)

    def postmap(self):
        """The SMTP addresses of the export, compiled as Postfix would; None without Postfix."""
        program = shutil.which("postmap") or shutil.which("postmap", path="/usr/sbin")
        if not program:
            return None
        table = self.path("addresses")
        if not os.path.exists(table):
            with open(self.export, encoding="ascii") as rows, open(table, "w", encoding="ascii") as out:
                for number, row in enumerate(rows):
                    out.write("".join("%s %d\n" % (address.lower(), number) for address in ADDRESS.findall(row)))
        if os.path.exists(table + ".lmdb"):
            os.unlink(table + ".lmdb")
        return Run(program, "-w", "lmdb:" + table).seconds

    def changed(self):
        """The export with another secondary in one row of the middle."""
        path = self.path("changed.csv")
        if not os.path.exists(path):
            with open(self.export, encoding="ascii", newline="") as rows, \
                    open(path, "w", encoding="ascii", newline="") as out:
                for number, row in enumerate(rows):
                    if number == self.bench.given.rows // 2:
                        row = row.replace("smtp:", "smtp:another@corp000.example.com%smtp:", 1)
                    out.write(row)
        return path

    def report(self, name, values, unit, goal):
        value = statistics.median(values)
        self.bench.result(name, value, unit, "<= %g" % goal, value <= goal)

    def measure_export(self):
        first, tables, again, one, dry, scans, memory, dry_memory = ([] for _ in range(8))
        self.changed()
        for _ in range(self.rounds):
            tables.append(self.postmap())
            run = self.imported(self.export)
            first.append(run.seconds)
            memory.append(run.anonymous)
            again.append(self.imported(self.export, fresh=False).seconds)
            one.append(self.imported(self.changed(), fresh=False).seconds)
            self.empty()
            run = self.imported(self.export, "--dry-run")
            dry.append(run.seconds)
            dry_memory.append(run.anonymous)
            if os.path.exists(self.scan):
                scans.append(Run(self.scan, self.export).seconds)
        self.bench.result("import of %d rows" % self.bench.given.rows, statistics.median(first), "s", "", None)
        if tables[0]:
            ratios = [a / b for a, b in zip(first, tables)]
            self.report("import, against postmap -w lmdb:", ratios, "x", 0.75)
        if scans:
            self.report("dry run, against a scan with libcsv", [a / b for a, b in zip(dry, scans)], "x", 2)
        self.report("the same file again", [a / b for a, b in zip(again, first)], "x first", 1.2)
        self.report("one changed row", [a / b for a, b in zip(one, first)], "x first", 0.6)
        self.report("anonymous memory of an import, peak", memory, "MB", 900)
        self.report("anonymous memory of a dry run, peak", dry_memory, "MB", 512)

    def scaled(self, name, write):
        """Twice as much must not take much more than twice as long."""
        seconds = []
        for count in (SCALED // 2, SCALED):
            path = self.path("scaled.csv")
            with open(path, "w", encoding="ascii", newline="") as out:
                write(out, count)
            seconds.append(min(self.imported(path).seconds for _ in range(self.rounds)))
        self.report(name, [seconds[1] / seconds[0]], "x n", 2.5)

    @staticmethod
    def write_rows(out, count):
        out.write("Obj-Class,Directory Name,E-mail Addresses\r\n")
        for i in range(count):
            out.write("mailbox,N%d,SMTP:n%d@corp.example\r\n" % (i, i))

    @staticmethod
    def write_values(out, count):
        out.write("Obj-Class,Directory Name,Secondary-Proxy-Addresses\r\n")
        for i in range(400):
            values = range(count * FIELD_VALUES // SCALED)
            out.write("mailbox,N%d,%s\r\n" % (i, "%".join("smtp:n%d.%d@corp.example" % (i, v) for v in values)))

    @staticmethod
    def write_members(out, count):
        """One list, which grows by a row of 500 each time."""
        out.write("Obj-Class,Directory Name,Members\r\n")
        for i in range(0, count, FIELD_VALUES):
            out.write("dl,All,%s\r\n" % "%".join("member%d" % (i + m) for m in range(FIELD_VALUES)))

    def measure(self):
        self.measure_export()
        self.scaled("2n rows", self.write_rows)
        self.scaled("2n values in each field", self.write_values)
        self.scaled("2n members", self.write_members)
