"""The policy delegation service. Numbers in brackets are those of the protocol checklist."""

import os
import select
import time
import unittest

import people
from bounds import MEMORY_FACTOR, SLOWNESS, until
from harness import FreshCase, WorldCase
from wire import Policy, wait_read_by_peer

STATES = ("CONNECT", "EHLO", "HELO", "MAIL", "RCPT", "DATA", "END-OF-MESSAGE", "VRFY", "ETRN")
UNKNOWN = "nobody@domain2.example"
REFUSED = "550 5.1.1 "


class Protocol(WorldCase):
    CONFIG = {"limits": {"request-timeout": "2"}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def assertUnknown(self, action, recipient=None):
        self.assertTrue(action.startswith(REFUSED) and action.endswith("User unknown"), f"{recipient}: {action}")

    def test_37_one_byte_at_a_time(self):
        """[37] a request in writes of one byte"""
        client = self.world.policy()
        for byte in Policy.request(recipient=UNKNOWN):
            client.send(bytes([byte]))
            wait_read_by_peer(client.sock)
        self.assertUnknown(client.read_reply())

    def test_37_split_at_every_byte(self):
        """[37] a request in two parts, at every byte boundary"""
        request = Policy.request_of([("request", "smtpd_access_policy"), ("protocol_state", "RCPT"), ("recipient", UNKNOWN)])
        client = self.world.policy()
        for cut in range(1, len(request)):
            client.send(request[:cut])
            wait_read_by_peer(client.sock)
            client.send(request[cut:])
            self.assertUnknown(client.read_reply(), cut)

    def test_37_back_to_back(self):
        """[37] two requests in one segment are answered in order"""
        client = self.world.policy()
        client.send(Policy.request(recipient=UNKNOWN) + Policy.request(recipient="ann@domain2.example"))
        self.assertUnknown(client.read_reply())
        self.assertEqual(client.read_reply(), "DUNNO")
        client.send(Policy.request(recipient=UNKNOWN) * 200)
        for _ in range(200):
            self.assertUnknown(client.read_reply())

    def test_37_no_byte_unasked(self):
        """[37] nothing is sent between a reply and the next request"""
        client = self.world.policy()
        client.ask("ann@domain2.example")
        self.assertTrue(client.silent(1.0))

    def test_38_any_order(self):
        """[38] attributes in any order"""
        pairs = list(dict(Policy.TYPICAL, recipient=UNKNOWN).items())
        client = self.world.policy()
        for order in (pairs[::-1], pairs[1:] + pairs[:1], pairs[11:] + pairs[:11]):
            client.send(Policy.request_of(order))
            self.assertUnknown(client.read_reply())

    def test_38_unknown_attributes(self):
        """[38] unknown attributes are passed over, those of newer releases among them"""
        client = self.world.policy()
        self.assertUnknown(client.ask(UNKNOWN, compatibility_level="3.8", mail_version="3.12.0", tls_sni="mx.example"))
        self.assertUnknown(client.ask(UNKNOWN, something_new="a=b=c", empty=""))
        self.assertEqual(client.ask("ann@domain2.example", tls_sni=""), "DUNNO")

    def test_38_few_attributes(self):
        """[38] a build without SASL and TLS leaves attributes out"""
        few = [("request", "smtpd_access_policy"), ("protocol_state", "RCPT"), ("sender", ""), ("recipient", UNKNOWN)]
        client = self.world.policy()
        client.send(Policy.request_of(few))
        self.assertUnknown(client.read_reply())
        self.assertUnknown(client.ask(UNKNOWN, sasl_method=None, sasl_username=None, sasl_sender=None, ccert_subject=None,
                                      ccert_issuer=None, encryption_protocol=None, encryption_keysize=None))

    def test_38_duplicates(self):
        """[38] a repeated attribute is no error, first or last counts"""
        client = self.world.policy()
        client.send(Policy.request_of([("request", "smtpd_access_policy"), ("protocol_state", "RCPT"),
                                       ("recipient", UNKNOWN), ("size", "1"), ("size", "2"), ("recipient", UNKNOWN)]))
        self.assertUnknown(client.read_reply())

    def test_38_value_with_equals(self):
        """[38] a value is everything after the first ="""
        self.world.ctl("object", "add", "equal", "--address=SMTP:a=b@box.example")
        self.assertEqual(self.act("a=b@box.example"), "DUNNO")
        self.assertUnknown(self.act("a=c@box.example"))

    def test_39_reply_bytes(self):
        """[39] the reply is one action line and an empty one, LF only"""
        client = self.world.policy()
        client.send(Policy.request(recipient="ann@domain2.example"))
        while not client.buffer.endswith(b"\n\n"):
            self.assertTrue(client.fill())
        self.assertEqual(client.buffer, b"action=DUNNO\n\n")

    def test_40_not_a_policy_request(self):
        """[40] a request of another kind, or a line without =, ends the connection without an answer"""
        other = self.world.policy()
        bad = {
            "no request": Policy.request(request=None, recipient=UNKNOWN),
            "another request": Policy.request(request="smtpd_other_policy", recipient=UNKNOWN),
            "empty request": Policy.request(request="", recipient=UNKNOWN),
            "line without =": b"request=smtpd_access_policy\nrecipient\n\n",
            "empty name": b"request=smtpd_access_policy\n=x\n\n",
            "nothing but an empty line": b"\n",
            "SMTP": b"EHLO client.example\r\n\r\n",
            "HTTP": b"GET / HTTP/1.0\n\n",
        }
        for name, data in bad.items():
            with self.subTest(name):
                with Policy(self.world.pol_unix) as client:
                    client.send(data)
                    client.closed_without_answer(1.0 * SLOWNESS)
                self.assertUnknown(other.ask(UNKNOWN))

    def test_41_recipient_as_typed(self):
        """[41] the recipient is normalised as in the maps: case, trailing dot, quotes, IDNA"""
        for recipient in ("ANN@Domain2.Example", "ann@domain2.example.", "ann+tag@domain2.example", "john smith@domain2.example",
                          '"john smith"@domain2.example', "ann@bücher.example", "ann@XN--BCHER-KVA.example", "JÖRG@box.example",
                          "ANN@COMPANY.EXAMPLE.", "team@box.example", "ext@domain2.example", "postmaster@domain2.example"):
            self.assertEqual(self.act(recipient), "DUNNO", recipient)
        for recipient in ("NOBODY@Domain2.Example", "nobody@domain2.example.", "no body@domain2.example", '"no body"@box.example',
                          "nobody@bücher.example", "+ann@domain2.example", "nobody+ann@company.example"):
            self.assertUnknown(self.act(recipient), recipient)

    def test_42_states(self):
        """[42] only RCPT is judged; no recipient, or several, is DUNNO"""
        for state in STATES:
            with self.subTest(state):
                self.assertEqual(self.act("", protocol_state=state), "DUNNO")
                if state != "RCPT":
                    self.assertEqual(self.act(UNKNOWN, protocol_state=state), "DUNNO")
        for state in ("DATA", "END-OF-MESSAGE"):
            self.assertEqual(self.act("", protocol_state=state, recipient_count="3"), "DUNNO")
        client = self.world.policy()
        client.send(Policy.request(recipient=None))
        self.assertEqual(client.read_reply(), "DUNNO")

    def test_43_long_line(self):
        """[43] a line over the limit ends the connection, in bounded memory"""
        before = self.world.rss_kb()
        for _ in range(8):
            with Policy(self.world.pol_unix) as client:
                try:
                    client.send(b"request=smtpd_access_policy\nsender=" + b"a" * (1 << 20))
                except (BrokenPipeError, ConnectionResetError):
                    pass
                client.closed_without_answer(1.0 * SLOWNESS)
        self.assertLess(self.world.rss_kb() - before, 8000 * MEMORY_FACTOR)

    def test_43_many_attributes(self):
        """[43] more than 100 attributes end the connection, 100 do not"""
        base = [("request", "smtpd_access_policy"), ("protocol_state", "RCPT"), ("recipient", UNKNOWN)]
        client = self.world.policy()
        client.send(Policy.request_of(base + [(f"x{n}", "y") for n in range(97)]))
        self.assertUnknown(client.read_reply())
        client.send(Policy.request_of(base + [(f"x{n}", "y") for n in range(98)]))
        client.closed_without_answer(1.0 * SLOWNESS)

    def test_43_endless_request(self):
        """[43] a request of endless short lines ends"""
        client = self.world.policy()
        client.send(b"request=smtpd_access_policy\n")
        began = time.monotonic()
        try:
            while True:
                client.send(b"n=v\n" * 200)
                self.assertLess(time.monotonic() - began, 2 + 3 * SLOWNESS, "still read")
        except (BrokenPipeError, ConnectionResetError):
            pass

    def test_43_slow_request(self):
        """[43] half a request is closed after request-timeout, others are not delayed"""
        slow = self.world.policy()
        slow.send(Policy.request(recipient=UNKNOWN)[:-1])
        began = time.monotonic()
        while not select.select([slow.sock], [], [], 0.05)[0]:
            self.assertUnknown(self.act(UNKNOWN))
            self.assertLess(time.monotonic() - began, 2 + 3 * SLOWNESS)
        self.assertGreater(time.monotonic() - began, 1.5)
        slow.closed_without_answer(1)

    def test_44_long_lived(self):
        """[44] 2000 requests over one connection, which then idles beyond request-timeout and goes on"""
        client = self.world.policy()
        for n in range(1000):
            self.assertEqual(client.ask("ann@domain2.example"), "DUNNO")
            self.assertUnknown(client.ask(f"nobody{n}@domain2.example"))
        self.assertTrue(client.silent(4.0))
        self.assertEqual(client.ask("ann@domain2.example"), "DUNNO")

    def test_46_not_ours(self):
        """[46] the default is DUNNO: not our domain, no domain, an address literal"""
        for recipient in ("x@far.example", "x", "postmaster", "x@[127.0.0.1]", "x@[IPv6:::1]", "x@sub.domain2.example", '"x"', "@", "x@"):
            self.assertEqual(self.act(recipient), "DUNNO", recipient)

    def test_47_text(self):
        """[47] refusals carry the code, a matching enhanced code and text, in at most 400 characters"""
        for recipient in (UNKNOWN, "x" * 3000 + "@domain2.example", "\u00fc" * 500 + "@domain2.example",
                          "a\x01\x7f@domain2.example", "%s%n@domain2.example", "a\x1b[2J@box.example", "a\r@box.example"):
            with self.subTest(recipient[:30]):
                action = self.act(recipient)
                self.assertTrue(action.startswith(REFUSED), action)
                self.assertTrue(action.isprintable(), repr(action))

    def test_47_invalid_utf8(self):
        """[47] bytes that are not UTF-8 never come back"""
        client = self.world.policy()
        for raw in (b"nob\xffody@domain2.example", b"\xc3@box.example", b"a@domain2\xff.example", b"\xed\xa0\x80@company.example"):
            request = Policy.request(recipient="@@").replace(b"recipient=@@", b"recipient=" + raw)
            client.send(request)
            client.read_reply()

    def test_48_no_disconnect_codes(self):
        """[48] no answer disconnects: no 421, no 521, whatever is asked"""
        for state in STATES:
            for recipient in (UNKNOWN, "ann@domain2.example", "", "x@far.example", "team@box.example"):
                for sender in ("", "ann@company.example", "x@far.example", "<>", "no-address"):
                    self.act(recipient, protocol_state=state, sender=sender)  # checked in check_action()

    def test_49_instances(self):
        """[49] state does not grow with the number of instances"""
        client = self.world.policy()

        def burst(start):
            for n in range(start, start + 5000, 50):
                client.send(b"".join(Policy.request(recipient=UNKNOWN, instance=f"{i:x}.{i:x}.{i:x}.0", queue_id=f"Q{i:X}") for i in range(n, n + 50)))
                for _ in range(50):
                    client.read_reply()

        burst(0)
        before = self.world.rss_kb()
        burst(5000)
        burst(10000)
        self.assertLess(self.world.rss_kb() - before, 2000 * MEMORY_FACTOR)

    def test_51_loopback_inet(self):
        """[51] the loopback port answers as the unix socket does"""
        client = self.world.policy(self.world.pol_inet)
        for recipient in (UNKNOWN, "ann@domain2.example", "x@far.example", "", "team@box.example"):
            self.assertEqual(client.ask(recipient), self.act(recipient))

    def test_agrees_with_the_maps(self):
        """a recipient is refused exactly where neither the alias map nor its class's recipient map answers"""
        for domain, table in (("domain2.example", None), ("company.example", "relay_recipient_maps"), ("box.example", "virtual_mailbox_maps")):
            for local in ("ann", "bob", "robert", "team", "ext", "john smith", "jörg", "a.lee", "ann+x", "nobody", "folder"):
                address = f"{local}@{domain}"
                maps = ["virtual_alias_maps"] + ([table] if table else [])
                exists = any(self.ask(name, address).startswith("OK ") for name in maps)
                action = self.act(address)
                self.assertEqual(action == "DUNNO", exists, f"{address}: {action}")


class Unknown(WorldCase):
    """What "absent" means is the administrator's choice."""

    CONFIG = {"policy": {"unknown-recipient": "defer"}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def test_default_defer(self):
        """unknown-recipient=defer answers 450 4.1.1, and the maps TEMP"""
        self.assertTrue(self.act(UNKNOWN).startswith("450 4.1.1 "))
        self.assertTrue(self.act("nobody@company.example").startswith("450 4.1.1 "))
        self.assertTemp("relay_recipient_maps", "nobody@company.example")
        self.assertTemp("virtual_alias_maps", UNKNOWN)
        self.assertEqual(self.act("ann@domain2.example"), "DUNNO")
        self.assertAbsent("virtual_alias_maps", "x@far.example")


class SenderLogin(WorldCase):
    """sender-login=reject: who is logged in sends only as an address that the login owns."""

    CONFIG = {"policy": {"sender-login": "reject"}, "addresses": {"login": "primary;alias"}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def judge(self, sender, user, recipient="x@far.example"):
        return self.act(recipient, sender=sender, sasl_username=user, sasl_method="PLAIN" if user else "")

    def test_owner_passes(self):
        """every login of an object owns every one of its addresses; case does not matter"""
        for sender in ("ann@company.example", "ANN@domain2.example", "a.lee@company.example", "ann+tag@company.example", "ann@bücher.example"):
            for user in ("ann@company.example", "Annie", "ANN@COMPANY.EXAMPLE"):
                self.assertEqual(self.judge(sender, user), "DUNNO", f"{user} as {sender}")

    def test_others_are_refused(self):
        """another's address, an unknown one, one that is not ours, one without login: 553 5.7.1"""
        for sender in ("bob@box.example", "nobody@company.example", "x@far.example", "no-address", "guest@far.example"):
            action = self.judge(sender, "annie")
            self.assertTrue(action.startswith("553 5.7.1 "), f"{sender}: {action}")

    def test_not_asked(self):
        """without a login, or with the null sender, nothing is refused for the sender's sake"""
        self.assertEqual(self.judge("bob@box.example", ""), "DUNNO")
        self.assertEqual(self.judge("", "annie"), "DUNNO")
        self.assertEqual(self.judge("", "annie", "ann@domain2.example"), "DUNNO")

    def test_before_the_recipient(self):
        """the sender is judged first, then the recipient"""
        self.assertTrue(self.judge("bob@box.example", "annie", UNKNOWN).startswith("553 5.7.1 "))
        self.assertTrue(self.judge("ann@company.example", "annie", UNKNOWN).startswith(REFUSED))

    def test_failed_lookup(self):
        """[45] the owner cannot be looked up: deferred"""
        os.rename(self.world.store, self.world.store + ".away")
        try:
            until(lambda: self.judge("ann@company.example", "annie").startswith("DEFER_IF_PERMIT 4.3.0 "), "the store's absence is noticed")
            self.assertEqual(self.judge("", "annie"), "DUNNO")
        finally:
            os.rename(self.world.store + ".away", self.world.store)
            until(lambda: self.judge("ann@company.example", "annie") == "DUNNO", "the store is back")


class Failing(FreshCase):
    def test_45_lookup_failed(self):
        """[45] a lookup that fails is DEFER_IF_PERMIT 4.3.0 in a declared domain, on a connection that stays"""
        world = self.make_world()
        people.declare(world)
        world.start()
        client = world.policy()
        for recipient in ("ann@domain2.example", "nobody@company.example", "x@box.example"):
            self.assertTrue(client.ask(recipient).startswith("DEFER_IF_PERMIT 4.3.0 "), recipient)
        self.assertEqual(client.ask("x@far.example"), "DUNNO")
        self.assertEqual(client.ask("", protocol_state="DATA"), "DUNNO")
        world.ctl("object", "add", "ann", "--address=SMTP:ann@company.example", "--address=smtp:ann@domain2.example")
        self.assertEqual(client.ask("ann@domain2.example"), "DUNNO")
        self.assertTrue(client.ask("nobody@company.example").startswith(REFUSED))

    def test_45_nothing_known(self):
        """[45] with a store that never was, every recipient at a domain is deferred, never refused or permitted"""
        world = self.make_world()
        world.start()
        for recipient in ("ann@domain2.example", "x" * 300 + "@domain2.example"):
            self.assertTrue(world.act(recipient).startswith("DEFER_IF_PERMIT 4.3.0 "), recipient)
        for recipient in ("ann", "postmaster", "x@[127.0.0.1]", "@", "x@"):
            self.assertEqual(world.act(recipient), "DUNNO", recipient + " needs no lookup")
        self.assertEqual(world.act("", protocol_state="CONNECT"), "DUNNO")


if __name__ == "__main__":
    unittest.main()
