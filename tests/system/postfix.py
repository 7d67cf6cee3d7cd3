"""A private Postfix on loopback: its own configuration, queue, log and ports, beside (and never instead of) a system one.

Nothing leaves the machine: every transport ends at a sink of the test.
"""

import os
import pwd
import shutil
import smtplib
import tempfile
import unittest

from bounds import CLIENT_TIMEOUT, RUN_TIMEOUT, until
from programs import free_port, run
from sink import Sink

# Where Debian has them; another distribution's Postfix says where its own are.
PLACES = {
    "daemon_directory": "/usr/lib/postfix/sbin",
    "command_directory": "/usr/sbin",
    "meta_directory": "/etc/postfix",
    "shlib_directory": "/usr/lib/postfix",
    "setgid_group": "postdrop",
    "mail_owner": "postfix",
}
MAPS = (
    "virtual_alias_domains",
    "virtual_alias_maps",
    "virtual_mailbox_domains",
    "virtual_mailbox_maps",
    "relay_domains",
    "relay_recipient_maps",
    "transport_maps",
    "relocated_maps",
)


def need_postfix():
    """Skips, with the reason, where a Postfix cannot be run."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("a private Postfix needs root")
    if shutil.which("postfix") is None or shutil.which("postconf") is None:
        raise unittest.SkipTest("postfix is not installed")
    for name in PLACES:
        found = run(["postconf", "-dh", name], timeout=RUN_TIMEOUT)
        if found.rc == 0 and found.out.strip():
            PLACES[name] = found.out.strip()
    if not os.path.isdir(PLACES["daemon_directory"]):
        raise unittest.SkipTest(f"there is no {PLACES['daemon_directory']}")
    try:
        pwd.getpwnam(PLACES["mail_owner"])
    except KeyError:
        raise unittest.SkipTest(f"there is no user {PLACES['mail_owner']}")


def tools_env(directory, *lines):
    """The environment for Postfix's tools with the least main.cf in a folder of its own: a machine on which Postfix is only
    installed has none, and one of the machine is none of a test's business."""
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "main.cf"), "w", encoding="ascii") as file:
        file.writelines(line + "\n" for line in ("compatibility_level = 3.6", *lines))
    return dict(os.environ, MAIL_CONFIG=directory)


class Answer(Exception):
    """An SMTP reply that is not 2xx."""


class Smtp:
    """One SMTP session that gives back raw replies."""

    def __init__(self, port):
        self.link = smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=CLIENT_TIMEOUT * 4)
        self.link.ehlo()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            self.link.quit()
        except (smtplib.SMTPException, OSError):
            self.link.close()

    def command(self, text):
        """Sends one line as UTF-8 and returns (code, text)."""
        self.link.send(text.encode("utf-8") + b"\r\n")
        code, reply = self.link.getreply()
        return code, reply.decode("utf-8", "replace")

    def rcpt(self, recipient, sender="somebody@far.example", utf8=False):
        """The reply to RCPT TO in a transaction of its own."""
        code, text = self.command(f"MAIL FROM:<{sender}>" + (" SMTPUTF8" if utf8 else ""))
        if code != 250:
            raise Answer(code, text)
        answer = self.command(f"RCPT TO:<{recipient}>")
        self.command("RSET")
        return answer

    def send(self, recipients, token, sender="somebody@far.example", utf8=False, header=None):
        """Sends one mail whose body holds the token; returns the reply to the end of data."""
        code, text = self.command(f"MAIL FROM:<{sender}>" + (" SMTPUTF8" if utf8 else ""))
        if code != 250:
            raise Answer(code, text)
        for recipient in [recipients] if isinstance(recipients, str) else recipients:
            code, text = self.command(f"RCPT TO:<{recipient}>")
            if code != 250:
                raise Answer(code, text)
        code, text = self.command("DATA")
        if code != 354:
            raise Answer(code, text)
        to = header or "undisclosed-recipients:;"
        body = f"From: <{sender}>\r\nTo: {to}\r\nSubject: {token}\r\nMessage-Id: <{token}@client.example>\r\n\r\n{token}\r\n."
        return self.command(body)


