"""policyctl postconf on a real Postfix that had other domains, users and habits before: nothing of them stops working."""

import os
import subprocess

from bounds import until
from postfix import tools_env
from postfix_case import Setting
from programs import build_program, plain_user, run



class Apply(Setting):
    """The whole way, with everything that a site may have had."""

    @classmethod
    def extra(cls):
        place = cls.postfix.dir
        env = tools_env(os.path.join(place, "tables"))
        for name, text in {
            "relays": "hashed.example x\n",
            "aliases": "sales@aliased.example local@mx.host.example\naliased.example x\n",
            "transports": f"relayed.example smtp:[127.0.0.1]:{cls.postfix.sink.port}\n",
        }.items():
            path = os.path.join(place, name)
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            subprocess.run(["postmap", f"hash:{path}"], check=True, capture_output=True, env=env)
        return {
            "relay_domains": f"relayed.example, hash:{place}/relays",
            "relay_recipient_maps": "",
            "virtual_alias_maps": f"hash:{place}/aliases",
            "virtual_alias_domains": "$virtual_alias_maps",
            "transport_maps": f"hash:{place}/transports",
            "smtpd_recipient_restrictions": "permit_mynetworks, reject_unauth_destination, permit",
        }

    # Before policyd, and after: users of others, of nobody, and strangers.
    OTHERS = {
        "anyone@relayed.example": 250,
        "anyone@sub.relayed.example": 250,
        "anyone@hashed.example": 250,
        "sales@aliased.example": 250,
        "nobody@aliased.example": 550,
        "local@mx.host.example": 250,
        "nobody@mx.host.example": 550,
        "root": 250,
        "stranger@far.example": 554,
    }
    OURS = {
        "ann@company.example": 250,
        "ann+tag@company.example": 250,
        "nobody@company.example": 550,
        "ann@domain2.example": 250,
        "nobody@domain2.example": 550,
        "bob@box.example": 250,
        "nobody@box.example": 550,
    }

    def test_1_nothing_stops(self):
        """other relay domains (listed, in a table, below a listed one), aliases and local users keep their replies"""
        self.assertEqual({r: self.code(r) for r in self.OTHERS}, self.OTHERS)
        self.assertEqual({self.code(r) for r in self.OURS}, {554})
        printed = self.postconf().out
        before = self.main_cf()
        done = self.postconf("--apply")
        self.assertNotEqual(self.main_cf(), before)
        self.assertIn("postfix reload", done.err)
        for line in done.out.splitlines():
            self.assertRegex(line, r"^[-+][a-z_]+ = ")
            if line[0] == "+":
                self.assertIn(line[1:], printed.splitlines())
                name, value = line[1:].split(" = ", 1)
                self.assertEqual(self.value(name), value)
        self.postfix.reload()
        self.assertEqual({r: self.code(r) for r in self.OTHERS}, self.OTHERS)
        self.assertEqual({r: self.code(r) for r in self.OURS}, self.OURS)
        self.assertEqual({r: self.code(r, plain=True) for r in self.OURS}, self.OURS)

    def test_2_again(self):
        """a second run changes nothing and says so"""
        before = self.main_cf()
        done = self.postconf("--apply")
        self.assertEqual(done.out, "")
        self.assertIn("nothing was changed", done.err)
        self.assertEqual(self.main_cf(), before)

    def test_3_what_was_set(self):
        """ours in front, the others' values kept, sockets relative to the queue, the policy service first"""
        place = self.postfix.dir
        self.assertEqual(self.value("virtual_alias_maps"), f"socketmap:unix:policyd/socketmap:virtual_alias_maps, hash:{place}/aliases")
        self.assertEqual(self.value("virtual_alias_domains"), "socketmap:unix:policyd/socketmap:virtual_alias_domains, $virtual_alias_maps")
        self.assertEqual(
            self.value("relay_domains"), f"socketmap:unix:policyd/socketmap:relay_domains, relayed.example, hash:{place}/relays"
        )
        self.assertIn("inline:{ { @relayed.example = x }, { @hashed.example = x } }", self.value("relay_recipient_maps"))
        self.assertEqual(self.value("recipient_delimiter"), "+")
        restrictions = self.value("smtpd_recipient_restrictions")
        self.assertRegex(restrictions, r"^check_policy_service \{ unix:policyd/policy, ")
        self.assertTrue(restrictions.endswith("}, permit_mynetworks, reject_unauth_destination, permit"))
        self.assertNotIn("relocated_maps", self.main_cf())
        self.assertNotIn("canonical", self.main_cf())

    def test_4_mail_arrives(self):
        """mail of both arrives where it should"""
        self.assertEqual(self.deliver("ann@domain2.example"), ["ann@company.example"])
        self.assertEqual(self.deliver("bob@domain2.example", lmtp=True), ["bob@box.example"])
        self.assertEqual(self.deliver("anyone@relayed.example"), ["anyone@relayed.example"])
        self.assertQuiet()

    def test_5_service_options(self):
        """services of master.cf with their own options are named and left alone"""
        done = self.postconf()
        self.assertIn(f"127.0.0.1:{self.postfix.plain_port}/inet in master.cf has its own smtpd_recipient_restrictions", done.err)

    def test_6_notice(self):
        """relocated_maps comes with the first notice that has a new address"""
        self.assertNotIn("relocated_maps", self.lines())
        self.world.ctl("address", "add", "ann", "old@company.example")
        self.world.ctl("address", "remove", "old@company.example", "--moved-to=ann@far.example")
        self.assertEqual(self.lines()["relocated_maps"], "socketmap:unix:policyd/socketmap:relocated_maps")

    def test_7_with(self):
        """maps that change more than addresses of ours come only when named, with a warning"""
        done = self.postconf("--with=sender_canonical_maps", "--with=smtpd_sender_login_maps")
        self.assertIn("sender_canonical_maps = socketmap:unix:policyd/socketmap:sender_canonical_maps", done.out)
        self.assertIn("smtpd_sender_login_maps = socketmap:", done.out)
        self.assertNotIn("recipient_canonical_maps", done.out)
        self.assertEqual(done.err.count("warning: sender_canonical_maps"), 1)
        self.assertEqual(self.postconf("--with=canonical_maps", "--with=canonical_maps").out.count("canonical_maps = "), 1)
        self.postconf("--with=alias_maps", rc=2)
        self.postconf("surplus", rc=2)


