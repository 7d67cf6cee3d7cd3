"""explain and the daemon always agree: random stores and keys, every map and the policy service asked by socket."""

import random
import unittest

from harness import ADDRESS_MAPS, DOMAIN_MAPS, FreshCase

SEEDS = 10
KEYS = 36
ROUNDS = 2
HEADER = (
    "Obj-Class,Mode,Directory Name,E-mail address,E-mail Addresses,Secondary-Proxy-Addresses,Members,Alt-Recipient,"
    "Deliver-And-Redirect,Home-Server\r\n"
)
DOMAINS = ("relay.example", "box.example", "alias.example", "sub.wild.example", "mirror.example", "all.example", "routed.example",
           "plain.example", "elsewhere.example")
LOCALS = ("ann", "bob", "carl", "dora", "jörg", "o'neil", '"a b"', "ann+x", "ann+x+y", "+", "owner-list", "list-request",
          "postmaster", "abuse", "Ann", "ANN+Q", "team", "all", "x" * 60)
# What explain asks the policy service for.
PLAIN = {"sender": "someone@outside.invalid", "client_address": "192.0.2.1", "size": "0"}
ODD_KEYS = ("*", "@", "ann", "@box.example", "ann@", "box.example", ".wild.example", "Wild.Example", "a b@box.example",
            '"ann@box.example', "ann@[127.0.0.1]", '""@relay.example', "ann@box.example.", "ann@@box.example", "ann\\@box.example")


