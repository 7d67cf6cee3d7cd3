"""KB Q174351 on a real Postfix: a company gets a second mail domain, by an import, while mail flows.

Nothing here looks into the programs: mail goes in by SMTP, comes out at a sink, and the queue must end empty.
"""

import os
import smtplib
import unittest

import people
from bounds import until
from harness import ALL_MAPS
from postfix import Answer
from postfix_case import PostfixCase

STAFF = ["ann", "bob", "carl", "dora", "emil", "fritz", "gina", "hugo", "ida", "jan"]


class Q174351(PostfixCase):
    """The scenario itself, with each class for the second domain."""

    @classmethod
    def populate(cls, world):
        cls.declare(world)
        people.populate(world)
        world.imp(people.staff_csv([n for n in STAFF if n not in ("ann", "bob")]))
        world.imp(people.second_domain_csv(STAFF[2:]))

    @classmethod
    def prepare(cls, world):
        proxied = ", ".join(f"proxy:socketmap:unix:{world.sm_unix}:{table}" for table in ALL_MAPS)
        cls.postfix.configure(f"unix:{world.sm_unix}", f"unix:{world.pol_unix}", {"proxy_read_maps": proxied})

    def tearDown(self):
        self.assertQuiet()

    def test_master_is_on_loopback_only(self):
        """the private Postfix listens on 127.0.0.1 alone"""
        ports = {self.postfix.smtp_port, self.postfix.plain_port}
        seen = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table, encoding="ascii") as lines:
                for line in list(lines)[1:]:
                    address, port = line.split()[1].split(":")
                    if line.split()[3] == "0A" and int(port, 16) in ports:
                        self.assertEqual(address, "0100007F")
                        seen.add(int(port, 16))
        self.assertEqual(seen, ports)

    def test_second_domain_arrives_as_primary(self):
        """mail to the second domain arrives under the primary address of the first"""
        self.assertEqual(self.deliver("carl@domain2.example"), ["carl@company.example"])
        self.assertEqual(self.deliver("carl@domain2.example", plain=True), ["carl@company.example"])

    def test_everyone_has_the_second_domain(self):
        """[36] each imported person is accepted in both domains"""
        for name in STAFF[2:]:
            self.assertAccepted(f"{name}@company.example")
            self.assertAccepted(f"{name}@domain2.example")

    def test_unknown_users(self):
        """[36] unknown users get 550 5.1.1 at RCPT in every declared domain"""
        for domain in ("company.example", "domain2.example", "rewritten.example", "box.example", "xn--bcher-kva.example"):
            self.assertUnknown("nobody@" + domain)
            self.assertUnknown("NoBody+tag@" + domain.upper())
        self.assertUnknown("carl@box.example")

    def test_strangers_are_refused(self):
        """a domain that is not declared is no business of ours"""
        with self.postfix.session() as session:
            code, text = session.rcpt("x@far.example")
            self.assertEqual(code, 554, text)

    def test_relay_domain_unchanged(self):
        """a relay domain without rewriting passes secondaries on as they are"""
        self.assertEqual(self.deliver("a.lee@company.example"), ["a.lee@company.example"])
        self.assertEqual(self.deliver("ann@company.example"), ["ann@company.example"])

    def test_relay_domain_rewritten(self):
        """a relay domain with --rewrite delivers to the primary"""
        self.assertEqual(self.deliver("c@rewritten.example"), ["carla@rewritten.example"])
        self.assertEqual(self.deliver("ann@rewritten.example"), ["ann@company.example"])

    def test_mailbox_domain_by_lmtp(self):
        """a virtual-mailbox domain goes where its lmtp route says, secondaries as the primary"""
        self.assertEqual(self.deliver("bob@box.example", lmtp=True), ["bob@box.example"])
        self.assertEqual(self.deliver("robert@box.example", lmtp=True), ["bob@box.example"])
        self.assertEqual(self.deliver("bob@domain2.example", lmtp=True), ["bob@box.example"])

    def test_23_upper_case(self):
        """[23] upper case is accepted at RCPT and arrives: cleanup asks with what the client typed"""
        self.assertEqual(self.deliver("CARL@DOMAIN2.EXAMPLE"), ["carl@company.example"])
        self.assertEqual(self.deliver("Robert@Box.Example", lmtp=True), ["bob@box.example"])
        self.assertEqual(self.deliver("A.LEE@Company.Example")[0].lower(), "a.lee@company.example")

    def test_26_extension_put_back(self):
        """[26] user+tag@ arrives with its tag"""
        self.assertEqual(self.deliver("carl+tag@domain2.example"), ["carl+tag@company.example"])
        self.assertEqual(self.deliver("Carl+Tag@domain2.example"), ["carl+Tag@company.example"])
        self.assertEqual(self.deliver("robert+x@box.example", lmtp=True), ["bob+x@box.example"])
        self.assertEqual(self.deliver("ann+t@company.example"), ["ann+t@company.example"])

    def test_24_idn_domain(self):
        """[24] A-label and U-label of a domain are one"""
        self.assertEqual(self.deliver("ann@xn--bcher-kva.example"), ["ann@company.example"])
        self.assertEqual(self.deliver("ann@bücher.example", utf8=True), ["ann@company.example"])
        self.assertEqual(self.deliver("ANN@BÜCHER.example", utf8=True), ["ann@company.example"])
        self.assertUnknown("nobody@bücher.example", utf8=True)

    def test_24_smtputf8_local_part(self):
        """[24] a UTF-8 local part, any case, arrives as stored"""
        self.assertEqual(self.deliver("jürgen@box.example", utf8=True, lmtp=True), ["jörg@box.example"])
        self.assertEqual(self.deliver("JÜRGEN@box.example", utf8=True, lmtp=True), ["jörg@box.example"])
        self.assertUnknown("jümbo@box.example", utf8=True)

    def test_28_quoted_local_part(self):
        """[28] a quoted local part is accepted and arrives quoted"""
        self.assertEqual(self.deliver('"john smith"@box.example', lmtp=True), ['"john smith"@box.example'])
        self.assertEqual(self.deliver('"john smith"@domain2.example', lmtp=True), ['"john smith"@box.example'])
        self.assertEqual(self.deliver('"j s"@box.example', lmtp=True), ['"john smith"@box.example'])
        self.assertEqual(self.deliver('"carl"@domain2.example'), ["carl@company.example"])
        self.assertUnknown('"john  smith"@box.example')

    def test_29_trailing_dot(self):
        """[29] a trailing dot of the domain makes no difference"""
        self.assertEqual(self.deliver("carl@domain2.example."), ["carl@company.example"])
        self.assertUnknown("nobody@domain2.example.")

    def test_lists_and_remotes(self):
        """a list reaches its members, a custom recipient its target"""
        self.assertEqual(self.deliver("ext@domain2.example"), ["ext@far.example"])
        for plain in (False, True):
            token = f"list-{os.getpid()}-{plain}"
            with self.postfix.session(plain) as session:
                self.assertEqual(session.send("team@domain2.example", token)[0], 250)
            self.assertEqual(self.postfix.lmtp_sink.wait_for(token).recipients, ["bob@box.example"])
            until(lambda: sorted(r for m in list(self.postfix.sink.mails) if token.encode() in m.data for r in m.recipients)
                  == ["ann@company.example", "guest@far.example"], "the list's other members")

    def test_vrfy(self):
        """VRFY knows who exists"""
        with self.postfix.session() as session:
            self.assertEqual(session.command("VRFY carl@domain2.example")[0], 252)
            self.assertEqual(session.command("VRFY nobody@domain2.example")[0], 550)

    def test_20_import_while_postfix_runs(self):
        """[20] an import is visible to the next lookup of an open session; a second one changes nothing; no connection is lost"""
        postfix, world = self.postfix, self.world
        errors = lost_connections(world, postfix)
        with postfix.session() as session:
            self.assertEqual(session.rcpt("newcomer@company.example")[0], 550)
            self.assertEqual(session.rcpt("newcomer@domain2.example")[0], 550)
            content = people.staff_csv(["newcomer"])
            world.imp(content)
            second = people.second_domain_csv(["newcomer"])
            world.imp(second)
            self.assertEqual(session.rcpt("newcomer@company.example")[0], 250)
            self.assertEqual(session.rcpt("newcomer@domain2.example")[0], 250)
            before = world.status()
            for again in (content, second):
                summary = world.imp(again, "--json").json()[-1]
                self.assertEqual(summary["type"], "summary")
                self.assertEqual((summary["created"], summary["modified"], summary["deleted"], summary["batch"]), (0, 0, 0, None))
            after = world.status()
            self.assertEqual((after["generation"], after["batch"]), (before["generation"], before["batch"]))
            self.assertEqual(session.rcpt("newcomer@domain2.example")[0], 250)
        self.assertEqual(self.deliver("newcomer@domain2.example"), ["newcomer@company.example"])
        self.assertEqual(lost_connections(world, postfix), errors)

    def test_55_postmap(self):
        """[55] postmap -q: 0 and the value for a hit, 1 and nothing for a miss"""
        base = f"socketmap:unix:{self.world.sm_unix}:"
        hit = self.postfix.postmap("ann@domain2.example", base + "virtual_alias_maps", rc=0)
        self.assertEqual(hit.out, "ann@company.example\n")
        miss = self.postfix.postmap("nobody@domain2.example", base + "virtual_alias_maps", rc=1)
        self.assertEqual((miss.out, miss.err), ("", ""))
        wrong = self.postfix.postmap("ann@domain2.example", base + "virtual_alias_mapz")
        self.assertNotEqual(wrong.rc, 0)
        self.assertIn("virtual_alias_mapz", wrong.err)
        inet = f"socketmap:inet:127.0.0.1:{self.world.sm_inet[1]}:virtual_alias_maps"
        self.assertEqual(self.postfix.postmap("ANN@domain2.example", inet, rc=0).out, "ann@company.example\n")

    def test_proxymap(self):
        """[53] the same answers through proxymap"""
        base = f"socketmap:unix:{self.world.sm_unix}:"
        for table in ("virtual_alias_maps", "relay_domains", "transport_maps"):
            for key in ("ann@domain2.example", "company.example", "nobody@domain2.example"):
                direct = self.postfix.postmap(key, base + table)
                proxied = self.postfix.postmap(key, "proxy:" + base + table)
                self.assertEqual((proxied.rc, proxied.out), (direct.rc, direct.out), f"{table} {key}")


