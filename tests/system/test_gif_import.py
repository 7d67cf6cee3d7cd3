"""gif-import as its users call it: what is printed, what is applied, what a run leaves behind."""

import os
import re
import unittest

import people
from harness import FreshCase, WorldCase

HEADER = "Obj-Class,Mode,Directory Name,Home-Server,E-mail Addresses,Secondary-Proxy-Addresses\r\n"
TEXT = re.compile(r"^(?P<file>.*):(?P<line>\d+): (?P<severity>error|warning|info) GIF(?P<code>\d{4}): (?P<text>.+)$")
SUMMARY_KEYS = {
    "type", "rows", "created", "modified", "deleted", "unchanged", "addresses_added", "addresses_removed", "warnings", "errors",
    "applied", "batch", "generation", "seconds",
}


def row(name, primary="", secondary="", mode="", server="S1"):
    return f"mailbox,{mode},{name},{server},{primary},{secondary}\r\n"


class ImportCase(WorldCase):
    START = False

    @classmethod
    def populate(cls, world):
        people.declare(world)

    def imp(self, rows, *options, rc=0, header=HEADER, **kw):
        return self.world.imp(header + rows, "--json", *options, rc=rc, **kw).json()

    def summary(self, lines, **wanted):
        found = lines[-1]
        self.assertEqual(found["type"], "summary")
        for key, value in wanted.items():
            self.assertEqual(found[key], value, f"{key} of {found}")
        return found

    def diagnostics(self, lines, *severities):
        return [(d["line"], d["severity"], d["code"]) for d in lines if d["type"] == "diagnostic" and d["severity"] in (severities or ("error", "warning"))]

    def addresses(self, name):
        return sorted(self.world.ctl("object", "show", name, "--json").json()[0]["addresses"])

    def generation(self):
        return self.world.status()["generation"]


