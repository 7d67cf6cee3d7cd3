"""Finding the built programs and running them.

Run by root, everything is done as an unprivileged user, as on a real host: the daemon refuses root, and file modes mean
something.
"""

import atexit
import contextlib
import ctypes
import json
import os
import pwd
import random
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from bounds import POLL, RUN_TIMEOUT

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)

PROGRAM_PLACES = {"policyd": "policyd", "policyctl": "policyd", "gif-import": "gif", "replicate": "tests/system"}
_copies = {}
_copy_dir = None


def build_program(name):
    """The program as it was built: by its own environment variable, else in the build folder."""
    named = os.environ.get(name.upper().replace("-", "_"))
    if named:
        return os.path.abspath(named)
    build = os.environ.get("BUILD_DIR", os.path.join(SOURCE, "build"))
    for place in (PROGRAM_PLACES[name], "", "tables", "bin"):
        path = os.path.join(build, place, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    missing = f"{name} is not built (looked in {build}, set BUILD_DIR)"
    if "BUILD_DIR" in os.environ:
        raise AssertionError(missing)
    raise unittest.SkipTest(missing)


def everybody_may_reach(path):
    while True:
        mode = os.stat(path).st_mode
        if not mode & stat.S_IXOTH:
            return False
        if path == "/":
            return True
        path = os.path.dirname(path)


def program(name):
    """A path that the unprivileged user can run: the built one, or a copy when it lies in a private folder."""
    global _copy_dir
    if name not in _copies:
        path = build_program(name)
        if os.geteuid() == 0 and not everybody_may_reach(path):
            if _copy_dir is None:
                _copy_dir = tempfile.mkdtemp(prefix="pgb-", dir="/tmp")
                os.chmod(_copy_dir, 0o755)
                atexit.register(shutil.rmtree, _copy_dir, True)
            path = shutil.copy(path, os.path.join(_copy_dir, name))
        _copies[name] = path
    return _copies[name]


def plain_user():
    """The uid and gid that the programs run with."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def as_user(uid, gid):
    """Keywords with which Popen runs a program as that user, where we may choose."""
    return {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}


def die_with_parent():
    """A killed test run leaves no daemon behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def free_port():
    """A loopback port below the ephemeral range, so that no outgoing connection takes it meanwhile.

    No test that runs beside this one gets it either, though nobody may listen there for a while: a name that the kernel
    knows stands for it until this process ends.
    """
    chooser = random.Random(os.urandom(8))
    for _ in range(200):
        port = chooser.randrange(11000, 30000)
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as claim, contextlib.closing(socket.socket()) as probe:
            try:
                claim.bind(f"\0policyd-gif test port {port}")
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            claim.detach()
        return port
    raise RuntimeError("no free loopback port")


class Result:
    """What a program run left: exit code and both outputs."""

    def __init__(self, args, rc, out, err, maxrss_kb):
        self.args, self.rc, self.out_bytes, self.err_bytes, self.maxrss_kb = args, rc, out, err, maxrss_kb
        self.out = out.decode("utf-8", "backslashreplace")
        self.err = err.decode("utf-8", "backslashreplace")

    def json(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def __str__(self):
        return f"{' '.join(map(str, self.args))}\nexit {self.rc}\nstdout: {self.out[-3000:]}\nstderr: {self.err[-3000:]}"


def run(args, stdin=b"", timeout=None, user=None, group=None, cwd=None, env=None, preexec=None):
    """Runs one program to its end; its own peak memory is part of the result."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)

        def before():
            die_with_parent()
            if preexec:
                preexec()

        extra = as_user(user, group) if user is not None else {}
        process = subprocess.Popen(
            [str(a) for a in args], stdin=given, stdout=out, stderr=err, cwd=cwd, env=env, preexec_fn=before, **extra
        )
        deadline = time.monotonic() + (timeout or RUN_TIMEOUT)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                process.kill()
                os.wait4(process.pid, 0)
                process.returncode = -9
                err.seek(0)
                raise AssertionError(f"no end after {timeout or RUN_TIMEOUT} s: {args}\n{err.read()[-2000:]!r}")
            time.sleep(POLL / 4)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Result(args, process.returncode, out.read(), err.read(), usage.ru_maxrss)
