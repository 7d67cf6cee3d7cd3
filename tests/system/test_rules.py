"""Addresses that rules make: of a domain for every mailbox, of an import for new mailboxes without a primary."""

import time
import unittest

from bounds import SLOWNESS, START_TIMEOUT, until
from harness import FreshCase

HEADER = "Obj-Class,Directory Name,Alias Name,First Name,Last name,E-mail Addresses\n"
MANY = 100_000
# Seconds on a quiet machine for one domain change over that many mailboxes.
CHANGE_SECONDS = 10
SMITHS = 10_000
# A notice that lasts while a few commands run.
NOTICE_SECONDS = max(3, int(2 * SLOWNESS))


class RuleCase(FreshCase):
    def world_with(self, *people):
        world = self.make_world()
        world.ctl("domain", "add", "old.example", "--class=relay")
        rows = "".join(f"mailbox,{name},{name},{first},{last},SMTP:{name}@old.example\n" for name, first, last in people)
        if rows:
            world.imp(HEADER + rows)
        return world

    def generated(self, world):
        """By name, without the type."""
        return {row["name"]: [a.removeprefix("smtp:") for a in row.get("generated", [])] for row in world.export() if row["class"] == "mailbox"}


class DomainRules(RuleCase):
    def test_notice_that_ends(self):
        """a notice takes the address while it lasts; then numbers stay, and the next mailbox gets it"""
        world = self.world_with(("holder", "Hol", "Der"))
        world.ctl("domain", "add", "new.example", "--class=relay")
        world.ctl("address", "add", "holder", "ann@new.example")
        world.ctl("address", "remove", "ann@new.example", "--gone", f"--for={NOTICE_SECONDS}s")
        world.ctl("domain", "set", "new.example", "--rule=%m")
        world.ctl("object", "add", "one", "--address=one@old.example", "--alias=ann")
        self.assertEqual(self.generated(world)["one"], ["ann2@new.example"])
        world.replicate({"name": "u1", "address": "SMTP:u1@old.example", "alias": "ann"})
        self.assertEqual([o["generated"] for o in world.export() if o["name"] == "u1"], [[]])
        world.start()
        until(lambda: world.act("ann@new.example").startswith("550 5.1.1 "), "the notice has ended", NOTICE_SECONDS + START_TIMEOUT)
        self.assertEqual(self.generated(world)["one"], ["ann2@new.example"])
        world.ctl("object", "add", "two", "--address=two@old.example", "--alias=ann")
        self.assertEqual(self.generated(world), {"holder": ["holder@new.example"], "one": ["ann2@new.example"], "two": ["ann@new.example"], "u1": []})

    def test_present_future_and_gone(self):
        """every mailbox, present and future, gets its address; it goes with the rule or the domain"""
        world = self.world_with(("ann", "Ann", "Lee"), ("bob", "Ann", "Lee"))
        world.ctl("object", "add", "list", "--class=dl", "--address=list@old.example", "--member=ann")
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%g.%s")
        self.assertEqual(self.generated(world), {"ann": ["Ann.Lee@new.example"], "bob": ["Ann.Lee2@new.example"]})
        world.ctl("object", "add", "cid", "--address=cid@old.example", "--first=Ann", "--last=Lee")
        world.imp(HEADER + "mailbox,dee,dee,Dee,Ray,SMTP:dee@old.example\n")
        self.assertEqual(self.generated(world)["cid"], ["Ann.Lee3@new.example"])
        self.assertEqual(self.generated(world)["dee"], ["Dee.Ray@new.example"])
        world.start()
        self.assertEqual(world.ask("relay_recipient_maps", "ann.lee2@new.example"), "OK bob@old.example")
        world.ctl("domain", "set", "new.example", "--rule=%m@new.example")
        self.assertEqual(world.ask("relay_recipient_maps", "ann.lee2@new.example"), "NOTFOUND ")
        self.assertEqual(self.generated(world)["bob"], ["bob@new.example"])
        world.ctl("domain", "set", "new.example", "--rule=")
        self.assertEqual(self.generated(world), {"ann": [], "bob": [], "cid": [], "dee": []})
        self.assertEqual(world.ask("relay_recipient_maps", "bob@new.example"), "NOTFOUND ")

    def test_list_shows_it(self):
        """domain list and object show name the rule and what it made"""
        world = self.world_with(("ann", "Ann", "Lee"))
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%1g%s")
        listed = {row["domain"]: row for row in world.ctl("domain", "list", "--json").json()}
        self.assertEqual(listed["new.example"]["rule"], "%1g%s")
        self.assertEqual(listed["new.example"]["addresses"], 1)
        self.assertIn("rule=%1g%s", world.ctl("domain", "list").out)
        shown = world.ctl("object", "show", "ann", "--json").json()[0]
        self.assertEqual(shown["generated"], ["smtp:ALee@new.example"])
        self.assertEqual(shown["addresses"], ["SMTP:ann@old.example"])
        self.assertIn("ALee@new.example", world.ctl("object", "show", "alee@new.example").out)
        before = world.status()["generation"]
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%1g%s")
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=SMTP:%1g%s@new.example")
        world.ctl("domain", "set", "new.example", "--rule=%1g%s@new.example")
        self.assertEqual(world.status()["generation"], before)
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%m", rc=1)

    def test_usage_errors(self):
        """2 for a mirror, a subdomain declaration, a class without addresses and a rule that means nothing"""
        world = self.world_with()
        for args in (
            ("add", "m.example", "--mirror=old.example", "--rule=%m"), ("add", ".sub.example", "--class=relay", "--rule=%m"),
            ("add", "r.example", "--class=route", "--rule=%m"), ("add", "a.example", "--class=relay", "--rule=%z"),
            ("add", "a.example", "--class=relay", "--rule=%m@b.example"), ("add", "a.example", "--class=relay", "--rule=a b"),
            ("set", "old.example", "--rule=%100m"), ("set", "old.example", "--rule=%"),
        ):
            with self.subTest(args=args):
                before = world.status()["generation"]
                world.ctl("domain", *args, rc=2)
                self.assertEqual(world.status()["generation"], before)

    def test_explicit_comes_first(self):
        """an explicit address displaces a generated one, and the mailbox that has one gets none"""
        world = self.world_with(("ann", "Ann", "Lee"), ("bob", "Bob", "Ray"))
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%g.%s")
        world.ctl("address", "add", "bob", "ann.lee@new.example")
        self.assertEqual(self.generated(world), {"ann": ["Ann.Lee2@new.example"], "bob": []})
        world.ctl("address", "remove", "ann.lee@new.example")
        self.assertEqual(self.generated(world), {"ann": ["Ann.Lee2@new.example"], "bob": ["Bob.Ray@new.example"]})

    def test_removal_of_the_domain(self):
        """generated addresses do not keep a domain, and go with it"""
        world = self.world_with(("ann", "Ann", "Lee"))
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%m")
        world.ctl("domain", "remove", "new.example")
        self.assertEqual(self.generated(world), {"ann": []})
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%m")
        world.ctl("address", "add", "ann", "ann.lee@new.example")
        world.ctl("object", "add", "bob", "--address=bob@old.example")
        world.ctl("domain", "remove", "new.example", rc=3)
        world.ctl("domain", "remove", "new.example", "--force")
        self.assertEqual(self.generated(world), {"ann": [], "bob": []})
        self.assertEqual([r["addresses"] for r in world.export() if r["name"] == "ann"],
                         [["SMTP:ann@old.example", "smtp:ann.lee@new.example"]])

    def test_what_others_refer_to(self):
        """3 while a catch-all or a target needs an address that the rule made"""
        world = self.world_with(("ann", "Ann", "Lee"))
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%m")
        world.ctl("object", "add", "ext", "--class=remote", "--address=ext@old.example", "--target=ann@new.example")
        for rule in ("--rule=", "--rule=%g.%s"):
            self.assertIn("ann@new.example", world.ctl("domain", "set", "new.example", rule, rc=3).err)
        world.ctl("object", "remove", "ext")
        world.ctl("domain", "add", "third.example", "--class=relay", "--catch-all=ann@new.example")
        self.assertIn("ann@new.example", world.ctl("domain", "set", "new.example", "--rule=", rc=3).err)
        world.ctl("domain", "set", "third.example", "--catch-all=")
        world.ctl("domain", "set", "new.example", "--rule=")

    def test_guards_do_not_count_them(self):
        """what a rule made is neither exported nor an address that an import removes"""
        world = self.world_with(*((f"u{i}", "J", "S") for i in range(20)))
        world.ctl("domain", "add", "new.example", "--class=relay", "--rule=%g.%s")
        deletes = "Obj-Class,Mode,Directory Name\n" + "".join(f"mailbox,delete,u{i}\n" for i in range(5))
        summary = world.imp(deletes, "--json").json()[-1]
        self.assertEqual((summary["deleted"], summary["addresses_removed"]), (5, 5))
        self.assertEqual(self.generated(world)["u19"], ["J.S20@new.example"])


