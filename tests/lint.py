#!/usr/bin/env python3
"""House rules that a machine can judge: lint.py SOURCE_DIR BUILD_DIR.

Each rule is a test case; a failure lists every place. What the rules mean stands in CONTRIBUTING.md.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

SOURCE = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), ".."))
BUILD = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None

ROOMS = ("tables", "policyd", "gif")
# Above this a file is two files. Benchmarks are tools, read on their own.
FILE_LINES_MAX = 500
# CONTRIBUTING.md asks for about 60; this is where "about" ends.
FUNCTION_LINES_MAX = 80
# A program that does not print its help at once is broken.
HELP_SECONDS = 20

# header (or its directory) -> the one file that includes it
SOLE_INCLUDER = {
    r"lmdb\.h": ("tables/store_env.h",),
    r"idn2\.h": ("tables/address.c",),
    r"openssl/.*": ("tables/digest.c", "gif/signature.c"),
    r"json-glib/.*": ("tables/json_reader.c",),
    r"sys/epoll\.h": ("policyd/worker.c",),
    r"resolv\.h": ("policyd/mx.c",),
    r"arpa/nameser\.h": ("policyd/mx.c",),
    r"ldap\.h": ("tables/directory.c",),
    r"microhttpd\.h": ("policyd/metrics.c",),
}
# private header -> the files that share it
PRIVATE = {"tables/store_env.h": r"tables/store(_\w+)?\.c"}
# who -> folders whose headers it must not include; the programs (L4) are listed as exceptions below
FOREIGN = {"tables": ("policyd", "gif"), "policyd": ("gif",), "gif": ("policyd",)}
PROGRAM_MAY = {"policyd/ctl_files.c": ("gif/writer.h",)}
# Banned word -> the one file that may: doctor connects as another user, in a chroot.
ONLY_IN = {"fork": "policyd/doctor_socket.c"}
# The data plane must be unable to talk to a directory.
PLANE = {"policyd/worker.c": ("tables/directory.h", "tables/replica.h")}

BANNED = {
    r"\b(sprintf|vsprintf|strcpy|strcat|strncat|strtok|atoi|atol|gets|alloca|g_alloca|g_newa)\s*\(": "unbounded or unsafe call",
    r"\b(system|popen|execl|execv|execve|execvp|fork|vfork|posix_spawn|g_spawn\w*)\s*\(": "no program is started",
    r"\bg_error\s*\(": "aborts the process",
    r"\bgoto\b": "early return instead",
    r"\b(GMutex|GRecMutex|GRWLock|GCond|g_mutex_\w+)\b": "pthread mutexes and C11 atomics only",
    r"\bNDEBUG\b": "checks stay in",
    r"\bg_assert\w*\s*\(": "tests only",
    r"\basprintf\s*\(": "g_strdup_printf",
}

# Words of a workplace, spelt so that this file does not contain them.
WORKPLACE = [
    r"(?<![\w.])/wo" r"rk/",
    r"(?<![\w/.-])sha" r"red/(contract|spec|tools|hooks)",
    r"contract" r"\.md",
    r"\bcontract sec" r"tion",
    r"(?<![\w.])/ro" r"ot/",
    r"acceptance te" r"sts?\b",
    r"pkg\." r"dev\b",
    r"artifact-" r"registry",
]


def skipped_directory(path):
    name = os.path.basename(path)
    inside = os.path.relpath(path, SOURCE)
    return (name in (".git", "__pycache__", ".cache", "rpmtop", ".debhelper", "subprojects")
            or name.startswith(("build", "obj-"))
            or inside in ("debian", "packaging/debian/tmp", "packaging/debian/policyd-gif", "packaging/debian/gif-import"))


def all_files():
    for directory, names, files in os.walk(SOURCE):
        names[:] = sorted(name for name in names if not skipped_directory(os.path.join(directory, name)))
        for file in sorted(files):
            path = os.path.join(directory, file)
            if os.path.isfile(path) and not os.path.islink(path):
                yield os.path.relpath(path, SOURCE)


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def c_files(*rooms):
    return [path for path in all_files() if path.split(os.sep)[0] in rooms and path.endswith((".c", ".h"))]


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_only(text):
    """The text with comments and literals blanked, line by line the same."""
    return TOKEN.sub(lambda token: re.sub(r"[^\n]", " ", token.group()), text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def includes(path):
    for number, line in enumerate(read(path).splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1), found.group(2)


def functions(path):
    """(first line, number of lines) of each function body; definitions start at the left margin."""
    start = None
    lines = code_only(read(path)).splitlines()
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.rstrip() == "}" and start:
            yield start, number - start + 1
            start = None


class Rule(unittest.TestCase):
    def report(self, findings):
        if findings:
            self.fail("\n" + "\n".join(findings))


class Layers(Rule):
    def test_folders_do_not_include_each_other(self):
        bad = []
        for path in c_files(*ROOMS):
            room = path.split(os.sep)[0]
            for number, _, header in includes(path):
                if header in PROGRAM_MAY.get(path, ()):
                    continue
                if header.split("/")[0] in FOREIGN[room] or header in PLANE.get(path, ()):
                    bad.append("%s:%d: %s must not include %s" % (path, number, room, header))
        self.report(bad)

    def test_each_library_has_one_includer(self):
        bad = []
        for path in c_files(*ROOMS):
            for number, _, header in includes(path):
                for pattern, owners in SOLE_INCLUDER.items():
                    if re.fullmatch(pattern, header) and path not in owners:
                        bad.append("%s:%d: <%s> belongs to %s" % (path, number, header, " or ".join(owners)))
                if header in PRIVATE and not re.fullmatch(PRIVATE[header], path):
                    bad.append("%s:%d: %s is private to %s" % (path, number, header, PRIVATE[header]))
        self.report(bad)

    def test_includes_are_relative_to_the_root(self):
        bad = []
        for path in c_files(*ROOMS):
            for number, mark, header in includes(path):
                if mark == '"' and not os.path.exists(os.path.join(SOURCE, header)):
                    bad.append('%s:%d: "%s" is no file from the root' % (path, number, header))
        self.report(bad)


class Code(Rule):
    def test_banned(self):
        bad = []
        for path in c_files(*ROOMS):
            text = code_only(read(path))
            for pattern, why in BANNED.items():
                for found in re.finditer(pattern, text):
                    if ONLY_IN.get(found.group().rstrip("( ")) == path:
                        continue
                    bad.append("%s:%d: %s (%s)" % (path, line_of(text, found.start()), found.group(), why))
        self.report(bad)

    def test_header_guard_is_pragma_once(self):
        self.report(["%s: no #pragma once" % path for path in c_files(*ROOMS, "tests")
                     if path.endswith(".h") and "#pragma once" not in read(path)])

    def test_file_length(self):
        bad = []
        for path in c_files(*ROOMS, "tests"):
            length = read(path).count("\n")
            if length > FILE_LINES_MAX and not path.startswith("tests/bench/"):
                bad.append("%s: %d lines, at most %d" % (path, length, FILE_LINES_MAX))
        self.report(bad)

    def test_function_length(self):
        bad = []
        for path in c_files(*ROOMS):
            for number, length in functions(path):
                if length > FUNCTION_LINES_MAX:
                    bad.append("%s:%d: a function of %d lines, at most %d" % (path, number, length, FUNCTION_LINES_MAX))
        self.report(bad)

    def test_no_mutable_globals(self):
        """File-scope data is const, atomic, or not there."""
        bad = []
        for path in c_files(*ROOMS):
            for number, line in enumerate(code_only(read(path)).splitlines(), 1):
                if not re.match(r"static\s", line) or "(" in line.split("=")[0]:
                    continue
                if re.search(r"\b(const|_Atomic|atomic_\w+|_Static_assert|inline|_Thread_local)\b", line):
                    continue
                if re.search(r"[=;]\s*\{?\s*$|=", line):
                    bad.append("%s:%d: %s" % (path, number, line.strip()))
        self.report(bad)


class Texts(Rule):
    def test_design_names_every_room(self):
        """docs/design.md knows each file of code, or the room that it is a part of (store_lock: store)."""
        text = read("docs/design.md")
        bad = []
        for path in c_files(*ROOMS):
            room = re.sub(r"\.[ch]$", "", os.path.basename(path))
            parts = room.split("_")
            if not any(re.search(r"(?<![\w-])%s(?![\w-])" % re.escape("_".join(parts[:count + 1])), text)
                       for count in range(len(parts))):
                bad.append("%s: not in docs/design.md" % path)
        self.report(bad)

    def test_configuration_is_installed_where_it_is_read(self):
        if not BUILD:
            self.skipTest("no build directory")
        read_there = re.search(r'TBL_CONFIG_DEFAULT "(.*)"', read("tables/config.h")).group(1)
        with open(os.path.join(BUILD, "meson-info", "intro-installed.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)[os.path.join(SOURCE, "packaging", "policyd.conf")], read_there)

    def test_readme_names_files_that_are_here(self):
        """Its commands are pasted in this folder."""
        names = re.findall(r"^gif-import .*?([^\s=]+\.csv)\b", read("README.md"), re.M)
        self.assertTrue(names)
        self.report(["README.md: there is no %s" % name for name in names if not os.path.exists(os.path.join(SOURCE, name))])

    def test_the_tree_stands_on_its_own(self):
        words = list(WORKPLACE)
        for directory, _, names in os.walk("/etc/apt/sources.list.d"):
            for name in names:
                if name.endswith(".sources"):
                    with open(os.path.join(directory, name), encoding="utf-8") as file:
                        hosts = re.findall(r"https?://([^/\s:]+)", file.read())
                    words += [re.escape(host) for host in hosts if not host.endswith(("debian.org", "ubuntu.com"))]
        pattern = re.compile("|".join(words))
        bad = []
        for path in all_files():
            for number, line in enumerate(read(path).splitlines(), 1):
                found = pattern.search(line)
                if found:
                    bad.append("%s:%d: %s" % (path, number, found.group()))
        self.report(bad)

    def test_every_system_test_runs(self):
        """A test that tests/system/meson.build does not list is never run, and nobody notices."""
        listed = re.findall(r"^  '(\w+)',$", read("tests/system/meson.build"), re.MULTILINE)
        names = [os.path.basename(path) for path in all_files() if re.fullmatch(r"tests/system/test_\w+\.py", path)]
        self.assertIn("test_daemon.py", names)
        self.report(["tests/system/%s: not in meson.build" % name for name in names if name[len("test_"):-len(".py")] not in listed])

    def test_shell_scripts(self):
        if not shutil.which("shellcheck"):
            self.skipTest("shellcheck is not installed")
        scripts = [path for path in all_files()
                   if re.match(r"#!\s*/(usr/)?bin/(env )?(ba|da)?sh\b", read(path)[:40])]
        self.assertIn("check", scripts)
        result = subprocess.run(["shellcheck"] + scripts, cwd=SOURCE, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, "\n" + result.stdout)


def mdoc_options(page):
    return set(re.findall(r"\bFl -([a-z][a-z0-9-]*)", read(page)))


def mdoc_keys(page):
    """{group: {key}} of policyd.conf(5): .Ss [group] sections, then the reserved keys by group."""
    keys, group, reserved = {}, None, False
    for line in read(page).splitlines():
        section = re.match(r"\.Ss \[([a-z]+)\]|\.It Bq ([a-z]+)$", line)
        if section:
            group, reserved = section.group(1) or section.group(2), section.group(2) is not None
            keys.setdefault(group, set())
        elif line.startswith(".S"):
            group = None
        elif group and reserved and line.startswith(".Cm "):
            keys[group].update(re.findall(r"(?:Cm|,) ([a-z][a-z0-9-]*)", line))
        elif group and not reserved:
            # ".It Cm KEY Ns = ..." is a key; ".Cm word" in its text is a value.
            keys[group].update(re.findall(r"^\.It Cm ([a-z][a-z0-9-]*) Ns =", line))
    return keys


def help_text(*command):
    result = subprocess.run(list(command) + ["--help"], capture_output=True, text=True, timeout=HELP_SECONDS, check=False)
    return result.stdout + result.stderr, result.returncode


def help_options(text):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*)", text)) - {"help-all"}


class Manuals(Rule):
    def program(self, *parts):
        path = os.path.join(BUILD or "", *parts)
        if not BUILD or not os.path.exists(path):
            self.skipTest("not built: %s" % "/".join(parts))
        return path

    def compare(self, name, options, page):
        missing = sorted(options - mdoc_options(page))
        surplus = sorted(mdoc_options(page) - options)
        self.report(["%s: --%s is not in %s" % (name, option, page) for option in missing]
                    + ["%s: has no --%s that %s describes" % (name, option, page) for option in surplus])

    def simple(self, directory, name, page):
        text, status = help_text(self.program(directory, name))
        self.assertEqual(status, 0, text)
        self.compare(name, help_options(text), page)

    def test_policyd(self):
        self.simple("policyd", "policyd", "man/policyd.8")

    def test_gif_import(self):
        self.simple("gif", "gif-import", "man/gif-import.1")

    def test_policyctl(self):
        program = self.program("policyd", "policyctl")
        text, status = help_text(program)
        self.assertEqual(status, 0, text)
        verbs = policyctl_verbs()
        self.assertTrue(verbs)
        options = help_options(text)
        page = read("man/policyctl.8")
        bad = []
        for verb in verbs:
            verb_text, status = help_text(program, *verb)
            self.assertEqual(status, 0, "%s: %s" % (verb, verb_text))
            options |= help_options(verb_text)
            if not re.search(r"\bCm %s\b" % " ".join(verb), page):
                bad.append("policyctl %s is not in man/policyctl.8" % " ".join(verb))
        self.report(bad)
        self.compare("policyctl", options, "man/policyctl.8")

    def test_diagnostics(self):
        """gif(5) lists every diagnostic that gif-import can print, with its severities, and no other."""
        listed = dict(re.findall(r"^\.It Li GIF(\d{4}) Pq Cm (.*)$", read("man/gif.5"), re.MULTILINE))
        printed = diagnostic_codes()
        bad = ["GIF%s is not in man/gif.5" % code for code in sorted(set(printed) - set(listed))]
        bad += ["man/gif.5: nothing prints GIF%s" % code for code in sorted(set(listed) - set(printed))]
        for code in sorted(set(listed) & set(printed)):
            bad += ["man/gif.5: GIF%s is told as %s, too" % (code, severity)
                    for severity in sorted(printed[code] - set(listed[code].split(" | ")))]
        self.report(bad)

    def test_configuration_keys(self):
        known = config_keys()
        if not known:
            self.skipTest("no key table in tables/config*.c")
        described = mdoc_keys("man/policyd.conf.5")
        bad = []
        for group in sorted(set(known) | set(described)):
            have, told = known.get(group, set()), described.get(group, set())
            bad += ["[%s] %s is not in policyd.conf(5)" % (group, key) for key in sorted(have - told)]
            bad += ["[%s] %s is no key" % (group, key) for key in sorted(told - have)]
        self.report(bad)

    def test_57_maps(self):
        """[57] policyd-maps(7) has the main.cf line of each map that is answered, and the cautions."""
        answered = re.findall(r'= NAME\("([a-z_]+)"\)', read("tables/maps.c"))
        self.assertGreater(len(answered), 10)
        page = read("man/policyd-maps.7")
        bad = ["%s is not in policyd-maps(7)" % name for name in answered if not re.search(r"\bCm .*\b%s\b" % name, page)]
        # Two of the canonical maps are set like the one that is shown.
        lines = set(answered) - {"recipient_canonical_maps", "canonical_maps"}
        bad += ["policyd-maps(7) has no line for %s" % name for name in lines if "socketmap:unix:policyd/socketmap:%s\n" % name not in page]
        cautions = ("Xr virtual 8", "Cm alias_maps", "helpful_warnings No = no", "Li proxy", "check_policy_service", "Em first")
        bad += ["policyd-maps(7) does not say %s" % text for text in cautions if text not in page]
        self.report(bad)


# Other numbers than events in the range of events.
NO_EVENTS = {"0200", "0255", "0256"}


def diagnostic_codes():
    """{number: {severity}} of what gif/ prints: events of Exchange as literals, our own as GIF_CODE_ names."""
    own = {name: "0" + number for name, number in re.findall(r"\b(GIF_CODE_\w+) = (\d{3})", read("gif/diagnostic.h"))}
    codes = {number: set() for number in own.values()}
    for path in c_files("gif") + ["tables/claim.h"]:
        text = code_only(read(path))
        for number in re.findall(r"(?<![\w.])(1[3-9]\d|2\d\d)(?![\w.])", text):
            codes.setdefault("0" + number, set())
        for severity, code in re.findall(r"\bGIF_(ERROR|WARNING|INFO),\s*(GIF_CODE_\w+|\d{3})\b", text):
            codes[own.get(code, "0" + code)].add(severity.lower())
    return {code: severities for code, severities in codes.items() if code not in NO_EVENTS}


def policyctl_verbs():
    """The verbs of the command table in policyctl: { "domain", "add", ... } entries of TblCommand."""
    verbs = []
    for path in c_files("policyd"):
        for found in re.finditer(r'\{\s*"([a-z]+)",\s*(?:"([a-z]+)"|NULL)\s*,\s*"', read(path)):
            if "TblCommand" in read(path):
                verbs.append([word for word in found.groups() if word])
    return verbs


def config_keys():
    """{group: {key}} of the table in tables/config*.c, whose entries start { "group", "key", ..."""
    keys = {}
    for path in c_files("tables"):
        if os.path.basename(path).startswith("config") and path.endswith(".c"):
            for group, key in re.findall(r'\{\s*"([a-z]+)",\s*"([a-z][a-z0-9-]*)"', read(path)):
                keys.setdefault(group, set()).add(key)
    return keys


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
