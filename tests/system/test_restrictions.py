"""Who may send to whom, and how much: the policy service on what imports brought, and the configured postmaster."""

import os
import signal

import people
from bounds import until
from harness import FreshCase, WorldCase

NOT_TAKEN = "550 5.7.1 "
TOO_LARGE = "550 5.2.3 "
HEADER = ("Obj-Class,Directory Name,E-mail Addresses,Members,Accept messages from,Reject messages from,DL-Mem-Submit-Perms,"
          "DL-Mem-Reject-Perms,Incoming message size limit,msExchRequireAuthToSendTo\r\n")
GIF = HEADER + "".join(row + "\r\n" for row in (
    "mailbox,boss,SMTP:boss@company.example,,ann%cn=team%vip@far.example,,,,,",
    "mailbox,quiet,SMTP:quiet@company.example,,,ann%vip@far.example,,team,,",
    "mailbox,small,SMTP:small@company.example,,,,,,10,",
    "mailbox,ann,SMTP:ann@company.example%smtp:ann@elsewhere.example,,,,,,,",
    "mailbox,bob,SMTP:bob@company.example,,,,,,,",
    "dl,team,SMTP:team@company.example,bob%inner,,,,,,",
    "dl,inner,SMTP:inner@company.example,team%guest@far.example,,,,,,",
    "dl,members,SMTP:members@company.example,ann,,,team,,,",
    "dl,staff,SMTP:staff@company.example,ann,,,,,,yes",
))


class Restrictions(WorldCase):
    @classmethod
    def populate(cls, world):
        people.declare(world)
        world.imp(GIF)

    def judge(self, recipient, sender, **more):
        return self.act(recipient, sender=sender, **more)

    def assertTaken(self, recipient, sender, **more):
        self.assertEqual(self.judge(recipient, sender, **more), "DUNNO", f"{sender} to {recipient}")

    def assertRefused(self, recipient, sender, code=NOT_TAKEN, **more):
        action = self.judge(recipient, sender, **more)
        self.assertTrue(action.startswith(code), f"{sender} to {recipient}: {action}")

    def test_accept(self):
        """Auth-Orig: objects by any of their addresses, a list by its own address, addresses outside as they are"""
        for sender in ("ann@company.example", "Ann+x@Company.Example", "ann@elsewhere.example", "team@company.example",
                       "VIP@far.example", ""):
            self.assertTaken("boss@company.example", sender)
        for sender in ("bob@company.example", "who@far.example", "nobody@company.example", "guest@far.example", "MAILER-DAEMON"):
            self.assertRefused("boss@company.example", sender)

    def test_reject(self):
        """Unauth-Orig and DL-Mem-Reject-Perms"""
        for sender in ("ann@company.example", "vip@far.example", "bob@company.example", "guest@far.example"):
            self.assertRefused("quiet@company.example", sender)
        for sender in ("who@far.example", "small@company.example", ""):
            self.assertTaken("quiet@company.example", sender)

    def test_members(self):
        """DL-Mem-Submit-Perms: members, nested, in a cycle; the null sender does not pass for lists"""
        for sender in ("bob@company.example", "guest@far.example"):
            self.assertTaken("members@company.example", sender)
        for sender in ("ann@company.example", "who@far.example", ""):
            self.assertRefused("members@company.example", sender)

    def test_authenticated(self):
        """msExchRequireAuthToSendTo: a login, a certificate, or a trusted network"""
        for sender in ("ann@company.example", ""):
            self.assertRefused("staff@company.example", sender)
            self.assertTaken("staff@company.example", sender, sasl_username="ann")
            self.assertTaken("staff@company.example", sender, ccert_subject="ann")
            self.assertTaken("staff@company.example", sender, client_address="127.0.0.1")
            self.assertTaken("staff@company.example", sender, client_address="::1")
            self.assertRefused("staff@company.example", sender, ccert_fingerprint="00:11")

    def test_size(self):
        """the incoming limit is in kB of 1024 bytes"""
        for size in ("", "0", "10240", "none"):
            self.assertTaken("small@company.example", "who@far.example", size=size)
        for size in ("10241", "99999999999999999999999999"):
            self.assertRefused("small@company.example", "who@far.example", TOO_LARGE, size=size)
        self.assertTaken("ann@company.example", "who@far.example", size="99999999999")

    def test_only_at_rcpt(self):
        """other states are not judged"""
        self.assertEqual(self.judge("staff@company.example", "who@far.example", protocol_state="DATA"), "DUNNO")


