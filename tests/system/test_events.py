"""Every number that an import can tell, produced on purpose: file, line, severity, column and object of each.

The last class reads gif/*.c and fails when a number there, or a severity of one, is missing here.
"""

import os
import re
import unittest

import authority
from harness import WorldCase
from programs import SOURCE

# The events of Exchange's directory import (KB Q184532).
EVENTS = {138, 147, 148, 149, 150, 152, 153, 154, 156, 158, 165, 166, 167, 168, 169, 191, 208, 209, 211, 216, 217, 218, 219, 220, 221, 222, 224, 225, 226, 227,
          228, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 243, 244, 245, 264, 265, 266, 267, 268, 270, 271, 272, 273, 274, 275, 276, 277, 282,
          283, 284, 285, 286, 287, 288, 289, 290, 291, 292, 293, 295, 296, 297, 298, 299, 302}
# Those that have no meaning here, and why.
NOT_OURS = {
    147: "code pages come from iconv", 148: "outputs have names of their own", 149: "an input is never renamed", 156: "exports keep long values in place",
    158: "an unknown --codepage is a usage error", 165: "names keep their letters", 166: "values keep their letters", 167: "exports are UTF-8",
    169: "nothing is cut short: GIF0904", 191: "there is no schema to ask: 264", 208: "Unicode is recognised whatever --codepage says",
    209: "Unicode is recognised whatever --codepage says", 211: "outputs have names of their own", 216: "no passwords are made", 217: "no passwords are made",
    234: "there is no System Attendant", 239: "there is no System Attendant", 240: "there is no System Attendant", 244: "ranges are told as 271",
    272: "hexadecimal is read in X'...' alone: 270", 273: "names are not built into DNs", 276: "names are not built into DNs", 277: "names are not built into DNs",
    282: "the store fails as a whole: GIF0930", 283: "the store fails as a whole: GIF0930", 285: "the store fails as a whole: GIF0930",
    286: "containers are kept as text", 293: "containers are kept as text", 297: "home servers are kept as text", 298: "home servers are kept as text",
    299: "home servers are kept as text", 302: "an export of nothing is empty",
}
# Numbers that stand in tests of their own, below or in that file.
ELSEWHERE = {
    224: "here", 930: "here", 931: "here", 932: "test_plan_file.py", 933: "test_plan_file.py", 934: "here", 935: "test_report.py", 936: "here", 937: "here", 938: "here",
}

CSV = "Obj-Class,Mode,Directory Name,E-mail address,E-mail Addresses,Secondary-Proxy-Addresses,Members"
TARGET, PRIMARY, SECONDARY, MEMBERS = "E-mail address", "E-mail Addresses", "Secondary-Proxy-Addresses", "Members"
PS = '"Name","PrimarySmtpAddress","EmailAddresses","RecipientTypeDetails","MaxReceiveSize"'
LDIF = "dn: cn=new,dc=north\nobjectClass: user\n"
CSVDE = "DN,objectClass,objectGUID,proxyAddresses\n"

CASES = []


def case(code, severity, line, column, name, content, *options, also=()):
    """`content` makes this one diagnostic, and besides only infos and what is in `also` (code, severity)."""
    CASES.append((code, severity, line, column, name, content, options, set(also)))


def row(*fields, header=CSV):
    return header + "\r\n" + ",".join(fields) + "," * (header.count(",") - len(fields) + 1) + "\r\n"


