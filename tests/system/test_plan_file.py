"""Plans that are saved and applied later: the same batch as an import, stale when something moved, refused when damaged."""

import json
import os
import random
import stat
import unittest

from bounds import MEMORY_FACTOR
from harness import FreshCase, World

HEAD = "Obj-Class,Mode,Directory Name,Alias Name,E-mail Addresses,Secondary-Proxy-Addresses,Members,E-mail address\n"
SETTINGS = {"import": {"tombstone": "90d"}}

START = HEAD + (
    "mailbox,,ann,ann,SMTP:ann@one.example,smtp:a.lee@one.example%smtp:move@one.example,,\n"
    "mailbox,,bob,bob,SMTP:bob@one.example,smtp:robert@one.example,,\n"
    "mailbox,,carl,carl,SMTP:carl@one.example,,,\n"
    "remote,,ext,ext,,,,SMTP:ext@far.example\n"
    "dl,,team,team,SMTP:team@alias.example,,ann%bob,\n"
)
# Of everything something: a new object, a move, a promotion, a deletion, members, a name that comes back.
CHANGES = HEAD + (
    "mailbox,modify,ann,,SMTP:a.lee@one.example,~DEL<smtp:move@one.example>,,\n"
    "mailbox,create,dora,ann,SMTP:dora@one.example,smtp:move@one.example,,\n"
    "mailbox,delete,carl,,,,,\n"
    "mailbox,delete,bob,,,,,\n"
    "mailbox,create,bob,bob,SMTP:bob2@one.example,,,\n"
    "dl,modify,team,,,,dora,\n"
    "mailbox,update,unknown,unknown,SMTP:unknown@elsewhere.example,,,\n"
)


def summary(done):
    """The last line, which is JSON in any case."""
    return json.loads(done.out.splitlines()[-1])


class PlanCase(FreshCase):
    def setUp(self):
        super().setUp()
        self.world = self.make_prepared()

    def another_world(self, config=None):
        world = World(config)
        self.addCleanup(world.close)
        return world

    def make_prepared(self, start=START):
        world = self.another_world(SETTINGS)
        world.ctl("domain", "add", "one.example", "--class=relay", "--route=[gw.example]")
        world.ctl("domain", "add", "alias.example", "--class=virtual-alias")
        world.ctl("domain", "add", "rule.example", "--class=relay", "--route=[gw.example]", "--rule=%m@rule.example")
        self.direct(world, start, name="start.csv")
        return world

    def gif(self, world, *args, rc=0):
        return world.run("gif-import", "--config", world.conf, *args, rc=rc)

    def direct(self, world, content, *options, name="in.csv", rc=0):
        world.file(name, content)
        return self.gif(world, *options, name, rc=rc)

    def plan(self, content, *options, world=None, rc=0, name="in.csv"):
        world = world or self.world
        world.file(name, content)
        return self.gif(world, "--plan-out=the.plan", *options, name, rc=rc)

    def apply(self, *options, world=None, rc=0):
        return self.gif(world or self.world, "--apply-plan=the.plan", *options, rc=rc)

    def plan_path(self, world=None):
        return os.path.join((world or self.world).work, "the.plan")

    def assert_stale(self, *says):
        before = self.world.export(), self.world.status()
        done = self.apply(rc=3)
        for text in ("stale",) + says:
            self.assertIn(text, done.err)
        self.assertEqual((self.world.export(), self.world.status()), before, "nothing was changed")

    @staticmethod
    def batch(world):
        """The last batch without what two runs cannot share."""
        shown = world.ctl("show", str(world.status()["batch"]), "--json").json()[0]
        return {key: value for key, value in shown.items() if key not in ("time", "hash", "previous")}

    def assert_same_as_direct(self, content, *options, rc=0):
        other = self.make_prepared()
        done = self.direct(other, content, *options, rc=rc)
        planned = self.plan(content, *options, rc=rc)
        applied = self.apply()
        self.assertEqual(self.world.export(), other.export())
        self.assertEqual(self.batch(self.world), self.batch(other))
        keys = ("rows", "created", "modified", "deleted", "unchanged", "addresses_added", "addresses_removed", "applied", "batch", "generation")
        summaries = [[summary(d)[key] for key in keys] for d in (done, applied)]
        self.assertEqual(*summaries)
        self.assertEqual(summary(planned)["applied"], False)
        for world in (self.world, other):
            world.ctl("history", "--verify")
            world.ctl("rollback", str(world.status()["batch"]))
        self.assertEqual(self.world.export(), other.export(), "undone alike")


