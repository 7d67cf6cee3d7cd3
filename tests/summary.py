#!/usr/bin/env python3
"""Counts what meson test runs did and prints one closing line: N passed, N failed[, N skipped].

summary.py BUILD_DIR... reads BUILD_DIR/meson-logs/testlog.json of each. A TAP program counts one for each
of its points, a Python unittest program one for each of its cases, any other program one. Exit status:
0 when something ran and nothing failed, else 1.
"""
import json
import os
import re
import sys

TAP_POINT = re.compile(r"^(not )?ok\b(?P<rest>.*)$")
TAP_SKIP = re.compile(r"#\s*skip", re.IGNORECASE)
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
UNITTEST_END = re.compile(r"^(?:OK|FAILED)(?: \((?P<counts>[^)]*)\))?$", re.MULTILINE)
UNITTEST_BAD = ("failures", "errors", "unexpected successes")
# Lines shown of a test that failed without saying which case; its whole output stays in the log that is named.
SHOWN_LINES = 60


class Count:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def total(self):
        return self.passed + self.failed + self.skipped


def count_tap(text):
    count = Count()
    for line in text.splitlines():
        point = TAP_POINT.match(line)
        if not point:
            continue
        if point.group(1):
            count.failed += 1
        elif TAP_SKIP.search(point.group("rest")):
            count.skipped += 1
        else:
            count.passed += 1
    return count


def count_unittest(text):
    ran = sum(int(number) for number in UNITTEST_RAN.findall(text))
    count = Count()
    for end in UNITTEST_END.finditer(text):
        for part in filter(None, (end.group("counts") or "").split(", ")):
            name, number = part.split("=")
            if name in UNITTEST_BAD:
                count.failed += int(number)
            elif name == "skipped":
                count.skipped += int(number)
    count.passed = max(0, ran - count.failed - count.skipped)
    return count


def count_test(test):
    """What one entry of the log comes to; a test that failed counts at least one failure."""
    stdout, stderr = test.get("stdout", ""), test.get("stderr", "")
    result = test["result"]
    if UNITTEST_RAN.search(stdout + "\n" + stderr):
        count = count_unittest(stdout + "\n" + stderr)
    else:
        count = count_tap(stdout)
    if result in ("OK", "EXPECTEDFAIL"):
        return count if count.total() else Count(passed=1)
    if result == "SKIP":
        return count if count.total() else Count(skipped=1)
    if not count.failed:
        count.failed = 1
    return count


def failed_points(text):
    """The lines of TAP points that failed, each with the comments behind it."""
    shown = []
    inside = False
    for line in text.splitlines():
        if TAP_POINT.match(line):
            inside = line.startswith("not ok")
        elif not line.startswith("#"):
            inside = False
        if inside or line.startswith("Bail out!"):
            shown.append(line)
    return shown


def show_failure(directory, test):
    """What failed in it, else the end of what it said."""
    print("\n--- %s (%s): %s" % (test["name"], directory, test["result"]))
    stdout, stderr = test.get("stdout", ""), test.get("stderr", "")
    lines = failed_points(stdout) or (stdout + stderr).splitlines()[-SHOWN_LINES:]
    for line in lines:
        print("    " + line)
    print("    (all of it: %s)" % os.path.join(directory, "meson-logs", "testlog.txt"))


def read_log(directory):
    path = os.path.join(directory, "meson-logs", "testlog.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8", errors="replace") as log:
        return [json.loads(line) for line in log if line.strip()]


def main(directories):
    total = Count()
    for directory in directories:
        tests = read_log(directory)
        if tests is None:
            print("%s: no test ran" % directory)
            total.failed += 1
            continue
        for test in tests:
            count = count_test(test)
            if count.failed:
                show_failure(directory, test)
            total.add(count)
    line = "%d passed, %d failed" % (total.passed, total.failed)
    if total.skipped:
        line += ", %d skipped" % total.skipped
    print(line)
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
