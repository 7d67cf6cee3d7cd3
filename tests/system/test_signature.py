"""Signed imports: what a trusted signer signed is imported, and nothing else is even looked at."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

import authority
import people
from authority import Authority
from harness import WorldCase
from programs import die_with_parent, program

ROWS = b"Obj-Class,Directory Name,E-mail Addresses,Shoe Size\r\nmailbox,%s,SMTP:%s@company.example,44\r\n"
REFUSED = 3


def rows(name):
    return ROWS % (name.encode(), name.encode())


class SignatureCase(WorldCase):
    START = False
    CONFIGURED = True

    @classmethod
    def setUpClass(cls):
        authority.require()
        cls.keys = tempfile.mkdtemp(prefix="pg-ca-", dir="/tmp")
        os.chmod(cls.keys, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.keys, True)
        cls.ca = Authority(cls.keys, "trusted")
        cls.other = Authority(cls.keys, "other")
        cls.ca.issue("ann", subject="/O=North/CN=Ann Lée")
        cls.other.issue("eve")
        if cls.CONFIGURED:
            cls.CONFIG = {"import": {"signature-trust": cls.ca.cert}}
        super().setUpClass()

    @classmethod
    def populate(cls, world):
        people.declare(world)

    def file(self, name, content, signature=None):
        path = self.world.file(name + ".csv", content)
        beside = path + ".p7s"
        if os.path.lexists(beside):
            os.unlink(beside)
        if signature is not None:
            self.world.file(name + ".csv.p7s", signature)
        return path

    def imp(self, *args, rc=0, **kw):
        return self.world.run("gif-import", "--config", self.world.conf, *args, rc=rc, **kw)

    def accepted(self, name, signature, *options):
        """It is imported, and the batch says who signed it."""
        done = self.imp("--json", *options, self.file(name, rows(name), signature))
        batch = done.json()[-1]["batch"]
        self.assertIsNotNone(batch, done)
        shown = self.world.ctl("show", str(batch), "--json").json()[0]
        return shown["files"][0]["signer"]

    def refused(self, paths, *options, why=None, rc=REFUSED, line=1, counted=0, **kw):
        """Exit 3; not a word about what is in the file; nothing changed."""
        before = self.world.status()
        done = self.imp("--json", *options, *paths, rc=rc, **kw)
        lines = done.json()
        self.assertEqual({d["code"] for d in lines if d["type"] == "diagnostic"}, {"GIF0940"}, done)
        self.assertTrue(all(d["severity"] == "error" and d["line"] == line for d in lines[:-1]), done)
        self.assertEqual((lines[-1]["rows"], lines[-1]["applied"], lines[-1]["batch"]), (counted, False, None))
        if why:
            self.assertIn(why, lines[0]["message"])
        self.assertEqual(self.world.status(), before)
        return lines

    def refused_signature(self, signature, *options, why=None, name="refused"):
        return self.refused([self.file(name, rows(name), signature)], *options, why=why)


class Accepted(SignatureCase):
    def test_signer_is_recorded(self):
        """subject, issuer, serial and SHA-256 of the signer's certificate stand in the batch, under its hash"""
        signer = self.accepted("good", self.ca.sign(rows("good"), "ann"))
        digest = self.ca.run("x509", "-in", "ann.pem", "-noout", "-fingerprint", "-sha256").decode().split("=")[1].strip()
        serial = self.ca.run("x509", "-in", "ann.pem", "-noout", "-serial").decode().split("=")[1].strip()
        self.assertEqual(signer, {"subject": "CN=Ann Lée,O=North", "issuer": "CN=trusted,O=North", "serial": serial,
                                  "sha256": digest.replace(":", "").lower()})
        history = self.world.ctl("history", "--json").json()[-1]
        self.assertEqual(history["files"][0]["signer"], signer)
        self.assertEqual(set(history["files"][0]), {"name", "sha256", "signer"})
        self.assertIn("good.csv (signed by CN=Ann Lée,O=North)", self.world.ctl("history").out)
        self.assertIn("signed by CN=Ann Lée", self.world.ctl("show", str(history["batch"])).out)
        self.world.ctl("history", "--verify")

    def test_forms(self):
        """DER and PEM, by openssl cms and by openssl smime, with signed attributes and without"""
        for number, (options, form) in enumerate((((), "PEM"), (("-noattr",), "DER"), (("-md", "sha512"), "DER"), (("-nosmimecap",), "DER"),
                                                  (("-keyid",), "DER"))):
            name = f"form{number}"
            self.assertIn("Ann", self.accepted(name, self.ca.sign(rows(name), "ann", *options, form=form))["subject"])
        name = "smime"
        with open(self.ca.path("content"), "wb") as out:
            out.write(rows(name))
        pem = self.ca.run("smime", "-sign", "-binary", "-in", "content", "-signer", "ann.pem", "-inkey", "ann.key", "-outform", "PEM")
        self.assertIn(b"BEGIN PKCS7", pem)
        self.accepted(name, pem)

    def test_kinds(self):
        """a certificate without extended key usage may sign, RSA too; one that came by an intermediate CA in the signature"""
        self.ca.issue("plain", "plain")
        self.accepted("kind1", self.ca.sign(rows("kind1"), "plain"))
        self.ca.issue("rsa", key=("-newkey", "rsa:2048"))
        self.accepted("kind2", self.ca.sign(rows("kind2"), "rsa"))
        middle = Authority(self.keys, "middle", self.ca)
        middle.issue("mia")
        self.refused_signature(middle.sign(rows("refused"), "mia"), why="unable to get")
        self.accepted("kind3", middle.sign(rows("kind3"), "mia", "-certfile", middle.cert))

    def test_standard_input(self):
        """standard input is verified like a file, with --signature"""
        signature = self.world.file("stdin.p7s", self.ca.sign(rows("stdin"), "ann"))
        self.refused(["-"], why="standard input", stdin=rows("stdin"))
        self.refused(["-"], f"--signature={signature}", why="other bytes", stdin=rows("stdim"))
        done = self.imp("--json", f"--signature={signature}", "-", stdin=rows("stdin"))
        self.assertEqual(done.json()[-1]["created"], 1)

    def test_several_files(self):
        """each file has its signature, beside it or by --signature in turn; the batch keeps each signer"""
        self.ca.issue("bob")
        paths = [self.file("many1", rows("many1"), self.ca.sign(rows("many1"), "ann")), self.file("many2", rows("many2"), self.ca.sign(rows("many2"), "bob"))]
        signatures = [f"--signature={path}.p7s" for path in paths]
        self.refused(paths, *reversed(signatures), why="other bytes")
        self.assertIn("give --signature once for each", self.imp(signatures[0], *paths, rc=2).err)
        done = self.imp("--json", *signatures, *paths)
        shown = self.world.ctl("show", str(done.json()[-1]["batch"]), "--json").json()[0]
        self.assertEqual([file["signer"]["subject"] for file in shown["files"]], ["CN=Ann Lée,O=North", "CN=bob,O=North"])
        again = self.file("many3", rows("many3"), self.ca.sign(rows("many3"), "ann"))
        unsigned = self.file("many4", rows("many4"))
        lines = self.refused([again, unsigned])
        self.assertEqual([d["file"] for d in lines[:-1]], [unsigned])

    def test_dry_run(self):
        """a dry run of a signed file plans it, and one of an unsigned file is refused"""
        path = self.file("dry", rows("dry"), self.ca.sign(rows("dry"), "ann"))
        self.assertEqual(self.imp("--json", "--dry-run", path).json()[-1]["created"], 1)
        os.unlink(path + ".p7s")
        self.refused([path], "--dry-run")


    def test_plan(self):
        """a plan of a signed file carries its signer into the batch; one of an unsigned file is refused where signatures are required"""
        plan = os.path.join(self.world.work, "plan")
        path = self.file("plan", rows("planned"), self.ca.sign(rows("planned"), "ann"))
        self.imp("--dry-run", "--plan-out=" + plan, path)
        done = self.imp("--json", "--apply-plan=" + plan)
        shown = self.world.ctl("show", str(done.json()[-1]["batch"]), "--json").json()[0]
        self.assertEqual(shown["files"][0]["signer"]["subject"], "CN=Ann Lée,O=North")
        conf = self.world.write_config({"import": {"signature-trust": None}}, self.world.conf + "2")
        self.world.settings["import"]["signature-trust"] = self.ca.cert
        os.unlink(path + ".p7s")
        self.world.run("gif-import", "--config", conf, "--dry-run", "--plan-out=" + plan, self.file("unplanned", rows("unplanned")))
        self.refused(["--apply-plan=" + plan], why="signature", line=None, counted=1)

    def test_what_was_verified_is_imported(self):
        """a file that changes while it is read: refused, or imported as it was signed, never anything else"""
        count = 20000
        good = b"Obj-Class,Directory Name\r\n" + b"".join(b"mailbox,good%d\r\n" % i for i in range(count))
        evil = good.replace(b"good", b"evil")
        path = self.file("swap", good, self.ca.sign(good, "ann"))
        imported = 0
        for delay in range(12):
            with open(path, "r+b") as file:
                file.write(good)
            process = subprocess.Popen([program("gif-import"), "--config", self.world.conf, "--dry-run", "--json", path], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, preexec_fn=die_with_parent, user=self.world.uid, group=self.world.gid)
            time.sleep(delay / 1000)
            with open(path, "r+b") as file:
                file.write(evil)
            out, _ = process.communicate(timeout=60)
            self.assertNotIn(b"evil", out)
            self.assertIn(process.returncode, (0, REFUSED))
            imported += process.returncode == 0
            if process.returncode == 0:
                self.assertEqual(json.loads(out.splitlines()[-1])["created"], count)
        self.assertLess(imported, 12)