class Output(ImportCase):
    def test_references_by_address(self):
        """members give addresses of any type; who has none of them is told of, but for mail addresses elsewhere"""
        header = "Obj-Class,Directory Name,E-mail Addresses,Members\r\n"
        lines = self.imp("mailbox,by-x400,SMTP:by-x400@company.example%X400:c=US;a= ;s=Lee;,\r\n"
                         "dl,types,SMTP:types@company.example,x400:C=us;a= ;s=LEE;%smtp:x@far.example%X400:c=US;s=Nobody;\r\n"
                         "dl,sip,SMTP:sip@company.example,SIP:x@far.example\r\n", header=header)
        self.assertEqual([(d["line"], d["message"].split(": ")[-1]) for d in lines[:-1] if d["code"] == "GIF0909"],
                         [(3, "X400:c=US;s=Nobody;"), (4, "SIP:x@far.example")], lines)
        self.assertIn("by-x400", self.world.ctl("object", "show", "types", "--json").json()[0]["members"])

    def test_summary(self):
        """the last line is the summary, with all its members; text goes where it should"""
        lines = self.imp(row("s1", "SMTP:s1@company.example", "smtp:s1@domain2.example%smtp:s2@domain2.example") + row("s3"))
        found = self.summary(lines, rows=2, created=2, modified=0, deleted=0, unchanged=0, addresses_added=3, addresses_removed=0, warnings=0,
                             errors=0, applied=True, generation=self.generation())
        self.assertEqual(set(found), SUMMARY_KEYS)
        self.assertEqual(found["batch"], self.world.status()["batch"])
        self.assertGreaterEqual(found["seconds"], 0)
        again = self.imp(row("s1", "SMTP:s1@company.example") + row("s3"))
        self.summary(again, rows=2, created=0, modified=0, unchanged=2, batch=None, generation=found["generation"])

    def test_text(self):
        """without --json diagnostics are text on stderr, the summary is still the last line of stdout"""
        done = self.world.imp(HEADER + row("t1", "t1@company.example"), name="text.csv")
        path = os.path.join(self.world.work, "text.csv")
        found = [m for m in map(TEXT.match, done.err.splitlines()) if m]
        self.assertEqual([(m["file"], m["line"], m["severity"], m["code"]) for m in found], [(path, "2", "warning", "0230")])
        self.assertIn('"type":"summary"', done.out.splitlines()[-1].replace(" ", ""))

    def test_diagnostic_members(self):
        """a diagnostic names file, line, column, object and code"""
        lines = self.imp(row("d1", "SMTP:broken"), rc=1, name="diag.csv")
        found = next(d for d in lines if d["type"] == "diagnostic" and d["severity"] == "error")
        self.assertEqual(set(found), {"type", "file", "line", "severity", "code", "column", "object", "message"})
        self.assertEqual((found["file"], found["line"], found["code"], found["object"]),
                         (os.path.join(self.world.work, "diag.csv"), 2, "GIF0237", "d1"))
        self.assertRegex(found["column"], r"(?i)e-mail.addresses")

    def test_header_line_is_one(self):
        """header faults have line 1, warnings about columns among them"""
        lines = self.imp("mailbox,h1,x\r\n", header="Obj-Class,Directory Name,Shoe Size\r\n")
        self.assertEqual(self.diagnostics(lines), [(1, "warning", "GIF0264")])

    def test_info_for_undeclared(self):
        """an undeclared domain and an unresolved member are info, and applied"""
        lines = self.imp(row("i1", "SMTP:i1@undeclared.example"))
        self.assertTrue(self.diagnostics(lines, "info"))
        self.summary(lines, applied=True, warnings=0)
        lines = self.imp("dl,list1,nobody-at-all\r\n", header="Obj-Class,Directory Name,Members\r\n")
        self.assertTrue(self.diagnostics(lines, "info"))
        self.summary(lines, applied=True, warnings=0)

    def test_line_numbers(self):
        """line numbers count blank lines and line breaks inside quotes; blank lines are no rows"""
        lines = self.imp('\r\nmailbox,,n1,S1,SMTP:n1@company.example,\r\n,,,,,\r\n\r\nmailbox,,n2,"S\r\n1",SMTP:n2@company.example,\r\n'
                         + row("n3", "SMTP:broken"), "--keep-going", rc=1)
        self.assertEqual(self.diagnostics(lines, "error"), [(8, "error", "GIF0237")])
        self.summary(lines, rows=3, created=2)

    def test_dry_run(self):
        """--dry-run prints the plan and changes nothing"""
        self.imp(row("dry0", "SMTP:dry0@company.example", "smtp:old@domain2.example"))
        before, generation = self.world.ctl("export").out, self.generation()
        rows = row("dry1", "SMTP:dry1@company.example") + row("dry0", "SMTP:new0@company.example", "") + row("dry2", mode="create")
        lines = self.imp(rows, "--dry-run")
        changes = {c["name"]: c for c in lines if c["type"] == "change"}
        self.assertEqual(set(changes), {"dry0", "dry1", "dry2"})
        self.assertEqual(set(changes["dry1"]), {"type", "action", "class", "name", "added", "removed", "promoted"})
        self.assertEqual((changes["dry1"]["action"], changes["dry1"]["class"], changes["dry1"]["added"]), ("create", "mailbox", ["SMTP:dry1@company.example"]))
        self.assertEqual(changes["dry0"]["action"], "modify")
        self.assertIn("SMTP:new0@company.example", changes["dry0"]["added"])
        self.summary(lines, applied=False, created=2, modified=1, batch=None)
        self.assertEqual((self.world.ctl("export").out, self.generation()), (before, generation))
        text = self.world.imp(HEADER + rows, "-n")
        self.assertIn("dry1", text.out)


