"""policyctl doctor: each finding is made and found, with its remedy; and where all is well, nothing is found."""

import os
import shlex
import subprocess
import unittest

import people
from bounds import RUN_TIMEOUT
from doctor_case import DoctorCase, codes
from harness import FreshCase, WorldCase
from postfix import tools_env
from programs import build_program, die_with_parent, run


class Clean(DoctorCase):
    """Where all is well, nothing is found; each test breaks one thing."""

    def test_clean(self):
        """nothing is wrong, exit 0, as JSON and as text"""
        self.assertEqual(self.doctor(), [])
        done = self.ctl("doctor")
        self.assertEqual(done.out, "", done)
        self.assertIn("nothing is wrong", done.err)

    def test_text(self):
        """for people: one sentence and its remedy each"""
        self.edit(recipient_delimiter="-")
        done = self.ctl("doctor", rc=1)
        self.assertRegex(done.out, r"^error: recipient_delimiter is .* \(recipient-delimiter\)\n    postconf -e 'recipient_delimiter = \+' && postfix reload\n$")

    def test_mydestination(self):
        """a declared domain in mydestination"""
        self.edit(mydestination="localhost, company.example")
        self.assertIn("company.example is in mydestination", self.assertFound("in-mydestination"))

    def test_two_classes(self):
        """a declared domain that main.cf has in another class, by name and in a table"""
        lists = self.value("virtual_mailbox_domains")
        self.edit(virtual_mailbox_domains=f"{lists}, company.example, inline:{{ {{ domain2.example = x }}, {{ box.example = x }} }}")
        text = self.assertFound("two-classes")
        self.assertIn("company.example is declared as relay", text)
        self.assertIn("domain2.example is declared as virtual-alias", text)
        self.assertNotIn("box.example", text)

    def test_table_fails(self):
        """a table that cannot be asked is a finding, not the end"""
        self.edit(relay_domains=self.value("relay_domains") + ", fail:nothing")
        self.assertIn("fail:nothing", self.assertFound("table-fails"))
        self.assertEqual(self.doctor()[0]["remedy"], "postmap -q example.com 'fail:nothing'")

    def test_table_without_index(self):
        """a hash: table that postmap has not indexed yet: the remedy is pasted as it stands, and helps"""
        table = os.path.join(self.postfix.dir, "relayed")
        self.addCleanup(lambda: [os.unlink(path) for path in (table, table + ".db") if os.path.exists(path)])
        self.edit(relay_domains=self.value("relay_domains") + f", hash:{table}")
        self.assertIn(table, self.assertFound("table-fails"))
        self.assertEqual(self.doctor()[0]["remedy"], f"postmap -q example.com 'hash:{table}'", "there is nothing to index")
        with open(table, "w", encoding="ascii") as file:
            file.write("far.example x\n")
        found = self.doctor()
        self.assertEqual(codes(found), ["table-fails"], found)
        subprocess.run(found[0]["remedy"], shell=True, check=True, timeout=RUN_TIMEOUT, env=self.postfix.env)
        self.assertEqual(self.doctor(), [])

    def test_list_file_fails(self):
        """a file of domains that is not there is a finding, not the end: what comes after is looked at too"""
        self.edit(relay_domains=self.value("relay_domains") + ", /nonexistent/domains", virtual_alias_maps="")
        self.assertIn("/nonexistent/domains", self.assertFound("not-asked", "table-fails"))

    def test_not_asked(self):
        """a class that main.cf does not ask for, a list and its recipients"""
        self.edit(relay_domains="", relay_recipient_maps="")
        text = self.assertFound("not-asked")
        self.assertIn("relay_domains in main.cf does not ask", text)
        self.assertIn("relay_recipient_maps in main.cf does not ask", text)
        self.edit(virtual_alias_maps="", transport_maps="")
        self.assertIn("transport_maps in main.cf", self.assertFound("not-asked"))

    def test_relocated(self):
        """a notice with a new address that Postfix is not asking for"""
        self.world.ctl("address", "add", "ann", "old@company.example")
        self.world.ctl("address", "remove", "old@company.example", "--moved-to=ann@far.example")
        self.addCleanup(self.world.ctl, "address", "remove", "old@company.example")
        self.addCleanup(self.world.ctl, "address", "add", "ann", "old@company.example")
        self.assertIn("relocated_maps", self.assertFound("not-asked"))

    def test_misspelt(self):
        """a map name that does not exist, with the one that was meant; and one in the wrong place"""
        self.edit(relay_recipient_maps="socketmap:unix:policyd/socketmap:relay_recipients_maps")
        text = self.assertFound("map-unknown", "not-asked")
        self.assertIn('did you mean "relay_recipient_maps"', text)
        self.edit(
            relay_recipient_maps="socketmap:unix:policyd/socketmap:relay_recipient_maps",
            relay_domains="socketmap:unix:policyd/socketmap:relay_domains, socketmap:unix:policyd/socketmap:virtual_alias_domains",
        )
        self.assertFound("map-misplaced")

    def test_delimiter(self):
        """another recipient_delimiter"""
        self.edit(recipient_delimiter="-")
        self.assertFound("recipient-delimiter")

    def test_virtual(self):
        """virtual(8) with a socketmap, for a domain of ours and for others"""
        self.postfix.tool("postconf", "-M", "virtual/unix=virtual unix - n n - - virtual")
        self.addCleanup(self.postfix.tool, "postconf", "-MX", "virtual/unix")
        self.edit(virtual_transport="virtual")
        self.world.ctl("domain", "add", "routeless.example", "--class=virtual-mailbox")
        self.addCleanup(self.world.ctl, "domain", "remove", "routeless.example")
        self.assertIn("routeless.example", self.assertFound("virtual-8"))
        self.world.ctl("domain", "set", "routeless.example", "--route=lmtp:unix:private/x")
        self.assertEqual(self.doctor(), [])
        self.edit(virtual_mailbox_domains=self.value("virtual_mailbox_domains") + ", others.example")
        self.assertIn("other virtual mailbox domains", self.assertFound("virtual-8"))

    def test_virtual_remedy(self):
        """the commands for a virtual(8) under another name are pasted as they stand, and help"""
        self.postfix.tool("postconf", "-M", "boxes/unix=boxes unix - n n - - virtual")
        self.addCleanup(self.postfix.tool, "postconf", "-MX", "boxes/unix")
        maps = self.value("virtual_mailbox_maps")
        self.edit(virtual_transport="boxes", virtual_mailbox_domains=self.value("virtual_mailbox_domains") + ", others.example",
                  virtual_mailbox_maps=f"{maps}, static:x")
        self.assertFound("virtual-8")
        commands, _, reload = self.doctor()[0]["remedy"].rpartition(" && ")
        self.assertEqual(reload, "postfix reload")
        subprocess.run(commands, shell=True, check=True, timeout=RUN_TIMEOUT, env=self.postfix.env)
        self.assertEqual(self.value("virtual8_mailbox_maps"), "static:x")
        self.assertEqual(self.value("virtual_mailbox_maps"), f"{maps}, static:x")
        self.assertEqual(self.doctor(), [])

    def test_policy(self):
        """the policy service: not asked, not first, without default_action"""
        self.edit(smtpd_recipient_restrictions="reject_unauth_destination")
        self.assertFound("policy-not-asked")
        self.edit(smtpd_recipient_restrictions="permit_mynetworks, check_policy_service { unix:policyd/policy, default_action=DUNNO }")
        self.assertFound("policy-not-first")
        self.edit(smtpd_recipient_restrictions="check_policy_service unix:policyd/policy")
        self.assertFound("policy-default-action")
        self.edit(smtpd_policy_service_default_action="451 4.3.0 later")
        self.assertEqual(self.doctor(), [])

    def test_absolute_path(self):
        """an absolute path does not exist inside the chroot; only a real connection tells"""
        self.edit(relay_domains=f"socketmap:unix:{self.postfix.queue}/policyd/socketmap:relay_domains")
        self.assertIn("in the chroot of its daemons, cannot ask", self.assertFound("socket-unreachable"))

    def test_wrong_path(self):
        """a socket where nobody listens, for the maps"""
        self.edit(relay_domains="socketmap:unix:policyd/nothing:relay_domains")
        self.assertIn("unix:policyd/nothing", self.assertFound("socket-unreachable"))

    def test_mode(self):
        """a socket, and a directory, that user postfix may not use"""
        os.chmod(self.world.sm_unix, 0o600)
        self.addCleanup(os.chmod, self.world.sm_unix, 0o666)
        text = self.assertFound("socket-mode")
        self.assertIn("the socket is 0600 nobody:", text)
        os.chmod(self.world.sm_unix, 0o666)
        place = os.path.dirname(self.world.sm_unix)
        os.chmod(place, 0o700)
        self.addCleanup(os.chmod, place, 0o755)
        self.assertIn("its directory 0700 nobody:", self.assertFound("socket-mode"))

    def test_foreign_server(self):
        """something else at the socket"""
        path = os.path.join(self.postfix.queue, "policyd", "other")
        server = subprocess.Popen(
            ["python3", "-c", "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\nimport os\nos.chmod(sys.argv[1],0o777)\n"
             "s.listen(9)\nprint('up',flush=True)\nwhile True:\n c=s.accept()[0]\n c.recv(99)\n c.send(b'220 hello')\n", path],
            stdout=subprocess.PIPE, preexec_fn=die_with_parent,
        )
        self.addCleanup(os.unlink, path)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.addCleanup(server.stdout.close)
        server.stdout.readline()
        self.edit(relay_domains="socketmap:unix:policyd/other:relay_domains")
        self.assertIn("the answer is not policyd's", self.assertFound("socket-unreachable"))

    def test_daemon_down(self):
        """no daemon: said once for itself, and for each socket"""
        self.world.stop()
        self.addCleanup(self.world.start)
        self.assertFound("daemon-down", "socket-unreachable")

    def test_unprivileged(self):
        """without root it says what was not tried, and that is no finding"""
        os.chmod(self.postfix.dir, 0o755)
        done = self.world.ctl("doctor", "--json", rc=None, env=self.postfix.env)
        self.assertEqual((done.rc, done.out), (0, ""), done)
        self.assertIn("not run as root", done.err)
        self.edit(relay_domains=f"socketmap:unix:{self.postfix.queue}/policyd/socketmap:relay_domains")
        done = self.world.ctl("doctor", "--json", rc=1, env=self.postfix.env)
        self.assertEqual(codes(done.json()), ["socket-unreachable"])