# ---- The header and the file ----
case(222, "error", 1, "Mode", None, "Obj-Class,Directory Name,Mode\r\nmailbox,x,\r\n")
case(225, "error", 1, None, None, "Obj-Class,Display Name\r\nmailbox,x\r\n")
case(225, "error", 1, None, None, '"Office","EmailAddress2"\r\n"x","y"\r\n', "--format=powershell", also={(264, "warning")})
case(225, "error", 1, None, None, "objectClass,mail\r\nuser,x\r\n", "--format=csvde")
case(226, "error", 1, None, None, "Directory Name,Obj-Class\r\nx,mailbox\r\n")
case(226, "error", 1, None, None, "")
case(226, "error", 1, None, None, "", "--format=csvde")
case(227, "error", 1, None, None, 'Obj-Class,"Directory Name"x,Members\r\nmailbox,x,\r\n')
case(227, "error", 1, None, None, 'Obj-Class,"Directory Name\r\nmailbox,x\r\n')
case(152, "warning", 1, "Common-Name", None, row("mailbox", "x", "y", header="Obj-Class,Directory Name,Common-Name"))
case(153, "warning", 1, "When-Created", None, row("mailbox", "x", "y", header="Obj-Class,Directory Name,When-Created"))
case(154, "warning", 1, "Member Of", None, row("mailbox", "x", "y", header="Obj-Class,Directory Name,Member Of"))
case(264, "warning", 1, "Shoe Size", None, row("mailbox", "x", "44", header="Obj-Class,Directory Name,Shoe Size"))
case(264, "warning", 1, "Obj-Class", None, row("mailbox", "x", "dl", header="Obj-Class,Directory Name,Obj-Class"))
case(264, "warning", 1, "shoeSize", None, 'DN,objectClass,shoeSize\n"cn=new,dc=north",user,44\n', also={(916, "info")})
case(264, "warning", 1, "ShoeSize", None, '"Name","PrimarySmtpAddress","ShoeSize"\r\n"x","new@north.example","44"\r\n')
case(264, "warning", 1, "Shoe Size", None, '"Name","PrimarySmtpAddress","Shoe Size"\r\n"x","new@north.example","44"\r\n')
case(264, "warning", 1, "shoeSize;binary", None, 'DN,objectClass,shoeSize;binary\n"cn=new,dc=north",user,44\n', also={(916, "info")})
case(264, "warning", 1, "shoeSize", "cn=new,dc=north", LDIF + "shoeSize: 44\nmail: new@north.example\n")
case(914, "warning", 1, None, None, row("mailbox", "x", header="Obj-Class,Directory Name,Members"), "--mv-separator=@")
case(914, "warning", 1, None, None, row("mailbox", "x", header="Obj-Class,Directory Name,Members"), "--mv-separator=,")
case(914, "warning", 1, None, None, row("mailbox", "x", header="Obj-Class,Directory Name,Members"), "--quote-character=,")
case(900, "error", 2, None, None, b"Obj-Class,Directory Name\r\nmailbox,\x81\r\n")
case(901, "error", 1, None, None, b"Obj-Class,Dir\0ectory Name\r\nmailbox,x\r\n")
case(902, "error", 1, None, None, b"Obj-Class," + b"x" * (1 << 20) + b"\r\nmailbox,x\r\n")
case(903, "error", 1, None, None, "Obj-Class," + "a," * 1100 + "b\r\nmailbox,x\r\n")

