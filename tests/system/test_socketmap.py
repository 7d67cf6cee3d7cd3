"""The socketmap service, byte by byte. Numbers in brackets are those of the protocol checklist in docs and reviews."""

import errno
import os
import select
import socket
import time
import unittest

import people
from bounds import MEMORY_FACTOR, SLOWNESS, until
from harness import ALL_MAPS, FreshCase, WorldCase, raise_file_limit
from wire import Socketmap, check_reply, connect, wait_read_by_peer

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