class ImportRule(RuleCase):
    def test_only_new_mailboxes_without_a_primary(self):
        """--rule gives a primary to created mailboxes that bring none, and to nothing else"""
        world = self.world_with(("old", "Olga", "Old"))
        world.imp("Obj-Class,Directory Name,Alias Name,First Name,Last name,E-mail address,E-mail Addresses,Secondary-Proxy-Addresses\n"
                  "mailbox,a,a,Ann,Lee,,,\n"
                  "mailbox,b,b,Ann,Lee,,SMTP:b@old.example,\n"
                  "mailbox,c,c,Ann,Lee,,,SMTP:Ann.Lee2@old.example%SMTP:c@old.example\n"
                  "mailbox,d,d,Ann,Lee,,X400:c=US;s=Lee;,\n"
                  "mailbox,old,old,New,Name,,,\n"
                  "dl,l,l,,,,,\n"
                  "remote,r,r,Ann,Lee,SMTP:r@far.example,,\n", "--rule=%g.%s@old.example")
        found = {row["name"]: sorted(row["addresses"]) for row in world.export()}
        self.assertEqual(found, {
            "a": ["SMTP:Ann.Lee@old.example"], "b": ["SMTP:b@old.example"],
            "c": ["SMTP:Ann.Lee2@old.example", "smtp:c@old.example"],
            "d": ["SMTP:Ann.Lee3@old.example", "X400:c=US;s=Lee;"],
            "old": ["SMTP:old@old.example"], "l": [], "r": ["SMTP:r@far.example"]})

    def test_what_cannot_be_made(self):
        """2 for a rule that means nothing; 237 where nothing is left of the names"""
        world = self.world_with()
        for rule in ("%g.%s", "%y@old.example", "%m@"):
            world.imp(HEADER, f"--rule={rule}", rc=2)
        done = world.imp(HEADER + "mailbox,好,好,,,\n", "--rule=%g@old.example", rc=1)
        self.assertIn(":2: error GIF0237", done.err)
        self.assertEqual(world.export(), [])

    def test_numbers_are_not_searched(self):
        """10,000 of one name take little longer than 10,000 names"""
        def rows(first):
            return HEADER + "".join(f"mailbox,{first}{i},{first}{i},{first},Smith{'' if first == 'J' else i},\n" for i in range(SMITHS))

        world = self.world_with()
        taken = []
        for first in ("K", "J"):
            began = time.monotonic()
            world.imp(rows(first), "--rule=%1g.%s@old.example")
            taken.append(time.monotonic() - began)
        self.assertLess(taken[1], 4 * taken[0] + 1)
        last = [row for row in world.export() if row["name"] == f"J{SMITHS - 1}"]
        self.assertEqual(last[0]["addresses"], [f"SMTP:J.Smith{SMITHS}@old.example"])


class ManyMailboxes(RuleCase):
    def test_domain_changes_take_seconds(self):
        """setting, changing and removing the rule of a domain over 100,000 mailboxes"""
        world = self.world_with()
        world.imp(HEADER + "".join(f"mailbox,u{i},u{i},J,S{i % 50},SMTP:u{i}@old.example\n" for i in range(MANY)))
        for args in (("add", "new.example", "--class=relay", "--rule=%g.%s"), ("set", "new.example", "--rule=%m"), ("set", "new.example", "--rule=")):
            began = time.monotonic()
            world.ctl("domain", *args)
            self.assertLess(time.monotonic() - began, CHANGE_SECONDS * SLOWNESS, args)
        world.ctl("domain", "set", "new.example", "--rule=%g.%s")
        self.assertEqual(world.ctl("domain", "list", "--json").json()[0]["addresses"], MANY)


if __name__ == "__main__":
    unittest.main()
