"""How long a test waits, and for what: everything is bounded in time; waiting is polling with a deadline, never a guess."""

import os
import time

# How much slower than a quiet machine this one may be; sanitizer builds and shared runners raise it.
SLOWNESS = float(os.environ.get("TEST_SLOWNESS", "3"))
START_TIMEOUT = 10 * SLOWNESS
CLIENT_TIMEOUT = 10 * SLOWNESS
RUN_TIMEOUT = 40 * SLOWNESS
# A sanitizer keeps freed memory aside for a while: bounds on growth mean little there, but still something.
MEMORY_FACTOR = 6 if SLOWNESS >= 10 else 1
# An orderly stop takes at most 5 s on a quiet machine.
STOP_TIMEOUT = 5 * max(1.0, SLOWNESS / 2)
POLL = 0.01


def until(condition, what, timeout=None):
    """Polls until condition() is true and returns its value; fails by name when the time is over."""
    deadline = time.monotonic() + (timeout or START_TIMEOUT)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"timed out: {what}")
        time.sleep(POLL)
