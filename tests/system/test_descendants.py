"""The descendants of the import format (csvde, LDIF, PowerShell), each file through the real programs."""

import json
import os
import unittest

from harness import World
from programs import HERE, PROGRAM_PLACES, program
from test_vectors import objects


class Worlds(unittest.TestCase):
    def setUp(self):
        for name in PROGRAM_PLACES:
            program(name)
        self.world = World()
        self.addCleanup(self.world.close)

    def imp(self, content, *options, name="vector.csv"):
        """The result, and what it told beside information: line, severity, number."""
        done = self.world.imp(content, "--json", *options, name=name, rc=None)
        path = os.path.join(self.world.work, name)
        told = []
        for line in done.json():
            if line["type"] == "diagnostic" and line["severity"] != "info":
                self.assertEqual(line["file"], path)
                self.assertRegex(line["code"], r"^GIF\d{4}$")
                told.append([line["line"], line["severity"], int(line["code"][3:])])
        return done, told


class Vectors(Worlds):
    def check(self, vector):
        for content in vector["before"]:
            self.world.imp(content)
        raw = vector["input"].encode("latin-1")
        options = [f"--{name}" for name in vector["options"]]
        done, told = self.imp(raw, "--keep-going", *options, name=vector["file"])
        self.assertEqual(told, vector["diagnostics"], str(done))
        errors = sum(1 for line in told if line[1] == "error")
        self.assertEqual(done.rc, 1 if errors else 0, str(done))
        self.assertEqual(objects(self.world), vector["store"], str(done))
        if not errors:
            again, _ = self.imp(raw, *options, name=vector["file"])
            if "changetype" not in vector["input"]:
                self.assertIsNone(again.json()[-1]["batch"], "the same file again changed something")


CSVDE = "DN,objectClass,targetAddress,proxyAddresses,member\n"