class Postfix:
    """A running instance; ports: smtp (policy service first, as documented) and plain (maps alone)."""

    def __init__(self, chroot=False):
        need_postfix()
        self.chroot = chroot
        self.dir = tempfile.mkdtemp(prefix="pgp-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.config = os.path.join(self.dir, "c")
        # With which Postfix's tools look at this instance, however they are started.
        self.env = dict(os.environ, MAIL_CONFIG=self.config)
        self.queue = os.path.join(self.dir, "q")
        self.data = os.path.join(self.dir, "d")
        self.log = os.path.join(self.dir, "mail.log")
        for path in (self.config, self.queue, self.data):
            os.mkdir(path, 0o755)
        owner = pwd.getpwnam(PLACES["mail_owner"])
        os.chown(self.data, owner.pw_uid, owner.pw_gid)
        self.smtp_port = free_port()
        self.plain_port = free_port()
        self.sink = Sink()
        self.lmtp_sink = Sink()
        self.running = False

    def configure(self, socketmap, policy, extra=None, maps=MAPS):
        """socketmap and policy are endpoints as main.cf wants them, without the map name."""
        with open(os.path.join(self.config, "dynamicmaps.cf"), "w", encoding="ascii"):
            pass
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": self.queue,
            "data_directory": self.data,
            **PLACES,
            "maillog_file": self.log,
            "maillog_file_prefixes": self.dir,
            "syslog_name": "postfix-test",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "mx.host.example",
            "mydomain": "host.example",
            "myorigin": "mx.host.example",
            "mydestination": "",
            "local_recipient_maps": "",
            "alias_maps": "",
            "alias_database": "",
            # The client of the tests is a stranger: what is not ours is refused.
            "mynetworks": "127.0.0.99/32",
            "smtpd_peername_lookup": "no",
            "disable_dns_lookups": "yes",
            "smtp_host_lookup": "native",
            "smtp_tls_security_level": "none",
            "smtpd_tls_security_level": "none",
            "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
            "smtpd_recipient_restrictions": f"check_policy_service {policy}",
            "smtpd_error_sleep_time": "0",
            "smtpd_soft_error_limit": "1000",
            "smtpd_hard_error_limit": "1000",
            "smtpd_client_connection_count_limit": "0",
            "default_process_limit": "20",
            "recipient_delimiter": "+",
            "smtputf8_enable": "yes",
            "biff": "no",
            "default_transport": f"smtp:[127.0.0.1]:{self.sink.port}",
            "relay_transport": f"relay:[127.0.0.1]:{self.sink.port}",
            "local_transport": f"smtp:[127.0.0.1]:{self.sink.port}",
            # Never used: the route comes from transport_maps. Delivery here would be seen as a deferral.
            "virtual_transport": "error:5.3.5 the route of the domain was not used",
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "2s",
            "queue_run_delay": "1s",
        }
        for name in maps:
            settings[name] = f"socketmap:{socketmap}:{name}"
        settings.update(extra or {})
        with open(os.path.join(self.config, "main.cf"), "w", encoding="utf-8") as out:
            out.writelines(f"{key} = {value}\n" for key, value in settings.items())
        c = "y" if self.chroot else "n"
        services = [
            f"127.0.0.1:{self.smtp_port} inet n - {c} - - smtpd",
            f"127.0.0.1:{self.plain_port} inet n - {c} - - smtpd -o smtpd_recipient_restrictions=",
            f"cleanup unix n - {c} - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            f"tlsmgr unix - - {c} 1000? 1 tlsmgr",
            f"rewrite unix - - {c} - - trivial-rewrite",
            f"bounce unix - - {c} - 0 bounce",
            f"defer unix - - {c} - 0 bounce",
            f"trace unix - - {c} - 0 bounce",
            f"verify unix - - {c} - 1 verify",
            f"flush unix n - {c} 1000? 0 flush",
            "proxymap unix - - n - - proxymap",
            f"smtp unix - - {c} - - smtp",
            f"relay unix - - {c} - - smtp",
            f"lmtp unix - - {c} - - lmtp",
            f"showq unix n - {c} - - showq",
            f"error unix - - {c} - - error",
            f"retry unix - - {c} - - error",
            f"discard unix - - {c} - - discard",
            f"anvil unix - - {c} - 1 anvil",
            f"scache unix - - {c} - 1 scache",
            "postlog unix-dgram n - n - 1 postlogd",
        ]
        with open(os.path.join(self.config, "master.cf"), "w", encoding="ascii") as out:
            out.write("\n".join(services) + "\n")

    def make_queue(self):
        """Makes the queue folders without starting, for a socket folder inside the queue."""
        self.tool("postfix", "check")

    def tool(self, name, *args, rc=0):
        done = run([name, "-c", self.config, *args], timeout=RUN_TIMEOUT, cwd=self.queue)
        if rc is not None and done.rc != rc:
            raise AssertionError(f"expected exit {rc}: {done}\n{self.log_tail()}")
        return done

    def start(self):
        # "postfix start" leaves the master behind and gives its caller no process to watch; -w waits until it serves.
        self.tool("postfix", "start")
        self.running = True
        until(lambda: self.accepts(self.smtp_port) and self.accepts(self.plain_port), "Postfix answers")

    @staticmethod
    def accepts(port):
        try:
            Smtp(port).__exit__()
            return True
        except (OSError, smtplib.SMTPException):
            return False

    def reload(self):
        self.tool("postfix", "reload")

    def stop(self):
        """Ends the instance, and proves that its master is gone."""
        if self.running:
            self.running = False
            pid = self.master_pid()
            self.tool("postfix", "stop", rc=None)
            if pid:
                until(lambda: not os.path.exists(f"/proc/{pid}"), "the master ends", 20)
        self.sink.stop()
        self.lmtp_sink.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def master_pid(self):
        try:
            with open(os.path.join(self.queue, "pid/master.pid"), encoding="ascii") as pid:
                return int(pid.read().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def session(self, plain=False):
        return Smtp(self.plain_port if plain else self.smtp_port)

    def log_text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def log_tail(self):
        return "Postfix's log:\n" + "\n".join(self.log_text().splitlines()[-30:])

    def queued(self):
        """The names of all queue files."""
        found = []
        for place in ("maildrop", "incoming", "active", "deferred", "hold", "corrupt"):
            for _, _, files in os.walk(os.path.join(self.queue, place)):
                found += files
        return found

    def wait_empty(self):
        until(lambda: not self.queued(), "the queue is empty", 60)

    def bounces(self):
        return [line for line in self.log_text().splitlines() if "status=bounced" in line or "sender non-delivery" in line]

    def postmap(self, key, table, rc=None):
        """`postmap -q KEY TABLE` with this instance's configuration."""
        done = run(["postmap", "-c", self.config, "-q", key, table], timeout=RUN_TIMEOUT, cwd="/")
        if rc is not None and done.rc != rc:
            raise AssertionError(f"expected exit {rc}: {done}")
        return done


