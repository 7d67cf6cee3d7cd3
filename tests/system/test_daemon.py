"""policyd as a process: configuration check, start and stop, signals, one daemon per store."""

import os
import re
import signal
import time
import unittest

import people
from bounds import SLOWNESS, until
from daemon_case import FOUND, VALUE, DaemonCase
from harness import World, WorldCase
from programs import program, run
from wire import Policy, Socketmap, Wire, wait_read_by_peer


class Check(DaemonCase):
    def test_good(self):
        """--check of a good configuration: 0, and no daemon"""
        world = self.make_world()
        done = world.run("policyd", "--config", world.conf, "--check")
        self.assertEqual(done.rc, 0)
        self.assertFalse(os.path.exists(world.sm_unix))

    def test_comments_and_every_key(self):
        """--check of the documented configuration with every key of the store, services, limits and import"""
        world = self.make_world()
        with open(world.conf, "a", encoding="utf-8") as out:
            out.write("# a comment\n\n[routes]\nEXCH1=smtp:[exch1.example.com]:25\n[import]\nmax-delete=10%\ntombstone=90d\nmust-keep=\n"
                      "[metrics]\nlisten=\n[addresses]\nrecipient-delimiter=+\npropagate-extensions=virtual;canonical\nlogin=primary\npostmaster=\n")
        world.run("policyd", "--config", world.conf, "--check")

    BAD = {
        "unknown group": ("nonsense", "key", "1"),
        "unknown key": ("store", "pathh", "/x"),
        "bad size": ("store", "map-size", "many"),
        "bad number": ("store", "undo-keep", "x"),
        "negative number": ("limits", "connections", "-1"),
        "overflow": ("limits", "connections", "99999999999999999999"),
        "relative path": ("store", "path", "store.mdb"),
        "relative unix": ("socketmap", "listen", "unix:policyd/socketmap"),
        "no kind of endpoint": ("socketmap", "listen", "/run/socketmap"),
        "no port": ("socketmap", "listen", "inet:127.0.0.1"),
        "bad port": ("policy", "listen", "inet:127.0.0.1:99999"),
        "not loopback": ("socketmap", "listen", "inet:0.0.0.0:10045"),
        "not loopback either": ("policy", "listen", "inet:192.0.2.1:10045"),
        "bad boolean": ("socketmap", "allow-remote", "perhaps"),
        "bad choice": ("policy", "unknown-recipient", "perhaps"),
        "bad choice 2": ("policy", "sender-login", "perhaps"),
        "bad network": ("policy", "trusted-networks", "127.0.0.0/99"),
        "bad mode": ("sockets", "mode", "99"),
        "missing group": ("sockets", "group", "no-such-group"),
        "bad login": ("addresses", "login", "shoe-size"),
        "bad propagate": ("addresses", "propagate-extensions", "shoes"),
        "bad percentage": ("import", "max-delete", "110x"),
        "bad duration": ("import", "tombstone", "soon"),
        "bad route": ("routes", "EXCH1", "host.example:25"),
        "reply too small": ("limits", "reply", "0"),
    }

    def test_bad(self):
        """--check and a start with a bad value: 78, naming file, group and key"""
        for name, (group, key, value) in self.BAD.items():
            with self.subTest(name):
                world = World({group: {key: value}})
                self.addCleanup(world.close)
                done = world.run("policyd", "--config", world.conf, "--check", rc=None)
                self.assertEqual(done.rc, 78, str(done))
                self.assertEqual(done.out, "")
                for text in (world.conf, group) + ((key,) if group != "nonsense" else ()):
                    self.assertIn(text, done.err)
                started = world.run("policyd", "--config", world.conf, rc=78)
                self.assertIn(key if group != "nonsense" else group, started.err)
        world = World({"socketmap": {"listen": "unix:policyd/socketmap"}})
        self.addCleanup(world.close)
        self.assertRegex(world.run("policyd", "--config", world.conf, "--check", rc=78).err, r"/\S*policyd/socketmap")

    def test_key_twice(self):
        """a key twice in one file is an error, also in a second section of the same name"""
        for text in ("[store]\npath=/a\npath=/b\n", "[store]\npath=/a\n[store]\npath=/b\n"):
            world = self.make_world()
            with open(world.conf, "w", encoding="ascii") as out:
                out.write(text)
            done = world.run("policyd", "--config", world.conf, "--check", rc=78)
            self.assertIn("path", done.err)

    def test_not_a_key_file(self):
        """a file that is none"""
        for text in ("nonsense\n", "key=value\n", "[store\n", "\x00\x01"):
            world = self.make_world()
            with open(world.conf, "w", encoding="ascii") as out:
                out.write(text)
            self.assertIn(world.conf, world.run("policyd", "--config", world.conf, "--check", rc=78).err)

    def test_drop_in_is_named(self):
        """an error in a drop-in names the drop-in"""
        world = self.make_world()
        os.mkdir(world.conf + ".d")
        path = os.path.join(world.conf + ".d", "10-bad.conf")
        with open(path, "w", encoding="ascii") as out:
            out.write("[limits]\nworkers=lots\n")
        done = world.run("policyd", "--config", world.conf, "--check", rc=78)
        for text in (path, "limits", "workers"):
            self.assertIn(text, done.err)

    def test_drop_in_is_named_later(self):
        """what is right as text and wrong on this host names the drop-in as well"""
        world = self.make_world({"store": {"path": None}})
        folder = world.conf + ".d"
        os.mkdir(folder)
        other = self.make_world()
        other.ctl("domain", "add", "company.example", "--class=relay")
        with open(os.path.join(folder, "05-store.conf"), "w", encoding="ascii") as out:
            out.write(f"[store]\npath={other.store}\n")
        path = os.path.join(folder, "10-bad.conf")
        for group, key, value, command in (
            ("sockets", "group", "no-such-group", ("policyd", "--check")),
            ("addresses", "postmaster", "nobody@company.example", ("policyd", "--check")),
            ("import", "signature-trust", "/nonexistent", ("gif-import", world.file("x.csv", "Obj-Class,Directory Name\n"))),
        ):
            with self.subTest(key):
                with open(path, "w", encoding="ascii") as out:
                    out.write(f"[{group}]\n# line 2\n{key}={value}\n")
                name, argument = command
                done = world.run(name, "--config", world.conf, argument, rc=78)
                self.assertIn(f"{path}:3: [{group}] {key}: ", done.err)

    def test_other_programs(self):
        """the other programs refuse a bad configuration with 78 as well"""
        world = self.make_world({"limits": {"workers": "lots"}})
        for name, args in (("policyctl", ("status",)), ("gif-import", ("x.csv",))):
            done = world.run(name, "--config", world.conf, *args, rc=78)
            for text in (world.conf, "limits", "workers"):
                self.assertIn(text, done.err)

    def test_51_remote_needs_permission(self):
        """[51] an address that is not loopback needs allow-remote=yes in its group"""
        world = self.make_world({"socketmap": {"listen": "inet:0.0.0.0:10045"}})
        done = world.run("policyd", "--config", world.conf, "--check", rc=78)
        self.assertIn("allow-remote", done.err)
        world.write_config({"socketmap": {"allow-remote": "yes"}})
        world.run("policyd", "--config", world.conf, "--check")
        world.write_config({"policy": {"listen": "inet:[::]:10046"}})
        world.run("policyd", "--config", world.conf, "--check", rc=78)
        world.write_config({"socketmap": {"listen": "inet:[::1]:10045", "allow-remote": "no"}, "policy": {"listen": "inet:127.9.9.9:10046"}})
        world.run("policyd", "--config", world.conf, "--check")


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Root(DaemonCase):
    def test_refuses_root(self):
        """policyd refuses to run as root"""
        world = self.make_world()
        done = run([program("policyd"), "--config", world.conf], timeout=20)
        self.assertNotEqual(done.rc, 0)
        self.assertIn("root", done.err)
        self.assertIn("--allow-root", done.err)
        self.assertFalse(os.path.exists(world.sm_unix))

    def test_check_as_root(self):
        """--check may be run by root"""
        world = self.make_world()
        self.assertEqual(run([program("policyd"), "--config", world.conf, "--check"], timeout=20).rc, 0)


