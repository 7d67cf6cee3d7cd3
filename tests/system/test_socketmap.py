"""The socketmap service, byte by byte. Numbers in brackets are those of the protocol checklist in docs and reviews."""

import errno
import os
import select
import socket
import time
import unicodedata
import unittest

import people
from harness import (
    ADDRESS_MAPS,
    ALL_MAPS,
    DOMAIN_MAPS,
    MEMORY_FACTOR,
    SLOWNESS,
    FreshCase,
    Socketmap,
    WorldCase,
    check_reply,
    connect,
    raise_file_limit,
    until,
    wait_read_by_peer,
)

KNOWN = ("virtual_alias_maps", "ann@domain2.example")
KNOWN_REPLY = b"OK ann@company.example"


class Framing(WorldCase):
    """How bytes become requests."""

    CONFIG = {"limits": {"request-timeout": "2"}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def test_01_split_at_every_byte(self):
        """[1] a request in two parts, at every byte boundary, is answered as in one write"""
        request = Socketmap.request(*KNOWN)
        client = self.world.socketmap()
        for cut in range(1, len(request)):
            client.send(request[:cut])
            wait_read_by_peer(client.sock)
            client.send(request[cut:])
            self.assertEqual(client.read_frame(), KNOWN_REPLY, f"cut at {cut}")

    def test_01_one_byte_at_a_time(self):
        """[1] one byte at a time"""
        client = self.world.socketmap()
        for byte in Socketmap.request(*KNOWN):
            client.send(bytes([byte]))
            wait_read_by_peer(client.sock)
        self.assertEqual(client.read_frame(), KNOWN_REPLY)

    def test_02_two_requests_in_one_segment(self):
        """[2] complete requests in one segment are answered in order"""
        client = self.world.socketmap()
        client.send(Socketmap.request(*KNOWN) + Socketmap.request("virtual_alias_maps", "nobody@domain2.example"))
        self.assertEqual(client.read_frame(), KNOWN_REPLY)
        self.assertEqual(client.read_frame(), b"NOTFOUND ")
        many = 500
        client.send(b"".join(Socketmap.request("virtual_alias_maps", f"{'ann' if n % 3 else n}@domain2.example") for n in range(many)))
        for n in range(many):
            self.assertEqual(client.read_frame(), KNOWN_REPLY if n % 3 else b"NOTFOUND ", n)

    def test_02_pipelined_then_partial(self):
        """[2] a whole request and a part of the next: the first is answered at once"""
        client = self.world.socketmap()
        request = Socketmap.request(*KNOWN)
        client.send(request + request[:7])
        self.assertEqual(client.read_frame(), KNOWN_REPLY)
        client.send(request[7:])
        self.assertEqual(client.read_frame(), KNOWN_REPLY)

    def test_03_no_byte_unasked(self):
        """[3] after a reply nothing arrives until the next request"""
        client = self.world.socketmap()
        self.assertEqual(client.ask_bytes(*KNOWN), KNOWN_REPLY)
        self.assertTrue(client.silent(1.0))
        self.assertEqual(client.ask_bytes(*KNOWN), KNOWN_REPLY)

    def test_04_broken_frames_close(self):
        """[4] a broken frame gets no answer but the end of the connection, within 1 s; others are not disturbed"""
        good = self.world.socketmap()
        bad = {
            "leading zero": b"024:virtual_alias_maps a@b.example,",
            "no digit": b"x",
            "empty length": b":virtual_alias_maps a@b,",
            "sign": b"-5:a b c,",
            "plus": b"+5:a b c,",
            "blank before": b" 5:a b c,",
            "hexadecimal": b"0x5:a b c,",
            "no colon after digits": b"12345 ",
            "letters in length": b"12a:",
            "over the frame limit": b"1048577:",
            "999999999 bytes": b"999999999:virtual_alias_maps ",
            "more digits than any number": b"9" * 40,
            "64 bit overflow": b"18446744073709551617:a,",
            "missing comma": b"5:a b cX",
            "line protocol": b"get alias1@domain2.example\n",
        }
        for name, data in bad.items():
            with self.subTest(name):
                with Socketmap(self.world.sm_unix) as client:
                    client.send(data)
                    client.closed_without_answer(1.0 * SLOWNESS)
                self.assertEqual(good.ask_bytes(*KNOWN), KNOWN_REPLY)

    def test_04_good_then_broken(self):
        """[4] what came before the broken frame is answered, then the connection ends"""
        client = self.world.socketmap()
        client.send(Socketmap.request(*KNOWN) + b"zzz")
        self.assertEqual(client.read_frame(), KNOWN_REPLY)
        client.closed_without_answer(1.0 * SLOWNESS)

    def test_04_no_map_name(self):
        """[4] a frame without a map name never finds anything and never kills"""
        for payload in (b"", b" ", b"virtual_alias_maps", b" ann@domain2.example"):
            with self.subTest(payload=payload):
                with Socketmap(self.world.sm_unix) as client:
                    client.send(Socketmap.frame(payload))
                    try:
                        reply = client.read_frame()
                    except (EOFError, ConnectionResetError):
                        continue
                    self.assertIn(reply.split(b" ")[0], (b"PERM", b"NOTFOUND"))
        self.assertTrue(self.world.alive())

    def test_05_long_keys(self):
        """[5] a key of 10000 is looked up, a longer request up to 1 MiB is read away and answered NOTFOUND"""
        client = self.world.socketmap()
        for size in (10000, 16384 - len("virtual_alias_maps "), 16384, 20000, 200000, (1 << 20) - len("virtual_alias_maps ")):
            with self.subTest(size=size):
                key = b"a" * (size - len("@domain2.example")) + b"@domain2.example"
                self.assertEqual(client.ask_bytes("virtual_alias_maps", key), b"NOTFOUND ")
        self.assertEqual(client.ask_bytes(*KNOWN), KNOWN_REPLY)

    def test_05_long_request_for_an_unknown_map(self):
        """[5] an over-long request is NOTFOUND whatever its map"""
        client = self.world.socketmap()
        self.assertEqual(client.ask_bytes("no_such_map", b"k" * 50000), b"NOTFOUND ")
        self.assertEqual(client.ask_bytes("relocated_maps", b"k" * 50000), b"NOTFOUND ")

    def test_05_long_request_bad_end(self):
        """[5] an over-long request without its comma closes the connection"""
        client = self.world.socketmap()
        body = b"virtual_alias_maps " + b"k" * 50000
        client.send(b"%d:%sX" % (len(body), body))
        client.closed_without_answer(1.0 * SLOWNESS)

    def test_05_memory_bounded(self):
        """[5] forty half-sent requests of 1 MB cost no megabytes"""
        before = self.world.rss_kb()
        body = b"virtual_alias_maps " + b"k" * 1000000
        with_half = []
        for _ in range(40):
            client = self.world.socketmap()
            client.send(b"%d:%s" % (len(body), body[:-10]))
            wait_read_by_peer(client.sock)
            with_half.append(client)
        grown = self.world.rss_kb() - before
        self.assertLess(grown, 12000 * MEMORY_FACTOR, "kB")
        for client in with_half:
            client.close()

    def test_06_key_keeps_its_blanks(self):
        """[6] the map name ends at the first blank, the key keeps all further ones"""
        self.assertEqual(
            self.ask("virtual_alias_maps", '"john smith"@domain2.example'), 'OK "john smith"@box.example'
        )
        self.assertAbsent("virtual_alias_maps", '"john  smith"@domain2.example')
        self.assertAbsent("virtual_alias_maps", " ann@domain2.example")

    def test_07_unknown_map(self):
        """[7] an unknown map name is PERM with the name in the text, and the connection stays"""
        for name in ("virtual_alias_map", "x", "VIRTUAL_ALIAS_MAPS", "aliases;", "v" * 300, "%n%s"):
            with self.subTest(name):
                reply = self.ask(name, "ann@domain2.example")
                self.assertTrue(reply.startswith("PERM "), reply)
                self.assertIn(name[:40], reply)
        raw = self.world.socketmap()
        self.assertTrue(raw.ask_bytes("a\rb\nc", "k").startswith(b"PERM "))
        check_reply(raw.ask_bytes("a\rb\nc", "k"))
        self.assertFound(*KNOWN, KNOWN_REPLY.decode()[3:])

    def test_08_odd_keys(self):
        """[8] keys that are no address are absent, and the connection stays usable"""
        odd = [
            b"", b'""', b"*", b"@", b"ann", b"@domain2.example", b"ann@", b"ann@@domain2.example", b"root@[127.0.0.1]",
            b"ann@[IPv6:::1]", b"\xff\xfe@domain2.example", b"ann\xc3@domain2.example", b"ann\0@domain2.example",
            b"ann@domain2.example\0", b"\0", b"ann@domain2..example", b"ann@.domain2.example", b"ann@domain2.example..",
            b'"ann@domain2.example', b'ann"@domain2.example', b"ann@domain2.example,", b"ann@ domain2.example",
            b"ann@domain2.example ", b"ann\r\n@domain2.example", b"\xed\xa0\x80@domain2.example", b"%00@domain2.example",
            b"ann@" + b"a" * 64 + b".example", b"a" * 65 + b"@domain2.example", b"ann@" + b"d." * 200 + b"example",
        ]
        client = self.world.socketmap()
        for table in ALL_MAPS:
            for key in odd:
                with self.subTest(table=table, key=key):
                    self.assertEqual(client.ask_bytes(table, key), b"NOTFOUND ")
        self.assertEqual(client.ask_bytes(*KNOWN), KNOWN_REPLY)

    def test_09_words(self):
        """[9] reply words are upper-case, OK carries a value, NOTFOUND is exactly that word and one blank"""
        client = self.world.socketmap()
        self.assertEqual(client.ask_bytes(*KNOWN), KNOWN_REPLY)
        for table in ALL_MAPS:
            self.assertEqual(client.ask_bytes(table, "nobody@nowhere.example"), b"NOTFOUND ", table)

    def test_11_values_are_clean(self):
        """[11] every value that any map gives is UTF-8 without NUL, CR or LF, and not empty"""
        keys = ["ann@domain2.example", "a.lee@company.example", "team@box.example", "jörg@box.example", "jürgen@box.example",
                '"john smith"@box.example', "ext@domain2.example", "company.example", "xn--bcher-kva.example", "ann+é@domain2.example"]
        found = 0
        for table in ALL_MAPS:
            for key in keys:
                reply = self.ask(table, key)
                self.assertNotIn(reply.split(" ")[0], ("TEMP", "PERM"), f"{table} {key}")
                found += reply.startswith("OK ")
        self.assertGreater(found, 12)

    def test_12_idle_is_not_closed(self):
        """[12] an idle connection outlives request-timeout"""
        clients = [self.world.socketmap(), self.world.socketmap(self.world.sm_inet)]
        for client in clients:
            self.assertEqual(client.ask_bytes(*KNOWN), KNOWN_REPLY)
        readable, _, _ = select.select([c.sock for c in clients], [], [], 5)
        self.assertEqual(readable, [])
        for client in clients:
            self.assertEqual(client.ask_bytes(*KNOWN), KNOWN_REPLY)

    def test_13_five_hundred_connections(self):
        """[13] 500 connections at once, one request each: no refused connect, all answered within 1 s"""
        raise_file_limit()
        clients, began = [], time.monotonic()
        for n in range(500):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.setblocking(False)
            code = sock.connect_ex(self.world.sm_unix)
            self.assertNotEqual(code, errno.EAGAIN, f"backlog is full at connection {n}")
            self.assertEqual(code, 0)
            client = Socketmap.__new__(Socketmap)
            client.sock, client.buffer = sock, b""
            self.world.clients.append(client)
            clients.append(client)
        for client in clients:
            client.sock.settimeout(1.0 * SLOWNESS)
            client.send(Socketmap.request(*KNOWN))
        for client in clients:
            self.assertEqual(client.read_frame(), KNOWN_REPLY)
        self.assertLess(time.monotonic() - began, 1.0 * SLOWNESS)
        for client in clients:
            client.close()

    def test_14_slow_request(self):
        """[14] half a request is closed without an answer after request-timeout; nobody else waits"""
        request = Socketmap.request(*KNOWN)
        slow = self.world.socketmap()
        began = time.monotonic()
        slow.send(request[:10])
        other = self.world.socketmap()
        asked = 0
        while not slow_closed(slow):
            start = time.monotonic()
            self.assertEqual(other.ask_bytes(*KNOWN), KNOWN_REPLY)
            self.assertLess(time.monotonic() - start, 0.5 * SLOWNESS)
            asked += 1
            self.assertLess(time.monotonic() - began, 2 + 3 * SLOWNESS, "not closed")
            select.select([slow.sock], [], [], 0.05)
        self.assertGreaterEqual(time.monotonic() - began, 1.5, "closed before request-timeout")
        self.assertGreater(asked, 3)

    def test_14_dripping_request(self):
        """[14] the timeout counts from the first byte, not from the latest"""
        request = Socketmap.frame(b"virtual_alias_maps " + b"k" * 5000)
        slow = self.world.socketmap()
        began, sent = time.monotonic(), 0
        while not slow_closed(slow):
            self.assertLess(time.monotonic() - began, 2 + 3 * SLOWNESS, "a dripping client holds its connection")
            try:
                slow.send(request[sent : sent + 1])
            except (BrokenPipeError, ConnectionResetError):
                break
            sent += 1
            select.select([slow.sock], [], [], 0.1)

    def test_15_half_close(self):
        """[15] a client that shuts down writing still gets its replies, then the end"""
        for address in (self.world.sm_unix, self.world.sm_inet):
            client = self.world.socketmap(address)
            client.send(Socketmap.request(*KNOWN) * 3)
            client.sock.shutdown(socket.SHUT_WR)
            for _ in range(3):
                self.assertEqual(client.read_frame(), KNOWN_REPLY)
            client.closed_without_answer(1.0 * SLOWNESS)

    def test_51_loopback_inet(self):
        """[51] the loopback port answers as the unix socket does"""
        client = self.world.socketmap(self.world.sm_inet)
        for table in ALL_MAPS:
            for key in ("ann@domain2.example", "team@box.example", "company.example", "nobody@domain2.example", "x@far.example"):
                self.assertEqual(client.ask(table, key), self.ask(table, key))

    def test_reader_that_never_reads(self):
        """a client that sends and never reads costs bounded memory and delays nobody"""
        before = self.world.rss_kb()
        stuck = self.world.socketmap()
        stuck.sock.setblocking(False)
        request = Socketmap.request("virtual_alias_maps", "team@box.example") * 1000
        sent = 0
        while sent < 64 << 20:
            try:
                sent += stuck.sock.send(request)
            except BlockingIOError:
                _, writable, _ = select.select([], [stuck.sock], [], 0.5)
                if not writable:
                    break
        self.assertLess(sent, 64 << 20, "the daemon reads for ever what nobody collects")
        self.assertFound(*KNOWN, KNOWN_REPLY.decode()[3:])
        self.assertLess(self.world.rss_kb() - before, 12000 * MEMORY_FACTOR)

    def test_connections_come_and_go(self):
        """clients that vanish at any moment leave nothing open"""
        fds = f"/proc/{self.world.daemon.pid}/fd"
        before = len(os.listdir(fds))
        request = Socketmap.request(*KNOWN)
        for n in range(200):
            sock = connect(self.world.sm_unix)
            sock.sendall(request[: n % len(request)])
            sock.close()
        until(lambda: len(os.listdir(fds)) <= before, "the connections are gone")
        self.assertFound(*KNOWN, KNOWN_REPLY.decode()[3:])


def slow_closed(client):
    readable, _, _ = select.select([client.sock], [], [], 0)
    if not readable:
        return False
    try:
        data = client.sock.recv(100)
    except ConnectionResetError:
        return True
    if data:
        raise AssertionError(f"half a request was answered: {data!r}")
    return True


class Lookups(WorldCase):
    """What a key finds."""

    CONFIG = {"addresses": {"login": "primary;alias"}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def test_classes(self):
        """each map answers for the domains of its class alone"""
        self.assertFound("virtual_alias_domains", "domain2.example", "domain2.example")
        self.assertFound("relay_domains", "company.example", "company.example")
        self.assertFound("virtual_mailbox_domains", "box.example", "box.example")
        for table in DOMAIN_MAPS:
            for domain in ("domain2.example", "company.example", "box.example"):
                home = {"domain2.example": 0, "box.example": 1, "company.example": 2}[domain]
                if DOMAIN_MAPS.index(table) != home:
                    self.assertAbsent(table, domain)
            for domain in ("sub.domain2.example", "example", ".company.example", "far.example", "", "*"):
                self.assertAbsent(table, domain)
        self.assertFound("relay_recipient_maps", "ann@company.example", "ann@company.example")
        self.assertFound("relay_recipient_maps", "a.lee@company.example", "ann@company.example")
        self.assertFound("virtual_mailbox_maps", "robert@box.example", "bob@box.example")
        for key in ("ann@domain2.example", "bob@box.example", "guest@far.example", "nobody@company.example"):
            self.assertAbsent("relay_recipient_maps", key)
        for key in ("ann@domain2.example", "ann@company.example", "nobody@box.example"):
            self.assertAbsent("virtual_mailbox_maps", key)

    def test_33_nothing_maps_to_itself(self):
        """[33] no address is ever answered by itself alone"""
        for key in ("ann@company.example", "bob@box.example", "jörg@box.example", "carla@rewritten.example", '"john smith"@box.example'):
            self.assertAbsent("virtual_alias_maps", key)
            for table in ("canonical_maps", "sender_canonical_maps", "recipient_canonical_maps"):
                self.assertAbsent(table, key)

    def test_rewrite_by_class(self):
        """secondaries become primaries in virtual-alias and virtual-mailbox domains, in relay domains only when told to"""
        self.assertFound("virtual_alias_maps", "ann@domain2.example", "ann@company.example")
        self.assertFound("virtual_alias_maps", "robert@box.example", "bob@box.example")
        self.assertAbsent("virtual_alias_maps", "a.lee@company.example")
        self.assertFound("virtual_alias_maps", "c@rewritten.example", "carla@rewritten.example")
        self.assertFound("virtual_alias_maps", "ann@rewritten.example", "ann@company.example")

    def test_expansion(self):
        """lists and remotes answer with final addresses, sorted by their canonical form"""
        expected = "ann@company.example,bob@box.example,guest@far.example"
        self.assertFound("virtual_alias_maps", "team@box.example", expected)
        self.assertFound("virtual_alias_maps", "team@domain2.example", expected)
        self.assertFound("virtual_alias_maps", "ext@domain2.example", "ext@far.example")
        self.assertFound("virtual_mailbox_maps", "team@box.example", "team@box.example")

    def test_23_case(self):
        """[23] upper case finds the same, in every map"""
        for key in ("ann@domain2.example", "a.lee@company.example", "robert@box.example", "team@box.example", "ext@domain2.example"):
            for table in ADDRESS_MAPS:
                with self.subTest(table=table, key=key):
                    self.assertEqual(self.ask(table, key.upper()), self.ask(table, key))
                    self.assertEqual(self.ask(table, key.title()), self.ask(table, key))
        self.assertFound("virtual_alias_maps", "ANN@DOMAIN2.EXAMPLE", "ann@company.example")

    def test_23_stored_spelling(self):
        """[23] values show the local part as stored and the domain in canonical form"""
        self.assertFound("virtual_alias_maps", "mix@domain2.example", "Mixed.Case@box.example")
        self.assertFound("virtual_mailbox_maps", "MIXED.CASE@BOX.example", "Mixed.Case@box.example")

    def test_24_unicode(self):
        """[24] UTF-8 keys are folded and normalised; U-label and A-label are one domain"""
        for key in ("jörg@box.example", "JÖRG@box.example", unicodedata.normalize("NFD", "jörg@box.example"),
                    unicodedata.normalize("NFD", "JÖRG@BOX.EXAMPLE")):
            self.assertFound("virtual_mailbox_maps", key, "jörg@box.example")
            self.assertEqual(self.ask("virtual_alias_maps", key), "NOTFOUND ")
        self.assertFound("virtual_alias_maps", "jürgen@box.example", "jörg@box.example")
        self.assertAbsent("virtual_mailbox_maps", "jorg@box.example")
        for domain in ("bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "XN--BCHER-KVA.EXAMPLE",
                       unicodedata.normalize("NFD", "bücher.example")):
            self.assertFound("virtual_alias_domains", domain, "xn--bcher-kva.example")
            self.assertFound("virtual_alias_maps", "ann@" + domain, "ann@company.example")

    def test_24_sharp_s(self):
        """[24] the sharp s folds to ss in local parts, not in domains"""
        self.world.ctl("domain", "add", "straße.example", "--class=virtual-alias")
        self.world.ctl("object", "add", "weiss", "--address=SMTP:weiß@company.example")
        self.world.ctl("object", "add", "white", "--address=SMTP:white@company.example", "--address=smtp:w@straße.example")
        for key in ("weiß@company.example", "WEISS@company.example", "weiss@company.example"):
            self.assertFound("relay_recipient_maps", key, "weiß@company.example")
        self.assertFound("virtual_alias_domains", "xn--strae-oqa.example", "xn--strae-oqa.example")
        self.assertFound("virtual_alias_maps", "w@xn--strae-oqa.example", "white@company.example")
        self.assertAbsent("virtual_alias_domains", "strasse.example")

    def test_24_ascii_key_ascii_answer(self):
        """[24] an object that has an ASCII address never answers a UTF-8 local part to an ASCII key"""
        self.world.ctl("object", "add", "jo", "--address=SMTP:jø@box.example", "--address=smtp:jo@box.example",
                       "--address=smtp:zo@domain2.example")
        self.assertFound("virtual_alias_maps", "zo@domain2.example", "jo@box.example")
        self.assertTrue(self.ask("virtual_mailbox_maps", "jo@box.example").isascii())
        self.assertFound("virtual_mailbox_maps", "jø@box.example", "jø@box.example")
        self.assertAbsent("canonical_maps", "zo@domain2.example")

    def test_25_extension_after_exact(self):
        """[25] the full address counts before the bare one"""
        self.world.ctl("object", "add", "tagged", "--address=SMTP:tagged@box.example", "--address=smtp:ann+own@domain2.example")
        self.assertFound("virtual_alias_maps", "ann+own@domain2.example", "tagged@box.example")
        self.assertFound("virtual_alias_maps", "ann+other@domain2.example", "ann+other@company.example")
        self.assertAbsent("virtual_alias_maps", "@domain2.example")
        self.assertAbsent("virtual_alias_maps", "ann")

    def test_26_extension_put_back(self):
        """[26] the extension is put back in virtual and canonical answers, into each member, and nowhere else"""
        self.assertFound("virtual_alias_maps", "ann+Tag@domain2.example", "ann+Tag@company.example")
        self.assertFound("virtual_alias_maps", "ANN+Tag@Domain2.example", "ann+Tag@company.example")
        self.assertFound("virtual_alias_maps", "team+x@box.example", "ann+x@company.example,bob+x@box.example,guest+x@far.example")
        self.assertFound("virtual_alias_maps", "ext+y@domain2.example", "ext+y@far.example")
        self.assertFound("canonical_maps", "robert+z@box.example", "bob+z@box.example")
        self.assertFound("virtual_mailbox_maps", "bob+z@box.example", "bob@box.example")
        self.assertFound("virtual_mailbox_maps", "robert+z@box.example", "bob@box.example")
        self.assertFound("relay_recipient_maps", "ann+z@company.example", "ann@company.example")
        self.assertFound("smtpd_sender_login_maps", "ann+z@company.example", "ann@company.example,annie")
        self.assertAbsent("virtual_alias_maps", "bob+z@box.example")

    def test_27_delimiter_rules(self):
        """[27] empty extension, leading delimiter, several delimiters, protected names"""
        self.assertFound("virtual_alias_maps", "ann+@domain2.example", "ann+@company.example")
        self.assertFound("virtual_alias_maps", "ann+a+b@domain2.example", "ann+a+b@company.example")
        self.assertAbsent("virtual_alias_maps", "+ann@domain2.example")
        self.assertAbsent("virtual_alias_maps", "+@domain2.example")
        self.assertAbsent("virtual_alias_maps", "ann-x@domain2.example")
        # A protected name is one only when it stands alone, as in split_addr.c: with a tag it is an ordinary local part.
        self.assertFound("virtual_alias_maps", "postmaster@domain2.example", "ann@company.example")

    def test_28_quoted_local_parts(self):
        """[28] quoted and unquoted forms are both found, the result is in quoted form"""
        for key in ('"john smith"@domain2.example', "john smith@domain2.example", '"JOHN SMITH"@domain2.example', '"john\\ smith"@domain2.example'):
            self.assertFound("virtual_alias_maps", key, '"john smith"@box.example')
        for key in ('"john smith"@box.example', "john smith@box.example"):
            self.assertFound("virtual_mailbox_maps", key, '"john smith"@box.example')
        self.assertFound("virtual_alias_maps", '"j s"@box.example', '"john smith"@box.example')
        self.assertFound("virtual_alias_maps", '"ann"@domain2.example', "ann@company.example")
        self.assertFound("virtual_alias_maps", '"john smith+tag"@domain2.example', '"john smith+tag"@box.example')

    def test_29_trailing_dot(self):
        """[29] a trailing dot of the domain and upper-case domain keys make no difference"""
        self.assertFound("virtual_alias_maps", "ann@domain2.example.", "ann@company.example")
        for table, domain in zip(DOMAIN_MAPS, ("domain2.example", "box.example", "company.example")):
            for key in (domain + ".", domain.upper(), domain.title() + "."):
                self.assertFound(table, key, domain)

    def test_34_logins(self):
        """[34] the logins that own a sender address, comma separated without blanks"""
        self.assertFound("smtpd_sender_login_maps", "ann@domain2.example", "ann@company.example,annie")
        self.assertFound("smtpd_sender_login_maps", "A.Lee@company.example", "ann@company.example,annie")
        self.assertFound("smtpd_sender_login_maps", "bob@box.example", "bob@box.example")
        self.assertAbsent("smtpd_sender_login_maps", "nobody@company.example")
        self.assertAbsent("smtpd_sender_login_maps", "company.example")

    def test_35_transport(self):
        """[35] transport answers with the route of the domain, known address or not; never for * or a bare domain of ours to others"""
        self.assertFound("transport_maps", "ann@company.example", "relay:[127.0.0.1]:9")
        self.assertFound("transport_maps", "nobody@company.example", "relay:[127.0.0.1]:9")
        self.assertFound("transport_maps", "company.example", "relay:[127.0.0.1]:9")
        self.assertFound("transport_maps", "bob@box.example", "lmtp:inet:127.0.0.1:9")
        for key in ("*", "ann@domain2.example", "domain2.example", "x@far.example", "far.example", ".company.example", ""):
            self.assertAbsent("transport_maps", key)

    def test_canonical(self):
        """canonical maps give the primary for secondaries of mailboxes"""
        for table in ("canonical_maps", "sender_canonical_maps", "recipient_canonical_maps"):
            self.assertFound(table, "robert@box.example", "bob@box.example")
            self.assertFound(table, "a.lee@company.example", "ann@company.example")
            self.assertFound(table, "ann@domain2.example", "ann@company.example")
            self.assertAbsent(table, "ext@domain2.example")
            self.assertAbsent(table, "team@domain2.example")

    def test_undeclared_domains(self):
        """addresses in undeclared domains are kept, but only the login map knows them as keys"""
        self.world.ctl("object", "add", "elsewhere", "--address=SMTP:elsewhere@other.example", "--address=smtp:else@domain2.example")
        for table in ADDRESS_MAPS:
            if table != "smtpd_sender_login_maps":
                self.assertAbsent(table, "elsewhere@other.example")
        self.assertFound("smtpd_sender_login_maps", "elsewhere@other.example", "elsewhere@other.example")
        self.assertFound("virtual_alias_maps", "else@domain2.example", "elsewhere@other.example")

    def test_20_change_is_visible_at_once(self):
        """[20] a committed change is what the next lookup of an open connection sees"""
        client = self.world.socketmap()
        self.assertEqual(client.ask("virtual_alias_maps", "new@domain2.example"), "NOTFOUND ")
        self.world.ctl("address", "add", "bob", "new@domain2.example")
        self.assertEqual(client.ask("virtual_alias_maps", "new@domain2.example"), "OK bob@box.example")
        self.world.ctl("address", "remove", "new@domain2.example")
        self.assertEqual(client.ask("virtual_alias_maps", "new@domain2.example"), "NOTFOUND ")


class Delimiters(WorldCase):
    """A set of several delimiters, and no propagation."""

    CONFIG = {"addresses": {"recipient-delimiter": "+-", "propagate-extensions": ""}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)
        world.ctl("object", "add", "crew", "--address=SMTP:crew@box.example", "--address=smtp:crew@domain2.example",
                  "--address=smtp:owner@domain2.example", "--address=smtp:mailer@domain2.example",
                  "--address=smtp:double@domain2.example")

    def test_27_each_character_delimits(self):
        """[27] each character of the set is a delimiter; owner-* and *-request stay whole"""
        self.assertFound("virtual_alias_maps", "crew-x@domain2.example", "crew@box.example")
        self.assertFound("virtual_alias_maps", "crew+x@domain2.example", "crew@box.example")
        self.assertAbsent("virtual_alias_maps", "crew-request@domain2.example")
        for whole in ("owner-crew", "OWNER-crew", "mailer-daemon", "MAILER-DAEMON", "double-bounce"):
            self.assertAbsent("virtual_alias_maps", whole + "@domain2.example")
        self.assertFound("virtual_alias_maps", "mailer-x@domain2.example", "crew@box.example")
        self.assertFound("virtual_mailbox_maps", "crew-x@box.example", "crew@box.example")

    def test_26_no_propagation(self):
        """[26] nothing is put back where propagate-extensions does not name the map"""
        self.assertFound("virtual_alias_maps", "ann+tag@domain2.example", "ann@company.example")
        self.assertFound("canonical_maps", "robert+tag@box.example", "bob@box.example")


class NoDelimiter(WorldCase):
    CONFIG = {"addresses": {"recipient-delimiter": ""}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def test_27_empty_set(self):
        """[27] without delimiters an extension is an ordinary part of the name"""
        self.assertAbsent("virtual_alias_maps", "ann+tag@domain2.example")
        self.assertFound("virtual_alias_maps", "ann@domain2.example", "ann@company.example")


class Limits(FreshCase):
    def test_10_reply_limit(self):
        """[10] a value over the reply limit is TEMP, the connection stays, the policy defers"""
        world = self.make_world()
        people.declare(world)
        members = [f"--member=person-with-a-rather-long-name-{n}@a-domain-with-a-long-name-too.far.example" for n in range(40)]
        world.ctl("object", "add", "big", "--class=dl", "--address=SMTP:big@box.example", *members)
        world.ctl("object", "add", "small", "--class=dl", "--address=SMTP:small@box.example", *members[:2])
        world.start()
        self.assertTrue(world.ask("virtual_alias_maps", "big@box.example").startswith("OK person-"))
        world.write_config({"limits": {"reply": "2048"}})
        world.restart()
        client = world.socketmap()
        self.assertTrue(client.ask("virtual_alias_maps", "big@box.example").startswith("TEMP "))
        self.assertTrue(client.ask("virtual_alias_maps", "small@box.example").startswith("OK "))
        self.assertTrue(client.ask("transport_maps", "big@box.example").startswith("OK lmtp:"))
        self.assertTrue(world.act("big@box.example").startswith("DEFER_IF_PERMIT 4.2.4 "))
        self.assertEqual(world.act("small@box.example"), "DUNNO")

    def test_10_list_limit_at_write(self):
        """[10] a list over list-recipients is refused where it is written"""
        world = self.make_world({"limits": {"list-recipients": "5"}})
        people.declare(world)
        rows = "Obj-Class,Directory Name,E-mail Addresses,Members\r\ndl,big,SMTP:big@box.example," + "%".join(
            f"p{n}@far.example" for n in range(6)) + "\r\n"
        done = world.imp(rows, "--json", rc=1)
        self.assertIn("GIF0921", [d.get("code") for d in done.json()])
        world.ctl("object", "add", "big", "--class=dl", "--address=SMTP:big@box.example",
                  *[f"--member=p{n}@far.example" for n in range(6)], rc=3)
        world.ctl("object", "add", "fits", "--class=dl", "--address=SMTP:fits@box.example",
                  *[f"--member=p{n}@far.example" for n in range(5)])


if __name__ == "__main__":
    unittest.main()
