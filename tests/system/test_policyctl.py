"""policyctl: exit codes, outputs, and what each change does to the answers."""

import os
import time
import unittest

import people
from bounds import SLOWNESS, until
from harness import FreshCase, WorldCase
from programs import die_with_parent, program
from wire import Policy


class Usage(FreshCase):
    def test_help_and_version(self):
        """--help and --version of each program, on stdout"""
        world = self.make_world()
        for name in ("policyd", "policyctl", "gif-import"):
            done = world.run(name, "--version")
            self.assertRegex(done.out, rf"^{name} \d+\.\d+\S*\n$")
            self.assertEqual(done.err, "")
            done = world.run(name, "--help")
            self.assertIn("--config", done.out)
            self.assertEqual(done.err, "")

    def test_usage_errors(self):
        """2 and a message on stderr for what cannot be understood"""
        world = self.make_world()
        for args in (
            (), ("frobnicate",), ("domain",), ("domain", "frobnicate"), ("domain", "add"), ("domain", "add", "a.example"),
            ("domain", "add", "a.example", "--class=nonsense"), ("domain", "add", "a.example", "--class=relay", "--no-such-option"),
            ("object", "add"), ("object", "add", "ann", "--class=nonsense"), ("address", "add", "ann"), ("lookup", "virtual_alias_maps"),
            ("domain", "add", "a.example", "--class=relay", "--route=host.example:25"),
            ("domain", "add", "a.example", "--class=relay", "--route=relay:"),
            ("domain", "add", "a.example", "--class=relay", "--route=inet:127.0.0.1:25"),
            ("domain", "add", "a.example", "--class=virtual-alias", "--route=relay:[a.example]"),
            ("domain", "add", "a.example", "--class=virtual-alias", "--rewrite=no"),
            ("domain", "add", "a.example", "--class=relay", "--route=relay:[a.example]", "--rewrite=perhaps"),
            ("domain", "add", "not a domain", "--class=virtual-alias"),
            ("export", "--format=nonsense"), ("status", "--json=no"), ("domain", "set", "a.example"),
            ("domain", "add", "a.example", "--class=relay", "--force=no"),
        ):
            with self.subTest(args=args):
                done = world.ctl(*args, rc=2)
                self.assertEqual(done.out, "")
                self.assertTrue(done.err.strip())
        done = world.ctl("domain", "add", "a.example", "--class=relay", "--route=host.example:25", rc=2)
        self.assertIn("[host.example]:25", done.err)
        self.assertEqual(world.run("gif-import", "--config", world.conf, rc=2).out, "")
        world.run("gif-import", "--config", world.conf, "--no-such-option", "x.csv", rc=2)
        world.run("policyd", "--config", world.conf, "--no-such-option", rc=2)
        world.run("policyd", "--config", world.conf, "--check=no", rc=2)
        done = world.run("gif-import", "--config", world.conf, "--dry-run=no", "x.csv", rc=2)
        self.assertIn("--dry-run takes no value", done.err)

    def test_config_anywhere(self):
        """--config before or after the verb; a named file that is missing is an error"""
        world = self.make_world()
        for args in (("--config", world.conf, "status"), ("status", "--config", world.conf), (f"--config={world.conf}", "status", "--json"),
                     ("domain", "--config", world.conf, "list"), ("domain", "list", "--config=" + world.conf)):
            with self.subTest(args=args):
                world.run("policyctl", *args)
        done = world.run("policyctl", "--config", world.conf + ".missing", "status", rc=78)
        self.assertIn(world.conf + ".missing", done.err)
        world.run("gif-import", "--config", world.conf + ".missing", "x.csv", rc=78)
        world.run("policyd", "--config", world.conf + ".missing", rc=78)

    def test_drop_ins(self):
        """FILE.d/*.conf in name order, later wins key by key; other names are left alone"""
        world = self.make_world()
        folder = world.conf + ".d"
        os.mkdir(folder)
        other = os.path.join(world.store_dir, "other.mdb")
        third = os.path.join(world.store_dir, "third.mdb")
        for name, text in (("10-a.conf", f"[store]\npath={other}\n"), ("20-b.conf", f"[store]\npath={third}\n"), ("30-c.conf.bak", "[nonsense]\nx=y\n")):
            with open(os.path.join(folder, name), "w", encoding="ascii") as out:
                out.write(text)
        world.ctl("domain", "add", "a.example", "--class=virtual-alias")
        self.assertTrue(os.path.exists(third))
        self.assertFalse(os.path.exists(other))
        self.assertFalse(os.path.exists(world.store))


