"""Test cases with a private Postfix that asks the daemon."""

import os
import re

import people
from harness import WorldCase
from postfix import Postfix, need_postfix

UNKNOWN = re.compile(r"5\.1\.1 .*User unknown", re.S)


class PostfixCase(WorldCase):
    """A world whose daemon a private Postfix asks."""

    CHROOT = False
    postfix = None

    @classmethod
    def setUpClass(cls):
        need_postfix()
        cls.postfix = Postfix(cls.CHROOT)
        try:
            super().setUpClass()
            try:
                cls.prepare(cls.world)
                cls.postfix.start()
            except BaseException:
                super().tearDownClass()
                raise
        except BaseException:
            cls.postfix.stop()
            raise

    @classmethod
    def prepare(cls, world):
        cls.postfix.configure(f"unix:{world.sm_unix}", f"unix:{world.pol_unix}")

    @classmethod
    def tearDownClass(cls):
        try:
            cls.postfix.stop()
        finally:
            super().tearDownClass()

    @classmethod
    def declare(cls, world):
        people.declare(world, f"[127.0.0.1]:{cls.postfix.sink.port}", f"inet:127.0.0.1:{cls.postfix.lmtp_sink.port}")

    serial = 0

    def deliver(self, recipients, plain=False, lmtp=False, **kw):
        """Sends one mail and returns the recipients that it has at the sink."""
        PostfixCase.serial += 1
        token = f"token-{PostfixCase.serial}-{os.getpid()}"
        with self.postfix.session(plain) as session:
            code, text = session.send(recipients, token, **kw)
            self.assertEqual(code, 250, f"{recipients}: {text}\n{self.postfix.log_tail()}")
        sink = self.postfix.lmtp_sink if lmtp else self.postfix.sink
        try:
            mail = sink.wait_for(token)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.postfix.log_tail()}")
        return sorted(mail.recipients)

    def assertUnknown(self, recipient, utf8=False):
        """550 5.1.1 at RCPT, by the policy service and by the maps alone."""
        for plain in (False, True):
            with self.postfix.session(plain) as session:
                code, text = session.rcpt(recipient, utf8=utf8)
                self.assertEqual(code, 550, f"{recipient}: {code} {text}")
                self.assertRegex(text, UNKNOWN)

    def assertAccepted(self, recipient, utf8=False):
        for plain in (False, True):
            with self.postfix.session(plain) as session:
                code, text = session.rcpt(recipient, utf8=utf8)
                self.assertEqual(code, 250, f"{recipient}: {code} {text}\n{self.postfix.log_tail()}")

    def assertQuiet(self):
        """Nothing was bounced after acceptance, nothing is left behind."""
        self.postfix.wait_empty()
        self.assertEqual(self.postfix.bounces(), [])
        # postmap, which the tests run by hand, logs there as well.
        bad = [line for line in self.postfix.log_text().splitlines() if re.search(r"(fatal|panic): ", line) and "/postmap[" not in line]
        self.assertEqual(bad, [])
