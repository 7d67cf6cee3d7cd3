"""A Chromium without a screen: what a page becomes in it, what it complains about, how it looks."""

import os
import re
import shutil
import struct
import subprocess
import tempfile
import unittest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# A browser starts slowly on a busy machine; a page of three thousand rows takes a second.
SECONDS = 120


def find():
    """The browser's path; skips the test, saying why, when there is none or nobody asked for one."""
    if not os.environ.get("TEST_BROWSER"):
        raise unittest.SkipTest("browsers are started by ./check --all, or with TEST_BROWSER=1")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise unittest.SkipTest("no Chromium is installed")
    return path


class View:
    """One page, loaded once: the document after its script ran, and the console's lines."""

    def __init__(self, path, fragment="", dark=False, screenshot=None, size=(1280, 1600)):
        with tempfile.TemporaryDirectory(prefix="browser-") as profile:
            args = [
                find(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
                "--disable-background-networking", "--enable-logging=stderr", "--hide-scrollbars", f"--user-data-dir={profile}",
                f"--window-size={size[0]},{size[1]}", "--virtual-time-budget=10000",
            ]
            args += ["--force-dark-mode"] if dark else []
            args += [f"--screenshot={screenshot}"] if screenshot else ["--dump-dom"]
            done = subprocess.run(args + [f"file://{path}{fragment}"], capture_output=True, timeout=SECONDS, check=True, env={**os.environ, "HOME": profile})
        self.document = done.stdout.decode(errors="replace")
        log = done.stderr.decode(errors="replace")
        self.console = re.findall(r":CONSOLE[^\]]*\] (.*)", log)


def png_size(path):
    with open(path, "rb") as file:
        head = file.read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n", head
    return struct.unpack(">II", head[16:24])
