"""Exports of the local objects, read back by the importer: into an empty store, and into the same one."""

import unittest

from harness import FreshCase

# Texts that a format could take for something else; no two fold to the same.
NASTY = (
    "50% off", "%", "\\", "\\\\x\\", "tail\\", '"quoted"', '"', "a,b", "a;b", "line\nbreak", "cr\rlf\r\n", "~DEL", "~DEL<SMTP:a@b>", "~DELx",
    "~<x>", "=x", "#FILE(1)", "#NAME?", " lead", "trail ", " ", "\ttab\t", "Jörg", "好", "\\r", ": colon", "<angle", "\\=x", "'",
)
COLUMNS = (
    "Obj-Class,Directory Name,Display Name,First Name,Last name,Alias Name,Initials,Primary Windows NT Account,Home-Server,Obj-Container,E-mail address,"
    "E-mail Addresses,Secondary-Proxy-Addresses,Members,Hide from AB,Alt-Recipient,Deliver-And-Redirect,Deliv-Cont-Length,Submission-Cont-Length,"
    "Auth-Orig,Unauth-Orig,DL-Mem-Submit-Perms,DL-Mem-Reject-Perms,Title,Extension-Attribute-3"
)


def escape(text):
    """One value as a quoted field's inside."""
    text = text.replace("\\", "\\\\").replace("%", "\\%").replace("\r", "\\r").replace("\n", "\\n").replace('"', '""')
    return "\\" + text if text[:1] in ("=", "~", "#") and text != "~DEL" else text


def row(**cells):
    fields = []
    for name in COLUMNS.split(","):
        value = cells.get(name, "")
        if name == "Obj-Class":
            fields.append(value)
        elif name == "Primary Windows NT Account":
            fields.append('"' + value.replace('"', '""') + '"' if value else "")
        elif isinstance(value, (list, tuple)):
            fields.append('"' + "%".join(escape(v) for v in value) + '"' if value else "")
        else:
            fields.append('"' + escape(str(value)) + '"' if value != "" else "")
    return ",".join(fields) + "\r\n"


def is_name(text):
    return text == text.strip() and text.isprintable()


def everything():
    """One object for each nasty text, and one of each kind of relation."""
    names = [text for text in NASTY if is_name(text)]
    rows = []
    for i, text in enumerate(NASTY):
        one = text if is_name(text) else f"n{i}"
        cells = {name: text for name in ("Display Name", "First Name", "Last name", "Alias Name", "Initials", "Home-Server", "Obj-Container", "Title",
                                         "Extension-Attribute-3")}
        if not set("\r\n\\") & set(text):
            cells["Primary Windows NT Account"] = "NORTH\\" + text
        rows.append(row(**{
            "Obj-Class": ("mailbox", "dl", "public-folder")[i % 3], "Directory Name": one, "Members": names if i % 3 == 1 else (),
            "E-mail Addresses": (f"SMTP:u{i}@north.example", f"X400:c=US;a= ;p=%\\;s=L{i};"),
            "Secondary-Proxy-Addresses": (f'smtp:"a b{i}"@north.example', f"smtp:u{i}%gw@north.example", f"CCMAIL:Lee, Ann {i} at HQ"),
            "Hide from AB": i % 2, "Alt-Recipient": one if i % 4 == 0 else "", "Deliver-And-Redirect": 1 if i % 4 == 0 else "",
            "Deliv-Cont-Length": i if i % 5 else "", "Submission-Cont-Length": 0 if i % 7 == 0 else "", "Auth-Orig": names[:3], "Unauth-Orig": ("x@far.example",),
            "DL-Mem-Submit-Perms": names[3:5], "DL-Mem-Reject-Perms": names[5:6], **cells}))
    rows.append(row(**{"Obj-Class": "remote", "Directory Name": "z1", "E-mail address": "SMTP:z1@far.example"}))
    rows.append(row(**{"Obj-Class": "remote", "Directory Name": "y2", "E-mail address": "SMTP:y2@far.example", "E-mail Addresses": ("SMTP:y2@north.example",)}))
    # Chains of remotes that lead to one another, against the order of their names.
    rows.append(row(**{"Obj-Class": "remote", "Directory Name": "b1", "E-mail address": "SMTP:y2@north.example", "E-mail Addresses": ("SMTP:b1@north.example",)}))
    rows.append(row(**{"Obj-Class": "remote", "Directory Name": "a1", "E-mail address": "SMTP:b1@north.example", "E-mail Addresses": ("SMTP:a1@north.example",)}))
    rows.append(row(**{"Obj-Class": "remote", "Directory Name": "x4", "E-mail address": "X400:c=US;s=X;"}))
    return COLUMNS + "\r\n" + "".join(rows)


