"""The world of a system test: a temporary store, a configuration, the programs and raw protocol clients.

Run by root, everything is done as an unprivileged user, as on a real host: the daemon refuses root, and file modes mean
something. Everything is bounded in time; waiting is polling with a deadline, never a guess.
"""

import array
import contextlib
import ctypes
import fcntl
import grp
import json
import os
import pwd
import random
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))

# How much slower than a quiet machine this one may be; sanitizer builds and shared runners raise it.
SLOWNESS = float(os.environ.get("TEST_SLOWNESS", "3"))
START_TIMEOUT = 10 * SLOWNESS
CLIENT_TIMEOUT = 10 * SLOWNESS
RUN_TIMEOUT = 40 * SLOWNESS
# A sanitizer keeps freed memory aside for a while: bounds on growth mean little there, but still something.
MEMORY_FACTOR = 6 if SLOWNESS >= 10 else 1
# An orderly stop takes at most 5 s on a quiet machine.
STOP_TIMEOUT = 5 * max(1.0, SLOWNESS / 2)
POLL = 0.01
LOG_TAIL_LINES = 25

SIOCOUTQ = 0x5411
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)

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

PROGRAM_PLACES = {"policyd": "policyd", "policyctl": "policyd", "gif-import": "gif", "replicate": "tests/system"}
_copies = {}
_copy_dir = None


def build_program(name):
    """The program as it was built: by its own environment variable, else in the build folder."""
    named = os.environ.get(name.upper().replace("-", "_"))
    if named:
        return os.path.abspath(named)
    build = os.environ.get("BUILD_DIR", os.path.join(SOURCE, "build"))
    for place in (PROGRAM_PLACES[name], "", "tables", "bin"):
        path = os.path.join(build, place, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    missing = f"{name} is not built (looked in {build}, set BUILD_DIR)"
    if "BUILD_DIR" in os.environ:
        raise AssertionError(missing)
    raise unittest.SkipTest(missing)


def everybody_may_reach(path):
    while True:
        mode = os.stat(path).st_mode
        if not mode & stat.S_IXOTH:
            return False
        if path == "/":
            return True
        path = os.path.dirname(path)


def program(name):
    """A path that the unprivileged user can run: the built one, or a copy when it lies in a private folder."""
    global _copy_dir
    if name not in _copies:
        path = build_program(name)
        if os.geteuid() == 0 and not everybody_may_reach(path):
            if _copy_dir is None:
                _copy_dir = tempfile.mkdtemp(prefix="pgb-", dir="/tmp")
                os.chmod(_copy_dir, 0o755)
                import atexit

                atexit.register(shutil.rmtree, _copy_dir, True)
            path = shutil.copy(path, os.path.join(_copy_dir, name))
        _copies[name] = path
    return _copies[name]


def plain_user():
    """The uid and gid that the programs run with."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def die_with_parent():
    """A killed test run leaves no daemon behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def free_port():
    """A loopback port below the ephemeral range, so that no outgoing connection takes it meanwhile."""
    chooser = random.Random(os.urandom(8))
    for _ in range(200):
        port = chooser.randrange(11000, 30000)
        with contextlib.closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free loopback port")


def until(condition, what, timeout=None):
    """Polls until condition() is true and returns its value; fails by name when the time is over."""
    deadline = time.monotonic() + (timeout or START_TIMEOUT)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"timed out: {what}")
        time.sleep(POLL)


