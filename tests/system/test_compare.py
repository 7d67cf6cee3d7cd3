"""policyctl compare: the same keys to our map and to the table that a site uses today, before it changes over."""

import os
import shutil
import subprocess
import unittest

import people
from harness import WorldCase
from postfix import tools_env


class Compare(WorldCase):
    """Against hash:, inline: and pattern tables, through postmap."""

    START = False

    @classmethod
    def setUpClass(cls):
        if shutil.which("postmap") is None:
            raise unittest.SkipTest("postfix is not installed")
        super().setUpClass()

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)
        world.ctl("domain", "add", "late.example", "--class=relay", "--unknown=defer")
        world.ctl("domain", "add", "out.example", ".sub.example", "--class=route", "--route=[gw.example]")
        world.ctl("domain", "add", ".branch.example", "--class=relay", "--route=[hub.example]")
        cls.env = tools_env(os.path.join(world.dir, "postfix"))

    def compare(self, table_map, table, *args, rc=0):
        done = self.world.ctl("compare", table_map, f"--with={table}", *args, rc=rc, env=self.env)
        return [line.split("\t") for line in done.out.splitlines()], done.err

    def table(self, text, kind="hash"):
        path = self.world.file("table", text)
        if kind == "hash":
            subprocess.run(["postmap", f"hash:{path}"], check=True, env=self.env)
        return f"{kind}:{path}"

    def ours(self, name="virtual_alias_maps"):
        return self.world.ctl("export", "--format=postmap", f"--map={name}").out

    def test_equal(self):
        """our own map as a hash table: no difference, for each map"""
        for name in ("virtual_alias_maps", "relay_recipient_maps", "virtual_mailbox_maps", "smtpd_sender_login_maps", "relay_domains",
                     "transport_maps"):
            found, err = self.compare(name, self.table(self.ours(name)))
            self.assertEqual(found, [], name)
            self.assertRegex(err, r"[1-9][0-9]* keys compared, 0 different")

    def test_differences(self):
        """another value, only ours, only theirs: each one is listed, exit 1"""
        lines = dict(line.split("\t") for line in self.ours().splitlines())
        lines["ann@domain2.example"] = "other@far.example"
        del lines["bob@domain2.example"]
        lines["ghost@domain2.example"] = "ghost@far.example"
        lines["@whole.example"] = "all@far.example"
        found, err = self.compare("virtual_alias_maps", self.table("".join(f"{k} {v}\n" for k, v in lines.items())), rc=1)
        self.assertEqual(
            sorted(found),
            [
                ["@whole.example", "-", "all@far.example"],
                ["ann@domain2.example", "ann@company.example", "other@far.example"],
                ["bob@domain2.example", "bob@box.example", "-"],
                ["ghost@domain2.example", "-", "ghost@far.example"],
            ],
        )
        self.assertIn("4 different", err)

    def test_lists(self):
        """order, case of domains and folding do not matter in lists of addresses"""
        lines = dict(line.split("\t") for line in self.ours().splitlines())
        team = lines["team@domain2.example"].split(",")
        self.assertGreater(len(team), 2)
        lines["team@domain2.example"] = " ".join(reversed([a.replace("far.example", "FAR.Example") for a in team]))
        lines["domain2.example"] = "anything"
        text = "".join(f"{k} {v}\n" for k, v in lines.items())
        self.assertEqual(self.compare("virtual_alias_maps", self.table(text))[0], [])
        lines["team@domain2.example"] = team[0]
        found, _ = self.compare("virtual_alias_maps", self.table("".join(f"{k} {v}\n" for k, v in lines.items())), rc=1)
        self.assertEqual([row[0] for row in found], ["team@domain2.example"])

    def test_whole_domain(self):
        """@domain in their table answers as Postfix has it"""
        found, _ = self.compare("relay_recipient_maps", "inline:{ {@company.example=x}, {@rewritten.example=x} }", rc=1)
        self.assertEqual(sorted(found), [["@company.example", "-", "x"], ["@rewritten.example", "-", "x"]])

    def test_transport(self):
        """a transport table has domains, their subdomains and * where ours has addresses"""
        lines = self.ours("transport_maps").splitlines()
        self.assertIn(".branch.example\trelay:[hub.example]", lines)
        self.assertIn("out.example\tsmtp:[gw.example]", lines)
        domains = "".join(line + "\n" for line in lines if "@" not in line)
        found, err = self.compare("transport_maps", self.table(domains))
        self.assertEqual(found, [])
        self.assertRegex(err, r"[1-9][0-9]* keys compared, 0 different")
        other = domains.replace("\nout.example\tsmtp:[gw.example]\n", "\n* smtp:[gw.example]\n").replace("hub.example", "other.example")
        found, _ = self.compare("transport_maps", self.table(other + "unknown.example smtp:[x]\n"), rc=1)
        self.assertEqual(sorted(found), [["*", "-", "smtp:[gw.example]"], [".branch.example", "relay:[hub.example]", "relay:[other.example]"],
                                         ["unknown.example", "-", "smtp:[x]"]])
        without = domains.replace(".branch.example\trelay:[hub.example]\n", "")
        found, _ = self.compare("transport_maps", self.table(without), rc=1)
        self.assertEqual(found, [[".branch.example", "relay:[hub.example]", "-"]])
        keys = self.world.file("keys", ".branch.example\n.nobody.example\n")
        found, err = self.compare("transport_maps", self.table(without), f"--keys={keys}", rc=1)
        self.assertEqual(found, [[".branch.example", "relay:[hub.example]", "-"]])
        self.assertIn("2 keys compared, 1 different", err)
        found, err = self.compare("transport_maps", self.table(domains), f"--keys={keys}")
        self.assertIn("2 keys compared, 0 different", err)

    def test_keys(self):
        """keys from a file, found or not on either side"""
        keys = self.world.file("keys", "ann@company.example\nnobody@company.example\n\nANN@Company.Example\nx@far.example\n")
        table = "regexp:{ {/^ann@/ x}, {/far/ x} }"
        found, err = self.compare("relay_recipient_maps", table, f"--keys={keys}", rc=1)
        self.assertEqual(found, [["x@far.example", "-", "x"]])
        self.assertIn("4 keys compared, 1 different", err)
        self.world.file("keys", "key\twith tab\n")
        self.assertIn("keys:1:", self.compare("relay_recipient_maps", table, f"--keys={keys}", rc=1)[1])
        self.compare("relay_recipient_maps", table, "--keys=/nonexistent", rc=1)

    def test_keys_from_stdin(self):
        """--keys=- is standard input"""
        done = self.world.ctl("compare", "relay_recipient_maps", "--with=static:x", "--keys=-", stdin="nobody@company.example\n", rc=1, env=self.env)
        self.assertEqual(done.out, "nobody@company.example\t-\tx\n")

    def test_unlistable(self):
        """a table that cannot be listed: what it has beyond our keys is not shown, and that is said"""
        found, err = self.compare("relay_recipient_maps", "regexp:{ {/./ x} }")
        self.assertEqual(found, [])
        self.assertIn("cannot be listed", err)

    def test_temporary(self):
        """TEMP on either side is exit 75, never a difference"""
        keys = self.world.file("keys", "nobody@late.example\n")
        found, err = self.compare("relay_recipient_maps", "inline:{ {a=b} }", f"--keys={keys}", rc=75)
        self.assertIn("nobody@late.example", err)
        self.assertEqual(found, [])
        self.compare("relay_recipient_maps", "fail:x", rc=75)
        self.compare("relay_recipient_maps", "hash:/nonexistent", rc=75)
        self.compare("relay_recipient_maps", "nosuchtype:x", rc=75)

    def test_usage(self):
        """maps and tables that are none"""
        self.compare("alias_maps", "hash:/x", rc=2)
        self.compare("relay_domains", "hash", rc=2)
        self.compare("relay_domains", "-x:y", rc=2)
        self.world.ctl("compare", "relay_domains", rc=2)