class Single(DaemonCase):
    def refuse_second(self, world):
        other = World({"store": {"path": world.store}})
        self.addCleanup(other.close)
        done = other.run("policyd", "--config", other.conf, rc=78)
        self.assertIn(str(world.daemon.pid), done.err)
        self.assertRegex(done.err, re.escape(other.conf) + r":\d+: \[store\] path: ")

    def test_second_daemon(self):
        """a second daemon for the same store ends with 78 and names the first; the first is not disturbed"""
        world = self.filled()
        self.refuse_second(world)
        self.assertEqual(world.ask(*FOUND), VALUE.decode())
        self.assertEqual(world.status()["daemon"]["pid"], world.daemon.pid)

    def test_second_daemon_after_the_folder_was_remade(self):
        """also when the first one's lock went away with everything beside the store"""
        world = self.filled()
        path = world.store + ".pid"
        os.unlink(path)
        # Its number is in the file once it has the lock.
        until(lambda: os.path.exists(path) and os.path.getsize(path), "the daemon takes its lock again")
        self.refuse_second(world)

    def test_same_configuration_twice(self):
        """the same command twice: the sockets of the first stay"""
        world = self.filled()
        done = world.run("policyd", "--config", world.conf, rc=78)
        self.assertIn(str(world.daemon.pid), done.err)
        with Socketmap(world.sm_unix) as client:
            self.assertEqual(client.ask_bytes(*FOUND), VALUE)

    def test_after_kill(self):
        """after a kill the next one starts at once, over the stale sockets"""
        world = self.filled()
        for _ in range(3):
            world.kill()
            self.assertTrue(os.path.exists(world.sm_unix))
            world.start()
            self.assertEqual(world.ask(*FOUND), VALUE.decode())


