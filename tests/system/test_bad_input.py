"""Bad input: a clear error with its place, or a closed connection; bounded memory; nothing changed."""

import os
import re
import socket
import time
import unittest

import people
from bounds import MEMORY_FACTOR, SLOWNESS
from harness import WorldCase
from wire import Policy, Socketmap, Wire

HEADER = "Obj-Class,Directory Name,E-mail Addresses,Secondary-Proxy-Addresses\r\n"
GOOD = "mailbox,good,SMTP:good@company.example,\r\n"
PLACE = re.compile(r"^(?P<file>.*):(?P<line>\d+): (?P<severity>error|warning|info) GIF(?P<code>\d{4}): (?P<text>.+)$")
# Much more than a run needs, much less than a field of 10 MB copied a dozen times; sanitizers need several times as much.
MEMORY_KB = 120000 * MEMORY_FACTOR


class Files(WorldCase):
    START = False

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def setUp(self):
        self.before = self.world.ctl("export", "--format=json").out_bytes
        self.generation = self.world.status()["generation"]

    def tearDown(self):
        self.assertEqual(self.world.ctl("export", "--format=json").out_bytes, self.before, "a failed import changed something")
        self.assertEqual(self.world.status()["generation"], self.generation)

    def errors(self, content, *options, code=None, line=None, text=None):
        """Imports as text and as JSON; returns the errors, which must be alike."""
        done = self.world.imp(content, *options, name="bad.csv", rc=1)
        path = os.path.join(self.world.work, "bad.csv")
        plain = [m for m in map(PLACE.match, done.err.splitlines()) if m and m["severity"] == "error"]
        self.assertTrue(plain, f"no error with a place: {done}")
        for found in plain:
            self.assertEqual(found["file"], path)
        self.assertLess(len(done.err_bytes), 20000, "an error message is no dump of its input")
        self.assertNotIn("\0", done.err)
        as_json = self.world.imp(content, "--json", *options, name="bad.csv", rc=1).json()
        errors = [d for d in as_json if d["type"] == "diagnostic" and d["severity"] == "error"]
        self.assertEqual([(int(p["line"]), "GIF" + p["code"]) for p in plain], [(e["line"], e["code"]) for e in errors])
        self.assertEqual(as_json[-1]["type"], "summary")
        self.assertFalse(as_json[-1]["applied"])
        self.assertIsNone(as_json[-1]["batch"])
        self.assertEqual(as_json[-1]["generation"], self.generation)
        for error in errors:
            self.assertTrue(error["message"])
        if code is not None:
            self.assertIn(f"GIF{code:04d}", [e["code"] for e in errors], str(done))
        if line is not None:
            self.assertIn(line, [e["line"] for e in errors if code is None or e["code"] == f"GIF{code:04d}"], str(done))
        if text is not None:
            self.assertRegex(done.err, text)
        self.assertLess(done.maxrss_kb, MEMORY_KB)
        return errors

    def test_not_a_gif_file(self):
        """text that is no import file: 226 at line 1"""
        self.errors("Dear all,\r\nplease find the list below.\r\n", code=226, line=1)
        self.errors("<html><body>Login</body></html>\n", code=226, line=1)

    def test_binary(self):
        """random bytes, and the head of a program"""
        self.errors(b"\x7fELF\x02\x01\x01\0\0\0\0\0" + bytes(range(256)) * 40)
        self.errors(b"PK\x03\x04" + os.urandom(5000).replace(b"\n", b" ").replace(b"\r", b" "), line=1)

    def test_empty(self):
        """empty, or nothing but blank lines"""
        self.errors(b"", line=1)
        self.errors(b"\r\n\r\n  \r\n")
        self.errors(b"\xef\xbb\xbf", line=1)

    def test_header_alone_is_fine(self):
        """a header without rows is an import of nothing"""
        done = self.world.imp(HEADER, "--json", rc=0)
        self.assertEqual(done.json()[-1]["rows"], 0)

    def test_truncated_inside_a_quote(self):
        """a file that ends inside quotes: 220 at the line where the quote opened; nothing applied, --keep-going or not"""
        cut = HEADER + GOOD + 'mailbox,cut,"SMTP:cut@company.example\r\nmailbox,next,SMTP:next@company.example,\r\n'
        self.errors(cut, code=220, line=3)
        self.errors(cut, "--keep-going", code=220, line=3)

    def test_one_field_too_few(self):
        """a row with one field too few: 291 with both counts; the whole file is refused"""
        self.errors(HEADER + GOOD + "mailbox,short,SMTP:short@company.example\r\n", code=291, line=3, text=r"\b4\b.*\b3\b")
        self.errors(HEADER + GOOD + "mailbox,long,SMTP:long@company.example,,x\r\n", code=291, line=3, text=r"\b4\b.*\b5\b")

    def test_ten_megabytes_in_one_field(self):
        """10 MB in one field: an error at its line, in bounded memory and time"""
        began = time.monotonic()
        self.errors(b"%smailbox,huge,SMTP:%s@company.example,\r\n" % (HEADER.encode(), b"a" * 10_000_000), line=2)
        self.errors(b"%smailbox,huge,\"%s\",\r\n" % (HEADER.encode(), b"a,\"\"%" * 2_000_000), line=2)
        self.errors(b"%smailbox,%s,SMTP:x@company.example,\r\n" % (HEADER.encode(), b"n" * 10_000_000), line=2)
        self.assertLess(time.monotonic() - began, 10 * SLOWNESS)

    def test_ten_megabytes_of_header(self):
        """10 MB in the header"""
        self.errors(b"Obj-Class," + b"x" * 10_000_000 + b"\r\nmailbox,a\r\n", line=1)
        self.errors(b"Obj-Class," + b"a," * 2_000_000 + b"b\r\nmailbox,a\r\n", line=1)

    def test_ten_megabytes_without_a_line_end(self):
        """10 MB without any line end"""
        self.errors(b"a" * 10_000_000, line=1)

    def test_many_values(self):
        """a cell with a million values"""
        self.errors(b"%smailbox,many,,%s\r\n" % (HEADER.encode(), b"%".join(b"smtp:a%d@company.example" % n for n in range(200_000))), line=2)

    def test_nul_bytes(self):
        """NUL bytes in an address, a name, the header"""
        self.errors(HEADER.encode() + b"mailbox,nul,SMTP:nu\0l@company.example,\r\n", line=2)
        self.errors(HEADER.encode() + b"mailbox,n\0ul,SMTP:nul@company.example,\r\n", line=2)
        self.errors(b"Obj-Class\0,Directory Name\r\nmailbox,a\r\n", line=1)
        self.errors(b"\0" * 4096, line=1)

    def test_address_without_domain(self):
        """an address without domain: 237, or 230 where even the type is missing"""
        self.errors(HEADER + "mailbox,lonely,SMTP:lonely,\r\n", code=237, line=2, text="lonely")
        self.errors(HEADER + "mailbox,lonely,SMTP:lonely@,\r\n", code=237, line=2)
        self.errors(HEADER + "mailbox,lonely,SMTP:@company.example,\r\n", code=237, line=2)
        self.errors(HEADER + "mailbox,lonely,lonely,\r\n", code=230, line=2)

    def test_addresses_that_are_none(self):
        """spaces, control characters, literals, comments, over-long parts: 237 each"""
        for value in ("a b@company.example", "a\tb@company.example", "a@[127.0.0.1]", "a(c)@company.example", "a..b@company.example",
                      ".a@company.example", "a@com pany.example", "a@-x-.example\u2028", "a" * 65 + "@company.example",
                      "a@" + "b" * 64 + ".example", "a@" + "b." * 130 + "example", "a@b@company.example", "<a@company.example>"):
            with self.subTest(value):
                self.errors(HEADER + f"mailbox,odd,SMTP:{value},\r\n", code=237, line=2)

    def test_every_bad_row_is_named(self):
        """the whole file is judged, each bad row named with its line"""
        rows = "".join(f"mailbox,x{n},SMTP:x{n},\r\n" for n in range(50))
        found = self.errors(HEADER + rows)
        self.assertEqual([e["line"] for e in found], list(range(2, 52)))

    def test_text_errors_are_capped(self):
        """as text the first 1,000 of a kind and a count, as JSON all"""
        content = HEADER + "".join(f"mailbox,x{n},SMTP:x{n},\r\n" for n in range(1500))
        done = self.world.imp(content, rc=1, name="bad.csv")
        places = [m for m in map(PLACE.match, done.err.splitlines()) if m and m["code"] == "0237"]
        self.assertEqual(len(places), 1000)
        self.assertRegex(done.err, r"\b(500|1,?500)\b")
        done = self.world.imp(content, "--json", rc=1, name="bad.csv")
        self.assertEqual(sum(1 for d in done.json() if d.get("code") == "GIF0237"), 1500)

    def file_error(self, path, *options):
        done = self.world.run("gif-import", "--config", self.world.conf, *options, path, rc=1)
        self.assertIn(str(path), done.err + done.out, str(done))
        return done

    def test_a_directory(self):
        """a directory instead of a file"""
        self.file_error(self.world.work)

    def test_missing(self):
        """no such file"""
        self.file_error(os.path.join(self.world.work, "no-such.csv"))

    def test_missing_among_good(self):
        """one missing file of several: nothing of the others is applied"""
        good = self.world.file("good.csv", HEADER + GOOD)
        missing = os.path.join(self.world.work, "no-such.csv")
        done = self.world.run("gif-import", "--config", self.world.conf, good, missing, rc=1)
        self.assertIn(missing, done.err)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to make a file that its reader may not read")
    def test_unreadable(self):
        """a file without permission"""
        path = self.world.file("secret.csv", HEADER + GOOD)
        os.chown(path, 0, 0)
        os.chmod(path, 0o600)
        self.file_error(path)

    def test_a_device(self):
        """a device that gives nothing is an empty file"""
        self.file_error("/dev/null")

    def test_standard_input(self):
        """the same errors by standard input, named -"""
        done = self.world.run("gif-import", "--config", self.world.conf, "-", stdin=HEADER + "mailbox,a,SMTP:a,\r\n", rc=1)
        self.assertRegex(done.err, r"(?m)^-:2: error GIF0237: ")

    def test_err_file_of_bad_rows(self):
        """--keep-going keeps the raw bytes of bad rows, whatever they are"""
        bad = b'mailbox,b1,SMTP:caf\xe9,\r\nmailbox,"b2","SMTP:""x",\r\n'
        content = HEADER.encode() + bad + GOOD.replace("good", "kept").encode()
        done = self.world.imp(content, "--keep-going", "--json", name="mixed.csv", rc=1)
        self.assertEqual(done.json()[-1]["created"], 1)
        with open(os.path.join(self.world.work, "mixed.csv.err"), "rb") as kept:
            self.assertEqual(kept.read(), HEADER.encode() + bad)
        self.world.ctl("object", "remove", "kept")
        self.generation = self.world.status()["generation"]