class Atomicity(ImportCase):
    def test_one_error_refuses_the_file(self):
        """one bad row: nothing of the file is applied"""
        before, generation = self.world.ctl("export").out, self.generation()
        lines = self.imp(row("a1", "SMTP:a1@company.example") + row("a2", "SMTP:broken") + row("a3", "SMTP:a3@company.example"), rc=1)
        self.summary(lines, rows=3, errors=1, applied=False, batch=None, generation=generation)
        self.assertEqual((self.world.ctl("export").out, self.generation()), (before, generation))
        self.assertFalse(os.path.exists(os.path.join(self.world.work, f"in{self.world.files}.csv.err")))

    def test_keep_going(self):
        """--keep-going applies the good rows; .err can be corrected and imported"""
        lines = self.imp(row("k1", "SMTP:k1@company.example") + row("k2", "SMTP:broken") + row("k3", "SMTP:k3@company.example"),
                         "--keep-going", rc=1, name="keep.csv")
        self.summary(lines, rows=3, created=2, errors=1, applied=True)
        path = os.path.join(self.world.work, "keep.csv.err")
        with open(path, "rb") as kept:
            content = kept.read()
        self.assertEqual(content, (HEADER + row("k2", "SMTP:broken")).encode())
        lines = self.world.imp(content.replace(b"SMTP:broken", b"SMTP:k2@company.example"), "--json").json()
        self.summary(lines, rows=1, created=1)

    def test_several_files_are_one_batch(self):
        """several files are one run and one batch, in order; an error in one refuses all"""
        one = self.world.file("one.csv", HEADER + row("m1", "SMTP:m1@company.example"))
        two = self.world.file("two.csv", "Obj-Class,Directory Name,Secondary-Proxy-Addresses\r\nmailbox,m1,smtp:m1@domain2.example\r\n")
        batch = self.world.status()["batch"]
        done = self.world.run("gif-import", "--config", self.world.conf, "--json", one, two)
        self.summary(done.json(), rows=2, created=1, batch=batch + 1)
        self.assertEqual(self.addresses("m1"), ["SMTP:m1@company.example", "smtp:m1@domain2.example"])
        bad = self.world.file("bad.csv", HEADER + row("m2", "SMTP:broken"))
        good = self.world.file("good.csv", HEADER + row("m3", "SMTP:m3@company.example"))
        done = self.world.run("gif-import", "--config", self.world.conf, "--json", good, bad, rc=1)
        self.summary(done.json(), applied=False)
        self.world.ctl("object", "show", "m3", rc=1)

    def test_standard_input(self):
        """FILE - is standard input"""
        done = self.world.run("gif-import", "--config", self.world.conf, "--json", "-", stdin=HEADER + row("in1", "SMTP:in1@company.example"))
        self.summary(done.json(), created=1)

    def test_rows_see_the_ones_before(self):
        """top to bottom: an address freed by one row may be taken by the next, not the other way round"""
        self.imp(row("from", "SMTP:from@company.example", "smtp:moving@domain2.example") + row("to", "SMTP:to@company.example"))
        take = row("to", secondary="smtp:moving@domain2.example")
        free = row("from", secondary="~DEL<smtp:moving@domain2.example>")
        self.assertEqual(self.diagnostics(self.imp(take + free, rc=1)), [(2, "error", "GIF0238")])
        self.summary(self.imp(free + take), modified=2)
        self.assertIn("smtp:moving@domain2.example", self.addresses("to"))

    def test_create_and_delete_in_one_run(self):
        """a run whose changes cancel each other commits nothing"""
        generation = self.generation()
        lines = self.imp(row("gone", "SMTP:gone@company.example", mode="create") + row("gone", mode="delete"))
        self.summary(lines, batch=None, generation=generation)
        self.assertEqual(self.generation(), generation)


