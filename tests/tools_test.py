#!/usr/bin/env python3
"""The tools beside the tests notice what they are there to notice: summary.py counts, lint.py finds."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


class Summary(unittest.TestCase):
    def run_on(self, *tests):
        with tempfile.TemporaryDirectory() as directory:
            os.mkdir(os.path.join(directory, "meson-logs"))
            with open(os.path.join(directory, "meson-logs", "testlog.json"), "w", encoding="utf-8") as log:
                for test in tests:
                    log.write(json.dumps(dict({"name": "t"}, **test)) + "\n")
            result = subprocess.run([sys.executable, os.path.join(HERE, "summary.py"), directory],
                                    capture_output=True, text=True, check=False)
        return result.stdout.splitlines()[-1], result.returncode

    def test_tap_points_count(self):
        tap = "1..3\nok 1 /a\nnot ok 2 /b\nok 3 /c # SKIP no network\n"
        self.assertEqual(self.run_on({"result": "FAIL", "stdout": tap}), ("1 passed, 1 failed, 1 skipped", 1))

    def test_unittest_cases_count(self):
        end = "Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)\n"
        self.assertEqual(self.run_on({"result": "FAIL", "stderr": end}), ("2 passed, 2 failed, 1 skipped", 1))

    def test_good_run(self):
        self.assertEqual(self.run_on({"result": "OK"}, {"result": "OK", "stdout": "ok 1 a\nok 2 b\n1..2\n"}),
                         ("3 passed, 0 failed", 0))

    def test_crash_after_good_points_fails(self):
        self.assertEqual(self.run_on({"result": "ERROR", "stdout": "ok 1 a\n"}), ("1 passed, 1 failed", 1))

    def test_timeout_fails(self):
        self.assertEqual(self.run_on({"result": "TIMEOUT"}), ("0 passed, 1 failed", 1))

    def test_nothing_ran(self):
        self.assertEqual(self.run_on(), ("0 passed, 0 failed", 1))
        self.assertEqual(self.run_on({"result": "SKIP"}), ("0 passed, 0 failed, 1 skipped", 1))

    def test_missing_log_fails(self):
        result = subprocess.run([sys.executable, os.path.join(HERE, "summary.py"), "/nonexistent"],
                                capture_output=True, text=True, check=False)
        self.assertEqual((result.stdout.splitlines()[-1], result.returncode), ("0 passed, 1 failed", 1))


class Lint(unittest.TestCase):
    def lint(self, path, text):
        """lint.py's complaints about a tree that holds one file."""
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, path)
            os.makedirs(os.path.dirname(file))
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
            result = subprocess.run([sys.executable, os.path.join(HERE, "lint.py"), directory],
                                    capture_output=True, text=True, check=False)
        return result.stderr

    def test_finds(self):
        for path, text, complaint in (
                ("tables/a.c", '#include "policyd/worker.h"\n', "must not include policyd/worker.h"),
                ("gif/a.c", '#include "policyd/rules.h"\n', "must not include policyd/rules.h"),
                ("policyd/rules.c", '#include "gif/csv.h"\n', "must not include gif/csv.h"),
                ("policyd/worker.c", "#include <lmdb.h>\n", "<lmdb.h> belongs to"),
                ("policyd/worker.c", '#include "tables/store_env.h"\n', "is private to"),
                ("tables/a.c", "    strcpy(a, b);\n", "tables/a.c:1: strcpy("),
                ("gif/a.c", "    goto out;\n", "gif/a.c:1: goto"),
                ("tables/a.c", "static int count = 0;\n", "tables/a.c:1: static int count"),
                ("tables/a.h", "int a;\n", "no #pragma once"),
                ("tables/a.c", "\n" * 501, "501 lines"),
                ("tables/a.c", "int\nf(void)\n{\n" + "    g();\n" * 90 + "}\n", "a function of 92 lines"),
                ("docs/a.md", "see /wo" + "rk/x\n", "docs/a.md:1: /wo" + "rk/")):
            with self.subTest(complaint=complaint):
                self.assertIn(complaint, self.lint(path, text))

    def test_comments_and_literals_are_no_code(self):
        text = '/* strcpy(a, b); goto */\nstatic const char *const t = "goto strcpy(";\n'
        self.assertNotIn("tables/a.c", self.lint("tables/a.c", text))


if __name__ == "__main__":
    unittest.main(verbosity=2)
