#!/usr/bin/env python3
"""Paired comparison of two servers on a machine that also does other work.

Both servers run all the time, each pinned to a core; rounds alternate A B, B A, so that what
disturbs one also disturbs the other.  Absolute figures of such a machine move by half; the
median of the ratios B/A of the rounds does not.
"""
import argparse
import contextlib
import json
import os
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time

START_LIMIT = 30        # seconds until a server must accept connections
STOP_LIMIT = 10         # seconds until it must have ended after SIGTERM
STRIDE = 100003         # keys between the starts of two rounds: each asks others, a prime wraps well
FIGURES = ("cpu_us", "rate", "p50_us", "p99_us")


class Server:
    """A server process, pinned to one core, listening at endpoint."""

    def __init__(self, command, endpoint, core, log=None):
        self.endpoint = endpoint
        self.process = subprocess.Popen(["taskset", "-c", str(core)] + command, stdout=subprocess.DEVNULL, stderr=log)
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise

    def connects(self):
        kind, _, where = self.endpoint.partition(":")
        host, _, port = where.rpartition(":")
        with socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET) as probe:
            try:
                probe.connect(where if kind == "unix" else (host, int(port)))
            except OSError:
                return False
            return True

    def wait(self):
        end = time.monotonic() + START_LIMIT
        while not self.connects():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit("%s: does not serve %s" % (self.process.args, self.endpoint))
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Wrong(Exception):
    """load did not get all the right replies."""


def measure(load, server, core, options):
    """One run of load against server; its figures."""
    run = subprocess.run(["taskset", "-c", str(core), load, "--socket=" + server.endpoint,
                          "--pid=%d" % server.process.pid] + options, capture_output=True, text=True)
    if run.returncode:
        raise Wrong("%s ended with %d\n%s%s" % (run.args, run.returncode, run.stdout, run.stderr))
    return json.loads(run.stdout)


def compare(load, a, b, core, rounds, options):
    """Alternating rounds; {figure: (median A, median B, median ratio B/A, lowest, highest)}."""
    figures = []
    for number in range(-1, rounds):        # round -1 only warms both up
        own = options + ["--first=%d" % ((number + 1) * STRIDE)]
        order = (a, b) if number % 2 else (b, a)
        got = {server: measure(load, server, core, own) for server in order}
        figures.append((got[a], got[b]))
    table = {}
    for key in FIGURES:
        ratios = sorted(y[key] / x[key] for x, y in figures[1:])
        table[key] = (statistics.median(x[key] for x, _ in figures[1:]),
                      statistics.median(y[key] for _, y in figures[1:]),
                      statistics.median(ratios), ratios[0], ratios[-1])
    return table


def show(name, table, out=sys.stdout):
    for key, (a, b, ratio, low, high) in table.items():
        out.write("%-12s %-7s A %11.2f  B %11.2f  B/A %.3f [%.3f .. %.3f]\n" % (name, key, a, b, ratio, low, high))


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog="What follows -- goes to load.",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", required=True, help="the load generator")
    parser.add_argument("--a", required=True, help="command; {socket} stands for its endpoint")
    parser.add_argument("--b", required=True)
    parser.add_argument("--server-core", type=int, default=1)
    parser.add_argument("--client-core", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--name", default="B/A")
    parser.add_argument("options", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        servers = []
        for tag, command in (("a", given.a), ("b", given.b)):
            endpoint = "unix:" + os.path.join(folder, tag)
            argv = [word.replace("{socket}", endpoint) for word in shlex.split(command)]
            servers.append(stack.enter_context(Server(argv, endpoint, given.server_core)))
        try:
            show(given.name, compare(given.load, *servers, given.client_core, given.rounds, given.options))
        except Wrong as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
