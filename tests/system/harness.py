"""The world of a system test: a temporary store, a configuration, a daemon, and the test cases that have one."""

import contextlib
import grp
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from bounds import SLOWNESS, STOP_TIMEOUT, until
from programs import as_user, die_with_parent, free_port, plain_user, program, run
from wire import Policy, Socketmap, connect

LOG_TAIL_LINES = 25

ADDRESS_MAPS = (
    "virtual_mailbox_maps",
    "relay_recipient_maps",
    "virtual_alias_maps",
    "transport_maps",
    "smtpd_sender_login_maps",
    "sender_canonical_maps",
    "recipient_canonical_maps",
    "canonical_maps",
    "relocated_maps",
)
DOMAIN_MAPS = ("virtual_alias_domains", "virtual_mailbox_domains", "relay_domains")
ALL_MAPS = ADDRESS_MAPS + DOMAIN_MAPS


def notify_path(world):
    return os.path.join(world.dir, "ready")


class World:
    """One store, one configuration, at most one daemon."""

    def __init__(self, config=None, group=None):
        """With a group, the programs run in it."""
        self.dir = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.uid, self.gid = plain_user()
        if group is not None and os.geteuid() == 0:
            self.gid = grp.getgrnam(group).gr_gid
        self.identity = as_user(self.uid, self.gid)
        self.store_dir = self.make_dir("s", 0o755)
        self.work = self.make_dir("w", 0o755)
        self.socket_dir = self.make_dir("k", 0o755)
        self.store = os.path.join(self.store_dir, "store.mdb")
        self.conf = os.path.join(self.dir, "policyd.conf")
        self.log = os.path.join(self.dir, "policyd.log")
        self.sm_unix = os.path.join(self.socket_dir, "socketmap")
        self.pol_unix = os.path.join(self.socket_dir, "policy")
        self.sm_inet = ("127.0.0.1", free_port())
        self.pol_inet = ("127.0.0.1", free_port())
        self.daemon = None
        self.clients = []
        self.files = 0
        self.settings = {
            "store": {"path": self.store, "map-size": "1G"},
            "socketmap": {"listen": f"unix:{self.sm_unix};inet:127.0.0.1:{self.sm_inet[1]}"},
            "policy": {"listen": f"unix:{self.pol_unix};inet:127.0.0.1:{self.pol_inet[1]}"},
            "sockets": {"mode": "0666", "group": grp.getgrgid(self.gid).gr_name},
            "limits": {"workers": "2"},
        }
        self.write_config(config)

    # files and configuration

    def make_dir(self, name, mode):
        path = os.path.join(self.dir, name)
        os.mkdir(path)
        os.chmod(path, mode)
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)
        return path

    def give(self, path):
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)
        return path

    def file(self, name, content):
        if isinstance(content, str):
            content = content.encode()
        path = os.path.join(self.work, name)
        with open(path, "wb") as out:
            out.write(content)
        return self.give(path)

    def write_config(self, changes=None, path=None):
        """Merges {group: {key: value or None}} into the configuration and writes the file."""
        for group, keys in (changes or {}).items():
            for key, value in keys.items():
                self.settings.setdefault(group, {})[key] = value
        lines = []
        for group, keys in self.settings.items():
            lines.append(f"[{group}]")
            lines += [f"{key}={value}" for key, value in keys.items() if value is not None]
        with open(path or self.conf, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        return path or self.conf

    # programs

    def run(self, name, *args, rc=0, stdin=b"", timeout=None, cwd=None, preexec=None, env=None):
        done = run(
            [program(name), *args], stdin, timeout, self.uid, self.gid, cwd or self.work, preexec=preexec, env=env
        )
        if rc is not None and done.rc != rc:
            raise AssertionError(f"expected exit {rc}: {done}")
        return done

    def ctl(self, *args, rc=0, **kw):
        return self.run("policyctl", "--config", self.conf, *args, rc=rc, **kw)

    def imp(self, content, *options, rc=0, name=None, **kw):
        """Imports text or bytes; the file's path is <work>/NAME."""
        self.files += 1
        path = self.file(name or f"in{self.files}.csv", content)
        return self.run("gif-import", "--config", self.conf, *options, path, rc=rc, **kw)

    def replicate(self, *objects):
        """Writes objects of origin directory, as a replica would: dictionaries, lists for what has several values.

        {"delete": NAME} deletes one, {"synced": SECONDS} is the time of what follows. An address is given as SMTP:... (primary) or smtp:...
        """
        lines = []
        for given in objects:
            fields = [("name", given["name"])] if "name" in given else []
            for key, values in given.items():
                if key != "name":
                    fields += [(key, v) for v in (values if isinstance(values, (list, tuple)) else [values])]
            lines.append("\t".join(f"{key}={value}" for key, value in fields) + "\n")
        return self.run("replicate", self.store, stdin="".join(lines))

    def export(self):
        return self.ctl("export", "--format=json").json()

    def status(self):
        return self.ctl("status", "--json").json()[0]

    # the daemon

    def start(self, *options, env=None, wait=True, preexec=None):
        """Starts the daemon and waits until it says READY, as a service manager does."""
        assert self.daemon is None, "already started"
        notify = None
        if wait:
            notify, env = self.notify_socket(env)

        def before():
            die_with_parent()
            if preexec:
                preexec()

        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen(
                [program("policyd"), "--config", self.conf, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=env,
                preexec_fn=before,
                **self.identity,
            )
        if wait:
            with notify:
                self.wait_ready(notify)
            os.unlink(notify_path(self))
        return self.daemon

    def notify_socket(self, env=None):
        path = notify_path(self)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        os.chmod(path, 0o777)
        notify.settimeout(0.1)
        return notify, dict(env or os.environ, NOTIFY_SOCKET=path)

    def wait_ready(self, notify):
        def ready():
            if self.daemon.poll() is not None:
                raise AssertionError(f"policyd ended with {self.daemon.returncode}\n{self.log_tail()}")
            try:
                return b"READY=1" in notify.recv(4096)
            except (socket.timeout, TimeoutError):
                return False

        until(ready, "policyd is ready")
        for address in self.listeners():
            connect(address, 1).close()

    def listeners(self):
        for group in ("socketmap", "policy"):
            for endpoint in (self.settings.get(group, {}).get("listen") or "").split(";"):
                if endpoint.startswith("unix:"):
                    yield endpoint[5:]
                elif endpoint.startswith("inet:127.0.0.1:"):
                    yield ("127.0.0.1", int(endpoint.rsplit(":", 1)[1]))

    def stop(self, expect=0):
        """An orderly stop: exit 0 within the promised time."""
        if self.daemon is None:
            return
        self.drop_clients()
        daemon, self.daemon = self.daemon, None
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
        try:
            rc = daemon.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
            raise AssertionError(f"policyd did not stop within {STOP_TIMEOUT} s of SIGTERM\n{self.log_tail()}")
        if rc != expect:
            raise AssertionError(f"policyd ended with {rc}\n{self.log_tail()}")

    def kill(self):
        self.drop_clients()
        daemon, self.daemon = self.daemon, None
        daemon.kill()
        daemon.wait()

    def restart(self, *options):
        self.stop()
        self.start(*options)

    def alive(self):
        return self.daemon is not None and self.daemon.poll() is None

    def reload(self, rc=0):
        return self.ctl("reload", rc=rc)

    def log_text(self):
        try:
            with open(self.log, "rb") as log:
                return log.read().decode("utf-8", "backslashreplace")
        except FileNotFoundError:
            return ""

    def log_tail(self):
        lines = self.log_text().splitlines()[-LOG_TAIL_LINES:]
        return "policyd's log:\n" + "\n".join(lines)

    def wait_log(self, text, timeout=None):
        until(lambda: text in self.log_text(), f"{text!r} in the log", timeout)

    def rss_kb(self):
        with open(f"/proc/{self.daemon.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        raise AssertionError("no VmRSS")

    # clients

    def drop_clients(self):
        for client in self.clients:
            client.close()
        self.clients = []
        self.shared_sm = self.shared_pol = None

    shared_sm = None
    shared_pol = None

    def socketmap(self, address=None):
        client = Socketmap(address or self.sm_unix)
        self.clients.append(client)
        return client

    def policy(self, address=None):
        client = Policy(address or self.pol_unix)
        self.clients.append(client)
        return client

    def ask(self, table, key):
        """One lookup over a connection that lasts as long as the daemon."""
        if self.shared_sm is None:
            self.shared_sm = self.socketmap()
        return self.shared_sm.ask(table, key)

    def wait_everywhere(self, table, key, reply, what):
        """Until each worker answers with something that begins so: each learns of a change for itself."""
        clients = [Socketmap(self.sm_unix) for _ in range(8)]
        try:
            until(lambda: all(client.ask(table, key).startswith(reply) for client in clients), what, 10 * SLOWNESS)
        finally:
            for client in clients:
                client.close()

    def act(self, recipient=None, **changes):
        if self.shared_pol is None:
            self.shared_pol = self.policy()
        return self.shared_pol.ask(recipient, **changes)

    def close(self):
        try:
            self.stop()
        finally:
            if self.daemon is not None:
                self.kill()
            self.drop_clients()
            shutil.rmtree(self.dir, ignore_errors=True)


class WorldCase(unittest.TestCase):
    """Tests that share one world; populate() fills it before the daemon starts."""

    CONFIG = None
    GROUP = None
    START = True
    world = None

    @classmethod
    def setUpClass(cls):
        for name in ("policyd", "policyctl"):
            program(name)
        cls.world = World(cls.CONFIG, cls.GROUP)
        try:
            cls.populate(cls.world)
            if cls.START:
                cls.world.start()
        except BaseException:
            with contextlib.suppress(Exception):
                cls.world.close()
            raise

    @classmethod
    def populate(cls, world):
        pass

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def ask(self, table, key):
        return self.world.ask(table, key)

    def act(self, recipient=None, **changes):
        return self.world.act(recipient, **changes)

    def assertFound(self, table, key, value):
        self.assertEqual(self.ask(table, key), "OK " + value, f"{table} {key}")

    def assertAbsent(self, table, key):
        self.assertEqual(self.ask(table, key), "NOTFOUND ", f"{table} {key}")

    def assertTemp(self, table, key):
        reply = self.ask(table, key)
        self.assertTrue(reply.startswith("TEMP ") and len(reply) > 5, f"{table} {key}: {reply!r}")


class FreshCase(unittest.TestCase):
    """Tests that need a world each."""

    world = None

    def setUp(self):
        for name in ("policyd", "policyctl"):
            program(name)

    def make_world(self, config=None):
        self.world = World(config)
        self.addCleanup(self.world.close)
        return self.world


def raise_file_limit(wanted=4096):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