def lost_connections(world, postfix):
    """Lines in which Postfix complains about one of our services."""
    return [line for line in postfix.log_text().splitlines() if "warning" in line and ("socketmap" in line or "policy" in line or "problem talking" in line)]


class Outage(PostfixCase):
    """The daemon or its store goes away while Postfix works."""

    @classmethod
    def populate(cls, world):
        cls.declare(world)
        people.populate(world)
        world.imp(people.staff_csv(STAFF[2:]))
        world.imp(people.second_domain_csv(STAFF[2:]))

    serial = 0

    def fresh(self):
        """A sender that no smtpd has seen: Postfix remembers failed domain lookups for a pair of sender and recipient."""
        Outage.serial += 1
        return f"sender{Outage.serial}@far.example"

    def replies(self, recipients):
        """One reply for each recipient and port; a session that Postfix ends counts as its code."""
        found = []
        for plain in (False, True):
            for recipient in recipients:
                try:
                    with self.postfix.session(plain) as session:
                        found.append(session.rcpt(recipient, sender=self.fresh()))
                except Answer as refused:
                    found.append(refused.args)
                except (smtplib.SMTPException, OSError) as broken:
                    self.fail(f"{recipient}: {broken!r}\n{self.postfix.log_tail()}")
        return found

    def assertAll(self, codes, recipients):
        for code, text in self.replies(recipients):
            self.assertIn(code, codes, text)

    OURS = ("carl@domain2.example", "carl@company.example", "bob@box.example", "nobody@domain2.example", "nobody@company.example",
            "nobody@box.example")
    KNOWN = OURS[:3]
    TEMPORARY = (450, 451, 452)

    def accepts_again(self):
        self.assertAll((250,), self.KNOWN)
        for recipient in self.OURS[3:]:
            self.assertUnknown(recipient)

    def test_killed_and_started(self):
        """killed: 4xx and never 5xx for known and unknown alike; started again: as before"""
        self.accepts_again()
        self.world.kill()
        self.assertAll(self.TEMPORARY, self.OURS)
        # 554 "relay access denied" for a domain that is ours would be a lie as well: all of these must be temporary.
        self.assertAll(self.TEMPORARY, ("carl+x@domain2.example", "CARL@company.example"))
        self.world.start()
        self.accepts_again()

    def test_killed_during_a_session(self):
        """a session that is open over a restart goes on without an error"""
        with self.postfix.session(plain=True) as session:
            self.assertEqual(session.rcpt("dora@domain2.example")[0], 250)
            self.world.kill()
            self.world.start()
            self.assertEqual(session.rcpt("dora@domain2.example")[0], 250)
            self.assertEqual(session.rcpt("ida@domain2.example", sender=self.fresh())[0], 250)

    def test_mail_accepted_before_waits(self):
        """mail that was accepted before the daemon died is delivered after it is back, not bounced"""
        token = f"kept-{os.getpid()}"
        with self.postfix.session(plain=True) as session:
            session.command("MAIL FROM:<somebody@far.example>")
            self.assertEqual(session.command("RCPT TO:<emil@domain2.example>")[0], 250)
            self.assertEqual(session.command("DATA")[0], 354)
            self.world.kill()
            code, text = session.command(f"Subject: {token}\r\n\r\n{token}\r\n.")
            self.assertIn(code, (250, 451), text)
        self.world.start()
        if code == 250:
            self.assertEqual(self.postfix.sink.wait_for(token).recipients, ["emil@company.example"])
        self.postfix.wait_empty()
        self.assertEqual(self.postfix.bounces(), [])

    def test_store_deleted_while_running(self):
        """the store file is deleted: 4xx for addresses, never 5xx; put back: as before"""
        self.broken_store(lambda path: os.rename(path, path + ".away"), lambda path: os.rename(path + ".away", path))

    def test_store_overwritten_while_running(self):
        """the store file is replaced by rubbish: 4xx for addresses, never 5xx; put back: as before"""

        def spoil(path):
            os.rename(path, path + ".good")
            with open(path, "wb") as out:
                out.write(os.urandom(1 << 20))
            self.world.give(path)

        def heal(path):
            os.rename(path + ".good", path)

        self.broken_store(spoil, heal)

    def broken_store(self, spoil, heal):
        world = self.world
        self.accepts_again()
        before = len(self.postfix.bounces())
        spoil(world.store)
        world.wait_everywhere("virtual_alias_maps", "carl@domain2.example", "TEMP ", "the daemon notices")
        self.assertAll(self.TEMPORARY, self.OURS)
        self.assertTrue(world.alive())
        table = f"socketmap:unix:{world.sm_unix}:"
        self.assertEqual(self.postfix.postmap("domain2.example", table + "virtual_alias_domains", rc=0).out, "domain2.example\n")
        failed = self.postfix.postmap("carl@domain2.example", table + "virtual_alias_maps", rc=1)
        self.assertIn("fatal", failed.err + failed.out)
        heal(world.store)
        world.wait_everywhere("virtual_alias_maps", "carl@domain2.example", "OK ", "the store is back")
        self.accepts_again()
        self.assertEqual(len(self.postfix.bounces()), before)


