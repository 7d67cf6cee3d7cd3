"""policyctl explain: what it says of each kind of address, with and without a store; and that Postfix does what it says."""

import unittest

from harness import ALL_MAPS, FreshCase, WorldCase
from postfix_case import PostfixCase

HEADER = (
    "Obj-Class,Directory Name,E-mail address,E-mail Addresses,Secondary-Proxy-Addresses,Members,Alt-Recipient,Home-Server\r\n"
)
ROWS = """\
mailbox,ann,,SMTP:ann@company.example,smtp:a.lee@company.example%smtp:ann@alias.example,,,
mailbox,bob,,SMTP:bob@box.example,smtp:bob@alias.example%smtp:Left@box.example,,,
remote,ext,SMTP:ext@far.example,SMTP:ext@alias.example,,,,
dl,team,,SMTP:team@box.example,,ann%bob%guest@far.example,,
dl,nobody,,SMTP:empty@box.example,,,,
mailbox,away,,SMTP:away@box.example,,,bob,
mailbox,jorg,,SMTP:jörg@box.example,,,,
mailbox,quoted,,"SMTP:""john smith""@box.example",,,,
"""
SYNCED = 1795000000


def populate(world, relay="[127.0.0.1]:9", lmtp="inet:127.0.0.1:9"):
    ctl = world.ctl
    ctl("domain", "add", "company.example", "--class=relay", f"--route=relay:{relay}")
    ctl("domain", "add", "box.example", "--class=virtual-mailbox", f"--route=lmtp:{lmtp}")
    ctl("domain", "add", "alias.example", "--class=virtual-alias")
    world.imp(HEADER + ROWS.replace("\n", "\r\n"), name="people.csv")
    ctl("domain", "add", "mirror.example", "--mirror=box.example")
    ctl("domain", "add", "all.example", "--class=virtual-alias", "--catch-all=bob@box.example")
    ctl("domain", "add", "later.example", "--class=relay", "--unknown=defer")
    ctl("domain", "add", "routed.example", "--class=route", "--route=smtp:[127.0.0.1]:9")
    ctl("address", "remove", "left@box.example", "--moved-to=left@far.example")
    ctl("address", "remove", "a.lee@company.example", "--gone=married")
    world.replicate(
        {"synced": SYNCED},
        {"name": "6f9619ff", "dn": "cn=Dora,dc=company,dc=example", "address": "SMTP:dora@company.example"},
    )


def explain(world, key, rc=0):
    (answer,) = world.ctl("explain", "--json", key, rc=rc).json()
    return answer


def steps(answer):
    return [(step["step"], step["result"]) for step in answer["steps"]]


def decisive(answer):
    """The row that decided, and its step."""
    found = [(step["step"], row) for step in answer["steps"] for row in step.get("rows", []) if row["decides"] and step["step"] != "follow"]
    assert len(found) == 1, answer
    return found[0]


