#!/usr/bin/env python3
"""Runs the unittest modules named on the command line and reports in TAP.

Usage: run.py FILE.py... [-k PART]

Each test method is one line; a failing one carries its traceback and the tail of the daemon's log as "#" lines.
A class whose set-up is skipped or fails still reports each of its tests, so that the plan is always kept.
"""

import argparse
import importlib
import os
import sys
import time
import traceback
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def title(test):
    """What a person reads in the report: the first line of the docstring, else the method's name."""
    name = test.id().split(".", 1)[-1] if isinstance(test, unittest.TestCase) else str(test)
    text = test.shortDescription() if isinstance(test, unittest.TestCase) else None
    return (f"{name}: {text}" if text else name).replace("#", "no. ")


class TapResult(unittest.TestResult):
    """Prints a line the moment that a test ends, so that a hanging one can be named."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.seen = set()
        self.class_faults = {}
        self.broken = {}

    def line(self, ok, test, extra=""):
        if test.id() in self.seen:
            return
        self.seen.add(test.id())
        self.number += 1
        print(f"{'ok' if ok else 'not ok'} {self.number} - {title(test)}{extra}", flush=True)

    def comment(self, text):
        for line in text.rstrip().splitlines():
            print("# " + line, flush=True)

    def startTest(self, test):
        super().startTest(test)
        test.began = time.monotonic()

    def stopTest(self, test):
        fault = self.broken.pop(test.id(), None)
        if fault:
            self.line(False, test)
            self.comment(fault)
            world = getattr(test, "world", None)
            if world is not None:
                self.comment(world.log_tail())
        took = time.monotonic() - test.began
        if took > 5:
            self.comment(f"took {took:.1f} s")
        super().stopTest(test)

    def addSuccess(self, test):
        super().addSuccess(test)
        if test.id() not in self.broken:
            self.line(True, test)

    def fault(self, test, err):
        text = "".join(traceback.format_exception(*err))
        if isinstance(test, unittest.TestCase):
            self.broken[test.id()] = self.broken.get(test.id(), "") + text
        else:
            self.class_faults[str(test)] = ("fault", text)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.fault(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.fault(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            text = f"in {subtest._subDescription()}\n" + "".join(traceback.format_exception(*err))
            self.broken[test.id()] = self.broken.get(test.id(), "") + text

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if isinstance(test, unittest.TestCase):
            self.line(True, test, f" # SKIP {reason}")
        else:
            self.class_faults[str(test)] = ("skip", reason)

    def finish(self, tests):
        """Reports the tests that never started because their class or module did not."""
        for test in tests:
            if test.id() in self.seen:
                continue
            owner = f"{type(test).__module__}.{type(test).__qualname__}"
            kind, text = "fault", "not run"
            for name, found in self.class_faults.items():
                if owner in name or f"({type(test).__module__})" in name:
                    kind, text = found
            if kind == "skip":
                self.line(True, test, f" # SKIP {text}")
            else:
                self.line(False, test)
                self.comment(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+")
    parser.add_argument("-k", action="append", help="only tests whose id contains this text")
    options = parser.parse_args()
    sys.path.insert(0, HERE)
    loader = unittest.TestLoader()
    suite = unittest.TestSuite()
    for name in options.files:
        module = importlib.import_module(os.path.splitext(os.path.basename(name))[0])
        suite.addTests(loader.loadTestsFromModule(module))
    tests = list(flatten(suite))
    if options.k:
        tests = [test for test in tests if any(part in test.id() for part in options.k)]
        suite = unittest.TestSuite(tests)
    print(f"1..{len(tests)}", flush=True)
    result = TapResult()
    suite.run(result)
    result.finish(tests)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
