"""Raw clients of both protocols: what goes over the wire, with nothing hidden."""

import array
import fcntl
import select
import socket
import time

from bounds import CLIENT_TIMEOUT, POLL

SIOCOUTQ = 0x5411


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