class Empty(PostfixCase):
    """Domains are declared, but nothing was ever imported."""

    @classmethod
    def populate(cls, world):
        cls.declare(world)

    def test_21_never_populated(self):
        """[21] before the first import our domains answer 4xx, others as ever; afterwards the unknown are refused"""
        for plain in (False, True):
            with self.postfix.session(plain) as session:
                for recipient in ("carl@domain2.example", "carl@company.example", "carl@box.example"):
                    code, text = session.rcpt(recipient)
                    self.assertIn(code, (450, 451), text)
                self.assertEqual(session.rcpt("x@far.example")[0], 554)
        table = f"socketmap:unix:{self.world.sm_unix}:virtual_alias_maps"
        done = self.postfix.postmap("carl@domain2.example", table, rc=1)
        self.assertIn("fatal", done.err)
        self.world.imp(people.staff_csv(["carl"]))
        self.assertUnknown("carl@domain2.example")
        self.assertAccepted("carl@company.example")


class Chroot(PostfixCase):
    """As Debian ships it: smtpd, cleanup and rewrite are chrooted, the sockets lie in the queue folder."""

    CHROOT = True
    START = False
    GROUP = "postfix"
    # As it is without a [sockets] group: 0660, group postfix.
    CONFIG = {"sockets": {"mode": None, "group": None}}

    @classmethod
    def populate(cls, world):
        cls.declare(world)
        people.populate(world)

    @classmethod
    def prepare(cls, world):
        cls.postfix.configure("unix:policyd/socketmap", "unix:policyd/policy")
        cls.postfix.make_queue()
        folder = os.path.join(cls.postfix.queue, "policyd")
        os.mkdir(folder)
        os.chmod(folder, 0o750)
        world.give(folder)
        world.sm_unix = os.path.join(folder, "socketmap")
        world.pol_unix = os.path.join(folder, "policy")
        world.write_config({"socketmap": {"listen": "unix:" + world.sm_unix}, "policy": {"listen": "unix:" + world.pol_unix}})
        world.start()

    def test_50_relative_sockets(self):
        """[50] unix:policyd/socketmap works in the chroot, with the default mode and group"""
        for path in (self.world.sm_unix, self.world.pol_unix):
            found = os.stat(path)
            self.assertEqual((found.st_mode & 0o777, found.st_gid), (0o660, self.world.gid))
        self.assertEqual(self.deliver("ann@domain2.example"), ["ann@company.example"])
        self.assertEqual(self.deliver("bob@domain2.example", lmtp=True, plain=True), ["bob@box.example"])
        self.assertUnknown("nobody@domain2.example")
        self.assertQuiet()

    def test_50_restart(self):
        """[50] new sockets in the same place are found without a reload"""
        self.world.restart()
        self.assertEqual(self.deliver("ann@domain2.example", sender="after-restart@far.example"), ["ann@company.example"])