# ---- Rows ----
case(218, "error", 2, "Obj-Class", "x", row("", "", "x"))
case(228, "error", 2, "Obj-Class", "x", row("wombat", "", "x"))
case(228, "error", 2, "RecipientTypeDetails", "x", PS + '\r\n"x","new@north.example","","Wombat",""\r\n')
case(221, "error", 2, "Mode", "x", row("mailbox", "destroy", "x"))
case(221, "error", 1, "changetype", "cn=new,dc=north", "dn: cn=new,dc=north\nchangetype: modrdn\nnewrdn: cn=x\ndeleteoldrdn: 1\n")
case(221, "error", 1, "changetype", "cn=new,dc=north", "dn: cn=new,dc=north\nchangetype: destroy\n")
case(219, "error", 2, "Directory Name", None, row("mailbox", "", ""))
case(219, "error", 2, None, None, "DN,objectClass,mail\r\n,user,x@north.example\r\n")
case(275, "error", 2, "Directory Name", None, row("mailbox", "", "~DEL"))
case(275, "error", 2, "Directory Name", "a\nb", row("mailbox", "", '"a\nb"'))
case(275, "error", 2, None, "a\tb", 'DN,objectClass,mail\r\n"a\tb",user,x@north.example\r\n')
case(220, "error", 2, MEMBERS, None, row("mailbox", "", "x")[:-2] + '"cut\r\n\r\n')
case(220, "error", 2, PRIMARY, None, row("mailbox", "", "x", "", '"SMTP:x@north.example"tail'))
case(220, "error", 2, "Directory Name", None, row("mailbox", "", 'x"y'), "--compat")
case(220, "warning", 2, None, 'x"y', row("mailbox", "", 'x"y'))
case(291, "error", 2, None, None, CSV + "\r\nmailbox,,x\r\n")
case(291, "error", 2, None, None, row("mailbox", "", "x")[:-2] + ",more\r\n")
case(291, "warning", 2, None, "x", row("mailbox", "", "x")[:-2] + ",,\r\n")
case(901, "error", 2, "Directory Name", None, (CSV + "\r\n").encode() + b"mailbox,,x\0,,,,\r\n")
case(901, "error", 1, None, "cn=new,dc=north", b"dn: cn=new,dc=north\nobjectClass: us\0er\n")
case(901, "error", 1, "displayName", "cn=new,dc=north", LDIF + "displayName:: YQBi\nmail: new@north.example\n")
case(902, "error", 2, None, None, row("mailbox", "", "x", "", "", "y" * (1 << 20)))
case(903, "error", 2, None, None, row("mailbox", "", "x" + "," * 1100))
case(904, "error", 2, PRIMARY, "x", row("mailbox", "", "x", "", "SMTP:" + "a" * 65536 + "@north.example"))
case(906, "error", 2, SECONDARY, "x", row("mailbox", "", "x", "", "", "%".join(f"smtp:x{i}@north.example" for i in range(4097))))
case(907, "error", 2, None, "x", row("mailbox", "", "x", "", "", "%".join(f"smtp:x{i}@north.example" for i in range(1001))))
case(287, "error", 2, None, "ann", row("mailbox", "create", "ann"))
case(288, "error", 2, None, "x", row("mailbox", "modify", "x"))
case(289, "error", 2, None, "ann", row("dl", "modify", "ann"))
case(290, "error", 2, None, "ann", row("dl", "delete", "ann"))
case(138, "warning", 2, None, "x", row("mailbox", "delete", "x"))
case(292, "error", 2, TARGET, "x", row("remote", "", "x"))
case(292, "error", 2, None, "x", row("mailbox", "", "x"), "--compat")

# ---- Targets ----
case(235, "error", 2, TARGET, "x", row("remote", "", "x", "SMTP:nonsense"))
case(235, "error", 2, TARGET, "x", row("remote", "", "x", "SMTP:nobody@virt.example"))
case(236, "error", 2, TARGET, "x", row("remote", "", "x", "SMTP:rem@far.example"))
case(236, "warning", 2, "targetAddress", "cn=new,dc=north",
     'DN,objectClass,targetAddress,proxyAddresses\n"cn=new,dc=north",contact,SMTP:shared@far.example,smtp:new@north.example\n')
case(230, "warning", 2, TARGET, "x", row("remote", "", "x", "new@far.example"))
case(265, "warning", 2, TARGET, "x", row("mailbox", "", "x", "SMTP:new@far.example"))
case(241, "error", 2, TARGET, "x", row("remote", "create", "x", "~DEL"))
case(266, "error", 2, TARGET, "rem", row("remote", "", "rem", "~DEL"))
case(266, "error", 1, "proxyAddresses", "ann", "dn: ann\nchangetype: modify\nreplace: proxyAddresses\n-\n")