class ExplainCase(WorldCase):
    START = False

    @classmethod
    def populate(cls, world):
        world.write_config({"addresses": {"postmaster": "bob@box.example"}})
        populate(world)

    def explain(self, key, rc=0):
        return explain(self.world, key, rc)

    def source(self, key):
        return decisive(self.explain(key))[1]["source"]

    def sentence(self, key, rc=0):
        return self.world.ctl("explain", key, rc=rc).out.splitlines()[-1]

    def test_shape(self):
        """The members that the surface promises, in their order, for an address and for anything else."""
        for key in ("ANN+x@Company.example", "company.example", "x@nowhere.example", "*", "a b c", "@", "x@", '"'):
            answer = self.explain(key)
            self.assertEqual(list(answer), ["key", "canonical", "steps", "maps", "smtp", "policy"])
            self.assertEqual(answer["key"], key)
            self.assertEqual(set(answer["maps"]), set(ALL_MAPS))
            for reply in answer["maps"].values():
                self.assertEqual(list(reply), ["result", "value"])
                self.assertEqual(reply["result"] == "OK", reply["value"] != "", answer)

    def test_exact_row(self):
        answer = self.explain("Ann@COMPANY.example.")
        self.assertEqual(answer["canonical"], "ann@company.example")
        self.assertEqual(steps(answer)[:3], [("canonical", "found"), ("domain", "found"), ("exact", "found")])
        step, row = decisive(answer)
        self.assertEqual((row["kind"], row["role"], row["class"], row["object"]), ("local", "primary", "mailbox", "ann"))
        self.assertEqual(answer["maps"]["relay_recipient_maps"], {"result": "OK", "value": "ann@company.example"})
        self.assertEqual(answer["smtp"], "250 2.1.5 Ok")
        self.assertEqual(answer["policy"], "DUNNO")

    def test_sources(self):
        path = f"{self.world.work}/people.csv"
        self.assertEqual(self.source("ann@company.example"), {"batch": 4, "file": path, "line": 2})
        self.assertEqual(self.source("team@box.example"), {"batch": 4, "file": path, "line": 5})
        self.assertEqual(self.source("a.lee@company.example"), {"batch": 10})
        self.assertEqual(
            self.source("dora@company.example"), {"dn": "cn=Dora,dc=company,dc=example", "synced": "2026-11-18T11:06:40Z"}
        )
        text = self.world.ctl("explain", "dora@company.example").out
        self.assertIn("cn=Dora,dc=company,dc=example, the directory, synchronised 2026-11-18T11:06:40Z", text)

    def test_extension_and_mirror(self):
        answer = self.explain("bob+Tag@mirror.example")
        self.assertEqual(
            steps(answer)[2:],
            [("exact", "absent"), ("extension", "absent"), ("mirror", "absent"), ("mirror-extension", "found"), ("catch-all", "skipped")],
        )
        self.assertEqual(answer["maps"]["virtual_alias_maps"]["value"], "bob+Tag@box.example")

    def test_catch_all(self):
        answer = self.explain("anything@all.example")
        self.assertIn(("catch-all", "found"), steps(answer))
        self.assertEqual(answer["steps"][-1]["rows"][0]["object"], "bob")
        self.assertRegex(self.sentence("anything@all.example"), "goes to bob@box.example because nobody has it .*catch-all")

    def test_postmaster(self):
        self.assertIn(("postmaster", "found"), steps(self.explain("postmaster@box.example")))
        self.assertIn(("postmaster", "skipped"), steps(self.explain("postmaster@all.example")))

    def test_list_members(self):
        answer = self.explain("team@box.example")
        met = [step["rows"][0]["object"] for step in answer["steps"] if step["step"] == "follow" and "rows" in step]
        self.assertEqual(sorted(met), ["ann", "bob"])
        self.assertRegex(self.sentence("team@box.example"), 'goes to ann@company.example, bob@box.example, guest@far.example because .* dl "team"')

    def test_notices(self):
        moved, gone = self.explain("left@box.example"), self.explain("a.lee@company.example")
        self.assertTrue(moved["smtp"].startswith("550 5.1.6 "))
        self.assertEqual(moved["maps"]["relocated_maps"], {"result": "OK", "value": "left@far.example"})
        self.assertIn(("exact", "notice"), steps(moved))
        self.assertEqual(decisive(gone)[1]["notice"], "married")
        self.assertRegex(self.sentence("a.lee@company.example"), r"refused \(550 5.1.6\) because it is gone: married")

    def test_not_ours(self):
        for key, why in (("x@nowhere.example", "not declared"), ("x@routed.example", "routing only"), ("x@[127.0.0.1]", "no domain")):
            answer = self.explain(key)
            self.assertEqual((answer["smtp"], answer["policy"]), ("not ours", "DUNNO"), key)
            self.assertRegex(self.sentence(key), f"not ours: .*{why}")

    def test_unknown(self):
        self.assertTrue(self.explain("who@company.example")["smtp"].startswith("550 5.1.1 <who@company.example>: "))
        self.assertRegex(self.sentence("who@company.example"), r"refused \(550 5.1.1\) because nobody has it")

    def test_deferred_domain_is_temporary(self):
        """Its maps answer TEMP, so the exit code says so."""
        answer = self.explain("who@later.example", rc=75)
        self.assertEqual(answer["maps"]["relay_recipient_maps"]["result"], "TEMP")
        self.assertTrue(answer["smtp"].startswith("450 4.1.1 "))
        self.assertRegex(self.sentence("who@later.example", rc=75), "put off .* nobody has it .* defers unknown")

    def test_domain(self):
        answer = self.explain("Company.EXAMPLE")
        self.assertEqual(answer["canonical"], "company.example")
        self.assertEqual(answer["maps"]["relay_domains"], {"result": "OK", "value": "company.example"})
        self.assertEqual(answer["maps"]["relay_recipient_maps"]["result"], "NOTFOUND")
        self.assertIn("declared by batch 1", answer["steps"][1]["text"])
        self.assertRegex(self.sentence("company.example"), "declared with class relay, and its mail goes by relay:")

    def test_usage(self):
        self.world.ctl("explain", rc=2)
        self.world.ctl("explain", "a@b", "c@d", rc=2)
        self.world.ctl("explain", "", rc=2)
        self.world.ctl("explain", "a@b\nsender=x", rc=2)
        self.world.ctl("explain", "--", "-x@company.example")