class Rows(ImportCase):
    def test_mode_option(self):
        """--mode says what rows without a Mode do"""
        header = "Obj-Class,Directory Name,E-mail Addresses\r\n"
        new = "mailbox,mode1,SMTP:mode1@company.example\r\n"
        self.assertEqual(self.diagnostics(self.imp(new, "--mode=modify", header=header, rc=1)), [(2, "error", "GIF0288")])
        self.summary(self.imp(new, "--mode=create", header=header), created=1)
        self.assertEqual(self.diagnostics(self.imp(new, "--mode=create", header=header, rc=1)), [(2, "error", "GIF0287")])
        self.summary(self.imp(new, "--mode=delete", "--force", header=header), deleted=1)
        self.world.ctl("object", "show", "mode1", rc=1)

    def test_promotion_and_demotion(self):
        """a secondary in the primary column is promoted, the old primary stays as a secondary"""
        self.imp(row("pro", "SMTP:pro@company.example", "smtp:pro@box.example"))
        self.imp(row("pro", "SMTP:PRO@box.example"))
        self.assertEqual(self.addresses("pro"), ["SMTP:PRO@box.example", "smtp:pro@company.example"])

    def test_names_fold(self):
        """names are compared folded, kept as first spelt; one name over all classes"""
        self.imp(row("Ärger", "SMTP:aerger@company.example"))
        self.summary(self.imp(row("äRGER", secondary="smtp:aerger@domain2.example")), created=0, modified=1)
        self.assertEqual(self.world.ctl("object", "show", "ÄRGER", "--json").json()[0]["name"], "Ärger")
        self.assertEqual(self.diagnostics(self.imp("dl,ärger\r\n", header="Obj-Class,Directory Name\r\n", rc=1)), [(2, "error", "GIF0289")])

    def test_separators(self):
        """semicolon is recognised; others by option"""
        self.imp("mailbox;sep1;SMTP:sep1@company.example\r\n", header="Obj-Class;Directory Name;E-mail Addresses\r\n")
        self.imp("mailbox|sep2|SMTP:sep2@company.example&X400:c=US;s=Sep;\r\n", "--column-separator=|", "--mv-separator=&",
                 header="Obj-Class|Directory Name|E-mail Addresses\r\n")
        self.assertEqual(self.addresses("sep2"), ["SMTP:sep2@company.example", "X400:c=US;s=Sep;"])
        self.imp("mailbox\tsep3\t'SMTP:sep3@company.example'\r\n", "--column-separator=tab", "--quote-character='",
                 header="Obj-Class\tDirectory Name\tE-mail Addresses\r\n")
        self.assertEqual(self.addresses("sep3"), ["SMTP:sep3@company.example"])

    def test_encodings(self):
        """UTF-8 with and without BOM, UTF-16, CP1252, a named code page"""
        content = "Obj-Class,Directory Name,Display Name\r\nmailbox,{},Jörg Weiß\r\n"
        for name, raw, options in (
            ("enc1", content.format("enc1").encode("utf-8"), ()), ("enc2", content.format("enc2").encode("utf-8-sig"), ()),
            ("enc3", content.format("enc3").encode("utf-16"), ()), ("enc4", content.format("enc4").encode("cp1252"), ()),
            ("enc5", content.format("enc5").encode("cp850"), ("--codepage=850",)),
        ):
            with self.subTest(name):
                self.world.imp(raw, *options)
                self.assertEqual(self.world.ctl("object", "show", name, "--json").json()[0]["display"], "Jörg Weiß")

    def test_kept_attributes(self):
        """names, account, Home-Server and Hide from AB are kept"""
        header = "Obj-Class,Directory Name,First Name,Last Name,Initials,Display Name,Alias Name,Primary Windows NT Account,Home-Server,Hide from AB\r\n"
        self.imp("mailbox,kept1,Ann,Lee,AL,Ann Lee,annl,DOM\\ann,EXCH1,1\r\n", header=header)
        found = self.world.ctl("object", "show", "kept1", "--json").json()[0]
        self.assertEqual({k: found[k] for k in ("first", "last", "initials", "display", "alias", "account", "home_server", "hidden")},
                         {"first": "Ann", "last": "Lee", "initials": "AL", "display": "Ann Lee", "alias": "annl", "account": "DOM\\ann",
                          "home_server": "EXCH1", "hidden": True})

    def test_remote(self):
        """a custom recipient: the target becomes the primary of its type, a second use of it is 236"""
        header = "Obj-Class,Directory Name,E-mail Address,Secondary-Proxy-Addresses\r\n"
        self.imp("remote,rem1,SMTP:rem1@far.example,smtp:rem1@domain2.example\r\n", header=header)
        self.assertEqual(self.addresses("rem1"), ["SMTP:rem1@far.example", "smtp:rem1@domain2.example"])
        self.assertEqual(self.diagnostics(self.imp("remote,rem2,SMTP:REM1@far.example,\r\n", header=header, rc=1)), [(2, "error", "GIF0236")])
        self.assertEqual(self.diagnostics(self.imp("remote,rem3,SMTP:nobody@company.example,\r\n", header=header)), [])
        self.assertEqual(self.diagnostics(self.imp("remote,rem4,SMTP:nobody@domain2.example,\r\n", header=header, rc=1)), [(2, "error", "GIF0235")])

    def test_missing_members_come_later(self):
        """members bind when their object comes, whatever the order"""
        header = "Obj-Class,Directory Name,E-mail Addresses,Members\r\n"
        self.imp("dl,crew,SMTP:crew@box.example,late%guest@far.example\r\n", header=header)
        self.imp(row("late", "SMTP:late@company.example"))
        self.world.start()
        try:
            self.assertFound("virtual_alias_maps", "crew@box.example", "guest@far.example,late@company.example")
        finally:
            self.world.stop()