class Chance:
    """One random world."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = [f"o{n}" for n in range(20)]
        self.held = []  # addresses that objects have

    def address(self):
        return f"{self.random.choice(LOCALS)}@{self.random.choice(DOMAINS)}"

    def quoted(self, text):
        return '"' + text.replace('"', '""') + '"'

    def reference(self):
        return self.random.choice(self.names + [self.address()])

    def row(self):
        pick = self.random.random
        name = self.random.choice(self.names)
        kind = ("mailbox", "dl", "remote", "mailbox", "public-folder")[int(name[1:]) % 5]
        target = f"SMTP:{self.address()}" if kind == "remote" else ""
        primary = f"SMTP:{self.address()}" if pick() < 0.8 else ""
        secondaries = "%".join(f"smtp:{self.address()}" for _ in range(self.random.randrange(3)))
        members = "%".join({self.reference() for _ in range(self.random.randrange(4))}) if kind == "dl" else ""
        forward = self.reference() if pick() < 0.2 else ""
        home = "EXCH1" if pick() < 0.3 else ""
        mode = "delete" if pick() < 0.1 else ""
        fields = (kind, mode, name, target, primary, secondaries, members, forward, self.random.choice(("", "1")), home)
        return ",".join(self.quoted(field) for field in fields)

    def replicated(self):
        """A replica may hold what an import would refuse: cycles, lists over the limits, targets that lead nowhere."""
        given = {
            "name": f"d{self.random.randrange(5)}",
            "class": self.random.choice(("mailbox", "dl", "remote")),
            "dn": "cn=somebody,dc=example",
        }
        if self.random.random() < 0.8:
            given["address"] = [f"SMTP:d{given['name']}@{self.random.choice(DOMAINS)}"]
        if given["class"] == "dl":
            given["member"] = [f"d{self.random.randrange(5)}" for _ in range(self.random.randrange(1, 4))]
        if given["class"] == "remote":
            given["target"] = f"SMTP:{self.address()}"
        if given["class"] == "mailbox" and self.random.random() < 0.5:
            given["forward"] = f"d{self.random.randrange(5)}"
        if self.random.random() < 0.2:
            given["disabled"] = "1"
        return given

    def held_key(self):
        """An address that somebody has, as a client may type it."""
        local, domain = self.random.choice(self.held).rsplit("@", 1)
        if not local.endswith('"'):
            local += self.random.choice(("", "", "", "+", "+tag", "+A+b"))
        if self.random.random() < 0.2:
            domain = self.random.choice(("mirror.example", domain + "."))
        key = f"{local}@{domain}"
        return key.upper() if self.random.random() < 0.2 else key

    def key(self):
        if self.held and self.random.random() < 0.6:
            return self.held_key()
        if self.random.random() < 0.2:
            return self.random.choice(ODD_KEYS)
        if self.random.random() < 0.1:
            return f"dd{self.random.randrange(5)}@{self.random.choice(DOMAINS)}"
        local, domain = self.random.choice(LOCALS), self.random.choice(DOMAINS)
        local += self.random.choice(("", "", "+", "+tag", "+A+b"))
        if local.startswith('"'):
            local = local.replace('"', "")
            local = f'"{local}"'
        key = f"{local}@{domain}"
        return key.upper() if self.random.random() < 0.2 else key


class Agreement(FreshCase):
    def declare(self, world, chance):
        pick = chance.random.choice
        switch = lambda name: f"--{name}={pick(('yes', 'no'))}"
        ctl = lambda *args: world.ctl("domain", *args, "--force", rc=None)
        ctl("add", "relay.example", "--class=relay", "--route=[127.0.0.1]:9", switch("rewrite"), switch("expand"), switch("extensions"))
        ctl("add", "box.example", "--class=virtual-mailbox", "--route=lmtp:inet:127.0.0.1:9", switch("rewrite"), switch("expand"),
            f"--unknown={pick(('reject', 'defer', 'accept'))}")
        ctl("add", "alias.example", "--class=virtual-alias", f"--unknown={pick(('reject', 'defer'))}")
        ctl("add", ".wild.example", "--class=relay", switch("extensions"))
        ctl("add", "routed.example", "--class=route", "--route=[127.0.0.1]:9")
        ctl("add", "mirror.example", f"--mirror={pick(('box.example', 'relay.example', 'alias.example'))}", switch("extensions"))

    def settings(self, chance):
        pick = chance.random.choice
        return {
            "addresses": {
                "postmaster": pick(("", "boss@elsewhere.example")),
                "propagate-extensions": pick(("virtual", "canonical", "virtual;canonical", "")),
                "recipient-delimiter": pick(("+", "+-", "")),
                "login": pick(("primary", "alias;account;primary")),
            },
            "routes": {"EXCH1": "smtp:[127.0.0.1]:25"},
            "limits": {"list-recipients": pick(("3", "1000")), "socketmap-request": pick(("64", "16384"))},
            "directory": {},
        }

    def change(self, world, chance):
        rows = [chance.row() for _ in range(40)]
        world.imp(HEADER + "\r\n".join(rows) + "\r\n", "--keep-going", "--force", rc=None)
        world.ctl("domain", "add", "all.example", "--class=virtual-alias", f"--catch-all={chance.address()}", rc=None)
        for _ in range(3):
            notice = chance.random.choice(("--gone=over", "--moved-to=new@elsewhere.example", "--gone"))
            held = [proxy[5:] for thing in world.export() for proxy in thing["addresses"] if proxy.startswith("smtp:")]
            gone = chance.random.choice(held or ["a@b"])
            world.ctl("address", "remove", gone, notice, rc=None)
            chance.held += [gone] * 3
        world.replicate(*[chance.replicated() for _ in range(3)])
        chance.held += [proxy[5:] for thing in world.export() for proxy in thing["addresses"]]

    def ask_daemon(self, world, key):
        domain = key.rsplit("@", 1)[-1]
        replies = {name: world.ask(name, domain) for name in DOMAIN_MAPS}
        replies.update({name: world.ask(name, key) for name in ADDRESS_MAPS})
        return replies, world.act(key, **PLAIN)

    def compare(self, world, key):
        replies, action = self.ask_daemon(world, key)
        temporary = action.startswith("DEFER_IF_PERMIT") or any(reply.startswith("TEMP") for reply in replies.values())
        answer = world.ctl("explain", "--json", "--", key, rc=75 if temporary else 0).json()[0]
        self.assertEqual({name: f"{said['result']} {said['value']}" for name, said in answer["maps"].items()}, replies)
        self.assertEqual(answer["policy"], action)
        self.check_reasons(answer)
        return answer

    def check_reasons(self, answer):
        """The steps and the reply fit what the maps say."""
        maps = {name: said["result"] for name, said in answer["maps"].items()}
        ours = any(maps[name] == "OK" for name in DOMAIN_MAPS)
        if answer["smtp"].startswith("2"):
            self.assertTrue(ours)
            self.assertEqual(answer["policy"], "DUNNO")
            self.assertIn("OK", (maps["virtual_alias_maps"], maps["virtual_mailbox_maps"], maps["relay_recipient_maps"]))
        if not ours:
            self.assertIn(answer["smtp"], ("not ours", "no address"))
        rows = [(step, row) for step in answer["steps"] for row in step.get("rows", [])]
        for step, row in rows:
            self.assertIsNotNone(row["source"] or row["kind"].startswith("directory") or None, row)
        decided = [step for step, row in rows if row["decides"] and step["step"] != "follow"]
        self.assertLessEqual(len(decided), 1)
        if maps["relocated_maps"] == "OK":
            self.assertEqual(decided[0]["result"], "notice")
        if maps["canonical_maps"] == "OK" or maps["smtpd_sender_login_maps"] == "OK":
            self.assertEqual(decided[0]["result"], "found")

    def agree(self, seed):
        chance = Chance(seed)
        world = self.make_world(self.settings(chance))
        self.declare(world, chance)
        self.change(world, chance)
        world.start()
        smtp = set()
        for _ in range(ROUNDS):
            for _ in range(KEYS):
                key = chance.key()
                with self.subTest(seed=seed, key=key):
                    smtp.add(self.compare(world, key)["smtp"][:9])
            self.change(world, chance)
        world.close()
        return smtp

    def test_agreement(self):
        seen = set()
        for seed in range(SEEDS):
            seen |= self.agree(seed)
        # The worlds are not all alike: mail was taken, refused, put off and not ours.
        self.assertLessEqual({"250", "450", "550", "not"}, {reply[:3] for reply in seen})
        self.assertLessEqual({"550 5.1.1", "550 5.1.6", "550 5.2.4"}, seen)


if __name__ == "__main__":
    unittest.main()