class Refusals(Setting):
    """What would break is refused, and main.cf stays as it is."""

    def test_local_names(self):
        """a declared domain that Postfix delivers itself, in every spelling"""
        for destination in ("mx.host.example, Company.Example", "hash:/nonexistent", "inline:{ { domain2.example = x } }"):
            self.edit(mydestination=destination)
            if destination.startswith("hash"):
                self.postconf("--apply", rc=75)
            else:
                self.refused("mydestination", "--class=route")
        path = os.path.join(self.postfix.dir, "destinations")
        with open(path, "w", encoding="ascii") as file:
            file.write("# ours\nlocalhost company.example\n")
        self.edit(mydestination=path)
        self.refused("company.example is in mydestination")

    def test_own_names(self):
        """$myhostname and $myorigin, equal or covered, unless declared --class=route"""
        self.edit(myhostname="company.example", mydestination="localhost")
        self.refused("company.example is $myhostname")
        self.edit(myhostname="mx.host.example", myorigin="domain2.example")
        self.refused("domain2.example is $myorigin")
        self.edit(myorigin="$myhostname")
        self.postconf()
        self.world.ctl("domain", "add", ".host.example", "--class=relay")
        self.addCleanup(self.world.ctl, "domain", "remove", ".host.example", "--force")
        self.refused("mx.host.example, which .host.example covers, is $myhostname")
        self.world.ctl("domain", "add", "mx.host.example", "--class=route")
        self.addCleanup(self.world.ctl, "domain", "remove", "mx.host.example", "--force")
        self.postconf()

    def test_delimiter(self):
        """another recipient_delimiter"""
        self.edit(recipient_delimiter="-")
        self.refused("recipient_delimiter", "recipient-delimiter=-")
        self.edit(recipient_delimiter="+")
        self.assertEqual(self.lines()["recipient_delimiter"], "+")

    def test_unlistable(self):
        """relay domains in a table that cannot be listed, with no recipient map"""
        for table in ("regexp:{ { /[.]other[.]example$$/ x } }", "cdb:/nonexistent", "ldap:/nonexistent", "static:x"):
            self.edit(relay_domains=f"listed.example, {table}")
            self.refused("relay_domains", "cannot be listed")
        self.edit(relay_recipient_maps="inline:{ { a@x.other.example = x } }")
        value = self.lines()["relay_recipient_maps"]
        self.assertEqual(value, "socketmap:unix:policyd/socketmap:relay_recipient_maps, inline:{ { a@x.other.example = x } }")

    def test_virtual(self):
        """virtual(8) refuses socketmaps, for our domains and for those of others"""
        self.edit(virtual_transport="virtual", virtual_mailbox_domains="others.example", virtual_mailbox_maps="static:x")
        self.postfix.tool("postconf", "-M", "virtual/unix=virtual unix - n n - - virtual")
        self.addCleanup(self.postfix.tool, "postconf", "-MX", "virtual/unix")
        self.refused("virtual(8)", "postconf -P 'virtual/unix/virtual_mailbox_maps=$virtual8_mailbox_maps'")
        self.postfix.tool("postconf", "-P", "virtual/unix/virtual_mailbox_maps=static:x")
        self.assertEqual(
            self.lines()["virtual_mailbox_maps"], "socketmap:unix:policyd/socketmap:virtual_mailbox_maps, static:x"
        )
        self.world.ctl("domain", "add", "routeless.example", "--class=virtual-mailbox")
        self.addCleanup(self.world.ctl, "domain", "remove", "routeless.example")
        self.refused("routeless.example", "virtual(8)")

    def test_position(self):
        """our elements further behind move to the front; what is in front through a parameter stays"""
        ours = "socketmap:unix:policyd/socketmap:virtual_alias_maps"
        self.edit(
            virtual_alias_maps=f"static:x, proxy:{ours}",
            smtpd_recipient_restrictions="permit_mynetworks, check_policy_service unix:policyd/policy, reject_unauth_destination",
        )
        lines = self.lines()
        self.assertEqual(lines["virtual_alias_maps"], f"{ours}, static:x")
        self.assertEqual(
            lines["smtpd_recipient_restrictions"],
            "check_policy_service unix:policyd/policy, permit_mynetworks, reject_unauth_destination",
        )
        queue = self.postfix.queue
        self.edit(
            virtual_alias_maps=f"socketmap:unix:{queue}/policyd/socketmap:virtual_alias_maps, static:x",
            smtpd_recipient_restrictions=f"check_policy_service unix:{queue}/policyd/policy, reject_unauth_destination",
        )
        lines = self.lines()
        self.assertEqual(lines["virtual_alias_maps"], f"{ours}, static:x")
        self.assertRegex(lines["smtpd_recipient_restrictions"], r"^check_policy_service \{ unix:policyd/policy, .* \}, reject_unauth_destination$")
        absolute = f"socketmap:unix:{self.postfix.queue}/policyd/socketmap:virtual_alias_maps"
        self.edit(virtual_maps=f"proxy:{absolute} static:x", virtual_alias_maps="$virtual_maps")
        self.assertEqual(self.lines()["virtual_alias_maps"], "$virtual_maps")

    def test_policy_down(self):
        """while the policy service is away, its default_action defers what a permit would have let in"""
        self.edit(smtpd_recipient_restrictions=self.lines()["smtpd_recipient_restrictions"])
        self.postfix.reload()
        self.assertEqual(self.code("local@mx.host.example"), 250)
        self.world.stop()
        self.addCleanup(self.world.start)
        with self.postfix.session() as session:
            code, text = session.rcpt("local@mx.host.example")
        self.assertEqual(code, 450)
        self.assertIn("4.3.0", text)
        self.assertIn("Temporary lookup failure", text)

    def test_away(self):
        """without a daemon the lines are set, with a warning"""
        self.world.stop()
        self.addCleanup(self.world.start)
        self.assertNotIn("warning: policyd", self.postconf().err)
        self.edit()
        self.assertIn("until it answers, Postfix defers mail", self.postconf("--apply").err)

    def test_not_populated(self):
        """an address map that answers TEMP"""
        self.world.write_config({"directory": {"uri": "ldap://127.0.0.1", "base": "dc=x"}})
        self.addCleanup(self.world.write_config)
        self.addCleanup(self.world.settings.pop, "directory")
        self.refused("answers TEMP")

    def test_broken_main_cf(self):
        """tools that fail, and a Postfix that is not there, are errors"""
        program = build_program("policyctl")
        env = dict(os.environ, MAIL_CONFIG="/nonexistent")
        done = run([program, "--config", self.world.conf, "postconf"], env=env)
        self.assertEqual(done.rc, 1, done)
        self.assertIn("/nonexistent", done.err)