class Domains(FreshCase):
    def test_life(self):
        """add, list, set, remove, and what each prints and returns"""
        world = self.make_world()
        done = world.ctl("domain", "add", "company.example", "--class=relay", "--route=[gw.example]:25")
        self.assertIn("postfix reload", done.err + done.out)
        self.assertIn("--unknown=defer", done.err + done.out)
        rows = world.ctl("domain", "list", "--json").json()
        self.assertEqual([(r["domain"], r["class"], r["route"]) for r in rows], [("company.example", "relay", "relay:[gw.example]:25")])
        self.assertEqual(rows[0]["addresses"], 0)
        generation = world.status()["generation"]
        world.ctl("domain", "add", "company.example", "--class=relay", "--route=relay:[gw.example]:25")
        self.assertEqual(world.status()["generation"], generation, "an equal declaration changes nothing")
        done = world.ctl("domain", "add", "company.example", "--class=virtual-mailbox", "--route=lmtp:inet:127.0.0.1:24", rc=1)
        self.assertIn("use domain set", done.err)
        done = world.ctl("domain", "set", "company.example", "--route=smtp:[other.example]")
        self.assertIn("postfix reload", done.err + done.out)
        self.assertEqual(world.ctl("domain", "list", "--json").json()[0]["route"], "smtp:[other.example]")
        world.ctl("domain", "set", "nobody.example", "--route=smtp:[other.example]", rc=1)
        world.ctl("domain", "remove", "company.example")
        self.assertEqual(world.ctl("domain", "list").out, "")
        world.ctl("domain", "remove", "company.example", rc=1)

    def test_list_members(self):
        """every member of a domain line"""
        world = self.make_world()
        people.declare(world)
        people.populate(world)
        rows = {row["domain"]: row for row in world.ctl("domain", "list", "--json").json()}
        self.assertEqual(list(rows), sorted(rows))
        for row in rows.values():
            self.assertEqual(set(row), {"domain", "class", "route", "mirror", "rule", "catch_all", "rewrite", "expand", "unknown", "extensions", "addresses"})
        self.assertEqual([(rows[d]["rewrite"], rows[d]["expand"]) for d in ("company.example", "domain2.example", "box.example", "rewritten.example")],
                         [(False, False), (True, True), (True, True), (True, False)])
        self.assertEqual(rows["company.example"]["addresses"], 2)

    def test_several(self):
        """several domains in one command"""
        world = self.make_world()
        world.ctl("domain", "add", "b.example", "A.Example", "münchen.example", "--class=virtual-alias")
        self.assertEqual([r["domain"] for r in world.ctl("domain", "list", "--json").json()], ["a.example", "b.example", "xn--mnchen-3ya.example"])
        self.assertEqual(len(world.ctl("domain", "list").out.splitlines()) >= 3, True)

    def test_mailbox_without_route(self):
        """a virtual-mailbox domain without a route is a warning: virtual(8) refuses socketmaps"""
        world = self.make_world()
        done = world.ctl("domain", "add", "box.example", "--class=virtual-mailbox")
        self.assertIn("virtual(8)", done.err)
        self.assertIn("virtual(8)", world.ctl("domain", "add", "box2.example", "--class=virtual-mailbox", "--route=virtual:x").err)
        self.assertNotIn("virtual(8)", world.ctl("domain", "add", "box3.example", "--class=virtual-mailbox", "--route=lmtp:unix:x").err)

    def test_remove_in_use(self):
        """a domain that still has addresses is not removed without --force"""
        world = self.make_world()
        people.declare(world)
        people.populate(world)
        done = world.ctl("domain", "remove", "company.example", rc=3)
        self.assertTrue(done.err)
        self.assertIn("company.example", world.ctl("domain", "list").out)
        world.ctl("domain", "remove", "company.example", "--force")
        self.assertNotIn("company.example", world.ctl("domain", "list").out)
        self.assertIn("SMTP:ann@company.example", world.ctl("object", "show", "ann", "--json").json()[0]["addresses"])

    def test_running_daemon_sees_it(self):
        """a declared domain is answered for at once, a removed one no more"""
        world = self.make_world()
        people.declare(world)
        people.populate(world)
        world.start()
        self.assertEqual(world.ask("relay_domains", "third.example"), "NOTFOUND ")
        world.ctl("domain", "add", "third.example", "--class=relay", "--route=[gw.example]")
        self.assertEqual(world.ask("relay_domains", "third.example"), "OK third.example")
        self.assertEqual(world.ask("transport_maps", "x@third.example"), "OK relay:[gw.example]")
        world.ctl("domain", "set", "third.example", "--route=smtp:[new.example]")
        self.assertEqual(world.ask("transport_maps", "x@third.example"), "OK smtp:[new.example]")
        world.ctl("domain", "remove", "third.example")
        self.assertEqual(world.ask("relay_domains", "third.example"), "NOTFOUND ")


