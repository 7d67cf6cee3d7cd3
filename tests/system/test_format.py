"""The import format as files write it: code pages, names of columns and classes, modes, references, cells."""

import unittest

from harness import WorldCase

HEADER = "Obj-Class,Mode,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses,Display Name\r\n"
# A letter of each code page that has one of more than a byte, or that other pages read otherwise.
LETTERS = {"1250": "ř", "1251": "я", "1252": "é", "1253": "ω", "1254": "ğ", "1255": "ש", "1256": "ش", "1257": "ž", "1258": "ơ", "437": "é", "850": "é"}
# Display name, then the names that the schema has for the same column (and how else it is met).
COLUMNS = {
    "display": ("Display Name", "Display-Name", "cn", "DISPLAY_NAME"),
    "alias": ("Alias Name", "Mail-Nickname", "uid", "alias-name"),
    "first": ("First Name", "Given-Name"),
    "last": ("Last name", "Surname"),
    "initials": ("Initials",),
    "account": ("Primary Windows NT Account", "Assoc-NT-Account"),
    "home_server": ("Home-Server", "Home Server", "home_server"),
    "container": ("Obj-Container", "obj container"),
    "forward": ("Alternate recipient", "Alt-Recipient"),
}
NUMBERS = {
    "limit_in": ("Incoming message size limit", "Deliv-Cont-Length"),
    "limit_out": ("Outgoing message size limit", "Submission-Cont-Length"),
}
SWITCHES = {"hidden": ("Hide from AB", "Hide-From-AB", "Hide-From-Address-Book"), "deliver_and_redirect": ("Deliver-And-Redirect", "deliver and redirect")}
LISTS = {
    "accept_from": ("Accept messages from", "Auth-Orig"),
    "accept_from_dl": ("Accept messages from DL", "DL-Mem-Submit-Perms"),
    "reject_from": ("Reject messages from", "Unauth-Orig"),
    "reject_from_dl": ("Reject messages from DL", "DL-Mem-Reject-Perms"),
}


