"""What policyctl refuses (3) because it would leave something behind that leads nowhere, and that nothing is changed then."""

import os
import shutil
import subprocess
import unittest

from harness import FreshCase


class Guards(FreshCase):
    def setUp(self):
        super().setUp()
        self.world = self.make_world()
        self.ctl = self.world.ctl
        self.ctl("domain", "add", "relay.example", "--class=relay", "--route=[gw.example]")
        self.ctl("domain", "add", "alias.example", "--class=virtual-alias")
        self.ctl("domain", "add", "box.example", "--class=virtual-mailbox", "--route=lmtp:unix:/run/lmtp")

    def refused(self, *args, says, rc=3):
        generation = self.world.status()["generation"]
        done = self.ctl(*args, rc=rc)
        self.assertEqual(done.out, "")
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.err)
        self.assertEqual(self.world.status()["generation"], generation, "a refused change changes nothing")

    def resolved(self, address):
        return dict(line.split("\t") for line in self.ctl("export", "--format=postmap").out.splitlines()).get(address)

    def declared(self, name):
        return next((row for row in self.ctl("domain", "list", "--json").json() if row["domain"] == name), None)

    def test_the_locale_does_not_matter(self):
        """options are UTF-8 also in the C locale, in which cron runs programs"""
        header = "Obj-Class,Mode,Directory Name,E-mail Addresses\n"
        self.world.imp(header + "mailbox,create,jo,SMTP:j\u00f6rg@relay.example\n")
        done = self.world.imp(
            header + "mailbox,delete,jo,\n", "--must-keep=j\u00f6rg@relay.example", rc=3, env={"LC_ALL": "C"}
        )
        self.assertIn("j\u00f6rg@relay.example", done.err)

    def test_primaries_with_nowhere_to_go(self):
        """a virtual-alias domain delivers nothing: no primaries in it, but by --force"""
        for n in range(12):
            self.ctl("object", "add", f"p{n:02}", f"--address=p{n:02}@relay.example")
        named = [f"p{n:02}@relay.example" for n in range(10)]
        self.refused("domain", "set", "relay.example", "--class=virtual-alias", "--route=", says=named)
        self.refused("object", "add", "new", "--address=new@alias.example", says="new@alias.example")
        self.ctl("address", "add", "p00", "p00@alias.example")
        self.refused("address", "promote", "p00@alias.example", says="p00@alias.example")
        self.ctl("domain", "set", "relay.example", "--class=virtual-alias", "--route=", "--force")
        self.assertEqual(self.declared("relay.example")["class"], "virtual-alias")
        # What is broken already does not stand in the way of other changes.
        self.ctl("domain", "set", "relay.example", "--unknown=defer")
        self.ctl("address", "add", "p01", "p01@alias.example")

    def test_secondaries_with_nowhere_to_go(self):
        """without a primary, a secondary in a virtual-alias domain stands for itself, and is refused as a primary is"""
        header = "Obj-Class,Directory Name,Secondary-Proxy-Addresses\r\n"
        self.world.imp(header + "mailbox,bare,smtp:bare@relay.example\r\ndl,list,smtp:list@relay.example\r\n")
        # The first address of a type is its primary, so there is none of SMTP only when a file brought it.
        self.refused("domain", "set", "relay.example", "--class=virtual-alias", "--route=", says="bare@relay.example")
        self.ctl("domain", "set", "relay.example", "--class=virtual-alias", "--route=", "--force")
        # What is broken already does not stand in the way of other changes.
        self.ctl("domain", "set", "relay.example", "--unknown=defer")
        self.world.imp("Obj-Class,Directory Name,Display Name\r\nmailbox,bare,Bare\r\n")
        self.ctl("address", "add", "bare", "bare@box.example")
        self.assertEqual(self.resolved("bare@relay.example"), "bare@box.example")

    def test_secondaries_declared_later(self):
        """domain add finds the secondaries without a primary that were there before"""
        self.world.imp("Obj-Class,Directory Name,Secondary-Proxy-Addresses\r\nmailbox,early,smtp:early@later.example%smtp:early@box.example\r\n")
        self.refused("domain", "add", "later.example", "--class=virtual-alias", says="early@later.example")
        self.ctl("domain", "add", "later.example", "--class=relay")

    def test_secondaries_are_not_named_beside_their_primary(self):
        """who names ten primaries has no room for what leads to them"""
        for n in range(11):
            self.ctl("object", "add", f"p{n:02}", *(f"--address={local}{n:02}@relay.example" for local in "pab"))
        done = self.ctl("domain", "set", "relay.example", "--class=virtual-alias", "--route=", rc=3)
        self.assertEqual([f"{local}{n:02}@relay.example" in done.err for n in range(10) for local in "pab"], [True, False, False] * 10)

    def test_ascii_secondary_of_another_primary(self):
        """an ASCII address gets no UTF-8 primary as its answer, so the alias must have another address to stand for"""
        self.refused("object", "add", "jo", "--address=j\u00f6rg@relay.example", "--address=joerg@alias.example", says="joerg@alias.example")
        self.ctl("object", "add", "jo", "--address=j\u00f6rg@relay.example", "--address=j\u00f6rg@alias.example", "--address=jo@relay.example",
                 "--address=joerg@alias.example")
        self.assertEqual(self.resolved("joerg@alias.example"), "jo@relay.example")
        self.refused("address", "remove", "jo@relay.example", says="joerg@alias.example")

    def test_secondaries_that_lead_on(self):
        """lists, remotes, forwards, and secondaries of a primary elsewhere, declared or not"""
        self.ctl("object", "add", "ann", "--address=ann@box.example", "--address=ann@alias.example")
        self.ctl("object", "add", "out", "--address=out@far.example", "--address=out@alias.example")
        self.ctl("object", "add", "team", "--class=dl", "--address=X400:c=US;s=Team", "--address=team@alias.example", "--member=ann")
        self.ctl("object", "add", "none", "--class=dl", "--address=none@alias.example")
        self.ctl("object", "add", "far", "--class=remote", "--target=far@far.example", "--address=far@alias.example")
        header = "Obj-Class,Directory Name,Secondary-Proxy-Addresses,Members,Alt-Recipient\r\n"
        self.world.imp(header + "dl,list,smtp:list@alias.example%smtp:list@box.example,ann,\r\nmailbox,fwd,smtp:fwd@alias.example,,ann\r\n"
                       "mailbox,own,smtp:own@relay.example%smtp:own@box.example,,\r\n")
        for name, value in (("ann", "ann@box.example"), ("out", "out@far.example"), ("team", "ann@box.example"), ("far", "far@far.example"),
                            ("list", "ann@box.example"), ("fwd", "ann@box.example")):
            self.assertEqual(self.resolved(f"{name}@alias.example"), value)
        self.refused("object", "remove", "ann", says="fwd@alias.example")

    def test_declared_later(self):
        """domain add finds the primaries that were there before"""
        self.ctl("object", "add", "early", "--address=early@later.example")
        self.refused("domain", "add", "later.example", "--class=virtual-alias", says="early@later.example")
        self.ctl("domain", "add", "later.example", "--class=relay")

    def test_mirror(self):
        """a mirror's other is declared, of a mail class and no mirror, now and later; it goes with its mirrors"""
        self.refused("domain", "add", "m.example", "--mirror=nobody.example", says="nobody.example")
        self.refused("domain", "add", "m.example", "--mirror=m.example", says="m.example")
        self.ctl("domain", "add", "m.example", "--mirror=RELAY.example")
        self.assertEqual([self.declared("m.example")[key] for key in ("class", "route", "mirror", "rewrite")], ["relay", "relay:[gw.example]", "relay.example", True])
        self.refused("domain", "add", "n.example", "--mirror=m.example", says="mirror itself")
        self.refused("domain", "set", "relay.example", "--mirror=box.example", "--class=", "--route=", says="mirror itself")
        self.refused("domain", "set", "relay.example", "--class=route", says="class route")
        self.refused("domain", "remove", "relay.example", says="m.example")
        self.refused("domain", "set", "m.example", "--catch-all=x@y.example", says="--catch-all", rc=2)
        self.ctl("domain", "remove", "relay.example", "--force")
        self.assertIsNone(self.declared("m.example"))

    def test_mirror_follows_class(self):
        """what a mirror set for itself must go with the class it follows"""
        self.ctl("domain", "add", "m.example", "--mirror=relay.example", "--rewrite=no")
        self.refused("domain", "set", "relay.example", "--class=virtual-alias", "--route=", says="m.example")

    def test_catch_all(self):
        """a catch-all exists, or lies outside, now and later"""
        self.refused("domain", "set", "relay.example", "--catch-all=all@box.example", says="all@box.example")
        self.ctl("domain", "set", "relay.example", "--catch-all=all@outside.example")
        self.refused("domain", "add", "outside.example", "--class=relay", says="all@outside.example")
        self.ctl("object", "add", "all", "--address=all@box.example", "--address=other@box.example")
        self.ctl("domain", "set", "relay.example", "--catch-all=Other@box.example")
        self.refused("address", "remove", "other@box.example", says="relay.example")
        self.refused("object", "remove", "all", says="relay.example")
        self.refused("domain", "remove", "box.example", says="address")
        self.refused("domain", "set", "box.example", "--catch-all=nobody@relay.example", says="nobody@relay.example")
        self.ctl("domain", "set", "relay.example", "--catch-all=")
        self.ctl("object", "remove", "all")
        self.assertIsNone(self.declared("relay.example")["catch_all"])

    def test_catch_all_needs_the_domain(self):
        """by --force the domain of a catch-all goes; the catch-all then lies outside"""
        self.ctl("object", "add", "all", "--address=all@box.example")
        self.ctl("domain", "set", "relay.example", "--catch-all=all@box.example")
        self.refused("domain", "remove", "box.example", says="box.example")
        self.ctl("domain", "remove", "box.example", "--force")
        self.assertEqual(self.declared("relay.example")["catch_all"], "all@box.example")

    def test_target(self):
        """a target in a declared domain is somebody's address, now and later"""
        self.refused("object", "add", "r", "--class=remote", "--target=nobody@box.example", "--address=r@relay.example", says="nobody@box.example")
        self.ctl("object", "add", "ann", "--address=ann@box.example")
        self.ctl("object", "add", "r", "--class=remote", "--target=ann@box.example", "--address=r@relay.example")
        self.refused("object", "add", "r2", "--class=remote", "--target=ann@box.example", "--address=r2@relay.example", says='"r"')
        self.refused("object", "remove", "ann", says='"r"')
        self.refused("address", "remove", "ann@box.example", says='"r"')
        self.ctl("object", "add", "own", "--class=remote", "--target=own@relay.example")
        self.refused("domain", "set", "relay.example", "--class=virtual-mailbox", says='"own"')
        self.ctl("object", "add", "far", "--class=remote", "--target=far@far.example", "--address=far@relay.example")
        self.refused("domain", "add", "far.example", "--class=relay", says='"far"')

    def test_cycles(self):
        """lists that only lead to each other yield nothing; one recipient makes them fine"""
        self.ctl("object", "add", "a", "--class=dl", "--address=a@alias.example", "--member=b")
        self.refused("object", "add", "b", "--class=dl", "--address=b@alias.example", "--member=a", says="cycle")
        self.refused("object", "add", "b", "--class=dl", "--member=A", says="cycle")
        self.ctl("object", "add", "b", "--class=dl", "--member=a", "--member=x@far.example")
        self.ctl("object", "add", "c", "--class=dl", "--member=d")
        self.refused("object", "add", "d", "--class=dl", "--member=c", says="cycle")

    def test_cycle_by_declaration(self):
        """lists that lead to each other yield nothing once their domain expands; an empty list is no cycle"""
        self.ctl("object", "add", "none", "--class=dl", "--address=none@relay.example")
        self.ctl("domain", "set", "relay.example", "--expand=yes")
        self.ctl("domain", "set", "relay.example", "--expand=no")
        self.ctl("object", "add", "a", "--class=dl", "--address=a@relay.example", "--member=b")
        self.ctl("object", "add", "b", "--class=dl", "--address=b@relay.example", "--member=a")
        self.refused("domain", "set", "relay.example", "--expand=yes", says="cycle")

    def test_limit(self):
        """a list over list-recipients is refused where it expands, also when it starts to"""
        members = [f"--member=m{n}@far.example" for n in range(1001)]
        self.refused("object", "add", "big", "--class=dl", "--address=big@alias.example", *members, says="recipients")
        self.ctl("object", "add", "big", "--class=dl", "--address=big@relay.example", *members)
        self.refused("domain", "set", "relay.example", "--expand=yes", says="big@relay.example")

    def test_limit_of_lists_above(self):
        """a new list that an old one waits for may push it, or one above that, over the limit"""
        self.ctl("object", "add", "top", "--class=dl", "--address=top@alias.example", "--member=middle@alias.example", "--member=x@far.example")
        self.ctl("object", "add", "middle", "--class=dl", "--address=middle@alias.example", "--member=bottom")
        members = [f"--member=m{n}@far.example" for n in range(1000)]
        self.refused("object", "add", "Bottom", "--class=dl", *members, says="top@alias.example")
        self.ctl("object", "add", "Bottom", "--class=dl", *members[1:])

    def test_one_batch(self):
        """several domains in one command are one batch; one bad name and none is declared"""
        batch = self.world.status()["batch"]
        self.ctl("domain", "add", "x.example", "y.example", "--class=relay")
        self.assertEqual(self.world.status()["batch"], batch + 1)
        self.ctl("domain", "add", "z.example", "x.example", "--class=virtual-alias", rc=1)
        self.assertIsNone(self.declared("z.example"))

    @unittest.skipUnless(shutil.which("postmap"), "no postmap")
    def test_postmap_reads_the_export(self):
        """postmap takes every exported key, quoted ones and those that look like comments included"""
        self.ctl("object", "add", "odd", "--address=odd@box.example", '--address="john smith"@alias.example', "--address=#x@alias.example",
                 "--address=jörg@alias.example")
        source = self.ctl("export", "--format=postmap").out
        self.assertEqual(len(source.splitlines()), 3)
        path = self.world.file("exported", source.encode())
        # A Postfix that was installed without a configuration has no main.cf.
        self.world.file("main.cf", b"compatibility_level = 3.6\n")
        postmap = ["postmap", "-c", os.path.dirname(path)]
        for key in ('"john smith"@alias.example', '"#x"@alias.example', "jörg@alias.example"):
            found = subprocess.run(postmap + ["-q", key, f"texthash:{path}"], capture_output=True, check=False)
            self.assertEqual(found.stdout, b"odd@box.example\n", key + found.stderr.decode())


if __name__ == "__main__":
    unittest.main()