class Same(PlanCase):
    def test_same_as_direct(self):
        """plan and apply leave the objects, generated addresses, files, counts and undo records of an import"""
        self.assert_same_as_direct(CHANGES)

    def test_notices(self):
        """notices that removed addresses leave are the import's, too"""
        self.plan(CHANGES)
        self.apply()
        self.world.start()
        with self.world.policy() as policy:
            self.assertIn("550 5.1.6", policy.ask("carl@one.example"))

    def test_keep_going(self):
        """of a run with bad rows the good ones; the bad ones are written at once"""
        self.assert_same_as_direct(CHANGES + "mailbox,create,evil,,SMTP:ann@one.example@,,,\n", "--keep-going", rc=1)
        with open(os.path.join(self.world.work, "in.csv.err"), encoding="ascii") as file:
            self.assertEqual(file.read(), HEAD + "mailbox,create,evil,,SMTP:ann@one.example@,,,\n")

    def test_several_files_and_options(self):
        """several files are one plan; what decides is in the plan and not asked again"""
        self.world.file("a.csv", HEAD + "mailbox,,eva,eva,,,,\n")
        self.world.file("b.csv", "Obj-Class,Directory Name,Alias Name\nmailbox,fred,fred\n")
        self.gif(self.world, "--rule=%m@one.example", "--mode=create", "--plan-out=the.plan", "a.csv", "b.csv")
        os.unlink(os.path.join(self.world.work, "a.csv"))
        self.world.file("b.csv", "something else")
        self.apply()
        names = {o["name"]: o["addresses"] for o in self.world.export()}
        self.assertEqual(names["fred"], ["SMTP:fred@one.example"])
        self.assertEqual(names["eva"], ["SMTP:eva@one.example"])
        self.assertEqual([f["name"] for f in self.batch(self.world)["files"]], ["a.csv", "b.csv"])

    def test_descendants(self):
        """a plan of an LDIF file"""
        self.assert_same_as_direct("dn: cn=Ann\nobjectClass: user\nproxyAddresses: SMTP:ldif@one.example\n\n")

    def test_nothing_to_change(self):
        """a plan without a change commits nothing"""
        self.plan(START)
        generation = self.world.status()["generation"]
        told = summary(self.apply())
        self.assertEqual((told["applied"], told["batch"], told["generation"]), (True, None, generation))

    def test_no_store_yet(self):
        """a plan for a store that is not there makes it"""
        world = self.another_world()
        self.plan(START, world=world)
        self.assertFalse(os.path.exists(world.store))
        self.apply(world=world)
        self.assertEqual(len(world.export()), 5)

    def test_plan_changes_nothing(self):
        """--plan-out prints what --dry-run prints, changes nothing, and keeps the plan from others' eyes"""
        status = self.world.status()
        self.world.file("in.csv", CHANGES)
        dry = self.gif(self.world, "--dry-run", "in.csv").out.splitlines()
        planned = self.plan(CHANGES).out.splitlines()
        self.assertEqual(planned[:-2], dry[:-2])
        shown = self.apply("--dry-run").out.splitlines()
        changes = [line for line in dry[:-2] if line[:2] in ("  ", "cr", "mo", "de")]
        self.assertTrue(changes)
        self.assertEqual([line for line in shown if line in changes], changes, "a dry run of a plan shows the same")
        self.assertEqual(self.world.status(), status)
        self.assertEqual(stat.S_IMODE(os.stat(self.plan_path()).st_mode), 0o600)
        self.assertEqual(sorted(os.listdir(self.world.work)), ["in.csv", "start.csv", "the.plan"], "no temporary file stays")

    def test_json(self):
        """with --json the lines of a dry run, and of an import"""
        lines = self.plan(CHANGES, "--json").json()
        self.assertEqual([line["type"] for line in lines if line["type"] == "change"], ["change"] * 6)
        lines = self.apply("--json").json()
        self.assertEqual([line["type"] for line in lines], ["summary"])
        self.assertEqual((lines[0]["created"], lines[0]["applied"]), (2, True))


