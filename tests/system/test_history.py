"""Batches: the history and its chain, what a batch changed, and undoing it exactly or not at all."""

import hashlib
import os
import random
import re
import signal
import subprocess
import time
import unittest

from bounds import SLOWNESS
from harness import FreshCase
from programs import die_with_parent, program

HEADER = "Obj-Class,Mode,Directory Name,Display Name,E-mail Addresses,Secondary-Proxy-Addresses,Members\r\n"
# Under sanitizers a tenth will do.
MANY = 100000 if SLOWNESS < 12 else 10000
# Seconds for undoing MANY rows on a quiet machine, with room.
MANY_TIME = 5 * SLOWNESS
KILLS = 40
KILL_BUDGET = 45 * max(1.0, SLOWNESS / 2)
KILL_PEOPLE = 3000
HASH = re.compile(r"[0-9a-f]{64}\Z")


def people(names, mode="create"):
    return HEADER + "".join(f"mailbox,{mode},{n},{n.upper()},SMTP:{n}@north.example,smtp:{n}@south.example,\r\n" for n in names)


class HistoryCase(FreshCase):
    def declared(self, config=None, start=False):
        """Batches 1 and 2 are two domains."""
        world = self.make_world(config)
        world.ctl("domain", "add", "north.example", "--class=relay", "--route=[127.0.0.1]:9")
        world.ctl("domain", "add", "south.example", "--class=virtual-alias")
        if start:
            world.start()
        return world

    def state(self, world):
        return world.ctl("export", "--format=json").out + world.ctl("domain", "list", "--json").out

    def history(self, world, *options, rc=0):
        return world.ctl("history", "--json", *options, rc=rc).json()

    def show(self, world, batch):
        (shown,) = world.ctl("show", str(batch), "--json").json()
        return shown

    def roll_back(self, world, batch, *options, rc=0, **kw):
        return world.ctl("rollback", str(batch), *options, rc=rc, **kw)


