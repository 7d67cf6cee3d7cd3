#!/usr/bin/env python3
"""load and floor agree on a tiny table, and load tells a wrong, a lost and a missing reply.

smoke.py LOAD FLOOR.  No figure is judged here: benchmarks are run by hand.
"""
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from compare import Server  # noqa: E402
from data import Lookup  # noqa: E402

LOAD, FLOOR = sys.argv[1:3]
ROWS = 200
RIGHT, WRONG, SETUP, STALL = 0, 1, 2, 3


class Smoke(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.stack, self.folder = stack, stack.enter_context(tempfile.TemporaryDirectory())
        Lookup(ROWS).write(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def floor(self, *options):
        subprocess.run([FLOOR, "--db=" + self.path("db"), "--load=" + self.path("table")], check=True)
        endpoint = "unix:" + self.path("socket")
        core = min(os.sched_getaffinity(0))
        command = [FLOOR, "--db=" + self.path("db"), "--listen=" + endpoint] + list(options)
        return self.stack.enter_context(Server(command, endpoint, core))

    def load(self, expected, *options, seconds=0.3, name="socket"):
        run = subprocess.run([LOAD, "--socket=unix:" + self.path(name), "--keys=" + self.path("keys"),
                              "--connections=8", "--time=%g" % seconds, "--warm-up=0.05"] + list(options),
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, expected, run.stderr)
        return run

    def listen(self, reply, name="socket", close=True):
        """A server that sends reply to the first bytes of each connection, then closes it or not."""
        listener = self.stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(self.path(name))
        listener.listen(64)

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    peer = self.stack.enter_context(listener.accept()[0])
                    peer.recv(100000)
                    peer.sendall(reply)
                    if close:
                        peer.shutdown(socket.SHUT_WR)

        threading.Thread(target=serve, daemon=True).start()

    def test_socketmap(self):
        server = self.floor()
        got = json.loads(self.load(RIGHT, "--replies=" + self.path("replies"), "--pid=%d" % server.process.pid).stdout)
        self.assertGreater(got["replies"], ROWS)
        self.assertGreater(got["cpu_us"], 0)
        self.assertGreater(got["anon_end_kb"], 0)
        self.assertLessEqual(got["p50_us"], got["p99_us"])

    def test_policy(self):
        self.floor("--policy")
        self.load(RIGHT, "--policy", "--replies=" + self.path("policy-replies"))

    def test_wrong_expectation(self):
        self.floor()
        with open(self.path("replies"), encoding="ascii") as text:
            lines = text.read().splitlines()
        for number, wrong in ((7, "OK nobody@example.com"), (8, "NOTFOUND")):
            changed = lines[:number] + [wrong] + lines[number + 1:]
            with open(self.path("wrong"), "w", encoding="ascii") as out:
                out.write("\n".join(changed) + "\n")
            run = self.load(WRONG, "--replies=" + self.path("wrong"))
            self.assertIn("to key %d " % (number + 1), run.stderr)
            self.assertGreater(json.loads(run.stdout)["wrong"], 0)

    def test_faulty_servers(self):
        faults = ((b"5:TEMP ,", "wrong reply to key"), (b"03:OK ,", "malformed"), (b"4:OK x;", "malformed"),
                  (b"4:OK x,4:OK x,", "more than one reply"), (b"x", "malformed"), (b"999999999:", "malformed"),
                  (b"9:NOTF", "closed"), (b"", "closed"))
        for number, (reply, told) in enumerate(faults):
            with self.subTest(reply=reply):
                self.listen(reply, "faulty%d" % number)
                self.assertIn(told, self.load(WRONG, seconds=0.1, name="faulty%d" % number).stderr)

    def test_stall(self):
        self.listen(b"9:NOTF", close=False)
        self.assertTrue(json.loads(self.load(STALL, "--timeout=0.2").stdout)["stalled"])

    def test_setup(self):
        self.load(SETUP)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