class Stale(PlanCase):
    def test_applied_twice(self):
        self.plan(CHANGES)
        self.apply()
        self.assert_stale("batch", "gif-import")

    def test_policyctl(self):
        self.plan(CHANGES)
        self.world.ctl("object", "add", "other", "--address=other@one.example")
        self.assert_stale("policyctl")

    def test_another_import(self):
        self.plan(CHANGES)
        self.direct(self.world, "Obj-Class,Directory Name\nmailbox,other\n", name="other.csv")
        self.assert_stale("gif-import")

    def test_domain(self):
        self.plan(CHANGES)
        self.world.ctl("domain", "set", "one.example", "--unknown=defer")
        self.assert_stale("policyctl")

    def test_another_store(self):
        """batches of the same number, and another history"""
        self.plan(CHANGES)
        other = self.make_prepared(START + "mailbox,,one,more,,,,\n")
        with open(self.plan_path(), "rb") as file:
            other.file("the.plan", file.read())
        done = self.apply(world=other, rc=3)
        self.assertIn("another history", done.err)
        bare = self.another_world()
        with open(self.plan_path(), "rb") as file:
            bare.file("the.plan", file.read())
        self.apply(world=bare, rc=3)
        self.assertFalse(os.path.exists(bare.store), "no store is made for a stale plan")

    def test_directory_claims(self):
        """an address that the plan claims went to the directory"""
        self.plan(CHANGES)
        self.world.replicate({"name": "zoe", "address": "SMTP:dora@one.example"})
        self.assert_stale("address smtp:dora@one.example")

    def test_directory_moves_what_was_read(self):
        """an address that the plan only read; the absence of one counts as well"""
        self.world.replicate({"name": "zoe", "address": "SMTP:zoe@one.example"})
        self.plan(HEAD + "dl,modify,team,,,,zoe@one.example%yan@one.example,\n")
        for address in ("yan@one.example", "zoe@one.example"):
            with self.subTest(address):
                self.world.replicate({"name": "zoe", "address": f"SMTP:x{address}"}, {"name": "yan", "address": f"SMTP:{address}"})
                self.assert_stale(f"address smtp:{address}")
                self.world.replicate({"name": "yan", "address": "SMTP:other@one.example"}, {"name": "zoe", "address": "SMTP:zoe@one.example"})

    def test_directory_lists_above(self):
        """a list of the directory that came to hold a list whose limits were judged"""
        self.world.replicate({"name": "up", "class": "dl", "address": "SMTP:up@alias.example", "member": ["team@alias.example"]})
        self.plan(HEAD + "dl,modify,team,,,,carl,\n")
        self.world.replicate({"name": "upper", "class": "dl", "address": "SMTP:upper@alias.example", "member": ["team@alias.example"]})
        self.assert_stale("references to team@alias.example")

    def test_directory_elsewhere(self):
        """replication that touches nothing that the plan read or claims does no harm, and takes ids"""
        other = self.make_prepared()
        rows = [{"name": f"d{n}", "address": f"SMTP:d{n}@one.example"} for n in range(20)]
        self.plan(CHANGES)
        self.world.replicate(*rows)
        other.replicate(*rows)
        self.apply()
        self.direct(other, CHANGES)
        self.assertEqual(self.world.export(), other.export())
        self.world.start()
        with self.world.socketmap() as socketmap:
            self.assertEqual(socketmap.ask("relay_recipient_maps", "dora@one.example"), "OK dora@one.example")
            self.assertEqual(socketmap.ask("relay_recipient_maps", "d7@one.example"), "OK d7@one.example")