class Store(WorldCase):
    """What is wrong in the store; no Postfix is looked at."""

    CONFIG = {"addresses": {"login": "alias;account"}, "limits": {"workers": "2", "list-recipients": "3"}}

    @classmethod
    def populate(cls, world):
        cls.env = tools_env(os.path.join(world.dir, "postfix"), "recipient_delimiter = +")
        ctl = world.ctl
        ctl("domain", "add", "box.example", "--class=virtual-mailbox", "--route=lmtp:inet:127.0.0.1:9")
        ctl("domain", "add", "company.example", "--class=relay")
        ctl("domain", "add", "alias.example", "--class=virtual-alias")
        for domain in ("box.example", "company.example", "alias.example"):
            ctl("object", "add", f"pm-{domain}", f"--address=pm-{domain}@box.example", f"--address=postmaster@{domain}")

    def findings(self, code):
        done = self.world.ctl("doctor", "--json", rc=None, env=self.env)
        self.assertIn(done.rc, (0, 1), done)
        found = done.json()
        self.assertEqual(done.rc, 1 if found else 0)
        return [f["text"] for f in found if f["code"] == code]

    def assertFinding(self, code, *words):
        """One finding of the code; each word is in it."""
        texts = self.findings(code)
        self.assertEqual(len(texts), 1, texts)
        for word in words:
            self.assertIn(word, texts[0])

    def replicated(self, *objects):
        self.world.replicate(*objects)
        for given in objects:
            self.addCleanup(self.world.replicate, {"delete": given["name"]})

    def test_00_clean(self):
        """a store without faults has none"""
        for code in ("nowhere", "target", "cycle", "list-over-limits", "unresolved", "undeclared", "login", "rule-collision", "catch-all",
                     "mirror", "postmaster", "daemon-down", "not-populated", "replica-stale", "temporary", "reader-stuck"):
            self.assertEqual(self.findings(code), [], code)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, who can read what the daemon cannot")
    def test_daemon_temp(self):
        """a store that this command can read, and the daemon cannot"""
        world = self.world
        mine = os.stat(world.store)

        def heal():
            os.chown(world.store, mine.st_uid, mine.st_gid)
            os.chmod(world.store, mine.st_mode & 0o777)
            world.restart()
            world.wait_everywhere("virtual_mailbox_maps", "pm-box.example@box.example", "OK ", "the store is back")

        self.addCleanup(heal)
        os.chown(world.store, 0, 0)
        os.chmod(world.store, 0o600)
        world.restart()
        done = run([build_program("policyctl"), "--config", world.conf, "doctor", "--json"], env=dict(self.env, PATH="/nonexistent"))
        self.assertEqual(done.rc, 1, done)
        found = [f for f in done.json() if f["code"] == "daemon-temp"]
        self.assertEqual(len(found), 1, done)
        self.assertIn(world.store, found[0]["text"])

    def test_32_nowhere(self):
        """[32] a replicated primary in a virtual-alias domain"""
        self.replicated({"name": "lost", "address": "SMTP:lost@alias.example"})
        self.assertFinding("nowhere", "lost@alias.example")

    def test_target(self):
        """a replicated target that nobody has, and one that is its own address"""
        self.replicated({"name": "r1", "class": "remote", "address": "SMTP:r1@box.example", "target": "SMTP:nobody@company.example"})
        self.replicated({"name": "r2", "class": "remote", "address": "SMTP:r2@box.example", "target": "SMTP:r2@box.example"})
        texts = self.findings("target")
        self.assertEqual(len(texts), 2, texts)
        self.assertIn("the target of r1 is nobody@company.example, which nobody has", texts)
        self.assertIn("the target of r2 is its own address r2@box.example", texts)

    def test_cycle(self):
        """replicated lists that lead to each other and to nobody"""
        self.replicated(
            {"name": "l1", "class": "dl", "address": "SMTP:l1@box.example", "member": "l2"},
            {"name": "l2", "class": "dl", "address": "SMTP:l2@box.example", "member": "l1"},
        )
        texts = self.findings("cycle")
        self.assertEqual(len(texts), 2, texts)

    def test_apostrophe(self):
        """remedies for somebody with an apostrophe in the name are pasted as they stand"""
        self.replicated(
            {"name": "O'Brien", "class": "dl", "address": "SMTP:o'brien@box.example", "member": "ghost"},
            {"name": "d'Arc", "address": "SMTP:d'arc@alias.example"},
        )
        for code, name in (("unresolved", "O'Brien"), ("nowhere", "d'arc@alias.example")):
            self.assertFinding(code, name)
            found = [f for f in self.world.ctl("doctor", "--json", rc=1, env=self.env).json() if f["code"] == code]
            self.assertEqual(shlex.split(found[0]["remedy"])[-1], name)

    def test_target_loop(self):
        """replicated contacts whose targets are each other"""
        self.replicated(
            {"name": "t1", "class": "remote", "address": "SMTP:t1@box.example", "target": "SMTP:t2@box.example"},
            {"name": "t2", "class": "remote", "address": "SMTP:t2@box.example", "target": "SMTP:t1@box.example"},
        )
        texts = self.findings("cycle")
        self.assertEqual(len(texts), 2, texts)

    def test_32_alias_into_nowhere(self):
        """[32] an alias whose way ends in a virtual-alias domain"""
        self.replicated(
            {"name": "way", "class": "dl", "address": "SMTP:way@alias.example", "member": "end"},
            {"name": "end", "address": "SMTP:end@alias.example"},
        )
        texts = self.findings("nowhere")
        self.assertTrue(any("end@alias.example" in text for text in texts), texts)

    def test_over_limits(self):
        """a replicated list over the limits, named once"""
        self.replicated({"name": "big", "class": "dl", "address": ["SMTP:big@box.example", "smtp:large@box.example"],
                         "member": [f"m{i}@far.example" for i in range(5)]})
        self.assertFinding("list-over-limits", "big@box.example")

    def test_unresolved(self):
        """members, forwards and permissions that nobody has; foreign addresses are fine"""
        self.world.ctl("object", "add", "team", "--class=dl", "--address=team@box.example", "--member=ghost", "--member=gone@box.example",
                       "--member=x@far.example", "--member=pm-box.example")
        self.addCleanup(self.world.ctl, "object", "remove", "team")
        self.assertFinding("unresolved", "team refers", "ghost (members)", "gone@box.example (members)")
        self.assertNotIn("far.example", self.findings("unresolved")[0])

    def test_undeclared(self):
        """addresses in undeclared domains, counted; a contact's target and a primary behind an alias are not"""
        self.world.ctl("object", "add", "u", "--address=u@other.example", "--address=v@other.example")
        self.addCleanup(self.world.ctl, "object", "remove", "u")
        self.world.ctl("object", "add", "contact", "--class=remote", "--target=c@far.example")
        self.addCleanup(self.world.ctl, "object", "remove", "contact")
        self.world.ctl("object", "add", "w", "--address=w@far.example", "--address=w@alias.example")
        self.addCleanup(self.world.ctl, "object", "remove", "w")
        self.assertFinding("undeclared", "2 addresses are in other.example")
        self.world.ctl("address", "remove", "v@other.example")
        self.assertFinding("undeclared", "1 address is in other.example", "answers it")

    def test_login(self):
        """logins that smtpd_sender_login_maps cannot name"""
        self.replicated({"name": "blank", "address": "SMTP:blank@box.example", "alias": "fine", "account": "two words"})
        self.assertFinding("login", "two words", "account")

    def test_rule(self):
        """replicated objects whose generated address is taken"""
        self.world.ctl("domain", "set", "company.example", "--rule=%m")
        self.addCleanup(self.world.ctl, "domain", "set", "company.example", "--rule=")
        self.replicated(
            {"name": "first", "address": "SMTP:f1@box.example", "alias": "same", "created": 1},
            {"name": "second", "address": "SMTP:f2@box.example", "alias": "same", "created": 2},
        )
        self.assertFinding("rule-collision", "second has no address", "same@company.example")

    def test_catch_all(self):
        """a catch-all that nobody has any more"""
        self.replicated({"name": "all", "address": "SMTP:all@box.example"})
        self.world.ctl("domain", "set", "company.example", "--catch-all=all@box.example")
        self.addCleanup(self.world.ctl, "domain", "set", "company.example", "--catch-all=")
        self.world.replicate({"delete": "all"})
        self.addCleanup(self.world.replicate, {"name": "all", "address": "SMTP:all@box.example"})
        self.assertFinding("catch-all", "company.example", "all@box.example")

    def test_temporary(self):
        """a catch-all that grew over the limits: everybody that a domain does not know is deferred"""
        self.replicated({"name": "grown", "class": "dl", "address": "SMTP:grown@box.example", "member": ["m1@far.example"]})
        grown = {"name": "grown", "class": "dl", "address": "SMTP:grown@box.example", "member": [f"m{i}@far.example" for i in range(5)]}
        for domain in ("alias.example", "company.example"):
            self.world.ctl("domain", "set", domain, "--catch-all=grown@box.example")
            self.assertEqual(self.findings("temporary"), [])
            self.world.replicate(grown)
            self.assertFinding("temporary", domain)
            self.assertIn("grown@box.example", self.world.ctl("explain", f"policyctl-nobody@{domain}", rc=75).out)
            self.world.replicate(dict(grown, member=["m1@far.example"]))
            self.world.ctl("domain", "set", domain, "--catch-all=")

    def test_postmaster(self):
        """a domain without postmaster"""
        self.world.ctl("domain", "add", "new.example", "--class=relay")
        self.addCleanup(self.world.ctl, "domain", "remove", "new.example")
        self.assertFinding("postmaster", "postmaster@new.example")

    def test_configured_postmaster(self):
        """the configured postmaster is gone: mail goes on until the daemon starts the next time, so it is said before"""
        world = self.world
        world.ctl("object", "add", "pm", "--address=pm@box.example")
        world.ctl("object", "add", "other", "--address=other@box.example")
        self.addCleanup(world.write_config, {"addresses": {"postmaster": None}})
        world.write_config({"addresses": {"postmaster": "pm@box.example"}})
        self.assertEqual(self.findings("postmaster"), [])
        done = world.ctl("object", "remove", "pm")
        self.assertIn("warning: policyd will not start again", done.err)
        self.assertFinding("postmaster", "will not start again", world.conf, "pm@box.example")
        self.assertNotIn("start again", world.ctl("object", "remove", "other").err)
        self.assertNotIn("start again", world.ctl("address", "add", "pm-box.example", "pm@box.example").err)
        self.addCleanup(world.ctl, "address", "remove", "pm@box.example")
        self.assertEqual(self.findings("postmaster"), [])

    def test_directory(self):
        """a directory that was never loaded"""
        self.world.write_config({"directory": {"uri": "ldap://127.0.0.1", "base": "dc=x"}})
        self.addCleanup(self.world.write_config)
        self.addCleanup(self.world.settings.pop, "directory")
        self.assertFinding("replica-stale")


