"""An SMTP and LMTP server on loopback that accepts everything and remembers it."""

import socketserver
import threading
import time


class Mail:
    """One message as it arrived at the sink."""

    def __init__(self, helo, sender, recipients, data):
        self.helo, self.sender, self.recipients, self.data = helo, sender, recipients, data

    def __repr__(self):
        return f"<from {self.sender} to {self.recipients}>"


class _Session(socketserver.StreamRequestHandler):
    timeout = 60

    def reply(self, *lines):
        for i, line in enumerate(lines):
            code, text = line
            self.wfile.write(f"{code}{'-' if i + 1 < len(lines) else ' '}{text}\r\n".encode())

    def handle(self):
        self.reply((220, "sink.example"))
        helo, sender, recipients = "", None, []
        while True:
            raw = self.rfile.readline(65536)
            if not raw:
                return
            line = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
            verb = line.split(" ", 1)[0].upper()
            if verb in ("EHLO", "LHLO"):
                helo = verb
                self.reply((250, "sink.example"), (250, "8BITMIME"), (250, "SMTPUTF8"))
            elif verb == "HELO":
                helo = verb
                self.reply((250, "sink.example"))
            elif verb == "MAIL":
                sender, recipients = self.path(line), []
                self.reply((250, "2.1.0 ok"))
            elif verb == "RCPT":
                recipients.append(self.path(line))
                self.reply((250, "2.1.5 ok"))
            elif verb == "DATA":
                self.reply((354, "go on"))
                data = []
                while True:
                    part = self.rfile.readline(1 << 20)
                    if not part:
                        return
                    if part == b".\r\n":
                        break
                    data.append(part[1:] if part.startswith(b".") else part)
                self.server.keep(Mail(helo, sender, recipients, b"".join(data)))
                # LMTP answers once for each recipient.
                for _ in range(len(recipients) if helo == "LHLO" else 1):
                    self.reply((250, "2.0.0 kept"))
                sender, recipients = None, []
            elif verb == "RSET":
                sender, recipients = None, []
                self.reply((250, "2.0.0 ok"))
            elif verb == "QUIT":
                self.reply((221, "2.0.0 bye"))
                return
            else:
                self.reply((250, "2.0.0 ok"))

    @staticmethod
    def path(line):
        """What stands between the first < and the last >, quotes and all."""
        return line[line.index("<") + 1 : line.rindex(">")]


class Sink(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.port = self.server_address[1]
        self.mails = []
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self.thread.start()

    def keep(self, mail):
        with self.changed:
            self.mails.append(mail)
            self.changed.notify_all()

    def wait_for(self, token, timeout=60):
        """The mail whose text holds the token."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                for mail in self.mails:
                    if token.encode() in mail.data:
                        return mail
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no mail with {token}; the sink has {self.mails}")
                self.changed.wait(left)

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join(10)