class Virtual(Setting):
    """Another virtual mailbox domain that virtual(8) delivers into files."""

    @classmethod
    def extra(cls):
        boxes = os.path.join(cls.postfix.dir, "boxes")
        os.makedirs(boxes, exist_ok=True)
        uid, gid = plain_user()
        os.chown(boxes, uid, gid)
        return {
            "virtual_transport": "virtual",
            "virtual_mailbox_domains": "others.example",
            "virtual_mailbox_maps": "inline:{ { user@others.example = user } }",
            "virtual_mailbox_base": boxes,
            "virtual_minimum_uid": "1",
            "virtual_uid_maps": f"static:{uid}",
            "virtual_gid_maps": f"static:{gid}",
        }

    def box(self):
        try:
            with open(os.path.join(self.postfix.dir, "boxes", "user"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def drop(self, token):
        """A mail for the other domain arrives in its file."""
        with self.postfix.session() as session:
            self.assertEqual(session.send("user@others.example", token)[0], 250)
        until(lambda: token in self.box(), f"{token} arrives\n{self.postfix.log_tail()}", 60)

    def test_others_are_delivered(self):
        """refused while virtual(8) would lose its map; done, once it has one of its own, and its mail still arrives"""
        self.postfix.tool("postconf", "-M", "virtual/unix=virtual unix - n n - - virtual")
        self.postfix.reload()
        self.drop("before")
        self.assertEqual(self.code("nobody@others.example"), 550)
        before = self.main_cf()
        refusal = self.postconf("--apply", rc=3).err
        self.assertEqual(self.main_cf(), before)
        # The remedy is taken at its word.
        remedy = refusal.split(" its own by ")[1].strip()
        done = subprocess.run(["sh", "-c", remedy], env=self.postfix.env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{remedy}\n{done.stderr}")
        self.postconf("--apply")
        self.postfix.reload()
        self.drop("after")
        self.assertEqual(self.code("nobody@others.example"), 550)
        self.assertEqual(self.deliver("bob@box.example", lmtp=True), ["bob@box.example"])
        self.assertQuiet()