class Objects(WorldCase):
    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def addresses(self, name):
        return sorted(self.world.ctl("object", "show", name, "--json").json()[0]["addresses"])

    def test_show(self):
        """show by name or by address, for people and as JSON"""
        ctl = self.world.ctl
        by_name = ctl("object", "show", "ann", "--json").json()[0]
        self.assertEqual((by_name["class"], by_name["name"], by_name["origin"], by_name["alias"]), ("mailbox", "ann", "local", "annie"))
        self.assertIn("SMTP:ann@company.example", by_name["addresses"])
        self.assertIn("smtp:ann@domain2.example", by_name["addresses"])
        for key in ("ANN", "ann@domain2.example", "A.LEE@company.example", "smtp:ann@company.example"):
            self.assertEqual(ctl("object", "show", key, "--json").json()[0], by_name, key)
        self.assertIn("ann@company.example", ctl("object", "show", "ann").out)
        done = ctl("object", "show", "nobody", rc=1)
        self.assertEqual(done.out, "")
        self.assertIn("nobody", done.err)

    def test_list(self):
        """list all, or those of a domain"""
        names = [row["name"] for row in self.world.ctl("object", "list", "--json").json()]
        self.assertIn("ann", names)
        self.assertIn("team", names)
        boxed = [row["name"] for row in self.world.ctl("object", "list", "--domain=box.example", "--json").json()]
        self.assertIn("bob", boxed)
        self.assertNotIn("ann", boxed)

    def test_add_and_remove(self):
        """add, refuse a second one of that name, remove; every class"""
        ctl = self.world.ctl
        ctl("object", "add", "temp", "--address=temp@company.example", "--address=SMTP:t2@company.example", "--address=X400:c=US;s=Temp;",
            "--first=Tem", "--last=Porary", "--display=Tem Porary", "--alias=tempo")
        shown = ctl("object", "show", "temp", "--json").json()[0]
        self.assertEqual(sorted(shown["addresses"]), ["SMTP:temp@company.example", "X400:c=US;s=Temp;", "smtp:t2@company.example"])
        self.assertEqual((shown["first"], shown["last"], shown["display"], shown["alias"]), ("Tem", "Porary", "Tem Porary", "tempo"))
        self.assertFound("relay_recipient_maps", "temp@company.example", "temp@company.example")
        self.assertIn(ctl("object", "add", "TEMP", rc=None).rc, (1, 3))
        ctl("object", "remove", "temp")
        self.assertAbsent("relay_recipient_maps", "temp@company.example")
        ctl("object", "remove", "temp", rc=1)

    def test_taken(self):
        """3 for an address that another object owns, naming the owner; nothing of the command is done"""
        done = self.world.ctl("object", "add", "thief", "--address=thief@company.example", "--address=ANN@Domain2.example", rc=3)
        self.assertIn("ann", done.err)
        self.world.ctl("object", "show", "thief", rc=1)
        self.world.ctl("address", "add", "bob", "a.lee@company.example", rc=3)
        self.world.ctl("object", "add", "other", "--class=remote", "--target=SMTP:ext@far.example", rc=3)

    def test_replicated(self):
        """what the directory has is changed there: 3, and no object that does not exist"""
        self.world.replicate({"name": "theirs", "address": ["SMTP:theirs@box.example", "smtp:t@box.example"]})
        for args in (("object", "remove", "theirs"), ("address", "add", "Theirs", "new@box.example"), ("address", "remove", "t@box.example"),
                     ("address", "promote", "t@box.example")):
            self.assertIn("belongs to the directory", self.world.ctl(*args, rc=3).err)
        self.world.replicate({"delete": "theirs"})
        self.assertIn("no object", self.world.ctl("address", "add", "theirs", "new@box.example", rc=1).err)

    def test_without_addresses(self):
        """an object may have no address at all; a remote's target becomes its primary"""
        self.world.ctl("object", "add", "bare")
        self.assertEqual(self.addresses("bare"), [])
        self.world.ctl("object", "add", "contact", "--class=remote", "--target=SMTP:contact@far.example")
        self.assertEqual(self.addresses("contact"), ["SMTP:contact@far.example"])
        self.assertEqual(self.world.ctl("object", "show", "contact", "--json").json()[0]["target"], "SMTP:contact@far.example")

    def test_addresses(self):
        """add, promote, remove an address"""
        ctl = self.world.ctl
        ctl("object", "add", "pat")
        ctl("address", "add", "pat", "pat@company.example")
        ctl("address", "add", "pat", "smtp:p@company.example")
        self.assertEqual(self.addresses("pat"), ["SMTP:pat@company.example", "smtp:p@company.example"])
        ctl("address", "promote", "P@company.example")
        self.assertEqual([a.lower() for a in self.addresses("pat")], ["smtp:p@company.example", "smtp:pat@company.example"])
        self.assertFound("canonical_maps", "pat@company.example", "p@company.example")
        done = ctl("address", "remove", "p@company.example", rc=1)
        self.assertTrue(done.err)
        ctl("address", "remove", "pat@company.example")
        ctl("address", "remove", "p@company.example")
        self.assertEqual(self.addresses("pat"), [])
        ctl("address", "remove", "p@company.example", rc=1)
        ctl("address", "promote", "p@company.example", rc=1)
        ctl("address", "add", "nobody", "x@company.example", rc=1)

    def test_bad_addresses(self):
        """what is no address is refused and changes nothing"""
        generation = self.world.status()["generation"]
        for address in ("x", "x@", "@company.example", "a b@company.example", "x@[127.0.0.1]", "TOOLONGTYPE:x", "SMTP:", "x@" + "a" * 64 + ".example"):
            with self.subTest(address):
                done = self.world.ctl("address", "add", "bob", address, rc=None)
                self.assertIn(done.rc, (1, 2), str(done))
                self.assertTrue(done.err)
        self.assertEqual(self.world.status()["generation"], generation)

    def test_lookup(self):
        """lookup: 0 and the value, 1 for a miss, 2 for an unknown map"""
        hit = self.world.ctl("lookup", "virtual_alias_maps", "ann@domain2.example")
        self.assertEqual(hit.out, "ann@company.example\n")
        miss = self.world.ctl("lookup", "virtual_alias_maps", "nobody@domain2.example", rc=1)
        self.assertEqual(miss.out, "")
        wrong = self.world.ctl("lookup", "virtual_alias_mapz", "ann@domain2.example", rc=2)
        self.assertIn("virtual_alias_mapz", wrong.err)
        self.assertEqual(wrong.out, "")

    def test_policy(self):
        """policy: replays captured requests and prints the actions"""
        captured = Policy.request(recipient="ann@domain2.example") + Policy.request(recipient="nobody@domain2.example")
        path = self.world.file("captured", captured)
        for done in (self.world.ctl("policy", path), self.world.ctl("policy", "-", stdin=captured)):
            first, second = done.out.splitlines()
            self.assertTrue(first.endswith("DUNNO"), first)
            self.assertIn("550 5.1.1 ", second)

    def test_export_json(self):
        """export: one object a line, sorted by class and folded name; always class, name, origin, addresses"""
        done = self.world.ctl("export")
        rows = done.json()
        self.assertEqual(done.out, self.world.ctl("export", "--format=json").out)
        order = [(r["class"], r["name"].casefold()) for r in rows]
        self.assertEqual(order, sorted(order))
        for row in rows:
            for key in ("class", "name", "origin", "addresses"):
                self.assertIn(key, row)
        team = next(r for r in rows if r["name"] == "team")
        self.assertEqual(sorted(team["members"]), ["ann", "bob", "guest@far.example"])
        ext = next(r for r in rows if r["name"] == "ext")
        self.assertEqual(ext["target"], "SMTP:ext@far.example")
        path = os.path.join(self.world.work, "out.json")
        self.assertEqual(self.world.ctl("export", f"--output={path}").out, "")
        with open(path, encoding="utf-8") as out:
            self.assertEqual(out.read(), done.out)

    def test_export_postmap(self):
        """export --format=postmap: key TAB value, sorted, and each line is what the daemon answers"""
        for table in (None, "relay_recipient_maps", "virtual_mailbox_maps", "relay_domains"):
            options = [f"--map={table}"] if table else []
            lines = self.world.ctl("export", "--format=postmap", *options).out.splitlines()
            self.assertTrue(lines, table)
            self.assertEqual([x.encode() for x in lines], sorted(x.encode() for x in lines))
            for line in lines:
                key, value = line.split("\t")
                self.assertFound(table or "virtual_alias_maps", key, value)
        aliases = self.world.ctl("export", "--format=postmap").out
        self.assertIn("ann@domain2.example\tann@company.example\n", aliases)
        self.world.ctl("export", "--format=postmap", "--map=no_such_map", rc=2)

    def test_status(self):
        """status: the store and the running daemon"""
        status = self.world.status()
        for key in ("generation", "batch", "populated", "domains", "objects", "addresses", "store_bytes", "daemon", "replica"):
            self.assertIn(key, status)
        self.assertTrue(status["populated"])
        self.assertEqual(status["domains"], len(self.world.ctl("domain", "list", "--json").json()))
        self.assertEqual(status["objects"], len(self.world.export()))
        self.assertEqual(status["daemon"]["pid"], self.world.daemon.pid)
        self.assertGreaterEqual(status["daemon"]["uptime"], 0)
        before = status["daemon"]["requests"]
        self.ask("virtual_alias_maps", "ann@domain2.example")
        until(lambda: self.world.status()["daemon"]["requests"] > before, "the request is counted")
        self.assertIsNone(status["replica"])
        self.assertIn(str(self.world.daemon.pid), self.world.ctl("status").out)

    def test_output_separate(self):
        """results on stdout, everything else on stderr"""
        done = self.world.ctl("domain", "add", "quiet.example", "--class=virtual-alias")
        for line in done.out.splitlines():
            self.assertNotIn("postfix reload", line)
        self.world.ctl("domain", "remove", "quiet.example")