class Reader(FreshCase):
    """Somebody who holds an old state of the store."""

    def test_reader(self):
        """an export that nobody reads on keeps old pages; it is named, with its process"""
        world = self.make_world()
        world.ctl("domain", "add", "company.example", "--class=relay")
        world.imp(people.staff_csv([f"u{i}" for i in range(3000)]))
        command = [build_program("policyctl"), "--config", world.conf, "export"]
        export = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        self.addCleanup(export.stdout.close)
        self.addCleanup(export.wait)
        self.addCleanup(export.kill)
        self.assertTrue(export.stdout.read(1))
        self.assertEqual(self.stuck(world), [])
        world.ctl("object", "add", "late", "--address=late@company.example")
        found = self.stuck(world)
        self.assertEqual(len(found), 1, found)
        self.assertIn(f"process {export.pid} (policyctl)", found[0]["text"])
        self.assertEqual(found[0]["remedy"], f"kill {export.pid}")

    def stuck(self, world):
        done = world.ctl("doctor", "--json", rc=1, env=dict(os.environ, MAIL_CONFIG="/nonexistent"))
        return [finding for finding in done.json() if finding["code"] == "reader-stuck"]


class Unreadable(FreshCase):
    """A store that this command cannot read."""

    def test_unreadable(self):
        """no permission, and no store at all in the file: a finding like others"""
        world = self.make_world()
        world.ctl("domain", "add", "company.example", "--class=relay")
        os.chmod(world.store, 0)
        self.assertFinding(world, "Permission denied")
        os.chmod(world.store, 0o640)
        with open(world.store, "r+b") as store:
            store.write(b"x" * 8192)
        self.assertFinding(world, world.store)

    def assertFinding(self, world, word):
        found = world.ctl("doctor", "--json", rc=1).json()
        self.assertEqual(codes(found), ["store-unreadable"])
        subprocess.run(found[0]["remedy"], shell=True, check=True, timeout=RUN_TIMEOUT, stdout=subprocess.DEVNULL)
        self.assertIn(word, found[0]["text"])
        self.assertIn(world.store, found[0]["remedy"])
        self.assertIn("(store-unreadable)", world.ctl("doctor", rc=1).out)


class Unpopulated(FreshCase):
    """A store without objects."""

    def test_not_populated(self):
        """declared domains answer TEMP until the first import; a main.cf that cannot be read is said too"""
        world = self.make_world()
        world.ctl("domain", "add", "company.example", "--class=relay")
        world.start()
        done = world.ctl("doctor", "--json", rc=1, env=dict(os.environ, PATH="/nonexistent", MAIL_CONFIG="/nonexistent"))
        found = codes(done.json())
        self.assertIn("not-populated", found)
        self.assertIn("postfix-unreadable", found)
