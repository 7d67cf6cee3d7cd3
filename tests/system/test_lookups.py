"""What a key finds, map by map. Numbers in brackets are those of the protocol checklist in docs and reviews."""

import unicodedata
import unittest

import people
from harness import ADDRESS_MAPS, DOMAIN_MAPS, WorldCase


class Lookups(WorldCase):
    """What a key finds."""

    CONFIG = {"addresses": {"login": "primary;alias"}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def test_classes(self):
        """each map answers for the domains of its class alone"""
        self.assertFound("virtual_alias_domains", "domain2.example", "domain2.example")
        self.assertFound("relay_domains", "company.example", "company.example")
        self.assertFound("virtual_mailbox_domains", "box.example", "box.example")
        for table in DOMAIN_MAPS:
            for domain in ("domain2.example", "company.example", "box.example"):
                home = {"domain2.example": 0, "box.example": 1, "company.example": 2}[domain]
                if DOMAIN_MAPS.index(table) != home:
                    self.assertAbsent(table, domain)
            for domain in ("sub.domain2.example", "example", ".company.example", "far.example", "", "*"):
                self.assertAbsent(table, domain)
        self.assertFound("relay_recipient_maps", "ann@company.example", "ann@company.example")
        self.assertFound("relay_recipient_maps", "a.lee@company.example", "ann@company.example")
        self.assertFound("virtual_mailbox_maps", "robert@box.example", "bob@box.example")
        for key in ("ann@domain2.example", "bob@box.example", "guest@far.example", "nobody@company.example"):
            self.assertAbsent("relay_recipient_maps", key)
        for key in ("ann@domain2.example", "ann@company.example", "nobody@box.example"):
            self.assertAbsent("virtual_mailbox_maps", key)

    def test_33_nothing_maps_to_itself(self):
        """[33] no address is ever answered by itself alone"""
        for key in ("ann@company.example", "bob@box.example", "jörg@box.example", "carla@rewritten.example", '"john smith"@box.example'):
            self.assertAbsent("virtual_alias_maps", key)
            for table in ("canonical_maps", "sender_canonical_maps", "recipient_canonical_maps"):
                self.assertAbsent(table, key)

    def test_rewrite_by_class(self):
        """secondaries become primaries in virtual-alias and virtual-mailbox domains, in relay domains only when told to"""
        self.assertFound("virtual_alias_maps", "ann@domain2.example", "ann@company.example")
        self.assertFound("virtual_alias_maps", "robert@box.example", "bob@box.example")
        self.assertAbsent("virtual_alias_maps", "a.lee@company.example")
        self.assertFound("virtual_alias_maps", "c@rewritten.example", "carla@rewritten.example")
        self.assertFound("virtual_alias_maps", "ann@rewritten.example", "ann@company.example")

    def test_expansion(self):
        """lists and remotes answer with final addresses, sorted by their canonical form"""
        expected = "ann@company.example,bob@box.example,guest@far.example"
        self.assertFound("virtual_alias_maps", "team@box.example", expected)
        self.assertFound("virtual_alias_maps", "team@domain2.example", expected)
        self.assertFound("virtual_alias_maps", "ext@domain2.example", "ext@far.example")
        self.assertFound("virtual_mailbox_maps", "team@box.example", "team@box.example")

    def test_23_case(self):
        """[23] upper case finds the same, in every map"""
        for key in ("ann@domain2.example", "a.lee@company.example", "robert@box.example", "team@box.example", "ext@domain2.example"):
            for table in ADDRESS_MAPS:
                with self.subTest(table=table, key=key):
                    self.assertEqual(self.ask(table, key.upper()), self.ask(table, key))
                    self.assertEqual(self.ask(table, key.title()), self.ask(table, key))
        self.assertFound("virtual_alias_maps", "ANN@DOMAIN2.EXAMPLE", "ann@company.example")

    def test_23_stored_spelling(self):
        """[23] values show the local part as stored and the domain in canonical form"""
        self.assertFound("virtual_alias_maps", "mix@domain2.example", "Mixed.Case@box.example")
        self.assertFound("virtual_mailbox_maps", "MIXED.CASE@BOX.example", "Mixed.Case@box.example")

    def test_24_unicode(self):
        """[24] UTF-8 keys are folded and normalised; U-label and A-label are one domain"""
        for key in ("jörg@box.example", "JÖRG@box.example", unicodedata.normalize("NFD", "jörg@box.example"),
                    unicodedata.normalize("NFD", "JÖRG@BOX.EXAMPLE")):
            self.assertFound("virtual_mailbox_maps", key, "jörg@box.example")
            self.assertEqual(self.ask("virtual_alias_maps", key), "NOTFOUND ")
        self.assertFound("virtual_alias_maps", "jürgen@box.example", "jörg@box.example")
        self.assertAbsent("virtual_mailbox_maps", "jorg@box.example")
        for domain in ("bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "XN--BCHER-KVA.EXAMPLE",
                       unicodedata.normalize("NFD", "bücher.example")):
            self.assertFound("virtual_alias_domains", domain, "xn--bcher-kva.example")
            self.assertFound("virtual_alias_maps", "ann@" + domain, "ann@company.example")

    def test_24_sharp_s(self):
        """[24] the sharp s folds to ss in local parts, not in domains"""
        self.world.ctl("domain", "add", "straße.example", "--class=virtual-alias")
        self.world.ctl("object", "add", "weiss", "--address=SMTP:weiß@company.example")
        self.world.ctl("object", "add", "white", "--address=SMTP:white@company.example", "--address=smtp:w@straße.example")
        for key in ("weiß@company.example", "WEISS@company.example", "weiss@company.example"):
            self.assertFound("relay_recipient_maps", key, "weiß@company.example")
        self.assertFound("virtual_alias_domains", "xn--strae-oqa.example", "xn--strae-oqa.example")
        self.assertFound("virtual_alias_maps", "w@xn--strae-oqa.example", "white@company.example")
        self.assertAbsent("virtual_alias_domains", "strasse.example")

    def test_24_ascii_key_ascii_answer(self):
        """[24] an object that has an ASCII address never answers a UTF-8 local part to an ASCII key"""
        self.world.ctl("object", "add", "jo", "--address=SMTP:jø@box.example", "--address=smtp:jo@box.example",
                       "--address=smtp:zo@domain2.example")
        self.assertFound("virtual_alias_maps", "zo@domain2.example", "jo@box.example")
        self.assertTrue(self.ask("virtual_mailbox_maps", "jo@box.example").isascii())
        self.assertFound("virtual_mailbox_maps", "jø@box.example", "jø@box.example")
        self.assertAbsent("canonical_maps", "zo@domain2.example")

    def test_25_extension_after_exact(self):
        """[25] the full address counts before the bare one"""
        self.world.ctl("object", "add", "tagged", "--address=SMTP:tagged@box.example", "--address=smtp:ann+own@domain2.example")
        self.assertFound("virtual_alias_maps", "ann+own@domain2.example", "tagged@box.example")
        self.assertFound("virtual_alias_maps", "ann+other@domain2.example", "ann+other@company.example")
        self.assertAbsent("virtual_alias_maps", "@domain2.example")
        self.assertAbsent("virtual_alias_maps", "ann")

    def test_26_extension_put_back(self):
        """[26] the extension is put back in virtual and canonical answers, into each member, and nowhere else"""
        self.assertFound("virtual_alias_maps", "ann+Tag@domain2.example", "ann+Tag@company.example")
        self.assertFound("virtual_alias_maps", "ANN+Tag@Domain2.example", "ann+Tag@company.example")
        self.assertFound("virtual_alias_maps", "team+x@box.example", "ann+x@company.example,bob+x@box.example,guest+x@far.example")
        self.assertFound("virtual_alias_maps", "ext+y@domain2.example", "ext+y@far.example")
        self.assertFound("canonical_maps", "robert+z@box.example", "bob+z@box.example")
        self.assertFound("virtual_mailbox_maps", "bob+z@box.example", "bob@box.example")
        self.assertFound("virtual_mailbox_maps", "robert+z@box.example", "bob@box.example")
        self.assertFound("relay_recipient_maps", "ann+z@company.example", "ann@company.example")
        self.assertFound("smtpd_sender_login_maps", "ann+z@company.example", "ann@company.example,annie")
        self.assertAbsent("virtual_alias_maps", "bob+z@box.example")

    def test_27_delimiter_rules(self):
        """[27] empty extension, leading delimiter, several delimiters, protected names"""
        self.assertFound("virtual_alias_maps", "ann+@domain2.example", "ann+@company.example")
        self.assertFound("virtual_alias_maps", "ann+a+b@domain2.example", "ann+a+b@company.example")
        self.assertAbsent("virtual_alias_maps", "+ann@domain2.example")
        self.assertAbsent("virtual_alias_maps", "+@domain2.example")
        self.assertAbsent("virtual_alias_maps", "ann-x@domain2.example")
        # A protected name is one only when it stands alone, as in split_addr.c: with a tag it is an ordinary local part.
        self.assertFound("virtual_alias_maps", "postmaster@domain2.example", "ann@company.example")

    def test_28_quoted_local_parts(self):
        """[28] quoted and unquoted forms are both found, the result is in quoted form"""
        for key in ('"john smith"@domain2.example', "john smith@domain2.example", '"JOHN SMITH"@domain2.example', '"john\\ smith"@domain2.example'):
            self.assertFound("virtual_alias_maps", key, '"john smith"@box.example')
        for key in ('"john smith"@box.example', "john smith@box.example"):
            self.assertFound("virtual_mailbox_maps", key, '"john smith"@box.example')
        self.assertFound("virtual_alias_maps", '"j s"@box.example', '"john smith"@box.example')
        self.assertFound("virtual_alias_maps", '"ann"@domain2.example', "ann@company.example")
        self.assertFound("virtual_alias_maps", '"john smith+tag"@domain2.example', '"john smith+tag"@box.example')

    def test_29_trailing_dot(self):
        """[29] a trailing dot of the domain and upper-case domain keys make no difference"""
        self.assertFound("virtual_alias_maps", "ann@domain2.example.", "ann@company.example")
        for table, domain in zip(DOMAIN_MAPS, ("domain2.example", "box.example", "company.example")):
            for key in (domain + ".", domain.upper(), domain.title() + "."):
                self.assertFound(table, key, domain)

    def test_34_logins(self):
        """[34] the logins that own a sender address, comma separated without blanks"""
        self.assertFound("smtpd_sender_login_maps", "ann@domain2.example", "ann@company.example,annie")
        self.assertFound("smtpd_sender_login_maps", "A.Lee@company.example", "ann@company.example,annie")
        self.assertFound("smtpd_sender_login_maps", "bob@box.example", "bob@box.example")
        self.assertAbsent("smtpd_sender_login_maps", "nobody@company.example")
        self.assertAbsent("smtpd_sender_login_maps", "company.example")

    def test_35_transport(self):
        """[35] transport answers with the route of the domain, known address or not; never for * or a bare domain of ours to others"""
        self.assertFound("transport_maps", "ann@company.example", "relay:[127.0.0.1]:9")
        self.assertFound("transport_maps", "nobody@company.example", "relay:[127.0.0.1]:9")
        self.assertFound("transport_maps", "company.example", "relay:[127.0.0.1]:9")
        self.assertFound("transport_maps", "bob@box.example", "lmtp:inet:127.0.0.1:9")
        for key in ("*", "ann@domain2.example", "domain2.example", "x@far.example", "far.example", ".company.example", ""):
            self.assertAbsent("transport_maps", key)

    def test_canonical(self):
        """canonical maps give the primary for secondaries of mailboxes"""
        for table in ("canonical_maps", "sender_canonical_maps", "recipient_canonical_maps"):
            self.assertFound(table, "robert@box.example", "bob@box.example")
            self.assertFound(table, "a.lee@company.example", "ann@company.example")
            self.assertFound(table, "ann@domain2.example", "ann@company.example")
            self.assertAbsent(table, "ext@domain2.example")
            self.assertAbsent(table, "team@domain2.example")

    def test_undeclared_domains(self):
        """addresses in undeclared domains are kept, but only the login map knows them as keys"""
        self.world.ctl("object", "add", "elsewhere", "--address=SMTP:elsewhere@other.example", "--address=smtp:else@domain2.example")
        for table in ADDRESS_MAPS:
            if table != "smtpd_sender_login_maps":
                self.assertAbsent(table, "elsewhere@other.example")
        self.assertFound("smtpd_sender_login_maps", "elsewhere@other.example", "elsewhere@other.example")
        self.assertFound("virtual_alias_maps", "else@domain2.example", "elsewhere@other.example")

    def test_20_change_is_visible_at_once(self):
        """[20] a committed change is what the next lookup of an open connection sees"""
        client = self.world.socketmap()
        self.assertEqual(client.ask("virtual_alias_maps", "new@domain2.example"), "NOTFOUND ")
        self.world.ctl("address", "add", "bob", "new@domain2.example")
        self.assertEqual(client.ask("virtual_alias_maps", "new@domain2.example"), "OK bob@box.example")
        self.world.ctl("address", "remove", "new@domain2.example")
        self.assertEqual(client.ask("virtual_alias_maps", "new@domain2.example"), "NOTFOUND ")


class Delimiters(WorldCase):
    """A set of several delimiters, and no propagation."""

    CONFIG = {"addresses": {"recipient-delimiter": "+-", "propagate-extensions": ""}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)
        world.ctl("object", "add", "crew", "--address=SMTP:crew@box.example", "--address=smtp:crew@domain2.example",
                  "--address=smtp:owner@domain2.example", "--address=smtp:mailer@domain2.example",
                  "--address=smtp:double@domain2.example")

    def test_27_each_character_delimits(self):
        """[27] each character of the set is a delimiter; owner-* and *-request stay whole"""
        self.assertFound("virtual_alias_maps", "crew-x@domain2.example", "crew@box.example")
        self.assertFound("virtual_alias_maps", "crew+x@domain2.example", "crew@box.example")
        self.assertAbsent("virtual_alias_maps", "crew-request@domain2.example")
        for whole in ("owner-crew", "OWNER-crew", "mailer-daemon", "MAILER-DAEMON", "double-bounce"):
            self.assertAbsent("virtual_alias_maps", whole + "@domain2.example")
        self.assertFound("virtual_alias_maps", "mailer-x@domain2.example", "crew@box.example")
        self.assertFound("virtual_mailbox_maps", "crew-x@box.example", "crew@box.example")

    def test_26_no_propagation(self):
        """[26] nothing is put back where propagate-extensions does not name the map"""
        self.assertFound("virtual_alias_maps", "ann+tag@domain2.example", "ann@company.example")
        self.assertFound("canonical_maps", "robert+tag@box.example", "bob@box.example")


class NoDelimiter(WorldCase):
    CONFIG = {"addresses": {"recipient-delimiter": ""}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)

    def test_27_empty_set(self):
        """[27] without delimiters an extension is an ordinary part of the name"""
        self.assertAbsent("virtual_alias_maps", "ann+tag@domain2.example")
        self.assertFound("virtual_alias_maps", "ann@domain2.example", "ann@company.example")


class DirectoryDown(WorldCase):
    """A directory that is configured and was never loaded: nobody listens there."""

    CONFIG = {"directory": {"uri": "ldap://127.0.0.1:9", "base": "dc=company,dc=example", "allow-plaintext": "yes"}}

    @classmethod
    def populate(cls, world):
        people.declare(world)
        people.populate(world)
        world.replicate({"name": "rep", "address": ["SMTP:rep@box.example", "smtp:rep@domain2.example"]})

    def test_17_what_is_there_is_served(self):
        """[17] what the store has is answered while the directory is down, by local and replicated rows alike"""
        for name, primary in (("ann", "ann@company.example"), ("rep", "rep@box.example")):
            self.assertFound("virtual_alias_maps", f"{name}@domain2.example", primary)
            self.assertEqual(self.act(f"{name}@domain2.example"), "DUNNO")
        self.assertFound("virtual_mailbox_maps", "rep@box.example", "rep@box.example")
        self.assertFound("virtual_alias_domains", "domain2.example", "domain2.example")
        self.assertAbsent("virtual_alias_domains", "far.example")

    def test_17_absence_is_not_certain(self):
        """[17] what the store does not have may be in the directory: TEMP and a deferral, but outside declared domains absent"""
        for table in ("virtual_alias_maps", "virtual_mailbox_maps", "smtpd_sender_login_maps", "canonical_maps"):
            self.assertTemp(table, "nobody@box.example")
            self.assertAbsent(table, "nobody@far.example")
        self.assertAbsent("relocated_maps", "nobody@box.example")
        self.assertTrue(self.act("nobody@domain2.example").startswith("DEFER_IF_PERMIT 4.3.0 "))
        self.assertEqual(self.act("nobody@far.example"), "DUNNO")


if __name__ == "__main__":
    unittest.main()