class Sources(FreshCase):
    """Where a row comes from stays true through imports, plans and rollbacks."""

    HEAD = "Obj-Class,Mode,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\r\n"

    def setUp(self):
        super().setUp()
        world = self.make_world({"import": {"tombstone": "90d"}})
        world.ctl("domain", "add", "company.example", "--class=relay")
        self.first = world.file("first.csv", self.HEAD + "mailbox,,ann,SMTP:ann@company.example,smtp:a@company.example\r\n")
        self.second = world.file("second.csv", self.HEAD + "\r\nmailbox,,bob,SMTP:bob@company.example,\r\n")
        world.run("gif-import", "--config", world.conf, self.first, self.second)

    def source(self, address):
        return decisive(explain(self.world, f"{address}@company.example"))[1]["source"]

    def import_rows(self, rows, name="later.csv", *options, rc=0):
        self.world.imp(self.HEAD + rows, *options, name=name, rc=rc)
        return f"{self.world.work}/{name}"

    def test_each_file_of_a_run(self):
        self.assertEqual(self.source("ann"), {"batch": 2, "file": self.first, "line": 2})
        self.assertEqual(self.source("bob"), {"batch": 2, "file": self.second, "line": 3})

    def test_a_later_row_changes_only_what_it_brings(self):
        later = self.import_rows("mailbox,modify,ann,,smtp:new@company.example%smtp:A@company.example\r\n")
        self.assertEqual(self.source("ann")["file"], self.first)
        self.assertEqual(self.source("new"), {"batch": 3, "file": later, "line": 2})

    def test_notices_of_an_import(self):
        later = self.import_rows("\r\nmailbox,delete,ann,,\r\n", "later.csv", "--force")
        answer = explain(self.world, "a@company.example")
        row = decisive(answer)[1]
        self.assertEqual((row["kind"], row["source"]), ("notice", {"batch": 3, "file": later, "line": 3}))
        self.assertIsNotNone(row["expires"])

    def test_bad_rows_leave_nothing(self):
        later = self.import_rows(
            "mailbox,,carl,SMTP:carl@company.example,\r\nmailbox,,dora,SMTP:ann@company.example,smtp:d@company.example\r\n",
            "later.csv", "--keep-going", rc=1,
        )
        self.assertEqual(self.source("carl"), {"batch": 3, "file": later, "line": 2})
        self.assertEqual(self.source("ann")["batch"], 2)

    def test_rollback(self):
        """What was there all the time keeps its source; what comes back comes from the rollback."""
        self.world.ctl("address", "remove", "a@company.example")
        self.world.ctl("rollback", "3")
        self.assertEqual(self.source("ann"), {"batch": 2, "file": self.first, "line": 2})
        self.assertEqual(self.source("a"), {"batch": 4})
        self.assertIn("batch 4", self.world.ctl("explain", "a@company.example").out)

    def test_plan(self):
        """A plan that is applied later tells the lines of its input."""
        self.world.imp(self.HEAD + "mailbox,,carl,SMTP:carl@company.example,\r\n", "--dry-run", f"--plan-out={self.world.work}/p", name="plan.csv")
        self.world.run("gif-import", "--config", self.world.conf, f"--apply-plan={self.world.work}/p")
        self.assertEqual(self.source("carl"), {"batch": 3, "file": f"{self.world.work}/plan.csv", "line": 2})


