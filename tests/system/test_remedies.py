"""policyctl doctor: its remedies are pasted into a shell as they stand, and nothing is wrong any more."""

import os
import shutil
import stat
import subprocess

from bounds import RUN_TIMEOUT
from doctor_case import DoctorCase, codes
from programs import build_program

SOCKETMAP = "socketmap:unix:policyd/socketmap"
# What the tests have no service manager for, and policyctl with the configuration of the test.
STANDINS = {
    "systemctl": '#!/bin/sh\necho "$@" >>{asked}\n',
    "policyctl": '#!/bin/sh\nverb=$1; shift; noun=$1; shift; exec {policyctl} "$verb" "$noun" --config {conf} "$@"\n',
}


class Remedies(DoctorCase):
    """Each test breaks something, and mends it."""

    def setUp(self):
        super().setUp()
        self.bin = os.path.join(self.postfix.dir, "bin")
        self.asked = os.path.join(self.postfix.dir, "asked")
        os.makedirs(self.bin, exist_ok=True)
        for name, text in STANDINS.items():
            path = os.path.join(self.bin, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.format(asked=self.asked, policyctl=build_program("policyctl"), conf=self.world.conf))
            os.chmod(path, 0o755)

    def paste(self, remedy):
        """Runs it; the daemon is restarted where it says so."""
        if os.path.exists(self.asked):
            os.unlink(self.asked)
        env = dict(self.postfix.env, PATH=f"{self.bin}:{os.environ['PATH']}")
        done = subprocess.run(["sh", "-c", remedy], env=env, capture_output=True, text=True, timeout=RUN_TIMEOUT, check=False)
        self.assertEqual(done.returncode, 0, f"{remedy}\n{done.stdout}{done.stderr}")
        if os.path.exists(self.asked):
            with open(self.asked, encoding="ascii") as file:
                self.assertEqual(file.read(), "restart policyd\n")
            self.world.restart()

    def assertHeals(self, *expected):
        """Exactly these codes, and nothing after their remedies, in their order; returns the remedies."""
        found = self.doctor()
        self.assertEqual(codes(found), sorted(expected), found)
        remedies = list(dict.fromkeys(finding["remedy"] for finding in found))
        for remedy in remedies:
            self.paste(remedy)
        self.assertEqual(self.doctor(), [], remedies)
        return remedies

    def file(self, name, text):
        path = os.path.join(self.postfix.dir, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        self.addCleanup(os.unlink, path)
        return path

    def read(self, path):
        with open(path, encoding="ascii") as file:
            return file.read()

    # what main.cf names

    def test_slips(self):
        """several elements of several parameters: one command for all, which takes nothing back"""
        self.edit(
            relay_domains=f"{SOCKETMAP}:relay_domain, others.example, {SOCKETMAP}:virtual_alias_domains",
            relay_recipient_maps=f"{SOCKETMAP}:relay_recipients_maps",
            virtual_mailbox_domains="company.example, DOMAIN2.example, boxes.example",
        )
        self.assertHeals("map-unknown", "map-misplaced", "two-classes", "not-asked")
        self.assertEqual(self.value("relay_domains"), f"{SOCKETMAP}:relay_domains, others.example")
        self.assertEqual(self.value("virtual_mailbox_domains"), f"{SOCKETMAP}:virtual_mailbox_domains, boxes.example")

    def test_local_name(self):
        """a declared domain in mydestination, as the host's name, and as the origin of local mail"""
        self.edit(mydestination="localhost, Company.example, mx.host.example")
        self.assertHeals("in-mydestination")
        self.assertEqual(self.value("mydestination"), "localhost, mx.host.example")
        self.edit(myhostname="company.example", mydestination="$myhostname, localhost", myorigin="$myhostname")
        self.assertEqual(len(self.assertHeals("in-mydestination")), 1)
        self.edit(myhostname="mx.host.example", myorigin="company.example")
        self.assertHeals("in-mydestination")

    def test_covered_host(self):
        """the host lies below a declared domain: it is excepted by a declaration of its own"""
        self.world.ctl("domain", "add", ".host.example", "--class=relay", "--unknown=accept")
        self.addCleanup(self.world.ctl, "domain", "remove", ".host.example")
        self.addCleanup(self.world.ctl, "domain", "remove", "mx.host.example")
        self.assertEqual(self.assertHeals("in-mydestination"), ["policyctl domain add mx.host.example --class=route && postfix reload"])

    def test_listed_in_file(self):
        """a declared domain in a file of domains, and in the text of a table"""
        lists = self.value("virtual_mailbox_domains")
        plain = self.file("plain", "one.example\nCompany.example \n# company.example\n")
        self.edit(virtual_mailbox_domains=f"{lists}, {plain}")
        self.assertHeals("two-classes")
        self.assertEqual(self.read(plain), "one.example\n# company.example\n")
        table = self.file("table", "companyxexample x\ncompany.example x\ntwo.example x\n")
        self.postfix.tool("postmap", f"hash:{table}")
        self.addCleanup(os.unlink, table + ".db")
        self.edit(virtual_mailbox_domains=f"{lists}, hash:{table}")
        self.assertHeals("two-classes")
        self.assertEqual(self.read(table), "companyxexample x\ntwo.example x\n")

    def test_line_with_others(self):
        """a line that holds more than the name is not deleted"""
        lists = self.value("virtual_mailbox_domains")
        plain = self.file("shared", "company.example one.example\n")
        table = self.file("folded", "company.example x\n  y\n")
        self.postfix.tool("postmap", f"hash:{table}")
        self.addCleanup(os.unlink, table + ".db")
        for element in (plain, f"hash:{table}"):
            self.edit(virtual_mailbox_domains=f"{lists}, {element}")
            self.assertEqual([f["remedy"] for f in self.doctor()], ["postconf virtual_mailbox_domains"])

    def test_settings(self):
        """commands that only set something make Postfix read it"""
        self.edit(recipient_delimiter="-", smtpd_recipient_restrictions="check_policy_service unix:policyd/policy")
        for remedy in self.assertHeals("recipient-delimiter", "policy-default-action"):
            self.assertTrue(remedy.endswith(" && postfix reload"), remedy)

    # sockets

    def test_socket_names(self):
        """an absolute path in a chroot, and sockets where nobody listens, wherever they are named"""
        absolute = f"socketmap:unix:{self.postfix.queue}/policyd/socketmap"
        self.edit(
            relay_domains=f"{absolute}:relay_domains",
            relay_recipient_maps=f"{absolute}:relay_recipient_maps",
            virtual_alias_domains="socketmap:unix:policyd/nothing:virtual_alias_domains, x.example",
            transport_maps="proxy:socketmap:inet:127.0.0.1:9:transport_maps",
        )
        self.assertEqual(len(self.assertHeals("socket-unreachable")), 1)
        self.assertEqual(self.value("relay_recipient_maps"), f"{SOCKETMAP}:relay_recipient_maps")
        self.assertEqual(self.value("virtual_alias_domains"), f"{SOCKETMAP}:virtual_alias_domains, x.example")
        self.assertEqual(self.value("transport_maps"), f"proxy:{SOCKETMAP}:transport_maps")

    def test_policy_names(self):
        """an absolute path for the policy service, in main.cf and in master.cf"""
        absolute = f"unix:{self.postfix.queue}/policyd/policy"
        self.edit(smtpd_recipient_restrictions=f"check_policy_service {{ {absolute}, default_action=DUNNO }}")
        self.assertHeals("socket-unreachable")
        master = os.path.join(self.postfix.config, "master.cf")
        before = self.read(master)

        def restore():
            with open(master, "w", encoding="ascii") as file:
                file.write(before)

        self.addCleanup(restore)
        self.postfix.tool("postconf", "-M", "other/inet=127.0.0.1:9 inet n - y - - smtpd")
        self.postfix.tool("postconf", "-P", f"127.0.0.1:9/inet/smtpd_recipient_restrictions=check_policy_service,{absolute},reject")
        self.assertHeals("socket-unreachable")
        self.assertIn("check_policy_service,unix:policyd/policy,reject", self.read(master))

    def test_socket_gone(self):
        """the socket's file was removed under the daemon, or the daemon is down"""
        os.unlink(self.world.sm_unix)
        self.assertEqual(self.assertHeals("daemon-down", "socket-unreachable"), ["systemctl restart policyd"])
        self.world.stop()
        self.assertEqual(self.assertHeals("daemon-down", "socket-unreachable"), ["systemctl restart policyd"])

    def test_denied(self):
        """a socket, its folder, and the configuration of both, that Postfix's user may not use"""
        place = os.path.dirname(self.world.sm_unix)
        mine = os.stat(place)
        self.addCleanup(lambda: (os.chown(place, mine.st_uid, mine.st_gid), os.chmod(place, stat.S_IMODE(mine.st_mode))))
        os.chmod(self.world.sm_unix, 0o600)
        self.assertHeals("socket-mode")
        os.chmod(place, 0o700)
        self.assertHeals("socket-mode")
        self.addCleanup(self.world.restart)
        self.addCleanup(shutil.rmtree, self.world.conf + ".d")
        self.addCleanup(self.world.write_config, {"sockets": {"mode": "0666"}})
        self.world.write_config({"sockets": {"mode": "0600"}})
        self.world.restart()
        self.assertHeals("socket-mode")

    # the store

    def test_store_owner(self):
        """a store, or its lock, that only this command can read"""
        for name in (self.world.store, self.world.store + "-lock"):
            os.chown(name, 0, 0)
            os.chmod(name, 0o600)
            self.world.restart()
            self.assertHeals("daemon-temp")