# ---- Cells and addresses ----
case(168, "warning", 2, PRIMARY, "x", row("mailbox", "", "x", "", "SMTP:x\\y@north.example"))
case(168, "warning", 2, "Directory Name", "xy", row("mailbox", "", "x\\y"))
case(295, "error", 2, SECONDARY, "x", row("mailbox", "", "x", "", "", "=more.txt"))
case(295, "error", 1, "proxyAddresses", "cn=new,dc=north", LDIF + "proxyAddresses:< file:///etc/passwd\n")
case(296, "error", 2, SECONDARY, "x", row("mailbox", "", "x", "", "", "#FILE(12)"))
case(245, "error", 2, SECONDARY, "ann", row("mailbox", "", "ann", "", "", "~DELsmtp:a2@north.example"))
case(245, "error", 2, SECONDARY, "ann", row("mailbox", "", "ann", "", "", "~DEL<smtp>"))
case(245, "error", 2, "Alias Name", "ann", row("mailbox", "ann", "~DEL<x>", header="Obj-Class,Directory Name,Alias Name"))
case(268, "error", 2, SECONDARY, "ann", row("mailbox", "", "ann", "", "", "~DEL%smtp:a3@north.example"))
case(241, "error", 2, SECONDARY, "x", row("mailbox", "", "x", "", "", "~DEL"))
case(241, "error", 2, "Alias Name", "x", row("mailbox", "x", "~DEL", header="Obj-Class,Directory Name,Alias Name"))
case(230, "error", 2, PRIMARY, "x", row("mailbox", "", "x", "", "nonsense"))
case(230, "error", 2, PRIMARY, "x", row("mailbox", "", "x", "", "x@north.example", header=CSV + ",Home-Server")[:-2] + "S\r\n", "--compat")
case(230, "warning", 2, PRIMARY, "x", row("mailbox", "", "x", "", "x@north.example"))
case(231, "error", 2, PRIMARY, "x", row("mailbox", "", "x", "", ":x@north.example"))
case(232, "error", 2, PRIMARY, "x", row("mailbox", "", "x", "", "NINECHARS:x@north.example"))
case(233, "error", 2, PRIMARY, "x", row("mailbox", "", "x", "", "SMTP:x@north.example%SMTP:y@north.example"))
case(233, "warning", 2, PRIMARY, "x", row("mailbox", "", "x", "", "smtp:x@north.example"))
case(233, "warning", 2, "proxyAddresses", "cn=new,dc=north", CSVDE + '"cn=new,dc=north",user,,SMTP:x@north.example;SMTP:y@north.example\n')
case(233, "error", 2, "proxyAddresses", "cn=new,dc=north", CSVDE + '"cn=new,dc=north",user,,SMTP:x@north.example;SMTP:y@north.example\n', "--compat")
case(237, "error", 2, PRIMARY, "x", row("mailbox", "", "x", "", "SMTP:nonsense"))
case(237, "error", 2, "Proxy addresses", "new@north.example", '"Display name","Proxy addresses"\r\n"x","SMTP:new@north.example+smtp:a..b@north.example"\r\n')
case(237, "error", 2, "proxyaddresses", "cn=new,dc=north", 'DN,objectClass,proxyaddresses\n"cn=new,dc=north",user,smtp:a..b@north.example\n')
case(271, "error", 2, "Max Receive Size", "x", '"Name","PrimarySmtpAddress","Max Receive Size"\r\n"x","new@north.example","4 x"\r\n')
case(237, "error", 2, None, "...", row("mailbox", "", "..."), "--rule=%m@north.example")
case(238, "error", 2, PRIMARY, "x", row("mailbox", "", "x", "", "SMTP:ann@north.example"))
case(243, "warning", 2, SECONDARY, "x", row("mailbox", "", "x", "", "SMTP:x@north.example", "smtp:x@north.example"))
case(243, "error", 2, SECONDARY, "ann", row("mailbox", "", "ann", "", "", "smtp:n@north.example%SMTP:N@north.example"), "--compat")
case(243, "info", 2, SECONDARY, "ann", row("mailbox", "", "ann", "", "", "smtp:ann@north.example"))
case(150, "warning", 2, SECONDARY, "ann", row("mailbox", "", "ann", "", "", "~DEL<smtp:none@north.example>"))
case(150, "warning", 2, SECONDARY, "bob", row("mailbox", "", "bob", "", "", "~DEL"))
case(150, "warning", 2, "Alias Name", "ann", row("mailbox", "ann", "~DEL", header="Obj-Class,Directory Name,Alias Name"))
case(150, "warning", 2, MEMBERS, "list", row("dl", "", "list", "", "", "", "~DEL<bob>"))
case(150, "warning", 2, MEMBERS, "bob", row("mailbox", "", "bob", "", "", "", "~DEL<list>"))
case(150, "warning", 2, MEMBERS, "bob", row("mailbox", "", "bob", "", "", "", "~DEL"))
case(267, "error", 2, None, "ann", row("mailbox", "", "ann", "", "~DEL<SMTP:ann@north.example>"))
case(270, "error", 2, "objectGUID", "cn=new,dc=north", CSVDE + "\"cn=new,dc=north\",user,X'0g',SMTP:x@north.example\n")
case(271, "error", 2, "Hide from AB", "x", row("mailbox", "x", "maybe", header="Obj-Class,Directory Name,Hide from AB"))
case(271, "error", 2, "Incoming message size limit", "x", row("mailbox", "x", "big", header="Obj-Class,Directory Name,Incoming message size limit"))
case(271, "error", 2, "MaxReceiveSize", "x", PS + '\r\n"x","new@north.example","","UserMailbox","big"\r\n')
case(274, "error", 2, MEMBERS, "x", row("dl", "", "x", "", "", "", "/o=/cn="))
case(284, "warning", 2, MEMBERS, "ann", row("mailbox", "", "ann", "", "", "", "no such list"))
case(905, "warning", 2, "PrimarySmtpAddress", "x", PS + '\r\n"x","y@north.example","SMTP:x@north.example","UserMailbox",""\r\n')
case(908, "info", 2, PRIMARY, "x", row("mailbox", "", "x", "", "SMTP:x@elsewhere.example"))
case(909, "info", 2, MEMBERS, "list", row("dl", "", "list", "", "", "", "nobody"))
case(910, "info", 2, SECONDARY, "x", row("mailbox", "", "x", "", "", "smtp:x@north.example%"))
case(911, "error", 2, "EmailAddresses", "x", PS + '\r\n"x","x@north.example","{SMTP:x@north.example...}","UserMailbox",""\r\n')
case(911, "error", 2, "member;range=0-1499", "cn=new,dc=north", 'DN,objectClass,member;range=0-1499\n"cn=new,dc=north",group,"cn=a,dc=north"\n')
case(911, "error", 1, "member;range=0-1499", "cn=new,dc=north", "dn: cn=new,dc=north\nobjectClass: group\nmember;range=0-1499: cn=a,dc=north\n")
case(912, "warning", 2, PRIMARY, "x", row("mailbox", "", "x", "", '"SMTP:x@north.example "'))
case(913, "info", 2, '"Secondary-Proxy-Addresses"'.strip('"'), "ann", '"Obj-Class","Directory Name","Secondary-Proxy-Addresses"\r\n"mailbox","ann","~DEL"\r\n')
case(915, "error", 2, "EmailAddresses", "x", PS + '\r\n"x","x@north.example","System.Collections.ArrayList","UserMailbox",""\r\n')
case(916, "info", 2, None, "x", PS + '\r\n"x","","","User",""\r\n')
case(916, "info", 2, "Obj-Class", "Sub", row("container", "", "Sub"))
case(916, "info", 1, None, "ou=Staff", "dn: ou=Staff\nobjectClass: organizationalUnit\n")
case(916, "info", 1, None, "cn=new", "dn: cn=new\nobjectClass: user\ncn: new\n")
case(917, "error", 1, "control", "cn=new", "dn: cn=new\ncontrol: 1.2.840.113556.1.4.805 true\nchangetype: delete\n")
case(918, "error", 1, None, "cn=new", "dn: cn=new\nno colon\n")
case(918, "error", 1, None, None, "version: 2\ndn: cn=new\nobjectClass: user\n")
case(919, "error", 5, None, "ann", LDIF + "mail: x@north.example\n\ndn: ann\nchangetype: delete\n")
case(900, "error", 1, "displayName", "cn=new,dc=north", LDIF + "displayName:: /w==\nmail: new@north.example\n")
case(924, "warning", 2, MEMBERS, "x", row("dl", "", "x", "", "", "", "m" * 255), also={(909, "info")})
case(925, "warning", 2, None, "x", PS + '\r\n"x","new@north.example","","DynamicDistributionGroup",""\r\n')