class MuteDaemon(FreshCase):
    def test_status(self):
        """whether a daemon runs cannot be known where its socket is shut: 75, and never "not running\""""
        world = self.make_world()
        people.declare(world)
        world.start()
        os.chmod(world.store + ".ctl", 0)
        done = world.ctl("status", rc=75)
        self.assertIn("cannot be asked", done.out)
        self.assertNotIn("not running", done.out)
        self.assertIsNone(world.ctl("status", "--json", rc=75).json()[0]["daemon"])
        os.chmod(world.store + ".ctl", 0o600)
        self.assertEqual(world.status()["daemon"]["pid"], world.daemon.pid)
        world.stop()
        self.assertIn("not running", world.ctl("status").out)


class NoDaemon(FreshCase):
    def test_without_daemon(self):
        """75 where a daemon is needed and none runs; status says "daemon":null"""
        world = self.make_world()
        people.declare(world)
        world.ctl("lookup", "virtual_alias_maps", "x@domain2.example", rc=75)
        world.ctl("policy", "-", stdin=b"request=smtpd_access_policy\n\n", rc=75)
        world.ctl("reload", rc=75)
        self.assertIsNone(world.status()["daemon"])

    def test_lookup_temp(self):
        """75 for TEMP"""
        world = self.make_world()
        people.declare(world)
        world.start()
        done = world.ctl("lookup", "virtual_alias_maps", "ann@domain2.example", rc=75)
        self.assertEqual(done.out, "")
        self.assertEqual(world.ctl("lookup", "virtual_alias_domains", "domain2.example").out, "domain2.example\n")

    def test_status_without_store(self):
        """status before anything was ever written"""
        world = self.make_world()
        done = world.ctl("status", "--json", rc=None)
        self.assertIn(done.rc, (0, 75), str(done))
        self.assertFalse(os.path.exists(world.store), "asking creates nothing")

    def test_daemon_killed_leaves_no_trace(self):
        """the control socket of a killed daemon is no running daemon"""
        world = self.make_world()
        people.declare(world)
        world.start()
        world.kill()
        self.assertTrue(os.path.exists(world.store + ".ctl"))
        self.assertIsNone(world.status()["daemon"])
        world.ctl("lookup", "virtual_alias_domains", "domain2.example", rc=75)
        world.start()
        self.assertEqual(world.status()["daemon"]["pid"], world.daemon.pid)

    @unittest.skipUnless(SLOWNESS < 10, "takes half a minute")
    def test_locked_store(self):
        """a writer that finds the store locked for 30 s gives up with 75"""
        import fcntl
        import struct

        world = self.make_world()
        world.ctl("domain", "add", "a.example", "--class=virtual-alias")
        lock = world.store + ".write"
        if not os.path.exists(lock):
            self.skipTest("the writers' lock has another name")
        with open(lock, "r+b") as held:
            # An open file description lock, as the programs take it.
            fcntl.fcntl(held, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
            began = time.monotonic()
            done = world.ctl("domain", "add", "b.example", "--class=virtual-alias", rc=75, timeout=60)
            self.assertGreater(time.monotonic() - began, 25)
            self.assertTrue(done.err)
        world.ctl("domain", "add", "b.example", "--class=virtual-alias")


class Locking(FreshCase):
    def test_writers_in_parallel(self):
        """writers at the same time wait for each other, none is lost"""
        import subprocess

        world = self.make_world()
        people.declare(world)
        world.start()
        running = [
            subprocess.Popen([program("policyctl"), "--config", world.conf, "object", "add", f"p{n}", f"--address=SMTP:p{n}@company.example"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=die_with_parent, **world.identity)
            for n in range(20)
        ]
        for process in running:
            _, err = process.communicate(timeout=60 * SLOWNESS)
            self.assertEqual(process.returncode, 0, err)
        self.assertEqual(len(world.export()), 20)
        for n in range(20):
            self.assertEqual(world.ask("relay_recipient_maps", f"p{n}@company.example"), f"OK p{n}@company.example")


if __name__ == "__main__":
    unittest.main()