class Rows(Worlds):
    def test_members_by_dn(self):
        """a group of LDIF expands to the members that its distinguished names mean"""
        self.world.ctl("domain", "add", "north.example", "--class=virtual-alias")
        self.world.ctl("domain", "add", "far.example", "--class=route")
        done, told = self.imp(
            "dn: cn=G,dc=x\nobjectClass: group\nproxyAddresses: SMTP:g@north.example\nmember: CN=Ann,dc=x\nmember: cn=gone,dc=x\n\n"
            "dn: cn=ann,dc=x\nobjectClass: contact\ntargetAddress: SMTP:ann@elsewhere.example\nproxyAddresses: smtp:ann@north.example\n",
            name="in.ldif")
        self.assertEqual((done.rc, told), (0, []), str(done))
        self.assertIn("cn=gone,dc=x", [d["message"] for d in done.json() if d.get("code") == "GIF0909"][0])
        self.world.start()
        self.assertEqual(self.world.ctl("lookup", "virtual_alias_maps", "g@north.example").out.strip(), "ann@elsewhere.example")
        _, told = self.imp("dn: cn=g,dc=x\nchangetype: modify\ndelete: member\nmember: cn=ann,dc=x\nmember: cn=no,dc=x\n-\nadd: member\nmember: cn=ben\n-\n",
                           name="in.ldif")
        self.assertEqual(told, [[1, "warning", 150]])
        group = [row for row in self.world.export() if row["class"] == "dl"][0]
        self.assertEqual(group["members"], ["cn=ben", "cn=gone,dc=x"])

    def test_shared_target(self):
        """contacts with one target are a warning in directory files, an error in the import format"""
        rows = '"cn=a",contact,SMTP:x@far.example,smtp:a@north.example,\n"cn=b",contact,SMTP:x@far.example,smtp:b@north.example,\n'
        done, told = self.imp(CSVDE + rows)
        self.assertEqual((done.rc, told), (0, [[3, "warning", 236]]), str(done))
        self.assertEqual([row["target"] for row in self.world.export()], ["SMTP:x@far.example"] * 2)
        again, told = self.imp(CSVDE + rows)
        self.assertEqual((again.json()[-1]["batch"], told), (None, []))
        _, told = self.imp("Obj-Class,Common-Name,Target-Address\nremote,c,SMTP:x@far.example\n", name="gif.csv")
        self.assertEqual(told, [[2, "error", 236]])
        # What another object has as its address stays an error.
        self.imp("Obj-Class,Common-Name,Proxy-Addresses\nmailbox,m,SMTP:m@far.example\n", name="gif.csv")
        _, told = self.imp(CSVDE + '"cn=d",contact,SMTP:m@far.example,,\n')
        self.assertEqual(told, [[2, "error", 236]])
        # The one that goes leaves the other one its target, and the batch can be undone.
        done, _ = self.imp("dn: cn=a\nchangetype: delete\n", name="in.ldif")
        self.assertEqual([row["name"] for row in self.world.export() if row["class"] == "remote"], ["cn=b"])
        _, told = self.imp("Obj-Class,Common-Name,Proxy-Addresses\nmailbox,z,SMTP:x@far.example\n", name="gif.csv")
        self.assertEqual(told, [[2, "error", 238]])
        self.world.ctl("rollback", str(done.json()[-1]["batch"]))
        self.assertEqual(len([row for row in self.world.export() if row.get("target")]), 2)
        # In one run: both go, and then the address is free.
        self.imp("dn: cn=b\nchangetype: delete\n\ndn: cn=a\nchangetype: delete\n", name="in.ldif")
        self.imp("Obj-Class,Common-Name,Proxy-Addresses\nmailbox,z,SMTP:x@far.example\n", name="gif.csv")

    def test_repeated_rows(self):
        """rows of one DN add up, the first primary stays, and --overwrite replaces once"""
        file = "DN;proxyAddress\n" + "".join(f'"cn=a,dc=x";{value}\n' for value in ("SMTP:a@x.example", "smtp:b@x.example", "SMTP:c@x.example"))
        done, told = self.imp(file)
        self.assertEqual((done.rc, told, done.json()[-1]["rows"]), (0, [[4, "warning", 233]], 3), str(done))
        self.assertEqual(self.world.export()[0]["addresses"], ["SMTP:a@x.example", "smtp:b@x.example", "smtp:c@x.example"])
        self.imp('DN;proxyAddress\n"cn=a,dc=x";SMTP:n@x.example\n"cn=a,dc=x";smtp:b@x.example\n', "--overwrite")
        self.assertEqual(self.world.export()[0]["addresses"], ["SMTP:n@x.example", "smtp:b@x.example"])
        _, told = self.imp(file, "--mode=create", "--keep-going")
        self.assertEqual(told[0], [2, "error", 287])

    def test_failed_rows(self):
        """--keep-going writes the failed records with what stands before the first one, and they can be imported again"""
        good = "dn: cn=b\nobjectClass: user\nmail: b@x.example\n\n"
        bad = "dn: cn=a\nobjectClass: user\nproxyAddresses: SMTP:no address\n\n"
        _, told = self.imp("version: 1\n\n# first\n" + bad + good + bad.replace("=a", "=c"), "--keep-going", name="in.ldif")
        self.assertEqual(told, [[4, "error", 237], [12, "error", 237]])
        with open(os.path.join(self.world.work, "in.ldif.err"), encoding="ascii") as kept:
            text = kept.read()
        self.assertEqual(text, "version: 1\n# first\n" + bad + bad.replace("=a", "=c"))
        self.assertEqual([row["name"] for row in self.world.export()], ["cn=b"])
        done, told = self.imp(text.replace("no address", "a@x.example", 1), "--keep-going", name="again.ldif")
        self.assertEqual(len(told), 1, str(done))
        _, told = self.imp('#TYPE x\n"Name","EmailAddresses"\n"a","SMTP:?"\n"d","SMTP:d@x.example"\n', "--keep-going", name="ps.csv")
        self.assertEqual(told, [[3, "error", 237]])
        with open(os.path.join(self.world.work, "ps.csv.err"), encoding="ascii") as kept:
            self.assertEqual(kept.read(), '#TYPE x\n"Name","EmailAddresses"\n"a","SMTP:?"\n')

    def test_no_recipients(self):
        """records without a mail attribute are rows that change nothing"""
        done, told = self.imp(
            "dn: ou=x\nobjectClass: organizationalUnit\n\ndn: cn=schema\nobjectClass: dMD\n\ndn: cn=bare\n\n"
            "dn: cn=pc\nobjectClass: user\nobjectClass: computer\nmail: pc@x.example\n\ndn: cn=guest\nobjectClass: user\nsn: x\n", name="in.ldif")
        summary = done.json()[-1]
        self.assertEqual((done.rc, told, summary["rows"], summary["unchanged"], summary["batch"]), (0, [], 5, 5, None), str(done))
        self.assertEqual([d["line"] for d in done.json()[:-1]], [1, 4, 7, 9, 14])

    def test_useless_lists(self):
        """a column of type names refuses everything, also with --keep-going and other files"""
        self.world.file("good.csv", "Obj-Class,Common-Name\nmailbox,a\n")
        _, told = self.imp('"Name","EmailAddresses"\n"b","SMTP:b@x.example"\n"c","System.Object[]"\n"d","System.Object[]"\n',
                           "--keep-going", os.path.join(self.world.work, "good.csv"))
        self.assertEqual(told, [[3, "error", 915]])
        self.assertEqual(self.world.export(), [])
        _, told = self.imp('DN,mail\ncn=a,a@x.example\ncn=b,"b@x.example\n', "--keep-going")
        self.assertEqual(told, [[3, "error", 220]])
        self.assertEqual(self.world.export(), [])

    def test_mailbox_settings(self):
        """what PowerShell says about a mailbox arrives"""
        done, told = self.imp(
            '"Name","Alias","PrimarySmtpAddress","RecipientTypeDetails","HiddenFromAddressListsEnabled","ForwardingSmtpAddress",'
            '"DeliverToMailboxAndForward","MaxReceiveSize","MaxSendSize","CustomAttribute3"\n'
            '"ann","al","ann@x.example","SharedMailbox","True","smtp:f@y.example","True","36 MB (37,748,736 bytes)","Unlimited","c3"\n')
        self.assertEqual((done.rc, told), (0, []), str(done))
        row = self.world.export()[0]
        self.assertEqual({k: row.get(k) for k in ("alias", "hidden", "forward", "deliver_and_redirect", "limit_in", "limit_out", "addresses", "other")},
                         {"alias": "al", "hidden": True, "forward": "f@y.example", "deliver_and_redirect": True, "limit_in": 36864, "limit_out": None,
                          "addresses": ["SMTP:ann@x.example"], "other": {"Extension-Attribute-3": "c3"}})
        _, told = self.imp('"Name","MaxReceiveSize","RecipientTypeDetails"\n"ann","Unlimited","SharedMailbox"\n', "--format=powershell")
        self.assertEqual(told, [])
        self.assertIsNone(self.world.export()[0].get("limit_in"))

    def test_formats(self):
        """--format overrides what a file looks like; an unknown one is a usage error"""
        _, told = self.imp(CSVDE + "cn=a,user,,SMTP:a@x.example,\n", "--format=ldif")
        self.assertEqual(told, [[1, "error", 918]])
        _, told = self.imp(CSVDE + "cn=a,user,,SMTP:a@x.example,\n", "--format=gif")
        self.assertEqual(told, [[1, "error", 226]])
        _, told = self.imp("Obj-Class,Common-Name\nmailbox,a\n", "--format=csvde")
        self.assertEqual(told, [[1, "error", 225]])
        self.world.imp("x", "--format=excel", rc=2)

    def test_linear(self):
        """members of one group, in one record and as modifications"""
        members = "".join(f"member: cn=m{i},ou=people,dc=x\n" for i in range(20000))
        done, told = self.imp("dn: cn=g\nobjectClass: group\nmail: g@x.example\n" + members, name="in.ldif")
        self.assertEqual((done.rc, told), (0, []))
        self.assertLess(done.json()[-1]["seconds"], 10)
        done, told = self.imp("dn: cn=g\nchangetype: modify\ndelete: member\n" + members + "-\n", name="in.ldif")
        self.assertEqual((done.rc, told), (0, []))
        self.assertLess(done.json()[-1]["seconds"], 10)


def load():
    with open(os.path.join(HERE, "descendant_vectors.json"), encoding="utf-8") as data:
        vectors = json.load(data)
    for vector in vectors:

        def method(self, vector=vector):
            self.check(vector)

        method.__doc__ = vector["title"]
        setattr(Vectors, "test_" + vector["name"], method)


load()

if __name__ == "__main__":
    unittest.main()