# ---- The end of the run: the row that caused it ----
case(920, "error", 3, None, "c2", row("mailbox", "c1", "SMTP:c1@virt.example", "c2", header="Obj-Class,Directory Name,E-mail Addresses,Alt-Recipient")
     + "mailbox,c2,SMTP:c2@virt.example,c1\r\n")
case(921, "error", 2, None, "big", row("dl", "", "big", "", "SMTP:big@virt.example", "", "%".join(f"m{i}@far{i}.example" for i in range(5))))
case(922, "error", 2, None, "x", row("mailbox", "", "x", "", "SMTP:x@alias.example"))
case(923, "error", 2, None, "bob", row("mailbox", "delete", "bob"))

# ---- Others ----
case(940, "error", 1, None, None, row("mailbox", "", "x"), "--trust=CA")


class Events(WorldCase):
    START = False
    CONFIG = {"limits": {"list-recipients": "3"}}

    @classmethod
    def populate(cls, world):
        for args in (("north.example", "--class=relay"), ("virt.example", "--class=virtual-mailbox", "--route=lmtp:unix:/run/x"),
                     ("alias.example", "--class=virtual-alias")):
            world.ctl("domain", "add", *args)
        world.imp(CSV + "\r\nmailbox,,ann,,SMTP:ann@north.example,smtp:a2@north.example,\r\nmailbox,,bob,,SMTP:bob@north.example,,\r\n"
                  "remote,,rem,SMTP:rem@far.example,SMTP:rem@north.example,,\r\nremote,,to-bob,SMTP:bob@north.example,smtp:to-bob@north.example,,\r\n"
                  "dl,,list,,SMTP:list@north.example,,ann\r\n")
        world.imp('DN,objectClass,targetAddress,proxyAddresses\n"cn=sharing,dc=north",contact,SMTP:shared@far.example,smtp:sharing@north.example\n')

    def diagnose(self, content, options):
        if "--trust=CA" in options:
            authority.require()
            ca = authority.Authority(self.world.make_dir("ca", 0o755), "ca")
            options = ("--trust=" + ca.cert,)
        done = self.world.imp(content, "--dry-run", "--json", *options, rc=None, name="event.csv")
        lines = [d for d in done.json() if d["type"] == "diagnostic"]
        self.assertTrue(all(d["file"] == os.path.join(self.world.work, "event.csv") for d in lines), str(done))
        return [(int(d["code"][3:]), d["severity"], d["line"], d["column"], d["object"]) for d in lines], done

    def test_all(self):
        """each case: its own diagnostic with the right place, and no other error or warning"""
        for code, severity, line, column, name, content, options, also in CASES:
            with self.subTest(f"{code} {severity} {content[:60]!r} {options}"):
                found, done = self.diagnose(content, options)
                self.assertIn((code, severity, line, column, name), found, str(done)[:3000])
                others = {(c, s) for c, s, *_ in found if s != "info"} - {(code, severity)} - also
                self.assertEqual(others, set(), str(done)[:3000])
                self.assertEqual(done.rc, 3 if code == 940 else 1 if severity == "error" else 0, str(done)[:3000])

    def test_options_file(self):
        """GIF0938: a key of an options file that means nothing here"""
        options = self.world.file("options.ini", "[Import]\r\nGeneratePassword=Yes\r\nColumnSeparator=44\r\n")
        done = self.world.imp(row("mailbox", "", "x"), "--dry-run", "--json", "--options=" + options, name="event.csv")
        found = [d for d in done.json() if d.get("code") == "GIF0938"]
        self.assertEqual([(d["file"], d["line"], d["severity"]) for d in found], [(options, 2, "info")], str(done))

    def test_unreadable(self):
        """224: a file that cannot be read, at line 1"""
        for path in (os.path.join(self.world.work, "none.csv"), self.world.work):
            done = self.world.run("gif-import", "--config", self.world.conf, "--json", path, rc=1)
            found = [(d["code"], d["severity"], d["file"], d["line"]) for d in done.json() if d["type"] == "diagnostic"]
            self.assertEqual(found, [("GIF0224", "error", path, 1)])

    def of_run(self, done, code, rc):
        """One error of the run as a whole, without a file."""
        self.assertEqual(done.rc, rc, str(done))
        found = [d for d in done.json() if d["type"] == "diagnostic" and d["severity"] == "error"]
        self.assertEqual([(d["code"], d["file"], d["line"], d["column"], d["object"]) for d in found], [(code, None, None, None, None)], str(done))

    def test_store(self):
        """GIF0930: a store that is none"""
        broken = os.path.join(self.world.make_dir("broken", 0o755), "store.mdb")
        with open(broken, "wb") as out:
            out.write(b"no store" * 4096)
        conf = self.world.write_config({"store": {"path": broken}}, self.world.conf + "2")
        self.world.settings["store"]["path"] = self.world.store
        path = self.world.file("event.csv", row("mailbox", "", "x"))
        self.of_run(self.world.run("gif-import", "--config", conf, "--json", path, rc=None), "GIF0930", 1)

    def test_failed_rows(self):
        """GIF0931: the file of failed rows cannot be written, so nothing is applied"""
        self.world.make_dir(os.path.join("w", "failing.csv.err"), 0o755)
        before = self.world.status()
        done = self.world.imp(row("mailbox", "", "x") + "wombat,,y,,,,\r\n", "--json", "--keep-going", name="failing.csv", rc=1)
        self.assertEqual([d["code"] for d in done.json()[:-1]], ["GIF0228", "GIF0931"], str(done))
        self.assertEqual(self.world.status(), before)

    def test_entangled(self):
        """GIF0934: a row that cannot stand, and whose address another row took, so nothing is applied"""
        header = "Obj-Class,Mode,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses,Members\r\n"
        self.world.ctl("domain", "add", "ring.example", "--class=virtual-alias")
        self.world.imp(header + "mailbox,,taker,SMTP:taker@north.example,,\r\ndl,,ring,SMTP:ring@ring.example,smtp:old@ring.example,taker\r\n"
                       "dl,,other,SMTP:other@ring.example,,ring\r\n")
        before = self.world.status()
        done = self.world.imp(header + "dl,modify,ring,,~DEL<smtp:old@ring.example>,~DEL<taker>\r\ndl,modify,ring,,,other\r\n"
                              "mailbox,modify,taker,,smtp:old@ring.example,\r\nmailbox,,good,SMTP:good@north.example,,\r\n",
                              "--json", "--keep-going", rc=1)
        self.assertEqual([(d["code"], d["line"], d["object"]) for d in done.json()[:-1]], [("GIF0920", 3, "ring"), ("GIF0934", None, None)], str(done))
        self.assertEqual(self.world.status(), before)

    def test_plans(self):
        """GIF0936: a plan that is none; GIF0937: one that others were faster than"""
        plan = os.path.join(self.world.work, "plan")
        self.of_run(self.world.run("gif-import", "--config", self.world.conf, "--json", "--apply-plan=" + self.world.file("none", "no plan"), rc=None),
                    "GIF0936", 3)
        self.world.imp(row("mailbox", "", "planned"), "--dry-run", "--plan-out=" + plan)
        self.world.imp(row("mailbox", "", "faster"))
        self.of_run(self.world.run("gif-import", "--config", self.world.conf, "--json", "--apply-plan=" + plan, rc=None), "GIF0937", 3)

    def test_a_million_errors(self):
        """as text the first 1000 of each number and severity, then how many more; with --json all of them"""
        count = 2500
        content = CSV + "\r\n" + "".join(f"mailbox,,x{i},,x{i}@north.example,smtp:nonsense,\r\nwombat,,y{i},,,,\r\n" for i in range(count))
        done = self.world.imp(content, "--dry-run", rc=1)
        for code, severity in (("0230", "warning"), ("0237", "error"), ("0228", "error")):
            self.assertEqual(len(re.findall(rf"(?m)^.*:\d+: {severity} GIF{code}: ", done.err)), 1000)
            self.assertIn(f"gif-import: {severity} GIF{code}: 1500 more, 2500 in all\n", done.err)
        self.assertEqual(len(done.err.splitlines()), 3003)
        lines = self.world.imp(content, "--dry-run", "--json", rc=1).json()
        self.assertEqual(sum(d["type"] == "diagnostic" for d in lines), 3 * count)
        self.assertEqual((lines[-1]["errors"], lines[-1]["warnings"]), (2 * count, count))


