"""Notices of removed addresses: moved or gone, by policyctl and by imports."""

import time
import unittest

from bounds import until
from harness import FreshCase

MAPS = ("relay_recipient_maps", "virtual_alias_maps", "smtpd_sender_login_maps", "recipient_canonical_maps")


class TombstoneCase(FreshCase):
    def world_with_ann(self, config=None):
        world = self.make_world(config)
        world.ctl("domain", "add", "north.example", "--class=relay", "--route=relay:[mx.north.example]", "--rewrite=yes")
        for name in ("ann", "bob"):
            world.ctl("object", "add", name, f"--address={name}@north.example", f"--address={name}.lee@north.example")
        world.start()
        return world


class ByCommand(TombstoneCase):
    def test_moved(self):
        """the new address in relocated_maps and policy, absence everywhere else, the domain's route in transport_maps"""
        world = self.world_with_ann()
        world.ctl("address", "remove", "Ann.Lee@north.example", "--moved-to=smtp:a@far.example")
        self.assertEqual(world.ask("relocated_maps", "ann.lee@north.example"), "OK a@far.example")
        self.assertEqual(world.ask("relocated_maps", "ann.lee+x@north.example"), "OK a@far.example")
        for table in MAPS:
            self.assertEqual(world.ask(table, "ann.lee@north.example"), "NOTFOUND ", table)
        self.assertEqual(world.ask("transport_maps", "ann.lee@north.example"), "OK relay:[mx.north.example]")
        self.assertRegex(world.act("ann.lee@north.example"), r"^550 5\.1\.6 .*a@far\.example")
        self.assertEqual(world.export()[0]["addresses"], ["SMTP:ann@north.example"])

    def test_new_address_must_exist(self):
        """--moved-to: an address that exists, also through an extension, or in an undeclared domain; else 3"""
        world = self.world_with_ann()
        before = world.status()["generation"]
        for target in ("nobody@north.example", "ann.lee@north.example"):
            self.assertIn("must exist", world.ctl("address", "remove", "ann.lee@north.example", f"--moved-to={target}", rc=3).err)
        self.assertEqual(world.status()["generation"], before)
        world.ctl("address", "remove", "ann.lee@north.example", "--moved-to=bob+tag@north.example")
        self.assertEqual(world.ask("relocated_maps", "ann.lee@north.example"), "OK bob+tag@north.example")

    def test_gone(self):
        """a bare --gone says so, a text is told, the address behind the option stays an argument"""
        world = self.world_with_ann()
        world.ctl("address", "remove", "--gone", "ann.lee@north.example")
        self.assertRegex(world.act("ann.lee@north.example"), r"^550 5\.1\.6 .*no longer in use")
        self.assertEqual(world.ask("relocated_maps", "ann.lee@north.example"), "NOTFOUND ")
        world.ctl("address", "remove", "bob.lee@north.example", "--gone=Bob left, ask Ann")
        self.assertRegex(world.act("bob.lee@north.example"), r"^550 5\.1\.6 .*Bob left, ask Ann")
        self.assertEqual(world.ctl("policy", "-", stdin=b"request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=bob.lee@north.example\n\n").out.count("5.1.6"), 1)

    def test_catch_all_and_mirror_stop(self):
        """a notice stops the catch-all; a mirror does not have it"""
        world = self.world_with_ann()
        world.ctl("domain", "set", "north.example", "--catch-all=bob@north.example")
        world.ctl("domain", "add", "mirror.example", "--mirror=north.example")
        world.ctl("address", "remove", "ann.lee@north.example", "--gone")
        self.assertEqual(world.ask("virtual_alias_maps", "ann.lee@north.example"), "NOTFOUND ")
        self.assertEqual(world.ask("virtual_alias_maps", "nobody@north.example"), "OK bob@north.example")
        self.assertEqual(world.ask("relocated_maps", "ann.lee@mirror.example"), "NOTFOUND ")
        self.assertRegex(world.act("ann.lee@mirror.example"), r"^550 5\.1\.1 ")

    def test_duration(self):
        """--for: the notice ends by itself"""
        world = self.world_with_ann()
        world.ctl("address", "remove", "ann.lee@north.example", "--gone", "--for=2s")
        world.ctl("address", "remove", "bob.lee@north.example", "--gone", "--for=90d")
        until(lambda: world.act("ann.lee@north.example").startswith("550 5.1.1 "), "the notice has ended", 20)
        self.assertRegex(world.act("bob.lee@north.example"), r"^550 5\.1\.6 ")

    def test_taken_again(self):
        """giving the address to an object ends the notice, and removing it again leaves none"""
        world = self.world_with_ann()
        world.ctl("address", "remove", "ann.lee@north.example", "--moved-to=a@far.example")
        world.ctl("address", "add", "bob", "ann.lee@north.example")
        self.assertEqual(world.ask("relocated_maps", "ann.lee@north.example"), "NOTFOUND ")
        self.assertEqual(world.ask("virtual_alias_maps", "ann.lee@north.example"), "OK bob@north.example")
        world.ctl("address", "remove", "ann.lee@north.example")
        self.assertRegex(world.act("ann.lee@north.example"), r"^550 5\.1\.1 ")

    def test_rules_respect_it(self):
        """a rule takes the next number, also for who gives the address up"""
        world = self.world_with_ann()
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%m")
        world.ctl("address", "add", "ann", "bob2@new.example")
        world.ctl("address", "add", "bob", "bob@new.example")
        world.ctl("address", "remove", "bob@new.example", "--gone")
        self.assertEqual(world.export()[1]["generated"], ["smtp:bob3@new.example"])
        self.assertRegex(world.act("bob@new.example"), r"^550 5\.1\.6 ")

    def test_usage(self):
        """2 for what means nothing, 1 for what is not there or cannot go"""
        world = self.world_with_ann()
        world.ctl("address", "add", "ann", "X400:c=US;")
        for args in (("--for=1d",), ("--gone", "--moved-to=a@far.example"), ("--gone", "--for=soon"), ("--moved-to=nonsense",), ("--gone=a\nb",),
                     ("--moved-to=X400:c=US;",), ("--gone=" + "x" * 301,)):
            world.ctl("address", "remove", "ann.lee@north.example", *args, rc=2)
        world.ctl("address", "remove", "X400:c=US;", "--gone", rc=2)
        world.ctl("address", "remove", "nobody@north.example", "--gone", rc=1)
        world.ctl("address", "remove", "ann@north.example", "--gone", rc=1)
        self.assertEqual(len(world.export()[0]["addresses"]), 3)

    def test_undone(self):
        """a rollback brings the address back and takes the notice away"""
        world = self.world_with_ann()
        world.ctl("address", "remove", "ann.lee@north.example", "--moved-to=a@far.example")
        batch = world.ctl("history", "--json").json()
        number = max(row["batch"] for row in batch)
        world.ctl("rollback", str(number))
        self.assertEqual(world.ask("virtual_alias_maps", "ann.lee@north.example"), "OK ann@north.example")
        self.assertEqual(world.ask("relocated_maps", "ann.lee@north.example"), "NOTFOUND ")
        world.ctl("rollback", str(number + 1))
        self.assertEqual(world.ask("relocated_maps", "ann.lee@north.example"), "OK a@far.example")


