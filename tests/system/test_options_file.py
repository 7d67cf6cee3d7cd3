"""Exchange's options files, and the separators that come out of them and of the command line."""

import os
import unittest

from harness import FreshCase


class OptionsFile(FreshCase):
    def setUp(self):
        super().setUp()
        self.make_world()
        self.world.ctl("domain", "add", "one.example", "--class=relay", "--route=[gw.example]")

    def gif(self, options, content, *args, rc=0, says=(), silent=()):
        """Imports `content` with an options file of these lines (None: with none)."""
        if options is not None:
            self.world.file("options.ini", options if isinstance(options, bytes) else options.replace("\n", "\r\n"))
            args = ("--options=options.ini", *args)
        self.world.file("in.csv", content)
        done = self.world.run("gif-import", "--config", self.world.conf, *args, "in.csv", rc=rc)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.err)
        for text in [silent] if isinstance(silent, str) else silent:
            self.assertNotIn(text, done.err)
        return done

    def objects(self):
        return {o["name"]: o for o in self.world.export()}

    def addresses(self, name="ann"):
        return self.objects()[name]["addresses"]

    # separators

    def test_semicolon_and_ampersand(self):
        """numbers in decimal, with leading zeros, keys in any case (Q152472, Q190706)"""
        self.gif("[Import]\nCOLUMNSEPARATOR=059\nmvseparator=38\nQuoteCharacter=39\n",
                 "Obj-Class;Directory Name;Display Name;Secondary-Proxy-Addresses\nmailbox;ann;'Lee; Ann';smtp:a@one.example&smtp:b@one.example\n",
                 silent="GIF09")
        self.assertEqual(self.addresses(), ["smtp:a@one.example", "smtp:b@one.example"])
        self.assertEqual(self.objects()["ann"]["display"], "Lee; Ann")

    def test_all_the_same(self):
        """KB Q152472 sets all three to 9 or to 32: then nothing encloses, and a field is one value"""
        for code, c in ((9, "\t"), (32, " ")):
            with self.subTest(code=code):
                name = f"ann{code}"
                text = f"Obj-Class Directory-Name E-mail-Addresses\nmailbox {name} SMTP:{name}%x@one.example\n".replace(" ", c)
                done = self.gif(f"[Import]\nColumnSeparator={code:02}\nMVSeparator={code}\nQuoteCharacter={code}\n", text,
                                says=["quoting is off", "each field holds one value"])
                self.assertEqual(done.err.count("GIF0914"), 2)
                self.assertEqual(self.addresses(name), [f"SMTP:{name}%x@one.example"])

    def test_column_is_quote(self):
        """also when the header tells what separates"""
        self.gif("[Import]\nQuoteCharacter=59\n", "Obj-Class;Directory Name;Display Name\nmailbox;ann;\"a\"\n", says="quoting is off")
        self.assertEqual(self.objects()["ann"]["display"], '"a"')

    def test_column_is_mv(self):
        self.gif("[Import]\nMVSeparator=59\n", "Obj-Class;Directory Name;E-mail Addresses\nmailbox;ann;SMTP:a%b@one.example\n",
                 says="each field holds one value")
        self.assertEqual(self.addresses(), ["SMTP:a%b@one.example"])

    def test_mv_is_quote(self):
        """values could not be told apart: whichever of the two was said"""
        text = "Obj-Class,Directory Name\nmailbox,ann\n"
        self.gif("[Import]\nMVSeparator=34\n", text, rc=2, says="options.ini: --mv-separator and --quote-character are the same")
        self.gif("[Import]\nQuoteCharacter=37\n", text, rc=2, says="are the same")
        self.gif("[Import]\nMVSeparator=36\n", text, "--quote-character=$", rc=2, says="are the same")
        self.gif(None, text, "--mv-separator=\"", rc=2, says="are the same")
        self.gif("[Import]\nMVSeparator=34\nQuoteCharacter=39\n",
                 "Obj-Class,Directory Name,Secondary-Proxy-Addresses\nmailbox,ann,smtp:a@one.example\"smtp:b@one.example\n")
        self.assertEqual(len(self.addresses()), 2)

    def test_mv_at(self):
        """@ is one of the documented separators, and stands in every SMTP address"""
        self.gif("[Import]\nMVSeparator=64\n",
                 "Obj-Class,Directory Name,Secondary-Proxy-Addresses\nmailbox,ann,smtp:a\\@one.example@smtp:b\\@one.example\n", says="GIF0914")
        self.assertEqual(self.addresses(), ["smtp:a@one.example", "smtp:b@one.example"])

    def test_documented_mv_separators(self):
        """% & ^ # @ ! $ (Q190706)"""
        for c in "%&^#!$":
            with self.subTest(c=c):
                name = f"m{ord(c)}"
                self.gif(f"[Import]\nMVSeparator={ord(c)}\n",
                         f"Obj-Class,Directory Name,Secondary-Proxy-Addresses\nmailbox,{name},smtp:{name}a@one.example{c}smtp:{name}b@one.example\n",
                         silent="GIF0914")
                self.assertEqual(len(self.addresses(name)), 2)

    def test_command_line_wins(self):
        self.gif("[Import]\nColumnSeparator=59\nMVSeparator=38\nQuoteCharacter=33\n",
                 "Obj-Class,Directory Name,Secondary-Proxy-Addresses\nmailbox,ann,smtp:a@one.example^smtp:b@one.example\n",
                 "--column-separator=,", "--mv-separator=^")
        self.assertEqual(len(self.addresses()), 2)

    def test_sniffed_when_not_said(self):
        for c in ",;\t ":
            with self.subTest(c=c):
                name = f"s{ord(c)}"
                self.gif("[Import]\nContainer=Staff\n", f"Obj-Class{c}Directory-Name{c}Alias-Name\nmailbox{c}{name}{c}x\n")
                self.assertEqual(self.objects()[name]["alias"], "x")

    # the other keys

    def test_overwrite(self):
        self.gif(None, "Obj-Class,Directory Name,Secondary-Proxy-Addresses\nmailbox,ann,smtp:a@one.example\n")
        more = "Obj-Class,Directory Name,Secondary-Proxy-Addresses\nmailbox,ann,smtp:b@one.example\n"
        self.gif("[Import]\nOverwriteProperties=No\n", more)
        self.assertEqual(len(self.addresses()), 2)
        self.gif("[Import]\nOverwriteProperties=Yes\n", more)
        self.assertEqual(self.addresses(), ["smtp:b@one.example"])

    def test_codepage(self):
        text = "Obj-Class,Directory Name,Display Name\nmailbox,ann,J\u00fcrgen\n"
        self.gif("[Import]\nCodePage=850\n", text.encode("cp850"))
        self.assertEqual(self.objects()["ann"]["display"], "J\u00fcrgen")
        self.gif("[Import]\nCodePage=850\n", text.encode("cp437").replace(b"J", b"K"), "--codepage=437")
        self.assertEqual(self.objects()["ann"]["display"], "K\u00fcrgen")
        self.gif("[Import]\nCodePage=0\n", text.encode("cp1252").replace(b"J", b"L"))
        self.assertEqual(self.objects()["ann"]["display"], "L\u00fcrgen")
        self.gif("[Import]\nCodePage=Unicode\n", text.replace("J", "M").encode("utf-16"))
        self.assertEqual(self.objects()["ann"]["display"], "M\u00fcrgen")

    def test_its_own_code_page(self):
        """the file itself is read as an input is"""
        for name, codec in (("cp1252", "cp1252"), ("utf-8", "utf-8"), ("mark", "utf-8-sig"), ("utf-16", "utf-16")):
            with self.subTest(codec):
                self.gif(f"[Import]\r\nContainer=B\u00fcro {name}\r\n".encode(codec), f"Obj-Class,Directory Name\nmailbox,{name}\n")
                self.assertEqual(self.objects()[name]["container"], f"B\u00fcro {name}")

    def test_container(self):
        """of created objects whose rows name none"""
        self.gif(None, "Obj-Class,Directory Name\nmailbox,old\n")
        self.gif("[Import]\nContainer=Staff/cn=North\n",
                 "Obj-Class,Directory Name,Obj-Container,Alias Name\nmailbox,ann,,a\nmailbox,bob,Board,b\nmailbox,old,,c\nremote,ext,,\n".replace("remote,ext,,\n", "dl,team,,t\n"))
        containers = {name: o.get("container") for name, o in self.objects().items()}
        self.assertEqual(containers, {"ann": "Staff/cn=North", "bob": "Board", "old": None, "team": "Staff/cn=North"})

    def test_kb_sample(self):
        """a file with both sections and the keys for NT accounts: told, and of no consequence"""
        sample = ("[Export]\nDirectoryService=SERVER1\nColumnSeparator=59\nExportObject=Mailbox\n\n[Import]\nDirectoryService=SERVER1\n"
                  "Basepoint=\nContainer=Recipients\nInformationLevel=Full\nRecipientTemplate=\nCreateNTAccounts=Yes\nDeleteNTAccounts=No\n"
                  "ApplyNTSecurity=Yes\nGeneratePassword=No\nOverwriteProperties=No\nRawMode=No\n")
        done = self.gif(sample, "Obj-Class,Directory Name\nmailbox,ann\n", "--json")
        notes = [line for line in done.json() if line["type"] == "diagnostic" and line["code"] == "GIF0938"]
        self.assertEqual({n["severity"] for n in notes}, {"info"})
        self.assertEqual([n["line"] for n in notes], [7, 8, 10, 11, 12, 13, 14, 15])
        self.assertEqual({n["file"] for n in notes}, {"options.ini"})
        self.assertEqual(done.json()[-1]["warnings"], 0)

    def test_told_and_ignored(self):
        text = "Obj-Class,Directory Name\nmailbox,ann\n"
        self.gif("[Import]\nColumnSeperator=9\n", text, says="options.ini:2: warning GIF0938: there is no option ColumnSeperator")
        self.gif("[Options]\nColumnSeparator=9\n", text, says=["options.ini:1: warning GIF0938: section [Options]", "no section [Import]"])
        self.gif("", text, says="no section [Import]")

    def test_bad_values(self):
        """with file, line and what would be right; nothing is imported"""
        text = "Obj-Class,Directory Name\nmailbox,ann\n"
        for line, says in (("ColumnSeparator=comma", "44 for a comma"), ("MVSeparator=300", "0 to 255"), ("OverwriteProperties=1", "neither Yes nor No"),
                           ("CodePage=4711", "code page"), ("InformationLevel=All", "None, Minimal, Full"), ("QuoteCharacter=126", "cannot separate")):
            with self.subTest(line):
                done = self.gif(f"[Import]\n\n{line}\n", text, rc=2, says=["options.ini:3: ", says])
                self.assertEqual(done.out, "")
        self.assertEqual(self.objects(), {})
        self.gif("[Import]\nContainer=B\u00fcro\n".encode("utf-16")[:-1], text, rc=2, says="options.ini:")

    def test_what_is_no_plain_file(self):
        text = "Obj-Class,Directory Name\nmailbox,ann\n"
        self.gif("[Import]\n", text)
        path = os.path.join(self.world.work, "options.ini")
        os.chmod(path, 0o646)

        def refused(name, says, rc=3):
            done = self.world.run("gif-import", "--config", self.world.conf, f"--options={name}", "in.csv", rc=rc)
            self.assertIn(says, done.err)

        refused("options.ini", "everybody")
        os.chmod(path, 0o644)
        os.symlink(path, path + ".link")
        refused("options.ini.link", "symbolic link")
        for name, rc in (("options.ini.link", 3), ("missing.ini", 1)):
            # The summary comes last in any case, and the reason as a diagnostic.
            lines = self.world.imp(
                "Obj-Class,Directory Name\nmailbox,x\n", "--json", f"--options={os.path.join(self.world.work, name)}", rc=rc
            ).json()
            self.assertEqual([line["type"] for line in lines], ["diagnostic", "summary"])
            self.assertEqual((lines[0]["code"], lines[1]["errors"], lines[1]["applied"]), ("GIF0224", 1, False))
        os.mkfifo(path + ".fifo")
        os.chmod(path + ".fifo", 0o644)
        refused("options.ini.fifo", "FIFO")
        refused("/dev/null", "device")
        refused(".", "directory")
        refused("missing.ini", "No such file", rc=1)
        with open(path, "wb") as file:
            file.truncate(1 << 30)
        refused("options.ini", "bytes")


if __name__ == "__main__":
    unittest.main()