class Formats(FreshCase):
    def judge(self, world):
        world.start()
        self.assertEqual(world.act("boss@company.example", sender="ann@company.example", sasl_username="x"), "DUNNO")
        self.assertTrue(world.act("boss@company.example", sender="ann@company.example").startswith(NOT_TAKEN))
        self.assertTrue(world.act("boss@company.example", sender="bob@company.example", sasl_username="x").startswith(NOT_TAKEN))
        self.assertTrue(world.act("boss@company.example", sender="carl@company.example", sasl_username="x").startswith(NOT_TAKEN))
        self.assertTrue(world.act("boss@company.example", sender="ann@company.example", sasl_username="x", size="2049")
                        .startswith(TOO_LARGE))

    def test_csvde(self):
        """the attributes as csvde writes them"""
        world = self.make_world()
        people.declare(world)
        world.imp(
            "DN,objectClass,proxyAddresses,member,authOrig,unauthOrig,dLMemSubmitPerms,dLMemRejectPerms,"
            "msExchRequireAuthToSendTo,delivContLength\n"
            '"cn=boss,dc=x",user,SMTP:boss@company.example,,"cn=carl,dc=x","cn=bob,dc=x","cn=g,dc=x","cn=h,dc=x",TRUE,2\n'
            '"cn=ann,dc=x",user,SMTP:ann@company.example,,,,,,,\n"cn=bob,dc=x",user,SMTP:bob@company.example,,,,,,,\n'
            '"cn=carl,dc=x",user,SMTP:carl@company.example,,,,,,,\n'
            '"cn=g,dc=x",group,SMTP:g@company.example,"cn=ann,dc=x",,,,,,\n"cn=h,dc=x",group,SMTP:h@company.example,"cn=carl,dc=x",,,,,,\n',
            "--format=csvde")
        self.judge(world)

    def test_ldif(self):
        """the attributes as LDIF has them, and out and in again"""
        world = self.make_world()
        people.declare(world)
        person = "dn: cn={0},dc=x\nobjectClass: user\nproxyAddresses: SMTP:{0}@company.example\n"
        group = "\ndn: cn={0},dc=x\nobjectClass: group\nproxyAddresses: SMTP:{0}@company.example\nmember: {1}\n"
        world.imp(
            person.format("boss") + "authOrig: cn=carl,dc=x\nunauthOrig: cn=bob,dc=x\ndLMemSubmitPerms: cn=g,dc=x\n"
            "dLMemRejectPerms: cn=h,dc=x\nmsExchRequireAuthToSendTo: TRUE\ndelivContLength: 2\n\n"
            + "\n".join(person.format(name) for name in ("ann", "bob", "carl"))
            + group.format("g", "cn=ann,dc=x") + group.format("h", "cn=carl,dc=x"), name="in.ldif")
        self.judge(world)
        for form in ("ldif", "gif"):
            kept = world.ctl("export", f"--format={form}").out_bytes
            other = self.make_world()
            people.declare(other)
            other.imp(kept, name=f"kept.{form}")
            self.judge(other)


class Postmaster(FreshCase):
    NOBODY = {"addresses": {"postmaster": "nobody@company.example"}}

    def filled(self):
        world = self.make_world()
        people.declare(world)
        people.populate(world)
        return world

    def test_check(self):
        """policyd --check: 78 for a postmaster that does not exist in a declared domain"""
        world = self.filled()
        for address, rc in (("ann@company.example", 0), ("annx@company.example", 78), ("any@far.example", 0),
                            ("a.lee+x@company.example", 0), ("team@box.example", 0), ("", 0)):
            world.write_config({"addresses": {"postmaster": address}})
            done = world.run("policyd", "--config", world.conf, "--check", rc=rc)
            if rc:
                self.assertIn("[addresses] postmaster", done.err)
                self.assertIn(world.conf, done.err)
        world.write_config(self.NOBODY)
        world.run("policyd", "--config", world.conf, rc=78)

    def test_no_store(self):
        """a store that is missing or cannot be read says nothing about the postmaster"""
        world = self.make_world(self.NOBODY)
        world.run("policyd", "--config", world.conf, "--check")
        self.assertFalse(os.path.exists(world.store))
        world.file("damaged", "x" * 65536)
        os.rename(os.path.join(world.work, "damaged"), world.store)
        world.run("policyd", "--config", world.conf, "--check")
        world.start()
        self.assertTrue(world.alive())

    def test_reload(self):
        """a reload that names nobody is refused, the old configuration stays; what goes later is absent"""
        world = self.filled()
        world.write_config({"addresses": {"postmaster": "bob@box.example"}})
        world.start()
        self.assertEqual(world.ask("virtual_alias_maps", "abuse@domain2.example"), "OK bob@box.example")
        world.write_config(self.NOBODY)
        self.assertIn("postmaster", world.ctl("reload", rc=78).err)
        size = len(world.log_text())
        world.daemon.send_signal(signal.SIGHUP)
        until(lambda: "postmaster" in world.log_text()[size:], "the reason is in the log")
        self.assertEqual(world.ask("virtual_alias_maps", "abuse@domain2.example"), "OK bob@box.example")
        world.ctl("object", "add", "nobody", "--address=SMTP:nobody@company.example")
        world.ctl("reload")
        self.assertEqual(world.ask("virtual_alias_maps", "abuse@domain2.example"), "OK nobody@company.example")
        world.ctl("object", "remove", "nobody")
        self.assertEqual(world.ask("virtual_alias_maps", "abuse@domain2.example"), "NOTFOUND ")
