"""Test cases with a private Postfix that asks the daemon."""

import os
import re

import people
from bounds import RUN_TIMEOUT
from harness import WorldCase
from postfix import Postfix, need_postfix
from programs import build_program, run

# What somebody's main.cf held before policyd came.
BEFORE = {
    "mydestination": "mx.host.example, localhost",
    "local_recipient_maps": "inline:{ { root = x }, { local@mx.host.example = x } }",
    "virtual_alias_domains": "",
    "virtual_mailbox_domains": "",
    "relay_domains": "",
    "recipient_delimiter": "",
    "smtpd_recipient_restrictions": "",
}
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


class Setting(PostfixCase):
    """A chrooted Postfix that does not ask policyd yet, with the sockets in its queue."""

    CHROOT = True
    EXTRA = {}

    @classmethod
    def populate(cls, world):
        cls.declare(world)
        people.populate(world)
        cls.postfix.configure("unix:/nowhere", "unix:/nowhere", maps=(), extra=dict(BEFORE, **cls.extra()))
        cls.postfix.make_queue()
        place = os.path.join(cls.postfix.queue, "policyd")
        os.makedirs(place, exist_ok=True)
        os.chown(place, world.uid, world.gid)
        os.chmod(place, 0o755)
        world.sm_unix, world.pol_unix = os.path.join(place, "socketmap"), os.path.join(place, "policy")
        world.write_config({"socketmap": {"listen": f"unix:{world.sm_unix}"}, "policy": {"listen": f"unix:{world.pol_unix}"}})

    @classmethod
    def prepare(cls, world):
        pass

    @classmethod
    def extra(cls):
        return cls.EXTRA

    @classmethod
    def ctl(cls, *args, rc=0):
        """policyctl as root, for this Postfix."""
        done = run([build_program("policyctl"), "--config", cls.world.conf, *args], timeout=RUN_TIMEOUT, env=cls.postfix.env)
        if rc is not None and done.rc != rc:
            raise AssertionError(f"expected exit {rc}: {done}")
        return done

    @classmethod
    def postconf(cls, *args, rc=0):
        return cls.ctl("postconf", *args, rc=rc)

    def main_cf(self):
        with open(os.path.join(self.postfix.config, "main.cf"), encoding="utf-8") as file:
            return file.read()

    def value(self, name):
        return self.postfix.tool("postconf", "-h", name).out.strip()

    def edit(self, **values):
        """Sets parameters as the administrator would, for one test."""
        before = self.main_cf()
        self.addCleanup(self.restore, before)
        if not values:
            return
        self.postfix.tool("postconf", "-e", *(f"{name} = {value}" for name, value in values.items()))

    def restore(self, text):
        with open(os.path.join(self.postfix.config, "main.cf"), "w", encoding="utf-8") as file:
            file.write(text)

    def code(self, recipient, plain=False):
        with self.postfix.session(plain) as session:
            return session.rcpt(recipient)[0]

    def refused(self, *words, args=("--apply",)):
        """Exit 3, with these words in the message, and main.cf byte for byte as it was."""
        before = self.main_cf()
        done = self.postconf(*args, rc=3)
        for word in words:
            self.assertIn(word, done.err)
        self.assertEqual(self.main_cf(), before)
        self.assertEqual(done.out, "")

    def lines(self, *args):
        return dict(line.split(" = ", 1) for line in self.postconf(*args).out.splitlines())