class Inet(PostfixCase):
    """The same over loopback ports."""

    @classmethod
    def populate(cls, world):
        cls.declare(world)
        people.populate(world)

    @classmethod
    def prepare(cls, world):
        cls.postfix.configure(f"inet:127.0.0.1:{world.sm_inet[1]}", f"inet:127.0.0.1:{world.pol_inet[1]}")

    def test_51_inet(self):
        """[51] socketmap and policy over inet"""
        self.assertEqual(self.deliver("ann@domain2.example"), ["ann@company.example"])
        self.assertUnknown("nobody@company.example")
        self.assertQuiet()

    def test_full_maps(self):
        """every map that we serve, in the parameter of its name"""
        base = f"socketmap:inet:127.0.0.1:{self.world.sm_inet[1]}"
        self.postfix.configure(base.removeprefix("socketmap:"), f"inet:127.0.0.1:{self.world.pol_inet[1]}", maps=ALL_MAPS)
        self.postfix.reload()
        until(lambda: self.postfix.accepts(self.postfix.smtp_port), "Postfix answers after a reload")
        self.assertEqual(self.deliver("robert@box.example", lmtp=True), ["bob@box.example"])
        self.assertEqual(self.deliver("ann+t@domain2.example"), ["ann+t@company.example"])
        self.assertEqual(self.deliver("bob@box.example", lmtp=True, sender=""), ["bob@box.example"])
        self.assertUnknown("nobody@domain2.example")
        self.assertQuiet()


if __name__ == "__main__":
    unittest.main()
