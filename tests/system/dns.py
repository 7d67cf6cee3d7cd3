"""A name server on loopback, just enough for MX, CNAME and address questions."""

import socket
import socketserver
import struct
import threading

A, CNAME, MX, AAAA = 1, 5, 15, 28
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def encode_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            raw = label.encode("ascii")
            out += bytes([len(raw)]) + raw
    return out + b"\0"


def decode_name(data, at):
    labels = []
    while data[at]:
        size = data[at]
        labels.append(data[at + 1 : at + 1 + size].decode("ascii", "replace").lower())
        at += size + 1
    return ".".join(labels), at + 1


def rdata(kind, value):
    if kind == A:
        return socket.inet_aton(value)
    if kind == AAAA:
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == MX:
        return struct.pack("!H", value[0]) + encode_name(value[1])
    return encode_name(value)


class NameServer:
    """zone: {name: [(type, value)...]} or {name: response code}; names that are missing do not exist."""

    def __init__(self, zone):
        self.zone = {name.lower(): found for name, found in zone.items()}
        self.asked = []
        outer = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                reply = outer.answer(data)
                if reply:
                    sock.sendto(reply, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            timeout = 10

            def handle(self):
                head = self.rfile.read(2)
                if len(head) == 2:
                    reply = outer.answer(self.rfile.read(struct.unpack("!H", head)[0]))
                    self.wfile.write(struct.pack("!H", len(reply)) + reply)

        class TcpServer(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        # The same port twice: one that TCP can have is not always free for UDP.
        for _ in range(50):
            self.tcp = TcpServer(("127.0.0.1", 0), Tcp)
            self.port = self.tcp.server_address[1]
            try:
                self.udp = socketserver.ThreadingUDPServer(("127.0.0.1", self.port), Udp)
                break
            except OSError:
                self.tcp.server_close()
        else:
            raise RuntimeError("no port that is free for TCP and UDP")
        self.threads = [threading.Thread(target=s.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True) for s in (self.udp, self.tcp)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        for server in (self.udp, self.tcp):
            server.shutdown()
            server.server_close()

    def answer(self, data):
        if len(data) < 12:
            return b""
        ident, flags, questions = struct.unpack("!HHH", data[:6])
        if questions != 1:
            return b""
        name, at = decode_name(data, 12)
        kind = struct.unpack("!H", data[at : at + 2])[0]
        self.asked.append((name, kind))
        question = data[12 : at + 4]
        code, answers, seen = NOERROR, [], 0
        while seen < 8:
            found = self.zone.get(name, NXDOMAIN)
            if isinstance(found, int):
                code = found
                break
            alias = [value for k, value in found if k == CNAME]
            answers += [(name, k, value) for k, value in found if k == kind or k == CNAME]
            if not alias or kind == CNAME:
                break
            name, seen = alias[0].rstrip(".").lower(), seen + 1
        out = struct.pack("!HHHHHH", ident, 0x8180 | (flags & 0x0100) | code, 1, len(answers), 0, 0) + question
        for owner, k, value in answers:
            raw = rdata(k, value)
            out += encode_name(owner) + struct.pack("!HHIH", k, 1, 60, len(raw)) + raw
        return out