class Failing(FreshCase):
    """A store that is missing, empty, damaged."""

    def test_no_store(self):
        world = self.make_world()
        answer = explain(world, "ann@company.example", rc=75)
        self.assertEqual({reply["result"] for reply in answer["maps"].values()}, {"TEMP"})
        self.assertTrue(answer["smtp"].startswith("451 4.3.0 "), answer["smtp"])
        self.assertEqual(steps(answer)[1:3], [("domain", "failed"), ("exact", "failed")])

    def test_not_populated(self):
        world = self.make_world()
        world.ctl("domain", "add", "company.example", "--class=relay")
        answer = explain(world, "ann@company.example", rc=75)
        self.assertEqual(answer["maps"]["relay_domains"]["result"], "OK")
        self.assertEqual(answer["maps"]["relay_recipient_maps"]["result"], "TEMP")
        self.assertTrue(answer["policy"].startswith("DEFER_IF_PERMIT 4.3.0 "))
        self.assertTrue(answer["smtp"].startswith("450 4.3.0 "), answer["smtp"])
        self.assertRegex(world.ctl("explain", "ann@company.example", rc=75).out, "put off .* not populated")

    def test_damaged_record(self):
        """One wrong byte in a record is a failure of that record, and shown as such."""
        world = self.make_world()
        populate(world)
        with open(world.store, "r+b") as store:
            data = store.read()
            at = data.find(b"smtp:away@box.example")
            self.assertGreater(at, 0)
            while at >= 0:  # in pages of before as well
                store.seek(at + len("smtp:away@box.example") + 2)
                store.write(b"\xff")
                at = data.find(b"smtp:away@box.example", at + 1)
        answer = explain(world, "away@box.example", rc=75)
        self.assertIn(("exact", "failed"), steps(answer))
        self.assertEqual(answer["maps"]["virtual_alias_maps"]["result"], "TEMP")
        self.assertEqual(answer["maps"]["virtual_mailbox_domains"]["result"], "OK")
        self.assertTrue(answer["policy"].startswith("DEFER_IF_PERMIT 4.3.0 "))
        self.assertRegex(world.ctl("explain", "away@box.example", rc=75).out, r"Mail to away@box.example is put off \(450 4.3.0\)")
        self.assertEqual(explain(world, "bob@box.example")["smtp"], "250 2.1.5 Ok")


class PostfixAgrees(PostfixCase):
    """The reply to RCPT is the one that explain foretells."""

    KEYS = (
        "ann@company.example", "ANN+x@Company.Example", "ann@alias.example", "bob@box.example", "bob+y@mirror.example",
        "ext@alias.example", "team@box.example", "empty@box.example", "away@box.example", "anything@all.example",
        "who@company.example", "who@box.example", "who@alias.example", "who@mirror.example", "who@later.example",
        "left@box.example", "a.lee@company.example", '"john smith"@box.example', "dora@company.example",
        "postmaster@box.example", "postmaster+x@box.example",
    )

    @classmethod
    def populate(cls, world):
        world.write_config({"addresses": {"postmaster": "bob@box.example"}})
        populate(world, f"[127.0.0.1]:{cls.postfix.sink.port}", f"inet:127.0.0.1:{cls.postfix.lmtp_sink.port}")

    def rcpt(self, key, utf8=False):
        with self.postfix.session() as session:
            code, text = session.rcpt(key, utf8=utf8)
        return f"{code} {text}"

    def test_replies(self):
        for key in self.KEYS:
            rc = 75 if key == "who@later.example" else 0
            self.assertEqual(self.rcpt(key), explain(self.world, key, rc)["smtp"], key)

    def test_utf8(self):
        self.assertEqual(self.rcpt("JÖRG@box.example", utf8=True)[:9], explain(self.world, "JÖRG@box.example")["smtp"][:9])

    def test_not_ours(self):
        self.assertRegex(self.rcpt("x@nowhere.example"), "Relay access denied")
        self.assertEqual(explain(self.world, "x@nowhere.example")["smtp"], "not ours")


class PostfixAgreesOnFailure(PostfixCase):
    """A store without objects: the domain is known, nobody's absence is certain."""

    @classmethod
    def populate(cls, world):
        world.ctl("domain", "add", "company.example", "--class=relay")

    def test_replies(self):
        with self.postfix.session() as session:
            code, text = session.rcpt("ann@company.example")
        self.assertEqual(f"{code} {text}", explain(self.world, "ann@company.example", 75)["smtp"])


if __name__ == "__main__":
    unittest.main()