class Stop(DaemonCase):
    def test_19_drain(self):
        """[19] SIGTERM: what was read is answered, then the connections end; exit 0 within 5 s"""
        world = self.filled()
        idle = [world.socketmap() for _ in range(20)] + [world.policy() for _ in range(20)]
        half = world.socketmap()
        half.send(b"40:virtual_")
        busy = world.socketmap()
        count = 2000
        busy.send(Socketmap.request(*FOUND) * count)
        self.assertEqual(busy.read_frame(), VALUE)
        began = time.monotonic()
        daemon = world.daemon
        daemon.send_signal(signal.SIGTERM)
        answered = 1
        try:
            while True:
                self.assertEqual(busy.read_frame(), VALUE)
                answered += 1
        except (EOFError, ConnectionResetError):
            pass
        self.assertEqual(busy.buffer, b"", "the last answer is whole")
        self.assertGreaterEqual(answered, 1)
        self.assertEqual(daemon.wait(5 * max(1.0, SLOWNESS / 2)), 0)
        self.assertLess(time.monotonic() - began, 5 * max(1.0, SLOWNESS / 2))
        for client in idle:
            client.closed_without_answer(1)
        with self.assertRaises(OSError):
            Socketmap(world.sm_inet)
        world.daemon = None
        world.drop_clients()

    def test_request_read_is_answered(self):
        """[19] a request that the daemon has read before SIGTERM gets its answer"""
        world = self.filled()
        clients = [world.socketmap() for _ in range(10)]
        for client in clients:
            self.assertEqual(client.ask_bytes(*FOUND), VALUE)
            client.send(Socketmap.request(*FOUND))
        for client in clients:
            wait_read_by_peer(client.sock)
        world.daemon.send_signal(signal.SIGTERM)
        for client in clients:
            self.assertEqual(client.read_frame(), VALUE)
            client.closed_without_answer(5 * SLOWNESS)
        world.stop()

    def test_stop_with_stuck_client(self):
        """a client that does not read does not hold up the end"""
        world = self.filled()
        stuck = world.socketmap()
        stuck.sock.setblocking(False)
        request = Socketmap.request("virtual_alias_maps", "team@box.example") * 1000
        try:
            for _ in range(1000):
                stuck.sock.send(request)
        except BlockingIOError:
            pass
        began = time.monotonic()
        world.daemon.send_signal(signal.SIGTERM)
        self.assertEqual(world.daemon.wait(5 * max(1.0, SLOWNESS / 2)), 0)
        self.assertLess(time.monotonic() - began, 5 * max(1.0, SLOWNESS / 2))
        world.stop()

    def test_sigint(self):
        """SIGINT ends a foreground daemon as well"""
        world = self.filled()
        world.daemon.send_signal(signal.SIGINT)
        world.daemon.wait(5 * SLOWNESS)
        self.assertIn(world.daemon.returncode, (0, -signal.SIGINT))
        world.daemon = None

    def test_restart_many_times(self):
        """ten starts and stops, each clean"""
        world = self.filled(start=False)
        for _ in range(10):
            world.start()
            self.assertEqual(world.ask(*FOUND), VALUE.decode())
            world.stop()