class Result:
    """What a program run left: exit code and both outputs."""

    def __init__(self, args, rc, out, err, maxrss_kb):
        self.args, self.rc, self.out_bytes, self.err_bytes, self.maxrss_kb = args, rc, out, err, maxrss_kb
        self.out = out.decode("utf-8", "backslashreplace")
        self.err = err.decode("utf-8", "backslashreplace")

    def json(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def __str__(self):
        return f"{' '.join(map(str, self.args))}\nexit {self.rc}\nstdout: {self.out[-3000:]}\nstderr: {self.err[-3000:]}"


def run(args, stdin=b"", timeout=None, user=None, group=None, cwd=None, env=None, preexec=None):
    """Runs one program to its end; its own peak memory is part of the result."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)

        def before():
            die_with_parent()
            if preexec:
                preexec()

        extra = {}
        if os.geteuid() == 0 and user is not None:
            extra = {"user": user, "group": group, "extra_groups": []}
        process = subprocess.Popen(
            [str(a) for a in args], stdin=given, stdout=out, stderr=err, cwd=cwd, env=env, preexec_fn=before, **extra
        )
        deadline = time.monotonic() + (timeout or RUN_TIMEOUT)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                process.kill()
                os.wait4(process.pid, 0)
                process.returncode = -9
                err.seek(0)
                raise AssertionError(f"no end after {timeout or RUN_TIMEOUT} s: {args}\n{err.read()[-2000:]!r}")
            time.sleep(POLL / 4)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Result(args, process.returncode, out.read(), err.read(), usage.ru_maxrss)


def connect(address, timeout=None):
    """A stream connection to ("127.0.0.1", port) or to a path."""
    sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(timeout or CLIENT_TIMEOUT)
    try:
        sock.connect(address)
        if not isinstance(address, str):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def wait_read_by_peer(sock, timeout=None):
    """Returns when the peer has taken everything that was written to a unix socket."""
    deadline = time.monotonic() + (timeout or CLIENT_TIMEOUT)
    left = array.array("i", [1])
    while True:
        fcntl.ioctl(sock.fileno(), SIOCOUTQ, left)
        if left[0] == 0:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"the peer left {left[0]} bytes unread")
        time.sleep(POLL / 50)


class Wire:
    """A raw connection with a read buffer."""

    def __init__(self, address, timeout=None):
        self.sock = connect(address, timeout)
        self.buffer = b""

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def send(self, data):
        self.sock.sendall(data)

    def fill(self):
        data = self.sock.recv(65536)
        self.buffer += data
        return bool(data)

    def silent(self, seconds):
        """True if nothing at all arrives, not even an end of file."""
        if self.buffer:
            return False
        readable, _, _ = select.select([self.sock], [], [], seconds)
        return not readable

    def closed_without_answer(self, timeout):
        """Waits for the end of file; returns the seconds that it took. Any byte is a failure."""
        began = time.monotonic()
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(4096)
        except ConnectionResetError:
            data = b""
        except (socket.timeout, TimeoutError):
            raise AssertionError(f"still open after {timeout} s")
        if data:
            raise AssertionError(f"answered {data!r} instead of closing")
        return time.monotonic() - began


class Socketmap(Wire):
    """Sendmail's socketmap protocol, with nothing hidden."""

    @staticmethod
    def frame(payload):
        if isinstance(payload, str):
            payload = payload.encode()
        return b"%d:%s," % (len(payload), payload)

    @classmethod
    def request(cls, table, key):
        if isinstance(key, str):
            key = key.encode()
        return cls.frame(table.encode() + b" " + key)

    def read_frame(self):
        while True:
            colon = self.buffer.find(b":")
            if colon >= 0:
                head = self.buffer[:colon]
                if not head.isdigit() or (len(head) > 1 and head[:1] == b"0"):
                    raise AssertionError(f"bad netstring length {head!r}")
                end = colon + 1 + int(head)
                if len(self.buffer) > end:
                    if self.buffer[end : end + 1] != b",":
                        raise AssertionError(f"netstring without comma: {self.buffer[:80]!r}")
                    payload, self.buffer = self.buffer[colon + 1 : end], self.buffer[end + 1 :]
                    return payload
            elif len(self.buffer) > 12:
                raise AssertionError(f"no netstring: {self.buffer[:80]!r}")
            if not self.fill():
                raise EOFError(f"closed with {self.buffer!r} read")

    def ask_bytes(self, table, key):
        self.send(self.request(table, key))
        return self.read_frame()

    def ask(self, table, key):
        """The reply as text; a reply that breaks the rules which hold for every reply is a failure by itself."""
        return check_reply(self.ask_bytes(table, key))


def check_reply(raw):
    text = raw.decode("utf-8")
    word, space, rest = text.partition(" ")
    if word not in ("OK", "NOTFOUND", "TEMP", "PERM") or not space:
        raise AssertionError(f"reply {raw!r} has no proper word")
    if word == "NOTFOUND" and rest:
        raise AssertionError(f"NOTFOUND is not bare: {raw!r}")
    if word == "OK" and not rest:
        raise AssertionError("OK without a value")
    if any(c in text for c in "\0\r\n") or len(raw) > 100000:
        raise AssertionError(f"reply breaks the protocol: {raw[:200]!r}")
    return text


class Policy(Wire):
    """Postfix's policy delegation."""

    TYPICAL = {
        "request": "smtpd_access_policy",
        "protocol_state": "RCPT",
        "protocol_name": "ESMTP",
        "client_address": "198.51.100.7",
        "client_name": "unknown",
        "client_port": "40000",
        "reverse_client_name": "unknown",
        "server_address": "127.0.0.1",
        "server_port": "25",
        "helo_name": "client.example",
        "sender": "somebody@far.example",
        "recipient": "",
        "recipient_count": "0",
        "queue_id": "",
        "instance": "7b.5f0c0f00.1.0",
        "size": "0",
        "etrn_domain": "",
        "stress": "",
        "sasl_method": "",
        "sasl_username": "",
        "sasl_sender": "",
        "ccert_subject": "",
        "ccert_issuer": "",
        "ccert_fingerprint": "",
        "ccert_pubkey_fingerprint": "",
        "encryption_protocol": "",
        "encryption_cipher": "",
        "encryption_keysize": "0",
        "policy_context": "",
    }

    @classmethod
    def request(cls, **changes):
        values = dict(cls.TYPICAL, **changes)
        return cls.request_of([(k, v) for k, v in values.items() if v is not None])

    @staticmethod
    def request_of(pairs):
        return b"".join(f"{k}={v}\n".encode("utf-8", "surrogateescape") for k, v in pairs) + b"\n"

    def read_reply(self):
        while b"\n\n" not in self.buffer:
            if not self.fill():
                raise EOFError(f"closed with {self.buffer!r} read")
        raw, _, self.buffer = self.buffer.partition(b"\n\n")
        return check_action(raw)

    def ask(self, recipient=None, **changes):
        if recipient is not None:
            changes["recipient"] = recipient
        self.send(self.request(**changes))
        return self.read_reply()


def check_action(raw):
    """Rules for every action: one LF-terminated action line of at most 400 characters, UTF-8, never empty or a permit."""
    text = raw.decode("utf-8")
    if "\n" in text or "\r" in text or "\0" in text or not text.startswith("action="):
        raise AssertionError(f"not exactly one action line: {raw!r}")
    action = text[len("action=") :]
    if not action.strip() or action != action.strip():
        raise AssertionError(f"empty or padded action: {raw!r}")
    if len(text) > 400:
        raise AssertionError(f"action line of {len(text)} characters")
    word, _, rest = action.partition(" ")
    if word.upper() in ("OK", "RELAY", "PERMIT") or (word.isdigit() and word[0] not in "45"):
        raise AssertionError(f"a permit: {raw!r}")
    if word in ("421", "521"):
        raise AssertionError(f"a disconnect: {raw!r}")
    if word != "DUNNO" and len(rest.split()) < 2:
        raise AssertionError(f"no text after the codes: {raw!r}")
    return action


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

    def start(self, *options, env=None, wait=True):
        """Starts the daemon and waits until it says READY, as a service manager does."""
        assert self.daemon is None, "already started"
        notify = None
        if wait:
            notify, env = self.notify_socket(env)
        extra = {}
        if os.geteuid() == 0:
            extra = {"user": self.uid, "group": self.gid, "extra_groups": []}
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen(
                [program("policyd"), "--config", self.conf, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=env,
                preexec_fn=die_with_parent,
                **extra,
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