class Shapes(HistoryCase):
    def test_history(self):
        """every batch with its members; each carries the hash of the one before; files with their SHA-256"""
        world = self.declared()
        text = people(["ann", "bob"])
        world.imp(text, name="people.csv")
        self.roll_back(world, 3)
        batches = self.history(world)
        self.assertEqual([b["batch"] for b in batches], [1, 2, 3, 4])
        for batch in batches:
            self.assertEqual(set(batch), {"batch", "time", "user", "program", "files", "summary", "undoes", "undone_by", "hash", "previous"})
            self.assertRegex(batch["time"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
            self.assertTrue(batch["user"])
            self.assertRegex(batch["hash"], HASH)
            self.assertIsInstance(batch["summary"], dict)
        for before, after in zip(batches, batches[1:]):
            self.assertEqual(after["previous"], before["hash"])
        self.assertEqual([b["program"] for b in batches], ["policyctl", "policyctl", "gif-import", "policyctl"])
        self.assertEqual(batches[2]["files"], [{"name": os.path.join(world.work, "people.csv"), "sha256": hashlib.sha256(text.encode()).hexdigest()}])
        self.assertEqual([b["undoes"] for b in batches], [None, None, None, 3])
        self.assertEqual([b["undone_by"] for b in batches], [None, None, 4, None])
        shown = self.show(world, 3)
        changes = shown.pop("changes")
        self.assertEqual(shown, batches[2])
        self.assertEqual(len(changes), 2)
        self.assertEqual(world.ctl("history").out.count("\n"), 4)

    def test_empty(self):
        """no store, no batch"""
        world = self.make_world()
        self.assertEqual(self.history(world, "--verify"), [])
        world.ctl("show", "1", rc=1)
        world.ctl("rollback", "1", rc=1)
        self.assertFalse(os.path.exists(world.store), "asking makes no store")
        for bad in ("x", "0", "-1", "1x", ""):
            world.ctl("show", "--", bad, rc=2)
            world.ctl("rollback", "--", bad, rc=2)
        world.ctl("rollback", rc=2)
        world.ctl("show", "1", "2", rc=2)

    def test_show_is_the_plan(self):
        """show lists what the dry run had promised, also after later batches changed the same objects"""
        world = self.declared()
        world.imp(people(["ann", "bob", "cy"]))
        text = (HEADER + "mailbox,delete,ann,,,,\r\n" + "mailbox,modify,bob,Robert,SMTP:robert@north.example,,\r\n"
                + "mailbox,create,dee,Dee,SMTP:dee@north.example,,\r\n" + "dl,create,team,Team,SMTP:team@north.example,,bob%cy\r\n")
        plan = [line for line in world.imp(text, "--dry-run", "--json").json() if line["type"] == "change"]
        self.assertEqual(len(plan), 4)
        world.imp(text)
        world.imp(HEADER + "mailbox,modify,bob,Bob again,,smtp:more@south.example,\r\nmailbox,delete,dee,,,,\r\n")
        world.imp(people(["ann"]))
        self.assertEqual(self.show(world, 4)["changes"], plan)
        bob = [c for c in plan if c["name"] == "bob"][0]
        self.assertEqual((bob["action"], bob["class"], bob["added"]), ("modify", "mailbox", ["SMTP:robert@north.example"]))
        text = world.ctl("show", "4").out
        for line in ("delete mailbox ann", "  - SMTP:ann@north.example", "create dl team", "  + member cy", "  - display BOB"):
            self.assertIn(line + "\n", text)
        self.assertEqual([(c["action"], c["class"], c["name"]) for c in self.show(world, 1)["changes"]], [("create", "domain", "north.example")])


class Rollback(HistoryCase):
    def test_exact_and_visible(self):
        """objects, addresses and members as they were; the running daemon answers so at once"""
        world = self.declared(start=True)
        world.imp(people(["ann", "bob"]))
        world.ctl("object", "add", "team", "--class=dl", "--address=team@north.example", "--member=ann", "--member=bob")
        before = self.state(world)
        world.imp(HEADER + "mailbox,delete,ann,,,,\r\nmailbox,modify,bob,X,SMTP:ann@north.example,,\r\ndl,modify,team,,,,~DEL\r\n"
                  + "mailbox,create,cy,,SMTP:cy@north.example,,\r\n")
        after = self.state(world)
        self.assertNotEqual(before, after)
        self.assertEqual(world.ask("virtual_alias_maps", "ann@south.example"), "NOTFOUND ")
        plan = self.roll_back(world, 5, "--dry-run").out
        self.assertIn("create mailbox ann\n", plan)
        self.assertIn("delete mailbox cy\n", plan)
        self.assertEqual(self.state(world), after)
        self.assertEqual(len(self.history(world)), 5)
        self.roll_back(world, 5)
        self.assertEqual(self.state(world), before)
        self.assertEqual(world.ask("virtual_alias_maps", "ann@south.example"), "OK ann@north.example")
        self.assertEqual(world.ask("relay_recipient_maps", "cy@north.example"), "NOTFOUND ")
        self.roll_back(world, 5, rc=1)
        self.roll_back(world, 6)
        self.assertEqual(self.state(world), after)
        self.assertIn("7", self.roll_back(world, 5, rc=1).err)
        self.assertIn("intact", world.ctl("history", "--verify").out)

    def test_refused(self):
        """3, naming batches, objects and addresses; nothing changes; older ones when the later are undone"""
        world = self.declared()
        world.imp(people(["ann", "bob"]))
        world.imp(HEADER + "mailbox,modify,ann,Ann Lee,,,\r\n")
        world.imp(HEADER + "mailbox,delete,bob,,,,\r\n")
        world.ctl("object", "add", "robert", "--address=bob@north.example")
        before, count = self.state(world), len(self.history(world))
        refusal = self.roll_back(world, 3, rc=3).err
        for word in ('mailbox "ann" was changed by batch 4', "batch 5", "4, 5"):
            self.assertIn(word, refusal)
        refusal = self.roll_back(world, 5, "--dry-run", rc=3).err
        for word in ("SMTP:bob@north.example", "robert", "batch 6"):
            self.assertIn(word, refusal)
        self.assertEqual(self.state(world), before)
        self.assertEqual(len(self.history(world)), count)
        self.roll_back(world, 4)
        for batch in (6, 5, 3):
            self.roll_back(world, batch)
        self.assertEqual(world.export(), [])

    def test_domains(self):
        """a declaration comes and goes; not while later addresses need it"""
        world = self.declared(start=True)
        self.assertEqual(world.ask("virtual_alias_domains", "south.example"), "OK south.example")
        self.assertIn("postfix reload", self.roll_back(world, 2).err)
        self.assertEqual(world.ask("virtual_alias_domains", "south.example"), "NOTFOUND ")
        self.roll_back(world, 3)
        self.assertEqual(world.ask("virtual_alias_domains", "south.example"), "OK south.example")
        world.ctl("object", "add", "ann", "--address=ann@north.example")
        refusal = self.roll_back(world, 1, rc=3).err
        self.assertIn("ann@north.example", refusal)
        self.assertIn("batch 5", refusal)

    def test_outcome_is_judged(self):
        """beside later changes a rollback must not leave a catch-all that leads nowhere"""
        world = self.declared()
        world.ctl("object", "add", "ann", "--address=ann@north.example")
        world.ctl("domain", "set", "south.example", "--catch-all=ann@north.example")
        before = self.state(world)
        self.assertIn("catch-all", self.roll_back(world, 3, rc=3).err)
        self.assertEqual(self.state(world), before)
        self.roll_back(world, 4)
        self.roll_back(world, 3)

    def test_rules_made_it(self):
        """what a domain's rule made comes back with the rule, numbers and all"""
        world = self.declared()
        world.imp(people(["ann"]))
        if world.ctl("domain", "add", "made.example", "--class=virtual-alias", "--rule=x", rc=None).rc == 2:
            self.skipTest("policyctl has no --rule yet")
        world.imp(people(["bob", "cy"]))
        before = self.state(world)
        world.ctl("domain", "remove", "made.example", "--force")
        self.roll_back(world, 6)
        self.assertEqual(self.state(world), before)


class Pruning(HistoryCase):
    def test_more_than_undo_keep(self):
        """[100 batches] the last undo-keep batches can be shown and undone, of older ones the headers stay, the chain stays true"""
        world = self.declared({"store": {"undo-keep": "100"}})
        world.ctl("object", "add", "ann", "--address=ann@north.example")
        for n in range(4, 121):
            world.ctl("address", "add" if n % 2 == 0 else "remove", *(["ann"] if n % 2 == 0 else []), f"a{n // 2}@north.example")
        batches = self.history(world, "--verify")
        self.assertEqual([b["batch"] for b in batches], list(range(1, 121)))
        for n in (1, 20):
            done = world.ctl("show", str(n), "--json")
            self.assertIsNone(done.json()[0]["changes"])
            self.assertIn("undo-keep", done.err)
            self.assertIn("undo-keep", self.roll_back(world, n, rc=1).err)
        (change,) = self.show(world, 21)["changes"]
        self.assertEqual((change["name"], change["removed"]), ("ann", ["smtp:a10@north.example"]))
        refusal = self.roll_back(world, 21, rc=3).err
        self.assertIn(", ".join(map(str, range(22, 121))), refusal)
        before = self.state(world)
        for n in range(120, 108, -1):
            self.roll_back(world, n)
        self.assertIn("132 batches", world.ctl("history", "--verify").out)
        self.assertNotEqual(self.state(world), before)
        world.write_config({"store": {"undo-keep": "2"}})
        world.ctl("object", "add", "bob", "--address=bob@north.example")
        self.assertIn("133 batches", world.ctl("history", "--verify").out)
        self.roll_back(world, 131, rc=1)
        self.roll_back(world, 133)


class Tampering(HistoryCase):
    def replace(self, world, old, new):
        """The same length, everywhere in the file."""
        with open(world.store, "rb") as file:
            content = file.read()
        self.assertIn(old, content)
        self.assertEqual(len(old), len(new))
        with open(world.store, "wb") as file:
            file.write(content.replace(old, new))

    def test_header(self):
        """a header that was changed is named"""
        world = self.declared()
        world.ctl("object", "add", "ann", "--display=headmark")
        world.imp(people(["bob"]), name="marked.csv")
        world.ctl("object", "add", "cy")
        self.replace(world, b"marked.csv", b"masked.csv")
        done = world.ctl("history", "--verify", "--json", rc=1)
        self.assertIn("batch 4", done.err)
        self.assertNotIn("batch 3:", done.err)
        self.assertIn("batch 4", world.ctl("history", rc=1).err)
        world.ctl("show", "4", rc=1)

    def test_undo_record(self):
        """an undo record that was changed is named, and not used"""
        world = self.declared()
        world.ctl("object", "add", "ann", "--address=ann@north.example", "--display=undomark")
        world.imp(HEADER + "mailbox,modify,ann,Other,,,\r\n")
        before = self.state(world)
        self.assertIn("4 batches", world.ctl("history", "--verify").out)
        self.replace(world, b"undomark", b"undomask")
        done = world.ctl("history", "--verify", rc=1)
        self.assertIn("batch 4", done.err)
        self.roll_back(world, 4, rc=1)
        self.assertEqual(self.state(world), before)


class Size(HistoryCase):
    def test_many_rows(self):
        """[speed] an import of 100,000 rows is undone within a few seconds"""
        world = self.declared()
        world.ctl("object", "add", "keep", "--address=keep@north.example")
        before = self.state(world)
        world.imp(people(f"u{n}" for n in range(MANY)), timeout=60 * SLOWNESS)
        began = time.monotonic()
        self.roll_back(world, 4, timeout=60 * SLOWNESS)
        took = time.monotonic() - began
        print(f"# undoing {MANY} rows took {took:.2f} s", flush=True)
        self.assertLess(took, MANY_TIME)
        self.assertEqual(self.state(world), before)
        self.assertEqual(len(self.show(world, 5)["changes"]), MANY)
        self.assertIn("intact", world.ctl("history", "--verify").out)


class Killed(HistoryCase):
    def test_killed_at_random_moments(self):
        """[whole or nothing] SIGKILL during a rollback leaves the old state or the new one, with its marks"""
        seed = int(os.environ.get("TEST_SEED", "0")) or int.from_bytes(os.urandom(4), "big")
        print(f"# TEST_SEED={seed}", flush=True)
        chooser = random.Random(seed)
        world = self.declared()
        states = {True: self.state(world)}
        world.imp(people(f"p{n}" for n in range(KILL_PEOPLE)))
        states[False] = self.state(world)
        began = time.monotonic()
        self.roll_back(world, 3)
        took = time.monotonic() - began
        last, undone, kills = 4, True, 0
        deadline = time.monotonic() + KILL_BUDGET
        while kills < KILLS:
            self.assertLess(time.monotonic(), deadline, f"only {kills} kills")
            process = subprocess.Popen([program("policyctl"), "--config", world.conf, "rollback", str(last)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent, **world.identity)
            try:
                rc = process.wait(took * chooser.uniform(0.3, 1.1))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                rc = process.wait()
                kills += 1
            batches = self.history(world, "--verify")
            self.assertIn(len(batches), (last, last + 1))
            done = len(batches) == last + 1
            self.assertTrue(done or rc != 0, f"a run that ended well is there (seed {seed})")
            self.assertEqual(batches[last - 1]["undone_by"], last + 1 if done else None)
            if done:
                self.assertEqual(batches[-1]["undoes"], last)
                last, undone = last + 1, not undone
            self.assertEqual(self.state(world), states[undone], f"seed {seed}")
        self.roll_back(world, last)
        self.assertEqual(self.state(world), states[not undone])


if __name__ == "__main__":
    unittest.main()