class Connections(WorldCase):
    CONFIG = {"limits": {"request-timeout": "3"}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def assertFine(self, before):
        self.assertTrue(self.world.alive())
        self.assertFound("virtual_alias_maps", "ann@domain2.example", "ann@company.example")
        self.assertEqual(self.act("ann@domain2.example"), "DUNNO")
        self.assertLess(self.world.rss_kb() - before, 8000 * MEMORY_FACTOR)

    def test_netstring_of_999999999_bytes(self):
        """a netstring of 999999999 bytes is closed at its length, without an answer"""
        before = self.world.rss_kb()
        for address in (self.world.sm_unix, self.world.sm_inet):
            with Socketmap(address) as client:
                client.send(b"999999999:")
                client.closed_without_answer(1.0 * SLOWNESS)
            with Socketmap(address) as client:
                try:
                    client.send(b"999999999:virtual_alias_maps " + b"a" * (4 << 20))
                except (BrokenPipeError, ConnectionResetError):
                    pass
                client.closed_without_answer(1.0 * SLOWNESS)
        self.assertFine(before)

    def test_policy_request_that_never_ends(self):
        """a policy request that never ends is closed: by size when it is fast, by time when it is slow"""
        before = self.world.rss_kb()
        with Policy(self.world.pol_inet) as client:
            client.send(b"request=smtpd_access_policy\n")
            began = time.monotonic()
            with self.assertRaises((BrokenPipeError, ConnectionResetError)):
                while time.monotonic() - began < 10 * SLOWNESS:
                    client.send(b"sender=" + b"a" * 60000)
        with Policy(self.world.pol_inet) as client:
            client.send(b"request=smtpd_access_policy\nsender=a")
            began = time.monotonic()
            client.sock.settimeout(0.2)
            closed = False
            while not closed:
                self.assertLess(time.monotonic() - began, 3 + 3 * SLOWNESS, "still open")
                try:
                    client.send(b"a")
                    closed = client.sock.recv(100) == b""
                except (socket.timeout, TimeoutError):
                    pass
                except (BrokenPipeError, ConnectionResetError):
                    closed = True
        self.assertFine(before)

    def test_wrong_protocol(self):
        """each service closes on the other's protocol and on HTTP, TLS, SMTP and noise"""
        before = self.world.rss_kb()
        noise = (Policy.request(recipient="ann@domain2.example"), Socketmap.request("virtual_alias_maps", "ann@domain2.example") + b"\n\n",
                 b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\n\n", b"EHLO x\r\n\r\n",
                 b"\0" * 1000 + b"\n\n", bytes(range(128, 256)) * 10 + b"\n\n")
        for data in noise[:1] + noise[2:]:
            with Socketmap(self.world.sm_inet) as client:
                client.send(data)
                client.closed_without_answer(1.0 * SLOWNESS)
        for data in noise[1:]:
            with Policy(self.world.pol_inet) as client:
                client.send(data)
                client.closed_without_answer(1.0 * SLOWNESS)
        self.assertFine(before)

    def test_control_socket(self):
        """the control socket survives rubbish, long lines and silence"""
        before = self.world.rss_kb()
        path = self.world.store + ".ctl"
        idle = [Wire(path) for _ in range(8)]
        for data in (b"\n", b"{\n", b"[]\n", b"null\n", b"{\"verb\":1}\n", b"\xff\xfe\n", b"{" * 5000 + b"\n", b"a" * (2 << 20) + b"\n", b"\0\n"):
            with Wire(path) as client:
                try:
                    client.send(data)
                    client.sock.shutdown(socket.SHUT_WR)
                    client.sock.settimeout(5 * SLOWNESS)
                    client.fill()
                except (BrokenPipeError, ConnectionResetError):
                    pass
        self.assertIsNotNone(self.world.status()["daemon"])
        for client in idle:
            client.close()
        self.assertFine(before)


if __name__ == "__main__":
    unittest.main()