class Judgement(ImportCase):
    """What is judged at the end of the run: cycles, limits, addresses with nowhere to go, what others refer to."""

    CONFIG = {"limits": {"list-recipients": "5"}}

    def test_list_limit(self):
        """GIF0921: a list over list-recipients, where it expands; nested lists count"""
        header = "Obj-Class,Directory Name,E-mail Addresses,Members\r\n"
        big = "%".join(f"p{n}@far.example" for n in range(6))
        self.assertIn("GIF0921", [c for _, _, c in self.diagnostics(self.imp(f"dl,big,SMTP:big@box.example,{big}\r\n", header=header, rc=1))])
        inner = "%".join(f"q{n}@far.example" for n in range(4))
        self.imp(f"dl,inner,SMTP:inner@box.example,{inner}\r\n", header=header)
        lines = self.imp("dl,outer,SMTP:outer@box.example,inner%r1@far.example%r2@far.example\r\n", header=header, rc=1)
        self.assertEqual([c for _, s, c in self.diagnostics(lines) if s == "error"], ["GIF0921"])
        # A relay domain's next hop expands by itself.
        self.imp(f"dl,relayed,SMTP:relayed@company.example,{big}\r\n", header=header)

    def test_nowhere_to_go(self):
        """GIF0922: a primary in a virtual-alias domain that leads nowhere"""
        lines = self.imp(row("stuck", "SMTP:stuck@domain2.example"), rc=1)
        self.assertEqual(self.diagnostics(lines), [(2, "error", "GIF0922")])
        self.summary(lines, applied=False)
        self.world.ctl("object", "show", "stuck", rc=1)

    def test_secondary_with_nowhere_to_go(self):
        """GIF0922: also a secondary in a virtual-alias domain, when no primary stands for it"""
        header = "Obj-Class,Mode,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses,Alt-Recipient\r\n"
        self.imp("mailbox,,ann,SMTP:ann@box.example,smtp:ann@domain2.example,\r\n"
                 "mailbox,,far,SMTP:far@far.example,smtp:far@domain2.example,\r\n"
                 "mailbox,,fwd,,smtp:fwd@domain2.example,ann\r\n"
                 "mailbox,,bare,,smtp:bare@box.example%smtp:bare@company.example,\r\n"
                 "mailbox,,none,,,\r\n", header=header)
        for number, bad in enumerate(("mailbox,,s,,smtp:s@domain2.example,",
                                      "mailbox,,s,X400:c=US;s=S,smtp:s@domain2.example,",
                                      "mailbox,,s,,smtp:s@box.example%smtp:s@domain2.example,",
                                      "mailbox,,s,SMTP:j\u00f6@box.example,smtp:joe@domain2.example,",
                                      "mailbox,,bare,,smtp:bare@domain2.example,",
                                      "mailbox,,fwd,,,~DEL",
                                      "mailbox,delete,ann,,,")):
            with self.subTest(bad=bad):
                lines = self.imp(f"mailbox,,good{number},SMTP:good{number}@box.example,,\r\n{bad}\r\n", header=header, rc=1)
                self.assertEqual(self.diagnostics(lines, "error"), [(3, "error", "GIF0922")])
                self.summary(lines, applied=False)

    def test_target_removed(self):
        """GIF0923: removing the address that a custom recipient's target refers to"""
        self.imp(row("aim", "SMTP:aim@box.example"))
        self.imp("remote,shot,SMTP:aim@box.example,smtp:shot@domain2.example\r\n",
                 header="Obj-Class,Directory Name,E-mail Address,Secondary-Proxy-Addresses\r\n", rc=None)
        if self.world.ctl("object", "show", "shot", rc=None).rc != 0:
            self.fail("a target in a declared domain is an address of another object")
        lines = self.imp(row("aim", mode="delete"), "--force", rc=1)
        self.assertEqual(self.diagnostics(lines, "error"), [(2, "error", "GIF0923")])


