"""A relay between Postfix and the daemon that notes every request, to count what Postfix asks."""

import socket
import threading


def socketmap_requests(buffer):
    """Takes the complete netstrings off a buffer; returns them as (map, key)."""
    found = []
    while True:
        colon = buffer.find(b":")
        end = colon + 1 + int(buffer[:colon]) if colon > 0 else len(buffer)
        if end >= len(buffer):
            return found
        table, _, key = bytes(buffer[colon + 1 : end]).decode("utf-8", "surrogateescape").partition(" ")
        found.append((table, key))
        del buffer[: end + 1]


def policy_requests(buffer):
    """Takes the complete policy requests off a buffer; returns them as ("policy", recipient)."""
    found = []
    while (end := buffer.find(b"\n\n")) >= 0:
        fields = dict(line.split("=", 1) for line in buffer[:end].decode("utf-8", "surrogateescape").split("\n"))
        found.append(("policy", fields.get("recipient", "")))
        del buffer[: end + 2]
    return found


class Tap:
    """Listens on a path and passes everything on to another; `asked` holds the requests in order."""

    def __init__(self, path, behind, requests):
        self.behind, self.requests = behind, requests
        self.asked = []
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(200)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.behind)
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source, sink, note):
        buffer = bytearray()
        try:
            while data := source.recv(65536):
                if note:
                    buffer += data
                    with self.lock:
                        self.asked += self.requests(buffer)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def take(self):
        """What was asked since the last call."""
        with self.lock:
            asked, self.asked = self.asked, []
        return asked

    def close(self):
        self.listener.close()