class RoundTrip(FreshCase):
    def declared(self):
        world = self.make_world()
        world.ctl("domain", "add", "north.example", "--class=relay")
        return world

    def source(self):
        world = self.declared()
        world.imp(everything(), name="all.csv")
        # What no import file says at once: recipients without the primary that they were given.
        world.ctl("address", "remove", "SMTP:z1@far.example")
        world.ctl("address", "add", "x4", "x4@north.example")
        world.ctl("object", "add", "pathlike", "--class=dl", "--member=CN=Ann Lee,OU=Staff", "--member=a/cn=b", "--member=/o=x", "--member=//cn=y")
        world.ctl("object", "add", "empty", "--class=dl")
        return world

    def check(self, form):
        world = self.source()
        before = world.export()
        self.assertEqual(len(before), len(NASTY) + 7)
        text = world.ctl("export", f"--format={form}").out_bytes
        again = world.imp(text, "--json", name=f"again.{form}").json()
        self.assertEqual((again[-1]["batch"], again[-1]["errors"]), (None, 0), again)
        self.assertEqual(world.export(), before)
        other = self.declared()
        done = other.imp(text, "--json", name=f"new.{form}").json()
        self.assertEqual(done[-1]["errors"], 0, [d for d in done if d.get("severity") == "error"])
        self.assertEqual(other.export(), before)
        self.assertEqual(other.ctl("export", f"--format={form}").out_bytes, text)

    def test_gif(self):
        """export --format=gif"""
        self.check("gif")

    def test_ldif(self):
        """export --format=ldif"""
        self.check("ldif")

    def test_what_only_ldif_brings(self):
        """contacts that share a target, known senders only, a name with a blank at its end"""
        world = self.declared()
        world.imp("version: 1\n\n" + "".join(
            f"dn: cn=c{i}\nobjectClass: contact\ntargetAddress: SMTP:x@far.example\nproxyAddresses: smtp:c{i}@north.example\n"
            f"msExchRequireAuthToSendTo: TRUE\n\n" for i in range(3)), name="shared.ldif")
        world.imp('Obj-Class,Directory Name\nmailbox,"blank "\n')
        before = world.export()
        self.assertEqual([row["name"] for row in before], ["blank ", "cn=c0", "cn=c1", "cn=c2"])
        self.assertTrue(before[1]["authenticated_only"])
        text = world.ctl("export", "--format=ldif").out_bytes
        self.assertIsNone(world.imp(text, "--json", name="again.ldif").json()[-1]["batch"])
        other = self.declared()
        other.imp(text, name="new.ldif")
        self.assertEqual(other.export(), before)

    def test_gif_form(self):
        """Exchange's columns in its order, CR LF, the escapes of values and separators, no generated addresses"""
        world = self.declared()
        world.ctl("domain", "set", "north.example", "--rule=%m")
        world.ctl("object", "add", "ann", "--address=ann@far.example", "--address=smtp:a%l@far.example", "--display=Lee, \\Ann")
        lines = world.ctl("export", "--format=gif").out_bytes.decode("ascii").split("\r\n")
        self.assertEqual(lines[0].split(",")[:13], [
            "Obj-Class", "First Name", "Last name", "Display Name", "Alias Name", "Directory Name", "Primary Windows NT Account", "Home-Server",
            "E-mail address", "E-mail Addresses", "Members", "Obj-Container", "Hide from AB"])
        self.assertEqual(lines[1:], ['mailbox,,,"Lee, \\\\Ann",,ann,,,,SMTP:ann@far.example,,,0,smtp:a\\%l@far.example', ""])
        self.assertEqual(world.export()[0]["generated"], ["smtp:ann@north.example"])

    def test_the_store_is_no_output(self):
        """a name of the store given by mistake does not cost the store"""
        world = self.make_world()
        world.ctl("object", "add", "ann", "--address=ann@north.example")
        before = world.export()
        self.assertIn("would replace the store", world.ctl("export", f"--output={world.store}", rc=2).err)
        self.assertEqual(world.export(), before)

    def test_usage(self):
        """--map only for postmap; a file appears whole"""
        world = self.declared()
        world.ctl("export", "--format=gif", "--map=virtual_alias_maps", rc=2)
        world.ctl("export", "--format=gif", "--output=out.csv")
        with open(world.work + "/out.csv", "rb") as out:
            self.assertTrue(out.read().startswith(b"Obj-Class,First Name,"))


if __name__ == "__main__":
    unittest.main()