class Signals(DaemonCase):
    def test_harmless(self):
        """SIGUSR1, SIGUSR2 and SIGPIPE are harmless, also in a storm"""
        world = self.filled()
        client = world.socketmap()
        for _ in range(50):
            for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
                world.daemon.send_signal(number)
            self.assertEqual(client.ask_bytes(*FOUND), VALUE)
        self.assertTrue(world.alive())

    def test_client_gone_before_its_answer(self):
        """writing to clients that are gone raises no signal"""
        world = self.filled()
        for _ in range(50):
            with Socketmap(world.sm_unix) as client:
                client.send(Socketmap.request(*FOUND) * 50)
        self.assertEqual(world.ask(*FOUND), VALUE.decode())


class Reload(DaemonCase):
    def test_good(self):
        """SIGHUP takes over what can change live, and keeps connections"""
        world = self.filled()
        client = world.socketmap()
        self.assertEqual(client.ask("virtual_alias_maps", "ann-x@domain2.example"), "NOTFOUND ")
        world.write_config({"addresses": {"recipient-delimiter": "+-"}})
        world.daemon.send_signal(signal.SIGHUP)
        until(lambda: client.ask("virtual_alias_maps", "ann-x@domain2.example") == "OK ann-x@company.example", "the new delimiter is used")

    def test_bad(self):
        """a bad new configuration leaves the old one in force and says so"""
        world = self.filled()
        client = world.socketmap()
        world.write_config({"addresses": {"recipient-delimiter": "+-"}, "limits": {"workers": "lots"}})
        size = len(world.log_text())
        world.daemon.send_signal(signal.SIGHUP)
        until(lambda: "workers" in world.log_text()[size:], "the bad key is in the log")
        self.assertEqual(client.ask("virtual_alias_maps", "ann-x@domain2.example"), "NOTFOUND ")
        self.assertEqual(client.ask_bytes(*FOUND), VALUE)
        self.assertTrue(world.alive())
        os.unlink(world.conf)
        world.daemon.send_signal(signal.SIGHUP)
        self.assertEqual(client.ask_bytes(*FOUND), VALUE)

    def test_policyctl_reload(self):
        """policyctl reload waits: 0 and in force, or 78 with the reason"""
        world = self.filled()
        world.write_config({"addresses": {"recipient-delimiter": "="}})
        world.reload()
        self.assertEqual(world.ask("virtual_alias_maps", "ann=x@domain2.example"), "OK ann=x@company.example")
        good = open(world.conf, encoding="utf-8").read()
        with open(world.conf, "a", encoding="utf-8") as out:
            out.write("[nonsense]\nx=1\n")
        # The daemon reads its own file; policyctl's is a good one.
        fine = os.path.join(world.dir, "fine.conf")
        with open(fine, "w", encoding="utf-8") as out:
            out.write(good)
        done = world.run("policyctl", "--config", fine, "reload", rc=78)
        self.assertIn("nonsense", done.err)
        self.assertEqual(world.ask("virtual_alias_maps", "ann=x@domain2.example"), "OK ann=x@company.example")

    def test_listeners_do_not_change(self):
        """listeners, store and worker count cannot change live: a warning"""
        world = self.filled()
        size = len(world.log_text())
        world.write_config({"limits": {"workers": "1"}, "socketmap": {"listen": f"unix:{world.sm_unix}"}})
        world.reload()
        until(lambda: "workers" in world.log_text()[size:] and "listen" in world.log_text()[size:], "two warnings in the log")
        with Socketmap(world.sm_inet) as client:
            self.assertEqual(client.ask_bytes(*FOUND), VALUE)

    def test_under_load(self):
        """fifty reloads while lookups run: every answer is right"""
        world = self.filled()
        client = world.socketmap()
        for n in range(50):
            world.daemon.send_signal(signal.SIGHUP)
            for _ in range(20):
                self.assertEqual(client.ask_bytes(*FOUND), VALUE, n)


