"""The plan as people read it: --dry-run's conflicts and totals, and the page of --report."""

import hashlib
import os
import stat
import unittest

import people
from harness import WorldCase
from page import HEADER, HOSTILE, Page, hostile_rows


def row(name, primary="", secondary="", mode="", display=""):
    return f"mailbox,{mode},{name},{display},{primary},{secondary}\r\n"


class Plan(WorldCase):
    START = False

    @classmethod
    def populate(cls, world):
        people.declare(world)
        world.imp(HEADER + row("ann", "SMTP:ann@company.example", "smtp:a@domain2.example%smtp:b@company.example")
                  + row("ben", "SMTP:ben@company.example"), name="first.csv")

    def plan(self, rows, *options, rc=0, **kw):
        """The plan's text without the summary."""
        done = self.world.imp(HEADER + rows, "--dry-run", *options, rc=rc, **kw)
        return done.out.split("\n")[:-3]

    def page(self, rows, *options, rc=0, name=None, content=None):
        path = os.path.join(self.world.work, "page.html")
        done = self.world.imp(content if content is not None else HEADER + rows, f"--report={path}", *options, rc=rc, name=name)
        with open(path, encoding="utf-8") as file:
            page = Page(file.read())
        page.self_contained()
        os.unlink(path)
        self.assertEqual([name for name in os.listdir(self.world.work) if "page.html" in name], [], "no temporary file stays")
        return page, done

    def test_changes_and_totals(self):
        """what each object gains and loses, and then each domain"""
        lines = self.plan(row("ann", "SMTP:b@company.example", "~DEL<smtp:a@domain2.example>") + row("new", "SMTP:new@elsewhere.example", "X400:c=US;a= ;"))
        self.assertEqual(lines, [
            "modify mailbox ann", "  - smtp:a@domain2.example", "  ^ SMTP:b@company.example",
            "create mailbox new", "  + SMTP:new@elsewhere.example", "  + x400:c=US;a= ;",
            "addresses of each domain (+ added, - removed, ^ promoted):",
            "  X400:              no mail domain   +1 -0 ^0",
            "  company.example    relay            +0 -0 ^1",
            "  domain2.example    virtual-alias    +0 -1 ^0",
            "  elsewhere.example  not declared     +1 -0 ^0",
        ])

    def test_conflicts(self):
        """both sides of a conflict, and where each came from"""
        rows = (row("carl", "SMTP:carl@company.example") + row("dora", "SMTP:ben@company.example") + row("eve", "SMTP:carl@company.example")
                + row("ann", mode="create"))
        path = os.path.join(self.world.work, "second.csv")
        first = os.path.join(self.world.work, "first.csv")
        lines = self.plan(rows, rc=1, name="second.csv")
        batch = self.world.ctl("history", "--json").json()[-1]["batch"]
        start = lines.index("conflicts: 3")
        self.assertEqual(lines[start + 1:start + 10], [
            "  SMTP:ben@company.example (GIF0238)",
            f"    wanted by mailbox dora ({path} line 3)",
            f"    address of mailbox ben (batch {batch}, {first} line 3)",
            "  SMTP:carl@company.example (GIF0238)",
            f"    wanted by mailbox eve ({path} line 4)",
            f"    address of mailbox carl (this run, {path} line 2)",
            "  ann (GIF0287)",
            f"    wanted by mailbox ann ({path} line 5)",
            f"    name of mailbox ann (batch {batch}, {first} line 2)",
        ])

    def test_json_has_changes_only(self):
        """with --json the plan is lines of type change; the messages say who owns what"""
        lines = self.world.imp(HEADER + row("x", "SMTP:x@company.example") + row("y", "SMTP:ben@company.example"), "-n", "--json", rc=1).json()
        self.assertEqual({line["type"] for line in lines}, {"change", "diagnostic", "summary"})
        message = next(line["message"] for line in lines if line["type"] == "diagnostic" and line["code"] == "GIF0238")
        self.assertRegex(message, r'SMTP:ben@company\.example is an address of mailbox "ben" \(batch \d+, .*first\.csv line 3\)')

    def test_conflict_with_the_directory(self):
        """an address that the directory owns"""
        self.world.replicate({"synced": 1700000000}, {"name": "rep", "class": "mailbox", "address": "SMTP:rep@company.example"})
        lines = self.plan(row("taker", "SMTP:rep@company.example"), rc=1)
        self.assertIn("    address of mailbox rep (the directory, synchronised 2023-11-14T22:13:20Z)", lines)

    def test_page_of_a_plan(self):
        """a dry run: totals, domains, changes and messages on a page; nothing is changed"""
        before = self.world.status()
        rows = row("ann", "SMTP:b@company.example") + row("p1", "SMTP:p1@elsewhere.example", display="Pe One")
        page, done = self.page(rows, "--dry-run", name="plan.csv")
        self.assertEqual(page.headings[0], "Dry run")
        self.assertEqual(self.world.status(), before)
        self.assertIn("Objects created1", page.sections["Totals"].replace("\n", ""))
        path = os.path.join(self.world.work, "plan.csv")
        self.assertEqual(page.rows("Changes"), [
            ["create", "mailbox", "p1Pe One", "+ SMTP:p1@elsewhere.example", "1", path + ":3"],
            ["modify", "mailbox", "ann", "\u2191 SMTP:b@company.example", "1", path + ":2"],
        ])
        self.assertEqual([r[:5] for r in page.rows("Domains")],
                         [["company.example", "relay", "0", "0", "1"], ["elsewhere.example", "not declared", "1", "0", "0"]])
        self.assertEqual(page.rows("Messages")[0][:4], ["info", "GIF0908", path + ":3", "p1"])
        digest = hashlib.sha256((HEADER + rows).encode()).hexdigest()
        self.assertEqual(page.rows("Files"), [[path, digest]])
        self.assertIn("Passed: 0 of", page.sections["guards"])
        self.assertIn("--dry-run", page.sections["run"])
        self.assertIn("+ SMTP:p1@elsewhere.example", done.out)

    def test_page_of_an_import(self):
        """applied: the batch's number is on it"""
        page, done = self.page(row("applied", "SMTP:applied@company.example"))
        self.assertEqual(page.headings[0], "Applied")
        self.assertIn(f'<b>Batch {done.json()[-1]["batch"]}</b>' if done.out.startswith("{") else f'<b>Batch {self.world.status()["batch"]}</b>', page.text)
        page, done = self.page(row("applied", "SMTP:applied@company.example"))
        self.assertEqual(page.headings[0], "Nothing to change")
        page, done = self.page(row("part", "SMTP:part@company.example") + row("bad", "SMTP:broken"), "--keep-going", rc=1)
        self.assertEqual(page.headings[0], "Applied in part")

    def test_page_of_a_refusal(self):
        """a refused run leaves its page as well: conflicts on top, the guards' verdict, files that could not be read"""
        page, _ = self.page(row("taker", "SMTP:ann@company.example"), rc=1, name="taker.csv")
        self.assertEqual(page.headings[:2], ["Not applied", "Conflicts 1"])
        conflict = page.rows("Conflicts")[0]
        self.assertEqual((conflict[0], conflict[3]), ("SMTP:ann@company.example", "GIF0238"))
        self.assertIn("taker.csv line 2", conflict[1])
        self.assertRegex(conflict[2], r"mailbox annas its address, from batch \d+, .*first\.csv line 2")
        page, _ = self.page(row("ann", mode="delete"), "--max-delete=0", rc=3)
        self.assertEqual(page.headings[0], "Refused")
        self.assertIn("more than max-delete 0 allows", page.sections["guards"])
        page, _ = self.page(row("ann", mode="delete"), "--max-delete=0", "-n", rc=3)
        self.assertEqual(page.headings[0], "Dry run: would be refused")
        page, _ = self.page("", rc=1, content="no header\r\n")
        self.assertEqual(page.headings[0], "Not applied")
        self.assertEqual(page.rows("Files")[0][1], "nothing of it could be used")
        self.assertEqual(page.rows("Changes"), [])

    def test_saved_plan(self):
        """applying a saved plan writes its page, whether it is applied, stale or damaged"""
        plan, path = (os.path.join(self.world.work, name) for name in ("a.plan", "page.html"))
        content = HEADER + row("planned", "SMTP:planned@company.example") + row("ben", mode="delete")
        source = self.world.file("planned.csv", content)
        apply = ("gif-import", "--config", self.world.conf, f"--apply-plan={plan}", f"--report={path}")

        def page():
            with open(path, encoding="utf-8") as file:
                found = Page(file.read())
            found.self_contained()
            os.unlink(path)
            return found

        self.world.run("gif-import", "--config", self.world.conf, "-n", f"--plan-out={plan}", f"--report={path}", source)
        decided = page()
        self.assertEqual(decided.headings[0], "Dry run")
        self.world.run(*apply, "-n")
        shown = page()
        self.assertEqual(shown.headings[0], "Dry run")
        self.assertEqual([r[:5] for r in shown.rows("Changes")], [r[:5] for r in decided.rows("Changes")])
        self.assertEqual(shown.rows("Domains"), decided.rows("Domains"))
        self.world.run(*apply)
        done = page()
        self.assertEqual(done.headings[0], "Applied")
        self.assertIn(f'<b>Batch {self.world.status()["batch"]}</b>', done.text)
        self.assertEqual(done.rows("Files"), [[source, hashlib.sha256(content.encode()).hexdigest()]])
        self.assertIn("Passed:", done.sections["guards"])
        self.world.run(*apply, rc=3)
        stale = page()
        self.assertEqual((stale.headings[0], stale.rows("Messages")[0][1]), ("Refused", "GIF0937"))
        with open(plan, "r+b") as file:
            file.truncate(100)
        self.world.run(*apply, rc=3)
        self.assertEqual(page().rows("Files"), [[plan, "nothing of it could be used"]])
        self.world.run("gif-import", "--config", self.world.conf, f"--apply-plan={plan}", f"--report={plan}", rc=1)
        self.world.imp(HEADER + row("ben", "SMTP:ben@company.example") + row("planned", mode="delete"), "--force")

    def test_several_files(self):
        """one page for all files of a run"""
        one = self.world.file("one.csv", HEADER + row("f1", "SMTP:f1@company.example"))
        two = self.world.file("two.csv", HEADER + row("f2", "SMTP:f2@company.example"))
        page, _ = self.page(row("f3", "SMTP:f3@company.example"), "-n", one, os.path.join(self.world.work, "missing.csv"), two, rc=1, name="three.csv")
        self.assertEqual({(r[2], r[5]) for r in page.rows("Changes")},
                         {("f1", one + ":2"), ("f2", two + ":2"), ("f3", os.path.join(self.world.work, "three.csv") + ":2")})
        self.assertEqual([len(r[1]) == 64 for r in page.rows("Files")], [True, False, True, True])

    def test_hostile(self):
        """names that are markup, turn the text around or cannot be seen are shown, and do nothing"""
        page, _ = self.page(hostile_rows(), "-n")
        rows = page.rows("Changes")
        self.assertEqual(len(rows), len(HOSTILE))
        self.assertIn("</script><script>alert(1)</script>", rows[0][2])
        self.assertIn("U+202Egnp.exe", rows[3][2])
        self.assertIn("(805 bytes in all)", rows[9][2])
        for forbidden in "\u202e\u2066\u2028\u2029\u200b\u200d\ufeff":
            self.assertNotIn(forbidden, page.text)
        page, _ = self.page(row("<script>.csv", "SMTP:broken<x>"), rc=1, name="<script>alert(1)<\u202e.csv")
        self.assertIn("<script>alert(1)<U+202E.csv", page.rows("Files")[0][0])

    def test_many(self):
        """the first thousand of each kind, exact counts of the rest; two kilobytes a row at most"""
        count = 3200
        rows = "".join(row(f"m{n}", f"SMTP:m{n}@d{n}.example") for n in range(count))
        page, _ = self.page(rows, "-n")
        self.assertEqual(len(page.rows("Changes")), 1000)
        self.assertIn("The first 1,000 of 3,200 created objects are listed; 2,200 are not.", page.sections["changes"])
        self.assertIn("The first 1,000 of 3,200 infos are listed; 2,200 are not.", page.sections["diagnostics"])
        domains = page.rows("Domains")
        self.assertEqual((domains[-1][0], domains[-1][2]), ("all other domains", "2,200"))
        self.assertLess(len(page.text), 3000 * 2048)

    def test_bad_places(self):
        """where the page cannot be, nothing is changed"""
        before = self.world.status()
        victim = self.world.file("victim.csv", HEADER + row("v", "SMTP:v@company.example"))
        link = os.path.join(self.world.work, "link.csv")
        os.symlink(victim, link)
        fifo = os.path.join(self.world.work, "fifo.html")
        os.mkfifo(fifo)
        for place in (os.path.join(self.world.work, "no", "page.html"), self.world.work, victim, link, fifo, "/dev/null", "/proc/page.html"):
            with self.subTest(place=place):
                done = self.world.run("gif-import", "--config", self.world.conf, f"--report={place}", victim, rc=1)
                self.assertIn("GIF0935", done.err)
                self.assertIn(place, done.err)
        self.assertEqual(self.world.status(), before)
        with open(victim, encoding="utf-8") as file:
            self.assertTrue(file.read().startswith("Obj-Class"))

    def test_full_disk(self):
        """a page that does not fit is told before the commit, and leaves neither a page nor a batch"""
        path = os.path.join(self.world.work, "full.html")
        before = self.world.status()["generation"]

        def small_files():
            import resource
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            # Larger than the store, smaller than the page.
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

        done = self.world.imp(HEADER + row("fd", "SMTP:fd@company.example"), f"--report={path}", rc=1, preexec=small_files)
        self.assertEqual(done.err.count("GIF0935"), 1, done.err)
        self.assertEqual(self.world.status()["generation"], before)
        self.assertEqual([name for name in os.listdir(self.world.work) if "full.html" in name], [])

    def test_replaced(self):
        """a page of before is replaced; its mode is the umask's"""
        path = self.world.file("old.html", "old")
        self.world.imp(HEADER, f"--report={path}", "-n")
        with open(path, encoding="utf-8") as file:
            self.assertIn("<h1>Nothing to change</h1>", file.read())
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o111, 0)


if __name__ == "__main__":
    unittest.main()
