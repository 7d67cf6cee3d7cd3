"""policyctl domain check: what the DNS says, against a name server of the test."""

import unittest

from dns import A, AAAA, CNAME, MX, NXDOMAIN, SERVFAIL, NameServer
from harness import WorldCase
from programs import free_port


class DomainCheck(WorldCase):
    """domain check asks DNS, as KB Q174351 says to do first."""

    START = False
    ZONE = {
        "company.example": [(MX, (10, "mx1.company.example")), (MX, (20, "mx2.company.example"))],
        "mx1.company.example": [(A, "192.0.2.1")],
        "mx2.company.example": [(A, "192.0.2.2"), (AAAA, "2001:db8::2")],
        "cname.example": [(MX, (10, "alias.cname.example"))],
        "alias.cname.example": [(CNAME, "mx1.company.example")],
        "null.example": [(MX, (0, "."))],
        "implicit.example": [(A, "192.0.2.9")],
        "nothing.example": [],
        "broken.example": SERVFAIL,
        "gone.example": NXDOMAIN,
        "dangling.example": [(MX, (10, "no-such-host.example"))],
        "half.example": [(MX, (10, "no-such-host.example")), (MX, (20, "mx1.company.example"))],
        "flaky.example": [(MX, (10, "mx.broken.example"))],
        "mx.broken.example": SERVFAIL,
        "xn--bcher-kva.example": [(MX, (10, "mx1.company.example"))],
        "many.example": [(MX, (n, f"mx{n}.many-exchangers-with-a-long-name.example")) for n in range(40)],
        **{f"mx{n}.many-exchangers-with-a-long-name.example": [(A, f"192.0.2.{n}")] for n in range(40)},
    }

    @classmethod
    def populate(cls, world):
        cls.dns = NameServer(cls.ZONE)
        cls.addClassCleanup(cls.dns.stop)
        for domain in ("company.example", "cname.example", "null.example", "implicit.example", "nothing.example", "broken.example", "gone.example",
                       "dangling.example", "half.example", "flaky.example", "bücher.example", "many.example"):
            world.ctl("domain", "add", domain, "--class=relay", "--route=[127.0.0.1]:9")
        world.ctl("object", "add", "pm", "--address=postmaster@company.example", "--address=p2@company.example")

    def check(self, *domains, rc=0, port=None):
        return self.world.ctl("domain", "check", *domains, f"--resolver=127.0.0.1:{port or self.dns.port}", rc=rc, timeout=90)

    def test_good(self):
        """MX with addresses: 0, with the declaration, addresses, postmaster and abuse"""
        done = self.check("company.example")
        for text in ("company.example", "relay", "mx1.company.example", "mx2.company.example", "postmaster", "abuse"):
            self.assertIn(text, done.out)
        self.assertRegex(done.out, r"\b2\b")

    def test_cname(self):
        """an MX that is a CNAME is a warning"""
        done = self.check("cname.example")
        self.assertIn("CNAME", done.out + done.err)
        self.assertNotIn("CNAME", self.check("company.example").out)

    def test_null_mx(self):
        """null MX: 1"""
        self.assertRegex((lambda d: d.out + d.err)(self.check("null.example", rc=1)), r"(?i)null MX")

    def test_nxdomain(self):
        """a name that does not exist: 1"""
        self.check("gone.example", rc=1)

    def test_neither(self):
        """neither MX nor address: 1"""
        self.check("nothing.example", rc=1)

    def test_implicit(self):
        """no MX but an address: 0"""
        self.check("implicit.example")

    def test_no_mx_resolves(self):
        """no MX resolves: 1; one of two does: 0"""
        self.check("dangling.example", rc=1)
        done = self.check("half.example")
        self.assertIn("no-such-host.example", done.out + done.err)

    def test_dns_failure(self):
        """SERVFAIL, or nobody there: 75"""
        self.check("broken.example", rc=75)
        self.check("flaky.example", rc=75)
        self.check("company.example", rc=75, port=free_port())

    def test_not_declared(self):
        """not declared: 1"""
        self.check("undeclared.example", rc=1)

    def test_subdomains(self):
        """a declaration of subdomains is found by its name, and by each of them"""
        self.world.ctl("domain", "add", ".sub.example", "--class=relay")
        self.assertIn(".sub.example: declared: relay", self.check(".sub.example").out)
        self.assertIn("x.sub.example: declared by .sub.example", self.check("x.sub.example", rc=1).out)
        self.assertIn(".gone.example: not declared", self.check(".gone.example", rc=1).out)

    def test_several(self):
        """several domains: the worst counts"""
        self.check("company.example", "implicit.example")
        self.check("company.example", "null.example", rc=1)
        self.check("broken.example", "company.example", rc=75)

    def test_idn(self):
        """a U-label is asked for as its A-label"""
        self.check("bücher.example")
        self.assertIn("xn--bcher-kva.example", [name for name, _ in self.dns.asked])

    def test_long_answer(self):
        """an answer that is too long for a datagram"""
        self.check("many.example")


if __name__ == "__main__":
    unittest.main()