class Complete(unittest.TestCase):
    """What the importer's source can say is what the table above makes it say."""

    SEVERITIES = {"GIF_ERROR": "error", "GIF_WARNING": "warning", "GIF_INFO": "info"}

    def sources(self):
        folder = os.path.join(SOURCE, "gif")
        for name in sorted(os.listdir(folder)):
            if name.endswith((".c", ".h")):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    yield name, re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', " ", file.read(), flags=re.DOTALL)

    def own_codes(self):
        for name, text in self.sources():
            if name == "diagnostic.h":
                return {word: int(number) for word, number in re.findall(r"(GIF_CODE_\w+) = (\d+)", text)}
        raise AssertionError("gif/diagnostic.h has no codes")

    def test_every_number(self):
        """each number in gif/*.c is in the table, or stands in a test of its own"""
        told = {c[0] for c in CASES} | set(ELSEWHERE)
        codes = self.own_codes()
        self.assertEqual(sorted(set(codes.values()) - told), [], "numbers of gif/diagnostic.h without a case")
        missing = []
        for name, text in self.sources():
            for number in map(int, re.findall(r"(?<![\w.])(\d{3})(?![\w.])", text)):
                if number in EVENTS and number not in told:
                    missing.append(f"gif/{name}: {number}")
        self.assertEqual(missing, [])

    def test_every_severity(self):
        """each severity that a number is told with"""
        codes = self.own_codes()
        told = {(c[0], c[1]) for c in CASES}
        missing = []
        for name, text in self.sources():
            for severity, number in re.findall(r"(GIF_ERROR|GIF_WARNING|GIF_INFO),\s*(\d{3}|GIF_CODE_\w+)\s*,", text):
                code = codes[number] if number in codes else int(number)
                if (code, self.SEVERITIES[severity]) not in told and code not in ELSEWHERE:
                    missing.append(f"gif/{name}: {severity} {number}")
        self.assertEqual(missing, [])

    def test_manual(self):
        """gif(5) lists each number with its severities, and no other"""
        with open(os.path.join(SOURCE, "man", "gif.5"), encoding="utf-8") as file:
            listed = dict(re.findall(r"(?m)^\.It Li GIF(\d{4}) Pq Cm (.*)$", file.read()))
        told = {}
        for code, severity, *_ in CASES:
            told.setdefault(f"{code:04d}", set()).add(severity)
        for code, severities in told.items():
            self.assertEqual(set(listed.get(code, "").split(" | ")), severities, code)
        self.assertEqual(sorted(set(listed) - set(told)), sorted(f"{code:04d}" for code in set(ELSEWHERE) - {c[0] for c in CASES}))

    def test_elsewhere(self):
        """where a number is said to be tested, it is"""
        for code, where in ELSEWHERE.items():
            name = os.path.basename(__file__) if where == "here" else where
            with open(os.path.join(SOURCE, "tests", "system", name), encoding="utf-8") as file:
                self.assertIn(f"GIF{code:04d}", file.read(), where)

    def test_every_event(self):
        """each event of Exchange is told, or there is a reason why not"""
        told = {c[0] for c in CASES} | {224}
        self.assertEqual(sorted(EVENTS - told - set(NOT_OURS)), [])
        self.assertEqual(sorted(told & set(NOT_OURS)), [])


if __name__ == "__main__":
    unittest.main()