class Refused(SignatureCase):
    def test_unsigned(self):
        """no signature, an empty one, garbage, a certificate in its place, one cut short, one with a tail"""
        good = self.ca.sign(rows("refused"), "ann")
        self.refused_signature(None, why="No such file")
        self.refused_signature(None, "--force", "--keep-going")
        with open(self.ca.path("ann.pem"), "rb") as file:
            certificate = file.read()
        for signature in (b"", b"\0", b"signed by me\n", certificate, good[:-1], good[: len(good) // 2], good[:1], good + b"\n", b"\n" + good, b"\x30\x80"):
            self.refused_signature(signature, why="is no CMS signature")
        pem = self.ca.sign(rows("refused"), "ann", form="PEM")
        self.refused_signature(pem[:-40], why="is no CMS signature")
        self.refused_signature(pem.replace(b"CMS", b"X509 CRL"), why="is no CMS signature")
        self.refused_signature(b"x" * 70000, why="bytes")

    def test_tampered(self):
        """one bit of the file, and one of the signature at any place"""
        content, good = rows("refused"), self.ca.sign(rows("refused"), "ann")
        for at in (0, len(content) // 2, len(content) - 1):
            changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            self.refused([self.file("refused", changed, good)], why="other bytes")
        self.refused([self.file("refused", content + b"\r\n", good)], why="other bytes")
        self.refused([self.file("refused", b"", good)], why="other bytes")
        signer = self.ca.sign(content, "ann", "-nocerts", "-noattr")
        # The last bytes are the signature value; what stands before are the algorithms and the signer's name.
        for at in range(len(signer) - 40, len(signer), 8):
            self.refused_signature(signer[:at] + bytes([signer[at] ^ 4]) + signer[at + 1 :])
            changed = len(good) - len(signer) + at
            self.refused_signature(good[:changed] + bytes([good[changed] ^ 4]) + good[changed + 1 :])

    def test_as_text(self):
        """what openssl signs without -binary has other line ends"""
        path = self.file("text", rows("text").replace(b"\r\n", b"\n"))
        with open(self.ca.path("content"), "wb") as out:
            out.write(rows("text").replace(b"\r\n", b"\n"))
        signature = self.ca.run("cms", "-sign", "-in", "content", "-signer", "ann.pem", "-inkey", "ann.key", "-outform", "DER")
        self.world.file("text.csv.p7s", signature)
        self.refused([path], why="-binary")

    def test_other_signers(self):
        """another CA, a self-signed certificate, one that names our CA as its issuer without being of it"""
        content = rows("refused")
        self.refused_signature(self.other.sign(content, "eve"), why="certificate is not accepted")
        self.refused_signature(self.other.sign(content, "eve", "-certfile", self.other.cert), why="certificate is not accepted")
        self.other.run("req", "-x509", "-config", "conf", "-nodes", *authority.KEY, "-keyout", "self.key", "-out", "self.pem", "-subj", "/O=North/CN=Ann Lée",
                       "-days", "9")
        self.refused_signature(self.other.sign(content, "self"), why="certificate is not accepted")
        twin = Authority(self.keys, "twin-of-it")
        twin.run("req", "-x509", "-config", "conf", "-extensions", "root", "-nodes", *authority.KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj",
                 "/O=North/CN=trusted", "-days", "30")
        twin.issue("ann", subject="/O=North/CN=Ann Lée")
        self.refused_signature(twin.sign(content, "ann", "-certfile", twin.cert), why="certificate is not accepted")

    def test_no_ca(self):
        """a signer's certificate issues no others"""
        child = Authority(self.keys, "child")
        shutil.copy(self.ca.path("ann.pem"), child.cert)
        shutil.copy(self.ca.path("ann.key"), child.path("ca.key"))
        child.issue("mal")
        self.refused_signature(child.sign(rows("refused"), "mal", "-certfile", child.cert), why="certificate is not accepted")

    def test_time(self):
        """expired and not yet valid"""
        self.ca.issue("old", start="20200101000000Z", end="20210101000000Z")
        self.refused_signature(self.ca.sign(rows("refused"), "old"), why="expired")
        self.ca.issue("new", start="20980101000000Z", end="20990101000000Z")
        self.refused_signature(self.ca.sign(rows("refused"), "new"), why="not yet valid")

    def test_purpose(self):
        """certificates for web servers, for code and for encryption sign no mail, so no imports either"""
        for kind in ("web", "code", "encipher"):
            self.ca.issue(kind, kind)
            self.refused_signature(self.ca.sign(rows("refused"), kind), why="certificate is not accepted")

    def test_weak(self):
        """SHA-1 and short keys"""
        self.refused_signature(self.ca.sign(rows("refused"), "ann", "-md", "sha1"), why="weaker than SHA-256")
        self.refused_signature(self.ca.sign(rows("refused"), "ann", "-md", "sha224"), why="weaker than SHA-256")
        self.ca.issue("short", key=("-newkey", "rsa:1024"))
        self.refused_signature(self.ca.sign(rows("refused"), "short"), why="certificate is not accepted")
        self.ca.issue("sha1", digest="sha1")
        self.refused_signature(self.ca.sign(rows("refused"), "sha1"), why="certificate is not accepted")

    def test_other_structures(self):
        """content inside, no certificate, two signers, other content types, encryption, S/MIME"""
        content = rows("refused")
        self.refused_signature(self.ca.sign(content, "ann", "-nodetach"), why="content of its own")
        self.refused_signature(self.ca.sign(content, "ann", "-nocerts"), why="does not hold the certificate")
        self.ca.issue("two")
        self.refused_signature(self.ca.sign(content, "ann", "-signer", "two.pem", "-inkey", "two.key"), why="exactly one signer")
        self.refused_signature(self.ca.sign(content, "ann", "-econtent_type", "1.2.840.113549.1.9.16.1.4"), why="plain data")
        self.refused_signature(self.ca.run("cms", "-encrypt", "-binary", "-in", "content", "-outform", "DER", "ann.pem"), why="no signature")
        self.refused_signature(self.ca.run("cms", "-data_create", "-in", "content", "-outform", "DER"), why="no signature")
        self.refused_signature(self.ca.run("crl2pkcs7", "-nocrl", "-certfile", "ann.pem", "-outform", "DER"), why="exactly one signer")
        self.refused_signature(self.ca.sign(content, "ann", form="SMIME"), why="is no CMS signature")

    def test_signature_file(self):
        """a signature that is a symbolic link, a FIFO, a folder, a device or world-writable is refused"""
        path = self.file("place", rows("place"), self.ca.sign(rows("place"), "ann"))
        beside = path + ".p7s"
        os.chmod(beside, 0o646)
        self.refused([path], why="everybody")
        os.chmod(beside, 0o644)
        os.rename(beside, path + ".real")
        os.symlink(path + ".real", beside)
        self.refused([path], why="symbolic link")
        os.unlink(beside)
        os.mkfifo(beside, 0o644)
        self.refused([path], why="FIFO")
        os.unlink(beside)
        os.mkdir(beside)
        self.refused([path], why="directory")
        os.rmdir(beside)
        self.refused([path], "--signature=/dev/null", why="device")
        self.assertEqual(self.imp("--json", f"--signature={path}.real", path).json()[-1]["created"], 1)

    def test_nothing_is_created(self):
        """a refused run makes no store, no lock and no file of failed rows"""
        conf = self.world.write_config({"store": {"path": os.path.join(self.world.store_dir, "none.mdb")}}, self.world.conf + "2")
        self.world.settings["store"]["path"] = self.world.store
        before = sorted(os.listdir(self.world.store_dir))
        path = self.file("none", b"Obj-Class,Directory Name\r\nmailbox,a,b,c\r\n")
        done = self.world.run("gif-import", "--config", conf, "--keep-going", path, rc=REFUSED)
        self.assertNotIn("GIF0291", done.err)
        self.assertEqual(sorted(os.listdir(self.world.store_dir)), before)
        self.assertFalse(os.path.exists(path + ".err"))


class Trust(SignatureCase):
    """The options without the configured trust."""

    CONFIGURED = False

    def trust(self, content, name="trust.pem"):
        return "--trust=" + self.world.file(name, content)

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def test_asked_for(self):
        """without any of the options nothing is verified; each of them asks for it"""
        path = self.file("ask", rows("ask"))
        self.assertNotIn("signer", self.world.ctl("show", str(self.imp("--json", path).json()[-1]["batch"]), "--json").json()[0]["files"][0])
        self.assertIn("--trust", self.imp("--require-signature", path, rc=2).err)
        self.assertIn("--trust", self.imp("--signature=x", path, rc=2).err)
        self.refused([path], "--trust=" + self.ca.cert, why="No such file")
        self.refused([path], "--require-signature", "--trust=" + self.ca.cert)

    def test_option_before_configuration(self):
        """--trust counts, not what is configured"""
        conf = self.world.write_config({"import": {"signature-trust": self.other.cert}}, self.world.conf + "2")
        self.world.settings["import"]["signature-trust"] = None
        path = self.file("first", rows("first"), self.ca.sign(rows("first"), "ann"))
        self.world.run("gif-import", "--config", conf, path, rc=REFUSED)
        self.world.run("gif-import", "--config", conf, "--trust=" + self.ca.cert, path)

    def test_bundle(self):
        """all certificates of a bundle are trusted, an intermediate one and a signer's own among them, by a link too"""
        bundle = self.trust(b"Words are no certificates.\n" + self.read(self.other.cert) + self.read(self.ca.cert))
        self.accepted("bundle1", self.ca.sign(rows("bundle1"), "ann"), bundle)
        self.accepted("bundle2", self.other.sign(rows("bundle2"), "eve"), bundle)
        os.symlink(os.path.join(self.world.work, "trust.pem"), os.path.join(self.world.work, "link.pem"))
        self.accepted("bundle3", self.ca.sign(rows("bundle3"), "ann"), "--trust=" + os.path.join(self.world.work, "link.pem"))
        middle = Authority(self.keys, "bundled", self.ca)
        middle.issue("mia")
        only = self.trust(self.read(middle.cert), "middle.pem")
        self.accepted("bundle4", middle.sign(rows("bundle4"), "mia"), only)
        self.refused_signature(self.ca.sign(rows("refused"), "ann"), only, why="certificate is not accepted")
        self.accepted("bundle5", self.ca.sign(rows("bundle5"), "ann"), self.trust(self.read(self.ca.path("ann.pem")), "ann.pem"))

    def test_trust_file(self):
        """a trust file that is missing, empty, no PEM, cut, a key, a folder or world-writable ends the run"""
        path = self.file("trust", rows("trust"), self.ca.sign(rows("trust"), "ann"))
        good = self.read(self.ca.cert)
        for content in (b"", b"\n", b"hello\n", good[:-40], self.read(self.ca.path("ca.key")), good.replace(b"MII", b"MIJ", 1)):
            self.assertIn("--trust: ", self.imp(self.trust(content), path, rc=REFUSED).err)
        self.imp("--trust=/nonexistent", path, rc=REFUSED)
        self.imp("--trust=" + self.world.work, path, rc=REFUSED)
        self.imp("--trust=/dev/null", path, rc=REFUSED)
        option = self.trust(good)
        os.chmod(option.split("=")[1], 0o666)
        self.assertIn("everybody", self.imp(option, path, rc=REFUSED).err)
        conf = self.world.write_config({"import": {"signature-trust": "/nonexistent"}}, self.world.conf + "2")
        self.world.settings["import"]["signature-trust"] = None
        self.assertIn("[import] signature-trust", self.world.run("gif-import", "--config", conf, path, rc=78).err)

    def test_encrypted_block(self):
        """a block that wants a password is refused, and nobody is asked for one"""
        path = self.file("secret", rows("secret"), self.ca.sign(rows("secret"), "ann"))
        header = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
        block = self.read(self.ca.cert).replace(b"CERTIFICATE-----\n", b"CERTIFICATE-----\n" + header, 1)
        self.imp(self.trust(block), path, rc=REFUSED)
        pem = self.ca.sign(rows("secret"), "ann", form="PEM").replace(b"CMS-----\n", b"CMS-----\n" + header, 1)
        self.world.file("secret.csv.p7s", pem)
        self.refused([path], "--trust=" + self.ca.cert, why="is no CMS signature")

    def test_revoked(self):
        """a revocation list in the trust file counts; without one of its CA a signer is refused"""
        ca = Authority(self.keys, "revoking")
        ca.issue("ann")
        ca.issue("bob")
        ca.revoke("bob")
        bundle = self.trust(self.read(ca.cert) + ca.crl() + self.read(self.ca.cert), "crl.pem")
        self.accepted("crl1", ca.sign(rows("crl1"), "ann"), bundle)
        self.refused_signature(ca.sign(rows("refused"), "bob"), bundle, why="revoked")
        self.refused_signature(self.ca.sign(rows("refused"), "ann"), bundle, why="CRL")

    def test_system_store(self):
        """certificates that the system trusts are not ours"""
        env = dict(os.environ, SSL_CERT_FILE=self.other.cert, SSL_CERT_DIR=self.other.folder)
        path = self.file("refused", rows("refused"), self.other.sign(rows("refused"), "eve"))
        self.refused([path], "--trust=" + self.ca.cert, why="certificate is not accepted", env=env)


if __name__ == "__main__":
    unittest.main()
