"""How far an import is, and what Ctrl-C leaves: a moving line on a terminal, lines elsewhere, nothing half done."""

import contextlib
import glob
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

from bounds import SLOWNESS, until
from harness import FreshCase
from programs import die_with_parent, program

HEADER = "Obj-Class,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\r\n"
ERASE = "\r\x1b[K"
ROWS = re.compile(r"gif-import: \d+ rows, \d+ %, \d+ rows/s, (\d+ s left|time left unknown)")
READING = re.compile(r"gif-import: reading, \d+ s")
STOPPED = "stopped; nothing was changed"
# Rows that take long enough to be interrupted in the middle, also where the machine is fast.
MANY = 40000


def rows(first, count):
    return "".join(f"mailbox,p{i},SMTP:p{i}@company.example,smtp:q{i}@company.example%smtp:r{i}@company.example\r\n" for i in range(first, first + count))


def undisturbed():
    """As from a terminal: whoever runs the tests may ignore hang-ups, as nohup does."""
    die_with_parent()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class ProgressCase(FreshCase):
    def setUp(self):
        super().setUp()
        self.make_world()
        self.world.ctl("domain", "add", "company.example", "--class=relay")

    def spawn(self, *args, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **kw):
        process = subprocess.Popen([program("gif-import"), "--config", self.world.conf, *args], stdin=stdin, stdout=subprocess.PIPE, stderr=stderr,
                                   cwd=self.world.work, preexec_fn=undisturbed, **self.world.identity, **kw)
        self.addCleanup(self.reap, process)
        return process

    @staticmethod
    def reap(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def terminal(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        return ours, theirs

    def read_terminal(self, ours, until=None, timeout=20 * SLOWNESS):
        """What was written there, to its end or until the pattern is in it."""
        text, deadline = "", time.monotonic() + timeout
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.05)[0]:
                try:
                    data = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    return text
                text += data.decode()
            if until and re.search(until, text):
                return text
        raise AssertionError(f"{until or 'the end'} never came: {text[-500:]!r}")

    def state(self):
        return self.world.status()


class Progress(ProgressCase):
    def test_terminal(self):
        """on a terminal one line moves: what is done, then rows, rate and time left; it is gone at the end"""
        ours, theirs = self.terminal()
        process = self.spawn("-", stdin=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        text = self.read_terminal(ours, until=READING)
        process.stdin.write((HEADER + rows(0, 1000)).encode())
        process.stdin.close()
        text += self.read_terminal(ours)
        self.assertEqual(process.wait(), 0)
        self.assertNotIn("\n", text)
        moves = text.split(ERASE)
        self.assertEqual((moves[0], moves[-1]), ("", ""), repr(text))
        self.assertTrue(any(ROWS.fullmatch(move) for move in moves), repr(text))
        self.assertTrue(any(move.startswith("gif-import: 1000 rows, 100 %") for move in moves), repr(text))
        for move in moves:
            self.assertTrue(move == "" or ROWS.fullmatch(move) or re.fullmatch(r"gif-import: [a-z ]+, \d+ s", move), repr(move))

    def test_messages_between(self):
        """a message on the same terminal has a line for itself"""
        ours, theirs = self.terminal()
        bad = "".join(f"mailbox,b{i},nonsense,\r\n" for i in range(600))
        process = self.spawn("--progress=always", self.world.file("bad.csv", HEADER + bad + rows(0, 20000) + bad), stderr=theirs)
        os.close(theirs)
        text = self.read_terminal(ours)
        self.assertEqual(process.wait(), 1)
        lines = text.split("\n")
        self.assertEqual(sum("GIF0230" in line for line in lines), 1001)
        for line in lines[:-1]:
            self.assertRegex(line.rpartition(ERASE)[2], r"^(\S+bad\.csv:\d+: (error|info) GIF|gif-import: error GIF0230: 200 more)")

    def test_pipe(self):
        """in a pipe nothing is said, unless with --progress=always: then a line each second"""
        for option, wanted in (("--progress=auto", 0), ("--progress=never", 0), ("--progress=always", 2)):
            process = self.spawn(option, "--json", "-", stdin=subprocess.PIPE)
            time.sleep(2.6)
            process.stdin.write(HEADER.encode())
            _, err = process.communicate(rows(0, 5).encode())
            lines = err.decode().splitlines()
            self.assertEqual(process.returncode, 0)
            self.assertEqual(sum(bool(READING.fullmatch(line)) for line in lines), wanted, lines)
            if wanted:
                self.assertTrue(any(ROWS.fullmatch(line) and line.startswith("gif-import: 5 rows, 100 %") for line in lines), lines)
                self.assertNotIn("\r", err.decode())
                self.assertNotIn("\x1b", err.decode())
            else:
                self.assertEqual(lines, [])

    def test_never(self):
        """--progress=never is silent on a terminal too"""
        ours, theirs = self.terminal()
        process = self.spawn("--progress=never", self.world.file("n.csv", HEADER + rows(0, 2000)), stderr=theirs)
        os.close(theirs)
        self.assertEqual(self.read_terminal(ours), "")
        self.assertEqual(process.wait(), 0)


class Interrupted(ProgressCase):
    def leftovers(self):
        names = set(os.listdir(self.world.work))
        return sorted(name for name in names if not re.fullmatch(r"(in|report)\.(csv|html)", name))

    def test_while_reading(self):
        """SIGINT, SIGTERM and SIGHUP while standard input is read: says so, dies by the signal, nothing is changed"""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = self.state()
            process = self.spawn("--progress=always", "-", stdin=subprocess.PIPE)
            process.stdin.write((HEADER + rows(0, 3)).encode())
            process.stdin.flush()
            process.stderr.readline()  # the first second is over
            process.send_signal(number)
            out, err = process.communicate(timeout=20 * SLOWNESS)
            self.assertEqual(process.returncode, -number)
            self.assertEqual(out, b"")
            self.assertIn(f"gif-import: {signal.Signals(number).name}: {STOPPED}", err.decode())
            self.assertEqual(self.state(), before)

    def test_ctrl_c_on_terminal(self):
        """the key itself: the moving line goes, the message stands alone"""
        ours, theirs = self.terminal()

        def controlling():
            os.setsid()
            import fcntl
            import termios
            fcntl.ioctl(2, termios.TIOCSCTTY, 0)

        process = subprocess.Popen([program("gif-import"), "--config", self.world.conf, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=theirs,
                                   cwd=self.world.work, preexec_fn=controlling, **self.world.identity)
        self.addCleanup(self.reap, process)
        os.close(theirs)
        text = self.read_terminal(ours, until=READING)
        os.write(ours, b"\x03")
        text += self.read_terminal(ours)
        self.assertEqual(process.wait(), -signal.SIGINT)
        self.assertTrue(text.replace("^C", "").endswith(f"{ERASE}gif-import: SIGINT: {STOPPED}\r\n"), repr(text[-200:]))

    def test_ignored_stays_ignored(self):
        """under nohup a hang-up does not end it"""
        def nohup():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        process = subprocess.Popen([program("gif-import"), "--config", self.world.conf, "--progress=always", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=nohup, cwd=self.world.work, **self.world.identity)
        self.addCleanup(self.reap, process)
        process.stderr.readline()
        process.send_signal(signal.SIGHUP)
        process.communicate((HEADER + rows(0, 3)).encode(), timeout=20 * SLOWNESS)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.state()["objects"], 3)

    def test_at_any_time(self):
        """at whatever moment: all or nothing, it says which, and no temporary file stays"""
        bad = "mailbox,bad,nonsense,\r\n"
        source = self.world.file("in.csv", HEADER + bad + rows(0, MANY))
        began = time.monotonic()
        self.world.run("gif-import", "--config", self.world.conf, "--dry-run", "--keep-going", source, rc=1, timeout=60 * SLOWNESS)
        whole = (time.monotonic() - began) * 1.6
        stopped = 0
        for step in range(8):
            before = self.state()
            process = self.spawn("--keep-going", "--report=report.html", "in.csv")
            time.sleep(whole * step / 8)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60 * SLOWNESS)
            after = self.state()
            if process.returncode == -signal.SIGTERM:
                stopped += 1
                if STOPPED in err.decode():
                    self.assertEqual(after, before)
                    self.assertEqual(self.leftovers(), [])
                    self.assertFalse(os.path.exists(os.path.join(self.world.work, "report.html")))
                else:
                    # Before the first instruction that knows of signals, or behind the commit.
                    self.assertTrue("after the change was applied" in err.decode() or (after == before and self.leftovers() == []), err)
            else:
                self.assertEqual(process.returncode, 1, err)
                self.assertIn(b'"applied":true', out)
                self.assertIn("in.csv.err", self.leftovers())
            if after["objects"]:
                self.assertEqual(after["objects"], MANY)
                self.world.ctl("rollback", str(after["batch"]), timeout=60 * SLOWNESS)
            for name in ("in.csv.err", "report.html"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(self.world.work, name))
            self.assertEqual(self.leftovers(), [])
        self.assertGreater(stopped, 0)

    def test_while_saving_a_plan(self):
        """the plan is whole or not there"""
        source = self.world.file("in.csv", HEADER + rows(0, MANY))
        plan = os.path.join(self.world.work, "plan")
        began = time.monotonic()
        self.world.run("gif-import", "--config", self.world.conf, "--dry-run", "--plan-out=" + plan, source, timeout=60 * SLOWNESS)
        whole = time.monotonic() - began
        os.unlink(plan)
        stopped = 0
        for step in range(8):
            process = self.spawn("--dry-run", "--plan-out=plan", "in.csv")
            time.sleep(whole * step / 8)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60 * SLOWNESS)
            self.assertIn(process.returncode, (0, -signal.SIGINT))
            stopped += process.returncode != 0
            self.assertEqual(STOPPED in err.decode(), process.returncode != 0 and bool(err), err)
            if os.path.exists(plan):
                self.world.run("gif-import", "--config", self.world.conf, "--dry-run", "--apply-plan=" + plan, timeout=60 * SLOWNESS)
                os.unlink(plan)
            self.assertEqual(self.leftovers(), [])
        self.assertGreater(stopped, 0)

    def test_dry_run_without_store(self):
        """a dry run over a store that is not there leaves nothing in the folder of temporary files"""
        folder = self.world.make_dir("t", 0o755)
        conf = self.world.write_config({"store": {"path": os.path.join(self.world.store_dir, "none.mdb")}}, self.world.conf + "2")
        source = self.world.file("in.csv", HEADER + rows(0, MANY))
        process = subprocess.Popen([program("gif-import"), "--config", conf, "--dry-run", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=dict(os.environ, TMPDIR=folder), **self.world.identity)
        self.addCleanup(self.reap, process)
        until(lambda: glob.glob(folder + "/*/store.mdb"), "the temporary store")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60 * SLOWNESS)
        self.assertEqual(glob.glob(folder + "/**", recursive=True), [folder + "/"])


if __name__ == "__main__":
    unittest.main()