class Guards(PlanCase):
    MANY = HEAD + "".join(f"mailbox,delete,m{n},,,,,\n" for n in range(20))

    def setUp(self):
        super().setUp()
        self.direct(self.world, HEAD + "".join(f"mailbox,,m{n},m{n},SMTP:m{n}@one.example,,,\n" for n in range(20)), name="many.csv")

    def test_breach_at_planning(self):
        """the plan is saved, and applied with --force only"""
        self.assertIn("GIF0932", self.plan(self.MANY, rc=3).err)
        done = self.apply(rc=3)
        self.assertIn("GIF0932", done.err)
        self.assertIn("when the plan was made", done.err)
        self.apply("--max-delete=100%", rc=3)
        self.apply("--force")
        self.assertEqual(len(self.world.export()), 5)

    def test_forced_plan(self):
        """what was forced when it was planned is forced"""
        self.plan(self.MANY, "--force")
        self.apply()

    def test_guards_of_the_moment(self):
        """a guard that came later holds, and one that the planner gave himself has held"""
        self.plan(self.MANY, "--max-delete=100%")
        self.assertIn("GIF0933", self.apply("--must-keep=m3@one.example", "--max-delete=100%", rc=3).err)
        self.assertIn("GIF0932", self.apply("--max-delete=3", rc=3).err)
        self.world.write_config({"import": {"must-keep": "m3@one.example"}})
        self.assertIn("GIF0933", self.apply("--max-delete=100%", rc=3).err)
        self.apply("--force")

    def test_force_asks_no_guard(self):
        """an address to be kept whose record is damaged stops a plan, but not a forced one"""
        mark = "Zq7Xk9Wv3Jb5-a-display-name-that-stands-in-one-record-only"
        self.world.ctl("object", "add", "victim", "--class=dl", f"--display={mark}", "--address=SMTP:victim@alias.example", "--member=ann")
        self.plan(HEAD + "mailbox,create,new,new,SMTP:new@one.example,,,\n")
        with open(self.world.store, "r+b") as out:
            data = out.read()
            for place in (i for i in range(len(data)) if data.startswith(mark.encode(), i)):
                out.seek(place)
                out.write(b"\xff" * len(mark))
        self.assertIn("GIF0930", self.apply("--must-keep=victim@alias.example", rc=75).err)
        self.apply("--must-keep=victim@alias.example", "--force")


