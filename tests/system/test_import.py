"""gif-import as a whole: plans, guards, good rows beside bad ones, what the end of a run shows."""

import json
import os
import unittest

from harness import World

MAILBOXES = "Obj-Class,Mode,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\r\n"


def mailboxes(count, mode=""):
    rows = [f"mailbox,{mode},m{i},SMTP:m{i}@company.example,smtp:m{i}@second.example" for i in range(count)]
    return MAILBOXES + "\r\n".join(rows) + "\r\n"


def deletions(names):
    return "Obj-Class,Mode,Directory Name\r\n" + "".join(f"mailbox,delete,{name}\r\n" for name in names)


class Import(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.world.ctl("domain", "add", "company.example", "--class=relay", "--route=[127.0.0.1]:25")
        self.world.ctl("domain", "add", "alias.example", "--class=virtual-alias")
        self.world.imp(mailboxes(20), name="base.csv")
        self.before = self.world.ctl("export").out

    def objects(self):
        return self.world.export()

    def summary(self, done):
        """The last line of standard output is the summary, as text and as JSON."""
        last = json.loads(done.out.splitlines()[-1])
        self.assertEqual(last["type"], "summary")
        return last

    def test_again(self):
        """A second identical import is no batch and no generation."""
        generation = self.world.status()["generation"]
        last = self.summary(self.world.imp(mailboxes(20)))
        self.assertEqual((last["unchanged"], last["modified"], last["batch"]), (20, 0, None))
        self.assertEqual(last["generation"], generation)
        self.assertEqual(self.world.status()["generation"], generation)

    def test_order_of_the_plan(self):
        """a plan that can be read is sorted; a larger one has the order of the rows, with changes of all kinds in it"""
        rows = ["mailbox,create,m%05d,SMTP:m%05d@one.example," % (i, i) for i in range(10000, 0, -1)]
        self.world.imp(MAILBOXES + "mailbox,create,old,SMTP:old@one.example,smtp:o@one.example\r\n"
                       + "mailbox,create,gone,SMTP:gone@one.example,\r\n")
        for extra, ordered in ([], sorted), (["mailbox,modify,old,,smtp:older@one.example",
                                              "mailbox,delete,gone,,"], list):
            middle = rows[:5000] + extra + rows[5000:]
            lines = self.world.imp(MAILBOXES + "".join(row + "\r\n" for row in middle), "--dry-run", "--json",
                                   "--force").json()
            names = [line["name"] for line in lines if line["type"] == "change"]
            self.assertEqual(names, ordered(row.split(",")[2] for row in middle))
            self.assertEqual(lines[-1]["created"], 10000)

    def test_order_of_objects_that_come_twice(self):
        """what counts is how many objects change, not how many rows change them"""
        numbers = range(6000, 0, -1)
        rows = (["mailbox,update,m%04d,SMTP:m%04d@one.example," % (i, i) for i in numbers]
                + ["mailbox,update,m%04d,,smtp:s%04d@one.example" % (i, i) for i in numbers])
        lines = self.world.imp(MAILBOXES + "".join(row + "\r\n" for row in rows), "--dry-run", "--json").json()
        names = [line["name"] for line in lines if line["type"] == "change"]
        self.assertEqual(names, ["m%04d" % i for i in reversed(numbers)])

    def test_dry_run(self):
        generation = self.world.status()["generation"]
        content = MAILBOXES + "mailbox,,new,SMTP:new@company.example,\r\nmailbox,,m1,SMTP:m1@second.example,\r\n"
        lines = self.world.imp(content + "mailbox,delete,m2,,\r\n", "--dry-run", "--json").json()
        changes = {x["name"]: x for x in lines if x["type"] == "change"}
        self.assertEqual({name: x["action"] for name, x in changes.items()}, {"m1": "modify", "m2": "delete", "new": "create"})
        self.assertEqual(changes["new"]["added"], ["SMTP:new@company.example"])
        self.assertEqual(changes["m1"]["promoted"], ["SMTP:m1@second.example"])
        self.assertEqual(changes["m1"]["removed"], [])
        self.assertEqual(sorted(changes["m2"]["removed"]), ["SMTP:m2@company.example", "smtp:m2@second.example"])
        self.assertFalse(lines[-1]["applied"])
        self.assertEqual(self.world.status()["generation"], generation)
        self.assertEqual(self.world.ctl("export").out, self.before)

    def test_max_delete(self):
        """10 % of 20 is less than the 5 that may always go; a number has no such floor."""
        six = deletions([f"m{i}" for i in range(6)])
        self.assertEqual(self.summary(self.world.imp(six, rc=3))["deleted"], 6)
        self.assertEqual(self.world.ctl("export").out, self.before)
        self.world.imp(deletions(["m0"]), "--max-delete=0", rc=3)
        self.world.imp(six, "--keep-going", rc=3)
        self.assertEqual(self.summary(self.world.imp(six, "--force"))["deleted"], 6)

    def test_moved_addresses_are_not_gone(self):
        rows = "".join(f"mailbox,,m{i},,~DEL\r\nmailbox,,m{i + 10},,smtp:m{i}@second.example\r\n" for i in range(10))
        last = self.summary(self.world.imp(MAILBOXES + rows, "--max-delete=0"))
        self.assertEqual((last["addresses_added"], last["addresses_removed"]), (10, 10))

    def test_must_keep(self):
        self.world.imp(deletions(["m3"]), "--must-keep=M3@company.example", rc=3)
        self.world.imp(deletions(["m3"]), "--must-keep=M3@company.example", "--force")
        self.world.imp(deletions(["m4"]), "--must-keep=m3@company.example")

    def test_judged_at_the_end(self):
        """GIF0920 to 0923 name their rows; the others are applied, the bad ones can be imported again."""
        content = (
            "Obj-Class,Mode,Directory Name,E-mail address,E-mail Addresses,Members\r\n"
            "mailbox,,fine,,SMTP:fine@company.example,\r\n"
            "mailbox,,lost,,SMTP:lost@alias.example,\r\n"
            "dl,,one,,SMTP:one@alias.example,two\r\n"
            "dl,,two,,SMTP:two@alias.example,one\r\n"
            "dl,,team,,SMTP:team@alias.example,fine%m1\r\n"
        )
        done = self.world.imp(content, "--json", rc=1, name="judged.csv").json()
        found = [(x["line"], x["code"]) for x in done if x.get("severity") == "error"]
        self.assertEqual(found, [(3, "GIF0922"), (4, "GIF0920"), (5, "GIF0920")])
        self.assertEqual(self.world.ctl("export").out, self.before)
        last = self.summary(self.world.imp(content, "--keep-going", rc=1, name="judged.csv"))
        self.assertEqual((last["created"], last["errors"], last["applied"]), (2, 3, True))
        path = os.path.join(self.world.work, "judged.csv.err")
        with open(path, newline="", encoding="ascii") as file:
            lines = content.splitlines(keepends=True)
            self.assertEqual(file.read(), lines[0] + "".join(lines[2:5]))
        self.assertEqual({x["name"] for x in self.objects()} - {f"m{i}" for i in range(20)}, {"fine", "team"})

    def test_a_target_needs_its_address(self):
        remote = "Obj-Class,Directory Name,E-mail address,E-mail Addresses\r\nremote,r,SMTP:m5@company.example,SMTP:r@alias.example\r\n"
        self.world.imp(remote)
        done = self.world.imp(deletions(["m5", "m6"]), "--json", "--keep-going", rc=1, name="left.csv").json()
        self.assertEqual([(x["line"], x["code"]) for x in done if x.get("severity") == "error"], [(2, "GIF0923")])
        names = {x["name"] for x in self.objects()}
        self.assertIn("m5", names)
        self.assertNotIn("m6", names)

    def test_modes(self):
        rows = "Obj-Class,Directory Name\r\nmailbox,m1\r\n"
        self.world.imp(rows, "--mode=create", rc=1)
        self.world.imp("Obj-Class,Directory Name\r\nmailbox,nobody\r\n", "--mode=modify", rc=1)
        self.assertEqual(self.summary(self.world.imp(rows, "--mode=delete"))["deleted"], 1)

    def test_usage(self):
        for options in (["--mode=upsert"], ["--format=xls"], ["--codepage=none"], ["--mv-separator=xx"], ["--to=directory"],
                        ["--max-delete=lots"], ["--must-keep=nobody"], ["--quote-character=%"]):
            with self.subTest(options=options):
                self.world.imp(mailboxes(1), *options, rc=2)
        self.world.run("gif-import", rc=2)


if __name__ == "__main__":
    unittest.main()
