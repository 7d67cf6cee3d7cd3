"""What the manual pages show can be done: their import files are imported."""

import os
import re
import unittest

import people
from harness import FreshCase
from programs import SOURCE


def literal_blocks(page):
    """The texts of .Bd -literal blocks of a page."""
    with open(os.path.join(SOURCE, "man", page), encoding="utf-8") as file:
        blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", file.read(), re.MULTILINE | re.DOTALL)
    return [block.replace("\\e", "\\").replace("\\(dq", '"').replace("\\&", "") for block in blocks]


class Manual(FreshCase):
    def setUp(self):
        self.world = self.make_world()
        people.declare(self.world)
        self.world.imp("Obj-Class,Directory Name,E-mail Addresses\n" + "".join(
            f"mailbox,{name},SMTP:{name}.old@company.example\n" for name in ("ann", "ben", "carl")))

    def files(self, page):
        found = [block for block in literal_blocks(page) if block.startswith("Obj-Class,")]
        self.assertTrue(found)
        return found

    def addresses(self):
        return {row["name"]: row["addresses"] for row in self.world.export()}

    def test_format(self):
        """the examples of gif(5), one after the other"""
        for text in self.files("gif.5"):
            done = self.world.imp(text, "--force", "--json").json()
            self.assertEqual((done[-1]["errors"], done[-1]["warnings"], done[-1]["applied"]), (0, 0, True), text)
        found = self.addresses()
        self.assertIn("SMTP:ann.lee@company.example", found["ann"])
        self.assertIn("smtp:ann@company.example", found["ann"])
        self.assertIn("CCMAIL:Lee, Ann at HQ", found["ann"])
        self.assertNotIn("smtp:b@domain2.example", found["ben"])
        self.assertIn("smtp:ben@domain2.example", found["ben"])
        self.assertNotIn("carl", found)

    def test_import(self):
        """the example of gif-import(1); ann of before is in the way of its first row"""
        for text in self.files("gif-import.1"):
            self.world.ctl("object", "remove", "ann") if "ann" in self.addresses() and "Create,ann" in text else None
            done = self.world.imp(text, "--force", "--json").json()
            self.assertEqual((done[-1]["errors"], done[-1]["applied"]), (0, True), text)


class Claims(FreshCase):
    """Sentences of gif(5), one by one: (rows before, row, options, codes, addresses after)."""

    HEADER = "Obj-Class,Mode,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses,Primary Windows NT Account\n"
    BEFORE = "mailbox,,x,SMTP:x@company.example,smtp:y@company.example%smtp:z@company.example,\n"
    CASES = [
        ("an address that is secondary becomes the primary", "mailbox,,x,SMTP:y@company.example,,", [], "",
         ["SMTP:y@company.example", "smtp:x@company.example", "smtp:z@company.example"]),
        ("compat drops the old primary", "mailbox,,x,SMTP:n@company.example,,", ["--compat"], "",
         ["SMTP:n@company.example", "smtp:y@company.example", "smtp:z@company.example"]),
        ("~DEL in any case", "mailbox,,x,,~del,", [], "", ["SMTP:x@company.example"]),
        ("a quoted ~DEL is a word", 'mailbox,,x,,"~DEL",', [], "E0230", None),
        ("unless all fields are quoted", '"mailbox","","x","","~DEL",""', [], "I0913", ["SMTP:x@company.example"]),
        ("by type, of its own column", "mailbox,,x,,~DEL<SMTP:>,", [], "", ["SMTP:x@company.example"]),
        ("both columns", "mailbox,,x,~DEL<SMTP:>,~DEL,", [], "", []),
        ("one address, from either column", "mailbox,,x,~DEL<smtp:Y@company.example>,,", [], "", ["SMTP:x@company.example", "smtp:z@company.example"]),
        ("not beside plain values", "mailbox,,x,,~DEL<smtp:y@company.example>%smtp:n@company.example,", [], "E0268", None),
        ("overwriting is exact", "mailbox,,x,,smtp:n@company.example,", ["--overwrite"], "", ["SMTP:x@company.example", "smtp:n@company.example"]),
        ("nothing to remove", "mailbox,,x,,~DEL<smtp:q@company.example>,", [], "W0150", None),
        ("small letters in the primary column", "mailbox,,x,smtp:n@company.example,,", [], "W0233",
         ["SMTP:x@company.example", "smtp:n@company.example", "smtp:y@company.example", "smtp:z@company.example"]),
        ("a bare address", "mailbox,,x,,n@company.example,", [], "W0230",
         ["SMTP:x@company.example", "smtp:n@company.example", "smtp:y@company.example", "smtp:z@company.example"]),
        ("a bare address, compat", "mailbox,,x,,n@company.example,", ["--compat"], "E0230", None),
        ("the primary cannot go", "mailbox,,x,~DEL<SMTP:x@company.example>,,", [], "E0267", None),
        ("surplus blank fields", "mailbox,,x,,,,,", [], "W0291", None),
        ("missing fields", "mailbox,,x,", [], "E0291", None),
        ("a stray quote", 'mailbox,,x,,,a"b', [], "W0220", None),
        ("a stray quote, compat", 'mailbox,,x,,,a"b', ["--compat"], "E0220", None),
        ("an account has no escapes", "mailbox,,x,,,NORTH\\ann", [], "", None),
        ("a backslash too many", "mailbox,,x,,smtp:n\\x@company.example,", [], "W0168", None),
        ("another class", "dl,,x,,,", [], "E0289", None),
        ("another file", "mailbox,,x,,=more.txt,", [], "E0295", None),
    ]

    def test_claims(self):
        """what gif(5) says about one row, happens"""
        for what, row, options, codes, addresses in self.CASES:
            with self.subTest(what=what):
                world = self.make_world()
                people.declare(world)
                world.imp(self.HEADER + self.BEFORE)
                failed = codes.startswith("E")
                done = world.imp(self.HEADER + row + "\n", "--json", "--force", *options, rc=1 if failed else 0).json()
                told = " ".join(line["severity"][0].upper() + line["code"][3:] for line in done if line["type"] == "diagnostic")
                self.assertEqual(told, codes)
                if addresses is not None:
                    self.assertEqual(sorted(world.export()[0]["addresses"] if world.export() else []), sorted(addresses))
                world.close()


if __name__ == "__main__":
    unittest.main()