class Refused(PlanCase):
    def setUp(self):
        super().setUp()
        self.plan(CHANGES)
        with open(self.plan_path(), "rb") as file:
            self.good = file.read()

    def refuse(self, says, rc=3):
        generation = self.world.status()["generation"]
        done = self.apply(rc=rc)
        self.assertIn(says, done.err)
        self.assertEqual(summary(done)["applied"], False)
        self.assertEqual(self.world.status()["generation"], generation)

    def write(self, content):
        self.world.file("the.plan", content)

    def test_damage(self):
        """a bit anywhere, an end that is missing, something behind it"""
        rng = random.Random(7)
        places = set(range(0, 64)) | {len(self.good) - n for n in range(1, 48)} | {rng.randrange(len(self.good)) for _ in range(60)}
        for at in sorted(places):
            with self.subTest(at=at):
                self.write(self.good[:at] + bytes([self.good[at] ^ (1 << rng.randrange(8))]) + self.good[at + 1:])
                self.refuse("plan")
        for size in [0, 1, 18, 19, 58, 59, len(self.good) // 2, len(self.good) - 33, len(self.good) - 1]:
            with self.subTest(size=size):
                self.write(self.good[:size])
                self.refuse("plan")
        for content in (self.good + b"x", self.good + self.good, self.good[:-32], b"Obj-Class,Directory Name\nmailbox,ann\n" * 9):
            self.write(content)
            self.refuse("plan")
        self.write(self.good)
        self.apply()

    def test_another_version(self):
        self.write(self.good.replace(b"plan 1\n", b"plan 2\n", 1))
        self.refuse("another version")

    def test_what_is_no_plain_file(self):
        """a symbolic link, a FIFO, a device, a directory, a file that everybody may write to"""
        path = self.plan_path()
        kept = path + ".kept"
        os.rename(path, kept)
        os.symlink(kept, path)
        self.refuse("symbolic link")
        os.unlink(path)
        os.mkfifo(path)
        os.chmod(path, 0o644)
        self.refuse("FIFO")
        os.unlink(path)
        os.mkdir(path)
        self.refuse("directory")
        os.rmdir(path)
        self.refuse("No such file", rc=1)
        self.assertIn("device", self.gif(self.world, "--apply-plan=/dev/zero", rc=3).err)
        os.rename(kept, path)
        os.chmod(path, 0o602)
        self.refuse("everybody")
        os.chmod(path, 0o600)
        self.apply()

    def test_signatures(self):
        """where signatures are required a plan of unsigned files is refused"""
        self.assertIn("GIF0940", self.apply("--require-signature", rc=3).err)

    def test_usage(self):
        """what decides has no place beside a plan that was decided"""
        self.world.file("in.csv", CHANGES)
        for args in (["in.csv"], ["--plan-out=other"], ["--mode=create"], ["--overwrite"], ["--keep-going"], ["--rule=%m@one.example"],
                     ["--codepage=850"], ["--options=x"], ["--format=gif"], ["--mv-separator=^"], ["--compat"]):
            with self.subTest(args):
                self.assertIn("--apply-plan", self.apply(*args, rc=2).err)
        self.gif(self.world, "--plan-out=other", rc=2)

    def test_bad_rows(self):
        """a run that would change nothing saves nothing, and leaves what was saved before"""
        self.plan(HEAD + "mailbox,create,x,x,SMTP:ann@one.example@,,,\n", rc=1)
        with open(self.plan_path(), "rb") as file:
            self.assertEqual(file.read(), self.good)
        self.gif(self.world, "--plan-out=nowhere/the.plan", "in.csv", rc=1)
        self.assertEqual(sorted(os.listdir(self.world.work)), ["in.csv", "start.csv", "the.plan"])


class Many(PlanCase):
    def test_100_000(self):
        """100,000 rows, of which a tenth change again"""
        count = 100_000 // MEMORY_FACTOR // 10 * 10
        rows = "".join(f"mailbox,,n{n},n{n},SMTP:n{n}@one.example,smtp:s{n}@one.example,,\n" for n in range(count))
        self.plan(HEAD + rows)
        size = os.path.getsize(self.plan_path())
        self.assertEqual(summary(self.apply())["created"], count)
        self.assertLess(size, 1000 * count)
        again = "".join(f"mailbox,modify,n{n},,SMTP:s{n}@one.example,,,\n" for n in range(0, count, 10))
        self.plan(HEAD + again)
        self.assertEqual(summary(self.apply())["modified"], count // 10)
        self.world.ctl("history", "--verify")


class Outputs(FreshCase):
    """Names that are given twice by mistake cost neither the input nor the store."""

    def test_outputs_replace_nothing_that_is_needed(self):
        world = self.make_world()
        world.ctl("object", "add", "ann", "--address=ann@north.example")
        given = world.file("given.csv", "Obj-Class,Directory Name\nmailbox,bob\n")
        plan, page = os.path.join(world.work, "a.plan"), os.path.join(world.work, "a.html")
        before = world.export()

        def run(*args, rc=2):
            return world.run("gif-import", "--config", world.conf, *args, rc=rc)

        for options in (
            [f"--plan-out={given}"], [f"--plan-out={world.store}"], [f"--report={world.store}"], [f"--report={world.conf}"],
            [f"--report={page}", f"--plan-out={page}"], ["--plan-out="], ["--report="], [f"--plan-out={world.work}"],
            ["--plan-out=/dev/null"], [f"--options={given}", f"--plan-out={given}"],
        ):
            with self.subTest(options=options):
                self.assertEqual(run(*options, given).out, "")
                with open(given, encoding="ascii") as file:
                    self.assertTrue(file.read().startswith("Obj-Class"))
                self.assertEqual(world.export(), before)
        run(f"--plan-out={plan}", f"--report={page}", given, rc=0)
        run(f"--apply-plan={plan}", f"--report={plan}", rc=1)
        run(f"--apply-plan={plan}", f"--report={page}", rc=0)


if __name__ == "__main__":
    unittest.main()
