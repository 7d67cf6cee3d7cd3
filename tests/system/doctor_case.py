"""Test cases for policyctl doctor, with a private Postfix."""

import people
from postfix_case import Setting


def codes(findings):
    return sorted({finding["code"] for finding in findings})


class DoctorCase(Setting):
    """A Postfix that policyctl postconf set up, in its chroot."""

    @classmethod
    def populate(cls, world):
        super().populate(world)
        # Whose login has a blank, which is a finding.
        world.ctl("object", "remove", "john")
        world.write_config({"addresses": {"postmaster": "ann@company.example"}})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.postconf("--apply")
            cls.postfix.reload()
        except BaseException:
            cls.tearDownClass()
            raise

    def doctor(self, rc=None):
        """The findings, whose shape is checked here for all tests."""
        done = self.ctl("doctor", "--json", rc=None)
        findings = done.json()
        self.assertEqual(done.rc, (1 if findings else 0) if rc is None else rc, str(done))
        for finding in findings:
            self.assertEqual(sorted(finding), ["code", "remedy", "severity", "text"])
            self.assertIn(finding["severity"], ("error", "warning"))
            self.assertTrue(finding["text"] and finding["remedy"], finding)
        return findings

    def assertFound(self, *expected):
        """Exactly these codes; returns the texts."""
        findings = self.doctor()
        self.assertEqual(codes(findings), sorted(expected), findings)
        return "\n".join(finding["text"] for finding in findings)