class ByImport(TombstoneCase):
    HEADER = "Obj-Class,Mode,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\n"

    def test_what_an_import_takes_away(self):
        """deleted objects and removed addresses leave notices; moved and promoted ones do not"""
        world = self.world_with_ann({"import": {"tombstone": "90d"}})
        world.imp(self.HEADER + "mailbox,delete,ann,,\n" "mailbox,modify,bob,SMTP:bob.lee@north.example,\n" "mailbox,create,eve,SMTP:eve@north.example,smtp:ann.lee@north.example\n"
                  "mailbox,modify,bob,,~DEL<SMTP:bob@north.example>\n" "mailbox,create,tmp,SMTP:tmp@north.example,X400:c=US;\n" "mailbox,delete,tmp,,\n")
        self.assertRegex(world.act("ann@north.example"), r"^550 5\.1\.6 .*no longer in use")
        self.assertRegex(world.act("bob@north.example"), r"^550 5\.1\.6 ")
        self.assertRegex(world.act("tmp@north.example"), r"^550 5\.1\.1 ")
        for address in ("ann.lee", "bob.lee", "eve"):
            self.assertEqual(world.act(f"{address}@north.example"), "DUNNO", address)

    def test_not_by_default(self):
        """none without the key, and none by policyctl without the option"""
        world = self.world_with_ann()
        world.imp(self.HEADER + "mailbox,delete,ann,,\n")
        self.assertRegex(world.act("ann@north.example"), r"^550 5\.1\.1 ")

    def test_short(self):
        """the notice ends by itself, and a refused or dry run leaves none"""
        world = self.world_with_ann({"import": {"tombstone": "3s"}})
        world.imp(self.HEADER + "mailbox,delete,ann,,\n", "--dry-run")
        world.imp(self.HEADER + "mailbox,delete,ann,,\n", "--must-keep=ann@north.example", rc=3)
        self.assertEqual(world.act("ann@north.example"), "DUNNO")
        began = time.monotonic()
        world.imp(self.HEADER + "mailbox,delete,ann,,\n")
        first = world.act("ann@north.example")
        if time.monotonic() - began < 2:
            self.assertRegex(first, r"^550 5\.1\.6 ")
        until(lambda: world.act("ann@north.example").startswith("550 5.1.1 "), "the notice has ended", 20)


if __name__ == "__main__":
    unittest.main()