class Notify(DaemonCase):
    def messages(self, sock, wanted):
        seen = []
        while not any(wanted in text for text in seen):
            seen.append(sock.recv(4096).decode())
        return seen

    def test_life(self):
        """READY when it serves, RELOADING and READY around a reload, STOPPING at the end"""
        world = self.filled(start=False)
        sock, env = self.notify_socket(world)
        world.start(env=env, wait=False)
        self.messages(sock, "READY=1")
        with Socketmap(world.sm_unix) as client:
            self.assertEqual(client.ask_bytes(*FOUND), VALUE)
        world.daemon.send_signal(signal.SIGHUP)
        self.assertIn("MONOTONIC_USEC=", " ".join(self.messages(sock, "RELOADING=1")))
        self.messages(sock, "READY=1")
        world.daemon.send_signal(signal.SIGTERM)
        self.messages(sock, "STOPPING=1")
        world.stop()

    def test_ready_without_store(self):
        """READY also with a store that is no store"""
        world = self.make_world()
        with open(world.store, "wb") as out:
            out.write(b"rubbish" * 10000)
        world.give(world.store)
        sock, env = self.notify_socket(world)
        world.start(env=env, wait=False)
        self.messages(sock, "READY=1")
        with Socketmap(world.sm_unix) as client:
            self.assertTrue(client.ask(*FOUND).startswith("TEMP "))


class Promises(WorldCase):
    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def test_no_children(self):
        """it never forks: after all kinds of requests there is no child"""
        self.act("ann@domain2.example")
        self.ask("virtual_alias_maps", "$(touch /tmp/x)@domain2.example")
        self.world.status()
        with open(f"/proc/{self.world.daemon.pid}/task/{self.world.daemon.pid}/children", encoding="ascii") as children:
            self.assertEqual(children.read().strip(), "")

    def test_opens_nothing_else(self):
        """its open files are its sockets, its store and its log"""
        folder = f"/proc/{self.world.daemon.pid}/fd"
        for fd in os.listdir(folder):
            target = os.readlink(os.path.join(folder, fd))
            self.assertTrue(target.startswith(("socket:", "anon_inode:", "pipe:", self.world.dir, "/dev/null")), target)

    def test_control_socket_line(self):
        """the control socket speaks one JSON line each way"""
        import json

        status = self.world.status()
        with Wire(self.world.store + ".ctl") as client:
            client.send(b"{}\n")
            while b"\n" not in client.buffer and client.fill():
                pass
            if client.buffer:
                json.loads(client.buffer.decode())
        self.assertEqual(self.world.status()["daemon"]["pid"], status["daemon"]["pid"])

    def test_mixed_load(self):
        """many clients of both services at once, all answers right"""
        import threading

        wrong = []

        def work(n):
            try:
                with Socketmap(self.world.sm_inet if n % 2 else self.world.sm_unix) as maps, Policy(self.world.pol_unix) as policy:
                    for _ in range(200):
                        if maps.ask_bytes(*FOUND) != VALUE or policy.ask("ann@domain2.example") != "DUNNO":
                            wrong.append(n)
            except Exception as error:  # reported below, with the number of the client
                wrong.append((n, repr(error)))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60 * SLOWNESS)
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
