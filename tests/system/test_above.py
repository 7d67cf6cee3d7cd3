"""Lists above what a change touches: a member, or an address given to one, must not push them over the limits or close a circle."""

from harness import FreshCase

HEADER = "Obj-Class,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses,Members\r\n"
DELETE_ANN = "Obj-Class,Mode,Directory Name\r\nmailbox,delete,ann\r\n"


class Above(FreshCase):
    def filled(self):
        """top and inner expand; one more recipient is too many for top"""
        world = self.make_world({"limits": {"list-recipients": "3"}})
        world.ctl("domain", "add", "d.example", "--class=relay", "--expand=yes")
        world.ctl("object", "add", "top", "--class=dl", "--address=top@d.example", "--member=inner", "--member=x@far.example")
        world.ctl("object", "add", "inner", "--class=dl", "--address=inner@d.example", "--member=a", "--member=b@d.example",
                  "--member=c", "--member=loop")
        world.ctl("object", "add", "a", "--address=a@d.example")
        world.ctl("object", "add", "other", "--address=other@d.example")
        return world

    def state(self, world):
        return world.status()["generation"], world.export()

    def test_policyctl_member(self):
        """a new object that lists name"""
        world = self.filled()
        world.ctl("object", "add", "c", "--address=c@d.example")
        before = self.state(world)
        done = world.ctl("object", "add", "fourth", "--address=b@d.example", rc=3)
        self.assertIn("top@d.example", done.err)
        self.assertEqual(self.state(world), before)
        world.ctl("object", "add", "fourth", "--address=fourth@d.example")

    def test_policyctl_address(self):
        """an address that lists name, given to somebody"""
        world = self.filled()
        world.ctl("address", "add", "other", "b@d.example")
        done = world.ctl("object", "add", "c", "--address=c@d.example", rc=3)
        self.assertIn("top@d.example", done.err)
        world.ctl("address", "remove", "b@d.example")
        world.ctl("object", "add", "c", "--address=c@d.example")
        self.assertIn("top@d.example", world.ctl("address", "add", "other", "b@d.example", rc=3).err)

    def test_policyctl_cycle(self):
        """a list that closes a circle which reaches nobody; one that reaches somebody may be"""
        world = self.make_world()
        world.ctl("domain", "add", "d.example", "--class=relay", "--expand=yes")
        world.ctl("object", "add", "one", "--class=dl", "--address=one@d.example", "--member=two")
        done = world.ctl("object", "add", "two", "--class=dl", "--address=two@d.example", "--member=one@d.example", rc=3)
        self.assertIn("two -> one -> two", done.err)
        world.ctl("object", "add", "two", "--class=dl", "--address=two@d.example", "--member=one", "--member=x@far.example")

    def test_domain_set(self):
        """a domain that begins to expand makes lists of other domains longer"""
        world = self.make_world({"limits": {"list-recipients": "2"}})
        world.ctl("domain", "add", "d.example", "--class=relay")
        world.ctl("domain", "add", "e.example", "--class=relay", "--expand=yes")
        world.ctl("object", "add", "top", "--class=dl", "--address=top@e.example", "--member=inner", "--member=x@far.example")
        world.ctl("object", "add", "inner", "--class=dl", "--address=inner@d.example", "--member=y@far.example",
                  "--member=z@far.example")
        self.assertIn("top@e.example", world.ctl("domain", "set", "d.example", "--expand=yes", rc=3).err)

    def expanding(self, limit=1000):
        """d.example expands, and so does e.example"""
        world = self.make_world({"limits": {"list-recipients": limit}})
        world.ctl("domain", "add", "d.example", "e.example", "--class=relay", "--expand=yes")
        return world

    def dl(self, world, name, *members, rc=0):
        return world.ctl("object", "add", name, "--class=dl", f"--address={name}@d.example", *(f"--member={m}" for m in members), rc=rc)

    def refused(self, world, text, *args):
        """the command is refused with these words, and nothing changes"""
        before = self.state(world)
        self.assertIn(text, world.ctl(*args, rc=3).err)
        self.assertEqual(self.state(world), before)

    def told(self, done, *expected):
        """exactly these lines, codes and objects; returns the messages"""
        told = [d for d in done.json() if d["type"] == "diagnostic"]
        self.assertEqual([(d["line"], d["code"], d["object"]) for d in told], list(expected), str(done))
        return [d["message"] for d in told]

    def test_mirror(self):
        """a list that grows, or goes in a circle, through a mirror that a member names"""
        world = self.expanding(limit=2)
        self.dl(world, "inner", "y@far.example", "z@far.example")
        self.dl(world, "top", "inner@m.example", "x@far.example")
        world.ctl("domain", "add", "m.example", "--class=relay")
        self.refused(world, "top@d.example", "domain", "set", "m.example", "--mirror=d.example")
        world.ctl("domain", "remove", "m.example")
        self.refused(world, "top@d.example", "domain", "add", "m.example", "--mirror=d.example")
        world.ctl("object", "remove", "top")
        self.dl(world, "one", "two@m.example")
        self.dl(world, "two", "one")
        self.refused(world, "one -> two -> one", "domain", "add", "m.example", "--mirror=d.example")
        world.ctl("domain", "add", "m.example", "--mirror=e.example")

    def test_undeclared_member(self):
        """an address outside is a recipient; where it is declared, one that nobody has counts for nothing"""
        world = self.expanding(limit=2)
        self.dl(world, "one", "two", "x@new.example")
        self.dl(world, "two", "one")
        self.refused(world, "one -> two -> one", "domain", "add", "new.example", "--class=relay")
        world.ctl("object", "add", "ann", "--address=ann@e.example")
        world.ctl("domain", "add", "other.example", "--class=relay")
        self.dl(world, "three", "ann", "y@far.example", "x@other.example")
        self.refused(world, "three@d.example", "domain", "remove", "other.example")
        self.refused(world, "three@d.example", "domain", "remove", "--force", "other.example")
        self.refused(world, "three@d.example", "domain", "set", "other.example", "--class=route")

    def test_switches(self):
        """a domain that begins to take extensions, or delivers nothing itself any more"""
        world = self.expanding(limit=2)
        world.ctl("domain", "set", "d.example", "--extensions=no")
        self.dl(world, "inner", "y@far.example", "z@far.example")
        self.dl(world, "top", "inner+x@d.example", "x@far.example")
        self.refused(world, "top@d.example", "domain", "set", "d.example", "--extensions=yes")
        world.ctl("object", "add", "ann", "--address=ann@e.example")
        self.dl(world, "one", "two", "ann")
        self.dl(world, "two", "one")
        self.refused(world, "one -> two -> one", "domain", "set", "e.example", "--class=virtual-alias", "--expand=", "--force")

    def test_others_with_nowhere_to_go(self):
        """a contact whose target's domain delivers nothing itself any more"""
        world = self.expanding()
        world.ctl("domain", "add", "alias.example", "--class=virtual-alias")
        world.ctl("object", "add", "ann", "--address=ann@e.example")
        world.ctl("object", "add", "r", "--class=remote", "--address=r@alias.example", "--target=ann@e.example")
        self.refused(world, "r@alias.example", "domain", "set", "e.example", "--class=virtual-alias", "--expand=")

    def test_forward_with_nowhere_to_go(self):
        """who goes, and leaves one who forwards to him nothing but a primary that delivers nothing"""
        world = self.expanding()
        world.ctl("domain", "add", "alias.example", "--class=virtual-alias")
        world.ctl("object", "add", "ann", "--address=ann@e.example")
        world.imp("Obj-Class,Directory Name,E-mail Addresses,Alt-Recipient\r\nmailbox,bob,SMTP:bob@alias.example,ann\r\n")
        self.refused(world, "bob@alias.example", "object", "remove", "ann")
        self.told(world.imp(DELETE_ANN, "--json", rc=1), (2, "GIF0922", "ann"))

    def test_target_through_a_mirror(self):
        """a mirrored address is one of the object's, which a target may name, and which must stay then"""
        world = self.expanding()
        world.ctl("domain", "add", "m.example", "--mirror=d.example")
        world.ctl("object", "add", "ann", "--address=ann@d.example")
        world.ctl("object", "add", "r", "--class=remote", "--address=r@e.example", "--target=ann@m.example")
        self.refused(world, "nobody@m.example", "object", "add", "r2", "--class=remote", "--address=r2@e.example", "--target=nobody@m.example")
        self.refused(world, '"r"', "object", "remove", "ann")
        self.refused(world, '"r"', "domain", "set", "m.example", "--mirror=e.example")
        self.told(world.imp(DELETE_ANN, "--json", rc=1), (2, "GIF0923", "ann"))
        world.ctl("domain", "remove", "m.example")

    def test_subdomains_as_mirror(self):
        """members and targets that name an address in one of all subdomains, which mirror another domain"""
        world = self.expanding(limit=2)
        world.ctl("domain", "add", ".m.test.example", "--mirror=d.example")
        self.dl(world, "top", "inner@one.m.test.example", "x@far.example")
        world.ctl("object", "add", "inner", "--address=inner@d.example")
        world.ctl("object", "add", "r", "--class=remote", "--address=r@e.example", "--target=inner@two.m.test.example")
        self.refused(world, '"r"', "object", "remove", "inner")
        world.ctl("object", "remove", "r")
        world.ctl("domain", "add", ".x.y.test.example", "--mirror=d.example")
        world.ctl("object", "add", "other", "--class=remote", "--address=other@e.example", "--target=inner@two.n.test.example")
        world.ctl("object", "add", "deep", "--class=remote", "--address=deep@e.example", "--target=inner@v.w.x.y.test.example")
        self.assertNotIn('"other"', world.ctl("object", "remove", "inner", rc=3).err)
        world.ctl("object", "remove", "deep")
        world.ctl("object", "remove", "inner")
        self.refused(world, "top@d.example", "object", "add", "inner", "--class=dl", "--address=inner@d.example",
                     "--member=y@far.example", "--member=z@far.example")
        self.dl(world, "one", "two+x@a.m.test.example")
        self.refused(world, "two -> one -> two", "object", "add", "two", "--class=dl", "--address=two@d.example", "--member=one")

    def test_mirror_of_a_large_list(self):
        """a list that expands through the mirror only; one that replication brought over the limits is no hindrance"""
        world = self.expanding(limit=2)
        world.ctl("domain", "add", "n.example", "--class=relay")
        world.imp("Obj-Class,Directory Name,Secondary-Proxy-Addresses,Members\r\ndl,big,smtp:big@n.example,a@far.example%b@far.example%c@far.example\r\n")
        self.refused(world, "big@m.example", "domain", "add", "m.example", "--mirror=n.example", "--expand=yes")
        world.ctl("object", "remove", "big")
        world.replicate({"name": "u1", "class": "dl", "address": "SMTP:big@d.example", "member": [f"m{i}@far.example" for i in range(4)]})
        world.ctl("domain", "add", "m.example", "--mirror=d.example")

    def test_comes_to_light(self):
        """a replicated object behind a local one's address, broken as it was, does not keep that one from going"""
        world = self.expanding()
        world.ctl("domain", "add", "alias.example", "--class=virtual-alias")
        world.ctl("object", "add", "ann", "--class=dl", "--address=ann@alias.example", "--member=x@far.example")
        world.replicate({"name": "u1", "class": "remote", "address": "SMTP:ann@alias.example", "target": "SMTP:ann@alias.example"})
        deletion = "Obj-Class,Mode,Directory Name\r\ndl,delete,ann\r\n"
        self.assertIn(" 1 deleted", world.imp(deletion, "--dry-run").out)
        world.ctl("object", "remove", "ann")

    def test_replicated_list(self):
        """it is refused who causes it, whosever list it is"""
        world = self.expanding(limit=2)
        world.replicate({"name": "u1", "class": "dl", "address": "SMTP:big@d.example", "member": ["a@m.example", "x@far.example"]})
        self.dl(world, "a", "y@far.example", "z@far.example")
        self.refused(world, "big@d.example", "domain", "add", "m.example", "--mirror=d.example")

    def circle(self):
        """one and two name each other, and ann, whose mail they yield"""
        world = self.expanding()
        world.ctl("object", "add", "ann", "--address=ann@d.example")
        self.dl(world, "one", "two", "ann@d.example")
        self.dl(world, "two", "one")
        return world

    def test_deletion(self):
        """who leaves a circle that reaches nobody then"""
        world = self.circle()
        self.refused(world, "one -> two -> one", "object", "remove", "ann")
        self.refused(world, "one -> two -> one", "address", "remove", "ann@d.example")
        world.ctl("object", "add", "bob", "--address=bob@d.example")
        world.ctl("address", "add", "bob", "b@d.example")
        world.ctl("object", "remove", "bob")

    def test_rollback(self):
        """the same, done by taking back what came before the circle"""
        world = self.make_world()
        world.ctl("domain", "add", "d.example", "--class=relay", "--expand=yes")
        world.ctl("object", "add", "ann", "--address=ann@d.example")
        ann = world.status()["batch"]
        self.dl(world, "one", "two", "ann")
        self.dl(world, "two", "one")
        self.refused(world, "one -> two -> one", "rollback", str(ann))

    def test_import_deletion(self):
        """GIF0920 for the row that takes the last out of a circle"""
        for row in ("mailbox,delete,ann,,", "mailbox,modify,ann,,~DEL<smtp:ann@d.example>"):
            with self.subTest(row):
                world = self.circle()
                world.ctl("address", "add", "ann", "other@e.example")
                world.ctl("address", "promote", "other@e.example")
                before = self.state(world)
                rows = "Obj-Class,Mode,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\r\nmailbox,create,bob,SMTP:bob@d.example,\r\n" + row + "\r\n"
                self.told(world.imp(rows, "--json", rc=1), (3, "GIF0920", "ann"))
                self.assertEqual(self.state(world), before)
                world.imp(rows, "--keep-going", rc=1)
                self.assertEqual({o["name"] for o in world.export()}, {"ann", "bob", "one", "two"})

    def test_import_catch_all(self):
        """GIF0923 for who has the address that a catch-all names through a mirror, or with an extension"""
        world = self.expanding()
        world.ctl("domain", "add", "m.example", "--mirror=d.example")
        world.ctl("object", "add", "ann", "--address=ann@d.example")
        for name, address in (("one.example", "ann@m.example"), ("two.example", "ann+x@d.example")):
            with self.subTest(address):
                world.ctl("domain", "add", name, "--class=relay", f"--catch-all={address}")
                self.assertIn(name, self.told(world.imp(DELETE_ANN, "--json", rc=1), (2, "GIF0923", "ann"))[0])
                world.ctl("domain", "remove", name)

    def test_import(self):
        """GIF0921 names the row that was one too many, for a list that the file does not have"""
        world = self.filled()
        before = self.state(world)
        rows = "mailbox,n1,SMTP:n1@d.example,,\r\nmailbox,c,SMTP:c@d.example,,\r\nmailbox,n2,SMTP:b@d.example,,\r\n"
        self.assertIn("top@d.example", self.told(world.imp(HEADER + rows, "--json", rc=1), (4, "GIF0921", "n2"))[0])
        self.assertEqual(self.state(world), before)
        world.imp(HEADER + rows, "--keep-going", rc=1)
        self.assertEqual({row["name"] for row in world.export()}, {"top", "inner", "a", "other", "n1", "c"})

    def test_import_address(self):
        """an address that a row gives to somebody"""
        world = self.filled()
        world.ctl("object", "add", "c", "--address=c@d.example")
        self.told(world.imp(HEADER + "mailbox,other,,smtp:b@d.example,\r\n", "--json", rc=1), (2, "GIF0921", "other"))

    def test_import_cycle(self):
        """GIF0920 for a list of the file that closes a circle with one of the store"""
        world = self.make_world()
        world.ctl("domain", "add", "d.example", "--class=relay", "--expand=yes")
        world.ctl("object", "add", "one", "--class=dl", "--address=one@d.example", "--member=two")
        self.told(world.imp(HEADER + "dl,two,SMTP:two@d.example,,one\r\n", "--json", rc=1), (2, "GIF0920", "two"))

    def test_what_was_so_before(self):
        """a list that replication brought over the limits does not stand in the way of other changes"""
        world = self.filled()
        world.replicate({"name": "u1", "class": "dl", "address": "SMTP:big@d.example",
                         "member": [f"m{i}@far.example" for i in range(4)] + ["a@d.example"]})
        world.ctl("address", "add", "a", "more@d.example")
        world.imp(HEADER + "mailbox,a,,smtp:still@d.example,\r\n")
