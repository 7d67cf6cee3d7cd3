"""A store that an earlier version wrote is read and written on, its answers unchanged; one of a later version is left alone.

store_first.mdb.gz is one of the first format, without the index of who refers to whom: two nested lists, of which
one takes mail from the members of the other only, a rule, a catch-all, a notice, a batch that was rolled back."""

import gzip
import os
import shutil
import struct
import sys
import unittest

import people
from harness import ALL_MAPS, FreshCase

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
LITTLE_64 = unittest.skipUnless(sys.byteorder == "little" and sys.maxsize > 2**32, "LMDB's files are of one kind of machine; this one is another")
META_KEY = b"meta"
# A node of a leaf of LMDB: the length of its data in two halves, flags, the length of its key; key and data follow.
NODE = struct.Struct("<HHHH")
CHECKSUM = struct.Struct("<I")


def checksum(*texts):
    """The check sum of tables/digest.c."""
    a, b = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F

    def step(lane, block, factor):
        lane = (lane ^ block) * factor % 2**64
        return lane ^ lane >> 32

    for text in texts:
        a = step(a, len(text), 0xD6E8FEB86659FD93)
        blocks, rest = divmod(len(text), 8)
        for i in range(blocks):
            block = int.from_bytes(text[8 * i : 8 * i + 8], "little")
            if i % 2:
                b = step(b, block, 0xFF51AFD7ED558CCD)
            else:
                a = step(a, block, 0xD6E8FEB86659FD93)
        if rest:
            b = step(b, int.from_bytes(text[-rest:], "little"), 0xFF51AFD7ED558CCD)
    both = step(a, b, 0xFF51AFD7ED558CCD)
    return (both ^ both >> 32) % 2**32


def make_later(path):
    """Gives a store the schema after the one that it has, as a later version would."""
    with open(path, "r+b") as store:
        data = store.read()
        changed, at = 0, data.find(META_KEY)
        while at >= 0:
            low, high, _, key_length = NODE.unpack_from(data, at - NODE.size)
            start, end = at + len(META_KEY), at + len(META_KEY) + low + (high << 16) - CHECKSUM.size
            at = data.find(META_KEY, start)
            if key_length != len(META_KEY) or not start < end < len(data):
                continue
            value = data[start:end]
            if data[end : end + CHECKSUM.size] == CHECKSUM.pack(checksum(META_KEY, value)):
                value = bytes([value[0] + 1]) + value[1:]
                store.seek(start)
                store.write(value + CHECKSUM.pack(checksum(META_KEY, value)))
                changed += 1
    if not changed:
        raise AssertionError(f"no meta record in {path}")


@LITTLE_64
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


@LITTLE_64
class Later(FreshCase):
    """A store of a later version, whose records mean nobody knows what."""

    def filled(self):
        world = self.make_world()
        people.declare(world)
        people.populate(world)
        self.good = shutil.copy(world.store, world.store + ".good")
        world.give(self.good)
        return world

    def test_daemon(self):
        """the daemon is ready, says once why, and answers TEMP"""
        world = self.filled()
        make_later(world.store)
        world.start()
        for table in ALL_MAPS:
            self.assertRegex(world.ask(table, "ann@domain2.example"), "^TEMP .")
        self.assertRegex(world.act("ann@domain2.example"), "^DEFER_IF_PERMIT 4.3.0 ")
        self.assertEqual(world.log_text().count("the store has schema 2, this program knows 1"), 1, world.log_text())
        os.replace(self.good, world.store)
        world.wait_everywhere("virtual_alias_maps", "ann@domain2.example", "OK ann@company.example", "the daemon takes the store that it knows")

    def test_under_the_daemon(self):
        """one that takes the place of the daemon's store: domains are remembered, addresses TEMP"""
        world = self.filled()
        make_later(self.good)
        world.start()
        self.assertEqual(world.ask("virtual_alias_maps", "ann@domain2.example"), "OK ann@company.example")
        os.replace(self.good, world.store)
        world.wait_everywhere("virtual_alias_maps", "ann@domain2.example", "TEMP ", "the daemon sees the other store")
        self.assertEqual(world.ask("virtual_alias_domains", "domain2.example"), "OK domain2.example")
        self.assertEqual(world.ask("transport_maps", "nobody@company.example"), "OK relay:[127.0.0.1]:9")

    def test_programs(self):
        """no program writes to it"""
        world = self.filled()
        make_later(world.store)
        with open(world.store, "rb") as store:
            before = store.read()
        for done in (world.ctl("object", "list", rc=1), world.ctl("address", "add", "ann", "a2@box.example", rc=1),
                     world.imp("Obj-Class,Directory Name\r\nMailbox,new\r\n", rc=1)):
            self.assertIn("the store has schema 2, this program knows 1; install a newer version", done.err)
        with open(world.store, "rb") as store:
            self.assertEqual(store.read(), before)


if __name__ == "__main__":
    unittest.main()
