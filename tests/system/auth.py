"""A password server that speaks Dovecot's auth protocol with Postfix: everybody may log in whose password is the name backwards."""

import base64
import os
import socketserver
import threading


class _Session(socketserver.StreamRequestHandler):
    def line(self, *fields):
        self.wfile.write("\t".join(fields).encode() + b"\n")

    def handle(self):
        self.line("VERSION", "1", "1")
        self.line("MECH", "PLAIN", "plaintext")
        self.line("SPID", str(os.getpid()))
        self.line("CUID", "1")
        self.line("COOKIE", "0" * 32)
        self.line("DONE")
        for raw in self.rfile:
            fields = raw.decode().rstrip("\n").split("\t")
            if fields[0] == "AUTH":
                given = next(f[len("resp=") :] for f in fields if f.startswith("resp="))
                _, user, password = base64.b64decode(given).decode().split("\0")
                good = password == user[::-1]
                self.line("OK" if good else "FAIL", fields[1], "user=" + user)


class Auth(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path):
        super().__init__(path, _Session)
        os.chmod(path, 0o666)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()