class Format(WorldCase):
    START = False

    @classmethod
    def populate(cls, world):
        world.ctl("domain", "add", "north.example", "--class=relay")

    def setUp(self):
        self.clear()

    def clear(self):
        gone = "".join(f"{o['class']},delete,\"{o['name']}\"\r\n" for o in self.world.export())
        self.world.imp("Obj-Class,Mode,Directory Name\r\n" + gone, "--force")

    def imp(self, content, *options, rc=0):
        """The diagnostics but for those of undeclared domains, and the objects by their names."""
        lines = self.world.imp(content, "--json", *options, rc=rc).json()
        told = [(d["line"], d["severity"], int(d["code"][3:]), d["column"]) for d in lines if d["type"] == "diagnostic" and d["code"] != "GIF0908"]
        return told, {o["name"]: o for o in self.world.export()}

    # Code pages

    def seams(self, encoding, letter, *options, mark=b"", shifts=2):
        """The letter at every byte of every seam between buffers, whatever their size: 130 KB of it, shifted byte by byte."""
        names = {f"u{i}": letter * (100 + i % 7) + str(i) for i in range(400)}
        rows = "".join(f"mailbox,{name},{value}\r\n" for name, value in names.items())
        for shift in range(shifts):
            with self.subTest(encoding=encoding, shift=shift):
                text = "Obj-Class,Directory Name,Display Name" + " " * shift + "\r\n" + rows
                told, store = self.imp(mark + text.encode(encoding), *options)
                self.assertEqual(told, [])
                self.assertEqual({name: store[name]["display"] for name in names}, names)
                self.clear()

    def test_unicode(self):
        """UTF-8 and UTF-16, with and without mark, of two to four bytes a letter"""
        self.seams("utf-8", "é")
        self.seams("utf-8", "€", shifts=3)
        self.seams("utf-8", "😀", shifts=4, mark=b"\xef\xbb\xbf")
        self.seams("utf-16-le", "😀", mark=b"\xff\xfe")
        self.seams("utf-16-be", "😀", mark=b"\xfe\xff")
        self.seams("utf-16-le", "é", shifts=1)
        self.seams("utf-16-be", "é", shifts=1)

    def test_japanese(self):
        """code page 932: two bytes a letter, the second may be a backslash"""
        self.seams("cp932", "表", "--codepage=932")
        self.seams("cp932", "ソ", "--codepage=CP932")
        self.seams("cp932", "ｱ表", "--codepage=932", shifts=3)

    def test_code_pages(self):
        """one byte a letter: Windows' and DOS's"""
        for page, letter in LETTERS.items():
            self.seams("cp" + page, letter, "--codepage=" + page, shifts=1)
        self.seams("cp1252", "ü", shifts=1)
        told, store = self.imp("Obj-Class,Directory Name\r\nmailbox,é\r\n", "--codepage=65001")
        self.assertEqual((told, set(store)), ([], {"é"}))

    # Columns

    def one(self, column, value, rc=0):
        told, store = self.imp(f"Obj-Class,Directory Name,{column}\r\nmailbox,x,{value}\r\n", rc=rc)
        self.clear()
        return told, store.get("x", {})

    def test_column_names(self):
        """display and schema names of each column, in any case and with any of blank, hyphen, underscore"""
        wanted, files = {}, []
        for table, value, kept in ((COLUMNS, "V", "V"), (NUMBERS, "7", 7), (SWITCHES, "1", True), (LISTS, "x", ["x"])):
            for key, names in table.items():
                for name in names + (names[0].upper(),):
                    wanted[f"x{len(files)}"] = (name, key, kept)
                    files.append(self.world.file(f"column{len(files)}.csv", f"Obj-Class,Directory Name,{name}\r\nmailbox,x{len(files)},{value}\r\n"))
        done = self.world.run("gif-import", "--config", self.world.conf, "--json", *files)
        self.assertEqual([d for d in done.json() if d["type"] == "diagnostic" and d["code"] != "GIF0909"], [])
        for found in self.world.export():
            name, key, kept = wanted.pop(found["name"])
            self.assertEqual(found.get(key), kept, name)
        self.assertEqual(wanted, {})

    def test_columns_of_addresses(self):
        """the four columns that hold addresses, and the names of the key"""
        for key in ("Directory Name", "Common-Name", "rdn"):
            for target in ("E-mail address", "Target-Address"):
                for primary in ("E-mail Addresses", "Proxy-Addresses"):
                    told, store = self.imp(f"Obj-Class,{key},{target},{primary},Secondary Proxy Addresses\r\n"
                                           "remote,r,SMTP:r@far.example,SMTP:r@north.example,smtp:s@north.example\r\n")
                    self.assertEqual(told, [])
                    self.assertEqual(store["r"]["target"], "SMTP:r@far.example")
                    self.assertEqual(store["r"]["addresses"], ["SMTP:r@north.example", "smtp:s@north.example"])
                    self.clear()

    def test_other_attributes(self):
        """custom attributes by both names, and others, are kept under the schema's name"""
        for name, kept in (("Custom Attribute 1", "Extension-Attribute-1"), ("custom attribute 15", "Extension-Attribute-15"),
                           ("Extension-Attribute-10", "Extension-Attribute-10"), ("Delivery-Mechanism", "Delivery-Mechanism"), ("Title", "Title"),
                           ("Phone number", "Telephone-Office1"), ("Notes", "Comment")):
            told, found = self.one(name, "V")
            self.assertEqual((told, found["other"]), ([], {kept: "V"}))
        self.assertEqual(self.one("Custom Attribute 16", "V")[0], [(1, "warning", 264, "Custom Attribute 16")])

    def test_ignored_columns(self):
        """read-only and not importable columns, a repeated one, a second Obj-Class: warnings, and the row is imported"""
        for name, code in (("Obj-Dist-Name", 153), ("Imported-From", 153), ("Object-Version", 153), ("When-Created", 153), ("When-Changed", 153),
                           ("Member Of", 154), ("Home-MDB", 154), ("Home-MTA", 154), ("Obj-Users", 154), ("Shoe Size", 264), ("Obj-Class", 264)):
            with self.subTest(name):
                told, found = self.one(name, "V")
                self.assertEqual((told, found["name"]), ([(1, "warning", code, name)], "x"))
        told, store = self.imp("Obj-Class,Directory Name,Surname,Last Name\r\nmailbox,x,first,second\r\n")
        self.assertEqual((told, store["x"]["last"]), ([(1, "warning", 152, "Last Name")], "first"))

    # Classes and modes

    def test_classes(self):
        """the classes and their synonyms, in any case"""
        for spelt, meant in (("mailbox", "mailbox"), ("MailBox", "mailbox"), ("dl", "dl"), ("Distribution-List", "dl"), ("distribution list", "dl"),
                             ("Public-Folder", "public-folder"), ("public folder", "public-folder"), ("remote", "remote"), ("Remote-Address", "remote"),
                             ("Custom Recipient", "remote"), ("custom-recipient", "remote")):
            target = "SMTP:x@far.example" if meant == "remote" else ""
            told, store = self.imp(f"Obj-Class,Directory Name,E-mail address\r\n{spelt},x,{target}\r\n")
            self.assertEqual((told, store["x"]["class"]), ([], meant))
            self.clear()

    def test_container(self):
        """containers of a whole site's export are told and left alone, whatever their mode and cells say"""
        told, store = self.imp(HEADER + "Container,,Recipients,,,\r\ncontainer,delete,Sub,nonsense,,\r\nCONTAINER,what,,,,\r\nmailbox,,x,,,\r\n")
        self.assertEqual(told, [(line, "info", 916, "Obj-Class") for line in (2, 3, 4)])
        self.assertEqual(set(store), {"x"})

    def test_modes(self):
        """each mode on an object that is there and on one that is not; the column counts, then --mode"""
        wanted = {("update", True): None, ("update", False): None, ("create", True): 287, ("create", False): None, ("modify", True): None,
                  ("modify", False): 288, ("delete", True): None, ("delete", False): 138}
        for (mode, there), code in wanted.items():
            for option in (False, True):
                with self.subTest(mode=mode, there=there, option=option):
                    if there:
                        self.imp("Obj-Class,Directory Name\r\nmailbox,x\r\n")
                    row = f"Obj-Class,Mode,Directory Name,Display Name\r\nmailbox,{'' if option else mode.title()},X,D\r\n"
                    told, store = self.imp(row, *([f"--mode={mode}"] if option else []), rc=1 if code in (287, 288) else 0)
                    self.assertEqual([t[2] for t in told], [code] if code else [])
                    exists = mode != "delete" and (there or mode not in ("modify",))
                    self.assertEqual(len(store), 1 if exists or (there and mode != "delete") else 0)
                    if exists and code is None:
                        self.assertEqual(next(iter(store.values()))["display"], "D")
                    self.clear()

    # References and cells

    def test_references(self):
        """members by name, by path, by address, and on the member's own row"""
        self.imp("Obj-Class,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\r\nmailbox,ann,SMTP:ann@north.example,smtp:a2@north.example\r\n")
        for form in ("ann", "ANN", "cn=ann", "Recipients/cn=ann", "Recipients/cn=Sub/cn=ann", "/o=Org/ou=Site/cn=Recipients/cn=ann", "ann@north.example",
                     "SMTP:Ann@North.example", "smtp:a2@north.example"):
            told, store = self.imp(f"Obj-Class,Mode,Directory Name,Members\r\ndl,create,l,{form}\r\n")
            self.assertEqual((told, store["l"]["members"]), ([], ["ann"]), form)
            self.imp("Obj-Class,Mode,Directory Name\r\ndl,delete,l\r\n")
        told, store = self.imp("Obj-Class,Directory Name,Members\r\ndl,l,later\r\nmailbox,ann,l\r\nmailbox,later,\r\n")
        self.assertEqual((told, store["l"]["members"]), ([], ["ann", "later"]))

    def test_cut_by_excel(self):
        """a cell of values with exactly 255 characters may have been cut (GIF0924)"""
        values = "%".join(f"smtp:ä{i}@north.example" for i in range(20))
        for length, quote, wanted in ((254, "", []), (255, "", [924]), (255, '"', [924]), (256, "", [])):
            cell = quote + values[: length - 14] + "q@north.example"[-14:] + quote
            told, _ = self.imp(f"Obj-Class,Directory Name,Secondary-Proxy-Addresses\r\nmailbox,x,{cell}\r\n", "--dry-run", "--keep-going", rc=None)
            self.assertEqual([t[2] for t in told if t[1] == "warning"], wanted, length)
        told, _ = self.imp(HEADER + f"mailbox,,x,,,{'n' * 255}\r\n", "--dry-run")
        self.assertEqual(told, [])

    def test_quoted_removal(self):
        """where every field is quoted "~DEL" removes, and with --compat it is a word"""
        self.imp("Obj-Class,Directory Name,Alias Name\r\nmailbox,x,nick\r\n")
        row = '"Obj-Class","Directory Name","Alias Name"\r\n"mailbox","x","~DEL"\r\n'
        told, store = self.imp(row, "--compat")
        self.assertEqual((told, store["x"]["alias"]), ([], "~DEL"))
        told, store = self.imp(row)
        self.assertEqual((told, "alias" in store["x"]), ([(2, "info", 913, "Alias Name")], False))

    def test_formulas(self):
        """what a spreadsheet makes of =x is an error that says so"""
        done = self.world.imp(HEADER + "mailbox,,x,,,#NAME?\r\n", rc=1)
        self.assertRegex(done.err, r":2: error GIF0245: .*spreadsheet")


if __name__ == "__main__":
    unittest.main()
