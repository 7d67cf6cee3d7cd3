"""The sockets of policyd: their modes and owners, who may ask, how many, and those that a service manager hands over."""

import fcntl
import os
import select
import socket
import stat
import unittest

import people
from daemon_case import FOUND, VALUE, DaemonCase
from programs import free_port, program
from wire import Policy, Socketmap


class Sockets(DaemonCase):
    def test_modes(self):
        """[sockets] mode and group; the control socket is 0600"""
        world = self.filled({"sockets": {"mode": "0660"}})
        for path in (world.sm_unix, world.pol_unix):
            found = os.stat(path)
            self.assertEqual(stat.S_IMODE(found.st_mode), 0o660)
            self.assertEqual((found.st_uid, found.st_gid), (world.uid, world.gid))
        control = os.stat(world.store + ".ctl")
        self.assertEqual((stat.S_IMODE(control.st_mode), control.st_uid), (0o600, world.uid))

    def test_umask(self):
        """the modes do not depend on the umask of the caller"""
        world = self.make_world()
        old = os.umask(0o077)
        try:
            people.declare(world)
            people.populate(world)
            world.start()
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(os.stat(world.sm_unix).st_mode), 0o666)
        self.assertEqual(stat.S_IMODE(os.stat(world.store).st_mode), 0o640)

    def test_folder_is_made(self):
        """missing folders of a socket are made, and whoever may use it may pass them, whatever the umask"""
        world = self.make_world({"sockets": {"mode": "0660"}})
        path = os.path.join(world.socket_dir, "very", "deep", "socketmap")
        world.sm_unix = path
        world.write_config({"socketmap": {"listen": "unix:" + path}})
        old = os.umask(0o077)
        try:
            world.start()
        finally:
            os.umask(old)
        self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
        for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path))):
            self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o750, folder)

    def test_stale_socket(self):
        """[52] a stale socket is replaced, one that somebody listens on is not"""
        world = self.make_world()
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(world.sm_unix)
        world.give(world.sm_unix)
        os.chmod(world.sm_unix, 0o777)
        stale.close()
        world.start()
        world.stop()
        busy = socket.socket(socket.AF_UNIX)
        self.addCleanup(busy.close)
        if os.path.exists(world.sm_unix):
            os.unlink(world.sm_unix)
        busy.bind(world.sm_unix)
        os.chmod(world.sm_unix, 0o777)
        busy.listen(5)
        done = world.run("policyd", "--config", world.conf, rc=None)
        self.assertIn(done.rc, (1, 78), str(done))
        self.assertIn(world.sm_unix, done.err)
        self.assertTrue(os.path.exists(world.sm_unix))

    def test_not_a_socket(self):
        """a file where the socket should be is not removed"""
        world = self.make_world()
        with open(world.sm_unix, "w", encoding="ascii") as out:
            out.write("precious")
        world.give(world.sm_unix)
        done = world.run("policyd", "--config", world.conf, rc=None)
        self.assertIn(done.rc, (1, 78), str(done))
        with open(world.sm_unix, encoding="ascii") as kept:
            self.assertEqual(kept.read(), "precious")

    @staticmethod
    def asked_by(world, uid, gid):
        """The reply that a process of another user gets."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(gid)
                    os.setuid(uid)
                with Socketmap(world.sm_unix) as client:
                    os.write(writer, client.ask_bytes("relay_domains", "company.example"))
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            found = answer.read().decode()
        os.waitpid(child, 0)
        return found

    def test_56_peers(self):
        """[56] every user that may connect gets the same answers; --verbose logs who it was"""
        world = self.filled()
        world.restart("--verbose")
        users = [(world.uid, world.gid)] + ([(0, 0), (12345, 12345)] if os.geteuid() == 0 else [])
        answers = set()
        for uid, gid in users:
            answers.add(self.asked_by(world, uid, gid))
            world.wait_log(f"user {uid}, group {gid}")
        self.assertEqual(len(answers), 1, answers)
        self.assertEqual(answers.pop(), "OK company.example")
        world.restart()
        before = world.log_text().count("connection")
        world.socketmap().ask("relay_domains", "company.example")
        self.assertEqual(world.log_text().count("connection"), before)

    def test_54_own_socket_only(self):
        """[54] at its end a daemon does not remove a socket that is no longer its own"""
        world = self.filled()
        os.unlink(world.sm_unix)
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.bind(world.sm_unix)
        other.listen(1)
        world.stop()
        self.assertTrue(os.path.exists(world.sm_unix))

    def test_port_taken(self):
        """a port that is taken is named, and nothing runs"""
        world = self.make_world()
        with socket.socket() as taken:
            taken.bind(world.sm_inet)
            taken.listen(1)
            done = world.run("policyd", "--config", world.conf, rc=None)
            self.assertIn(done.rc, (1, 78), str(done))
            self.assertIn(str(world.sm_inet[1]), done.err)

    def test_several_endpoints(self):
        """several endpoints for each service"""
        world = self.make_world()
        ports = [free_port() for _ in range(3)]
        people.declare(world)
        people.populate(world)
        world.write_config({"socketmap": {"listen": ";".join(f"inet:127.0.0.1:{p}" for p in ports) + f";unix:{world.sm_unix}"}})
        world.start()
        for address in [("127.0.0.1", p) for p in ports] + [world.sm_unix]:
            with Socketmap(address) as client:
                self.assertEqual(client.ask_bytes(*FOUND), VALUE)


class Limits(DaemonCase):
    def test_connection_cap(self):
        """at the cap new connections wait in the backlog, unanswered but not refused, until one ends"""
        world = self.filled({"limits": {"connections": "20"}})
        clients = [Socketmap(world.sm_unix) for _ in range(20)]
        for client in clients:
            self.assertEqual(client.ask_bytes(*FOUND), VALUE)
        waiting = Socketmap(world.sm_unix)
        waiting.send(Socketmap.request(*FOUND))
        self.assertTrue(waiting.silent(0.5), "answered over the cap, or closed")
        self.assertEqual(clients[3].ask_bytes(*FOUND), VALUE)
        before = cpu_ticks(world.daemon.pid)
        self.assertTrue(waiting.silent(1.0))
        self.assertLess(cpu_ticks(world.daemon.pid) - before, 30, "it spins at the cap")
        clients.pop().close()
        self.assertEqual(waiting.read_frame(), VALUE)
        for client in clients + [waiting]:
            client.close()
        with Socketmap(world.sm_unix) as client:
            self.assertEqual(client.ask_bytes(*FOUND), VALUE)

    def test_idle_costs_nothing(self):
        """an idle daemon with idle connections uses next to no CPU"""
        world = self.filled()
        clients = [world.socketmap() for _ in range(50)]
        self.assertEqual(clients[0].ask_bytes(*FOUND), VALUE)
        before = cpu_ticks(world.daemon.pid)
        select.select([clients[0].sock], [], [], 2)
        self.assertLess(cpu_ticks(world.daemon.pid) - before, 20)

    def test_policyctl_at_the_cap(self):
        """status still answers when all connections are taken"""
        world = self.filled({"limits": {"connections": "4"}})
        clients = [world.socketmap() for _ in range(4)]
        for client in clients:
            self.assertEqual(client.ask_bytes(*FOUND), VALUE)
        self.assertEqual(world.status()["daemon"]["connections"], 4)


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as line:
        fields = line.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


class Activation(DaemonCase):
    """Sockets that a service manager holds, passed by name."""

    def setUp(self):
        super().setUp()
        self.world = self.make_world()
        people.declare(self.world)
        people.populate(self.world)
        self.held = {}
        for name in ("policy", "socketmap"):
            sock = socket.socket(socket.AF_UNIX)
            path = os.path.join(self.world.socket_dir, "held-" + name)
            sock.bind(path)
            os.chmod(path, 0o600 if name == "policy" else 0o666)
            self.world.give(path)
            sock.listen(100)
            self.addCleanup(sock.close)
            self.held[name] = (sock, path)

    def start(self):
        import subprocess

        first = 3
        sockets = [sock for sock, _ in self.held.values()]
        copies = [os.dup(sock.fileno()) for sock in sockets]

        def place():
            # High first, so that no copy is overwritten before it was placed.
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 50) for fd in copies]
            for n, fd in enumerate(high):
                os.dup2(fd, first + n, inheritable=True)

        env = dict(os.environ, LISTEN_FDS=str(len(sockets)), LISTEN_FDNAMES=":".join(self.held))
        with open(self.world.log, "ab") as log:
            # The shell's process becomes the daemon, so that LISTEN_PID names it.
            self.world.daemon = subprocess.Popen(
                ["/bin/sh", "-c", 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"', "sh", program("policyd"), "--config", self.world.conf],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=place, pass_fds=[first + n for n in range(len(sockets))],
                cwd="/", **self.world.identity)
        for fd in copies:
            os.close(fd)

    def test_52_by_name(self):
        """[52] each socket serves what its name says; the configured ones are not made"""
        self.start()
        with Socketmap(self.held["socketmap"][1]) as client:
            self.assertEqual(client.ask_bytes(*FOUND), VALUE)
        with Policy(self.held["policy"][1]) as client:
            self.assertEqual(client.ask("ann@domain2.example"), "DUNNO")
        self.assertFalse(os.path.exists(self.world.sm_unix))
        self.assertEqual(stat.S_IMODE(os.stat(self.held["policy"][1]).st_mode), 0o600)
        self.world.stop()
        self.assertTrue(os.path.exists(self.held["socketmap"][1]), "a held socket is not the daemon's to remove")

    def test_18_restart_refuses_nobody(self):
        """[18] over a restart, and a kill, connects wait and are answered"""
        for end in (self.world.stop, self.world.kill, self.world.stop):
            self.start()
            with Socketmap(self.held["socketmap"][1]) as client:
                self.assertEqual(client.ask_bytes(*FOUND), VALUE)
            end()
            waiting = [Socketmap(self.held["socketmap"][1]) for _ in range(20)]
            for client in waiting:
                client.send(Socketmap.request(*FOUND))
            self.start()
            for client in waiting:
                self.assertEqual(client.read_frame(), VALUE)
                client.close()
            self.world.stop()


if __name__ == "__main__":
    unittest.main()
