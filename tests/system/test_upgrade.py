"""A store that an earlier version wrote is read and written on, its answers unchanged.

store_first.mdb.gz is one of the first format, without the index of who refers to whom: two nested lists, of which
one takes mail from the members of the other only, a rule, a catch-all, a notice, a batch that was rolled back."""

import gzip
import os
import sys
import unittest

from harness import FreshCase

FIXTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "store_first.mdb.gz")
ANSWERS = (
    ("virtual_alias_domains", "domain2.example", "OK domain2.example"),
    ("virtual_alias_maps", "ann@domain2.example", "OK ann@company.example"),
    ("virtual_alias_maps", "ann.abel@box.example", "OK ann@company.example"),
    ("virtual_alias_maps", "outer@box.example", "OK ann@company.example,bob@box.example"),
    ("virtual_alias_maps", "nobody@box.example", "OK ann@company.example"),
    ("virtual_alias_maps", "nobody@domain2.example", "NOTFOUND "),
    ("relay_recipient_maps", "eve@company.example", "OK eve@company.example"),
    ("relocated_maps", "old@box.example", "OK bob@far.example"),
    ("transport_maps", "eve@company.example", "OK relay:[mail.company.example]"),
)


@unittest.skipUnless(sys.byteorder == "little" and sys.maxsize > 2**32, "LMDB's files are of one kind of machine; this one is another")
class Upgrade(FreshCase):
    def old_world(self):
        world = self.make_world()
        with gzip.open(FIXTURE) as file, open(world.store, "wb") as store:
            store.write(file.read())
        world.give(world.store)
        return world

    def assertAnswers(self, world):
        for table, key, reply in ANSWERS:
            self.assertEqual(world.ask(table, key), reply, f"{table} {key}")
        # The restriction of a list asks who refers to the sender: that index had to be made.
        self.assertEqual(world.act("outer@box.example", sender="bob@box.example"), "DUNNO")
        self.assertTrue(world.act("outer@box.example", sender="eve@company.example").startswith("550 5.7.1 "))

    def test_daemon_first(self):
        """the daemon is the first to open it"""
        world = self.old_world()
        world.start()
        self.assertAnswers(world)
        self.assertEqual(world.status()["generation"], 9, "no data changed")

    def test_reader_first(self):
        """a command that only reads is the first"""
        world = self.old_world()
        names = [entry["name"] for entry in world.export()]
        self.assertEqual(names, ["inner", "outer", "ann", "bob", "eve"])
        self.assertIn("9 batches, the chain is intact", world.ctl("history", "--verify").out)
        world.start()
        self.assertAnswers(world)

    def test_import_first(self):
        """an import is the first; what it may do depends on the lists that were there"""
        world = self.old_world()
        world.imp("Obj-Class,Mode,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\r\n"
                  "Mailbox,Modify,bob,,smtp:robert@box.example\r\nMailbox,Create,zoe,SMTP:zoe@company.example,\r\n")
        self.assertEqual(world.status()["generation"], 10)
        world.start()
        self.assertAnswers(world)
        self.assertEqual(world.ask("virtual_alias_maps", "robert@box.example"), "OK bob@box.example")
        self.assertIn("10 batches, the chain is intact", world.ctl("history", "--verify").out)
        world.ctl("rollback", "10")
        world.ctl("rollback", "7")
        self.assertEqual(world.ask("virtual_alias_maps", "inner@box.example"), "NOTFOUND ")
        self.assertIn("12 batches, the chain is intact", world.ctl("history", "--verify").out)