class Guards(ImportCase):
    def fill(self):
        self.imp("".join(row(f"g{n}", f"SMTP:g{n}@company.example") for n in range(30)))

    def test_max_delete(self):
        """more than max(5, 10 %) of the objects or addresses gone: 3, nothing changed; --force or --max-delete lets it pass"""
        self.fill()
        before = self.world.ctl("export").out
        wipe = "".join(row(f"g{n}", mode="delete") for n in range(6))
        lines = self.imp(wipe, rc=3)
        self.summary(lines, applied=False, batch=None)
        self.assertEqual(self.world.ctl("export").out, before)
        self.summary(self.imp("".join(row(f"g{n}", mode="delete") for n in range(5))), deleted=5)
        self.imp("".join(row(f"g{n}", mode="delete") for n in range(5, 11)), "--max-delete=5", rc=3)
        self.summary(self.imp("".join(row(f"g{n}", mode="delete") for n in range(5, 11)), "--max-delete=50%"), deleted=6)
        self.imp("".join(row(f"g{n}", mode="delete") for n in range(11, 13)), "--max-delete=1", rc=3)
        self.summary(self.imp("".join(row(f"g{n}", mode="delete") for n in range(11, 30)), "--force"), deleted=19)

    def test_moved_addresses_are_not_gone(self):
        """moving addresses to other objects breaches nothing"""
        self.imp("".join(row(f"o{n}", secondary=f"smtp:share{n}@company.example") + row(f"t{n}") for n in range(10)))
        moves = "".join(row(f"o{n}", secondary="~DEL") + row(f"t{n}", secondary=f"smtp:share{n}@company.example") for n in range(10))
        self.summary(self.imp(moves), modified=20, applied=True)

    def test_must_keep(self):
        """--must-keep: an address that resolved before must resolve after"""
        self.imp(row("boss", "SMTP:boss@company.example", "smtp:chief@company.example"))
        self.imp(row("boss", mode="delete"), "--must-keep=boss@company.example", rc=3)
        self.imp(row("boss", secondary="~DEL"), "--must-keep=chief@company.example", rc=3)
        self.imp(row("boss", secondary="~DEL"), "--must-keep=boss@company.example")
        self.imp(row("boss", mode="delete"), "--must-keep=never-was@company.example")

    def test_must_keep_with_types(self):
        """an address to be kept may name its type; one of another type than SMTP stands while an object has it"""
        self.imp(row("chef", "SMTP:chef@company.example%X400:/c=US/s=Chef/"))
        for kept in ("SMTP:chef@company.example", "smtp:Chef@company.example", "x400:/c=us/s=chef/"):
            with self.subTest(kept=kept):
                lines = self.imp(row("chef", mode="delete"), f"--must-keep={kept}", rc=3)
                self.assertIn("GIF0933", [line.get("code") for line in lines])
                self.world.write_config({"import": {"must-keep": kept}})
                self.addCleanup(self.world.write_config, {"import": {"must-keep": None}})
                self.imp(row("chef", mode="delete"), rc=3)
                self.world.write_config({"import": {"must-keep": None}})
        self.imp(row("chef", "~DEL<X400:>"), "--must-keep=SMTP:chef@company.example")
        self.imp(row("chef", mode="delete"), "--must-keep=X400:/c=US/s=Chef/")

    def test_must_keep_semicolons(self):
        """must-keep of the configuration takes \\; for a semicolon inside an address"""
        self.imp(row("cook", "SMTP:cook@company.example%X400:c=US;a= ;s=Cook;"))
        self.world.write_config({"import": {"must-keep": "nobody@company.example;X400:c=us\\;a= \\;s=Cook\\;"}})
        self.addCleanup(self.world.write_config, {"import": {"must-keep": None}})
        lines = self.imp(row("cook", mode="delete"), rc=3)
        self.assertIn("X400:c=us;a= ;s=Cook; must be kept", "".join(line.get("message", "") for line in lines))


class GuardBesideReplica(FreshCase):
    """The guards weigh against what the local origin had, not against the directory's objects."""

    def test_percentage(self):
        world = self.make_world()
        people.declare(world)
        world.imp(HEADER + "".join(row(f"l{n}", f"SMTP:l{n}@company.example") for n in range(20)))
        world.replicate(*[{"name": f"d{n}", "class": "mailbox", "address": f"SMTP:d{n}@company.example"} for n in range(300)])
        lost = HEADER + "".join(row(f"l{n}", mode="delete") for n in range(6))
        done = world.imp(lost, rc=3)
        self.assertIn("6 of 20 objects and 6 of 20 addresses", done.err)
        world.imp(lost, "--max-delete=30%")


if __name__ == "__main__":
    unittest.main()
