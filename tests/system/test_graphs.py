"""Lists, forwards and targets that came by replication, where nobody could refuse them: never served wrong, never slow."""

import time
import unittest

from bounds import SLOWNESS
from harness import DOMAIN_MAPS, WorldCase

# A list of a thousand members is to be answered within 2 ms of the server's time; a client in Python and a loaded machine take longer.
LIST_SECONDS = 0.05 * SLOWNESS


def box(name, **more):
    return {"name": name, "address": f"SMTP:{name}@box.example", **more}


def dl(name, members):
    return box(name, **{"class": "dl", "member": members})


class Graphs(WorldCase):
    @classmethod
    def populate(cls, world):
        world.ctl("domain", "add", "box.example", "--class=virtual-mailbox", "--route=lmtp:inet:127.0.0.1:9")
        world.ctl("domain", "add", "next.example", "--class=relay", "--route=relay:[127.0.0.1]:9")
        world.ctl("domain", "add", "alias.example", "--class=virtual-alias")
        people = [box(f"u{i}") for i in range(1200)]
        lists = [
            dl("thousand", [f"u{i}" for i in range(1000)]),
            dl("outer", [f"part{i}" for i in range(10)]),
            *(dl(f"part{i}", [f"u{i * 100 + k}" for k in range(100)]) for i in range(10)),
            dl("over", [f"u{i}" for i in range(1001)]),
            dl("ring1", ["ring2"]), dl("ring2", ["ring3"]), dl("ring3", ["ring1"]),
            dl("ringed", ["ring1", "ringed", "u7"]),
            dl("long", ["x" * 60 + "@" + ".".join(["y" * 60] * 3) + ".example"]),
            # Each names the next twice: 2 to the power of 200 ways through them.
            *(dl(f"step{i}", [f"step{i + 1}", f"step{i + 1}@box.example"]) for i in range(200)),
            dl("step200", ["u1"]),
            *(dl(f"deep{i}", [f"deep{i + 1}"]) for i in range(3000)),
            dl("deep3000", ["u1"]),
            # More of them than anybody waits for.
            *(dl(f"mere{i}", [f"mere{i + 1}"]) for i in range(10100)),
            # Each of a hundred lists names all of them.
            *(dl(f"mesh{i}", [f"mesh{k}" for k in range(100)]) for i in range(100)),
            dl("ghosts", [f"ghost{i}" for i in range(5000)]),
        ]
        loops = [
            box("g1", forward="g2"), box("g2", forward="g1"),
            box("m1", forward="m2", deliver_and_redirect="1"), box("m2", forward="m1", deliver_and_redirect="1"),
            box("t1", **{"class": "remote", "target": "SMTP:t2@box.example"}),
            box("t2", **{"class": "remote", "target": "SMTP:t1@box.example"}),
            {"name": "nowhere", "address": ["SMTP:nowhere@alias.example"]},
            box("lost", forward="ghost"),
            *(box(f"f{i}", forward=f"f{i + 1}" if i < 1999 else "u2") for i in range(2000)),
            *(box(f"keep{i}", forward=f"keep{i + 1}" if i < 499 else "u2", deliver_and_redirect="1") for i in range(500)),
            *(box(f"c{i}", **{"class": "remote", "target": f"SMTP:c{i + 1}@box.example" if i < 1999 else "SMTP:u3@box.example"}) for i in range(2000)),
        ]
        world.replicate(*people, *lists, *loops)

    def alias(self, name):
        began = time.monotonic()
        reply = self.ask("virtual_alias_maps", f"{name}@box.example")
        return reply, time.monotonic() - began

    def test_16_bounded_time(self):
        """[16] no list, however nested, keeps a client waiting"""
        for name in ("thousand", "outer", "over", "ring1", "ringed", "step0", "deep0", "mesh0", "ghosts", "g1", "t1", "f0", "c0", "mere0"):
            with self.subTest(name):
                reply, seconds = min((self.alias(name) for _ in range(5)), key=lambda pair: pair[1])
                self.assertLess(seconds, LIST_SECONDS, reply[:80])

    def test_lists(self):
        """lists are flattened, and objects that are met again are skipped"""
        everybody = ",".join(sorted(f"u{i}@box.example" for i in range(1000)))
        self.assertFound("virtual_alias_maps", "thousand@box.example", everybody)
        self.assertFound("virtual_alias_maps", "outer@box.example", everybody)
        self.assertFound("virtual_alias_maps", "ringed@box.example", "u7@box.example")
        self.assertFound("virtual_alias_maps", "step0@box.example", "u1@box.example")
        self.assertFound("virtual_alias_maps", "deep0@box.example", "u1@box.example")

    def test_deep(self):
        """as deep as one likes: forwards behind forwards and contacts behind contacts as well"""
        self.assertFound("virtual_alias_maps", "f0@box.example", "u2@box.example")
        self.assertFound("virtual_alias_maps", "c0@box.example", "u3@box.example")
        self.assertFound("virtual_alias_maps", "keep0@box.example", ",".join(sorted(f"keep{i}@box.example" for i in range(500)) + ["u2@box.example"]))

    def test_31_over_the_limits(self):
        """[31] a list over the limits is never served: TEMP in the maps, a deferral by policy"""
        for name in ("over", "mere0"):
            with self.subTest(name):
                self.assertTemp("virtual_alias_maps", f"{name}@box.example")
                self.assertTemp("virtual_mailbox_maps", f"{name}@box.example")
                self.assertTrue(self.act(f"{name}@box.example").startswith("DEFER_IF_PERMIT 4.2.4 "))
                self.assertFound("transport_maps", f"{name}@box.example", "lmtp:inet:127.0.0.1:9")

    def test_31_cycles(self):
        """[31] a cycle that yields nothing is a list without recipients: absent, and 5.2.4 by policy"""
        for name in ("ring1", "ring3", "mesh0", "ghosts", "g1", "g2"):
            with self.subTest(name):
                self.assertAbsent("virtual_alias_maps", f"{name}@box.example")
                self.assertAbsent("virtual_mailbox_maps", f"{name}@box.example")
                self.assertTrue(self.act(f"{name}@box.example").startswith("550 5.2.4 "))

    def test_mutual_redirect(self):
        """two mailboxes that forward to each other and keep a copy both get the mail"""
        for name in ("m1", "m2"):
            self.assertFound("virtual_alias_maps", f"{name}@box.example", "m1@box.example,m2@box.example")

    def test_forward_to_nobody(self):
        """a forward that nobody has is no forward"""
        self.assertAbsent("virtual_alias_maps", "lost@box.example")
        self.assertFound("virtual_mailbox_maps", "lost@box.example", "lost@box.example")

    def test_31_refused_where_written(self):
        """[31] what replication may bring, an import and policyctl refuse"""
        world = self.world
        names = ["--member=a%d@far.example" % i for i in range(1001)]
        big = world.ctl("object", "add", "big", "--class=dl", "--address=SMTP:big@box.example", *names, rc=3)
        self.assertIn("big (1001 members)", big.err)
        own = world.ctl("object", "add", "self", "--class=dl", "--address=SMTP:self@box.example", "--member=self", rc=3)
        self.assertIn("self -> self", own.err)
        header = "Obj-Class,Directory Name,E-mail Addresses,Members\r\n"
        members = "%".join(f"a{i}@far.example" for i in range(1001))
        nested = f"dl,top,SMTP:top@box.example,big\r\ndl,big,SMTP:big@box.example,{members}\r\n"
        self.assertRegex(world.imp(header + nested, rc=1).err, r":2: error GIF0921: .*: top -> big \(1001 members\)")
        ring = "".join(f"dl,r{i},SMTP:r{i}@box.example,r{(i + 1) % 3}\r\n" for i in range(3))
        self.assertRegex(world.imp(header + ring, rc=1).err, r":3: error GIF0920: .*: r1 -> r2 -> r0 -> r1\n")
        self.assertAbsent("virtual_alias_maps", "big@box.example")

    def test_nowhere_to_go(self):
        """a primary in a virtual-alias domain has nowhere to go: absent, never accepted to bounce"""
        self.assertAbsent("virtual_alias_maps", "nowhere@alias.example")
        self.assertTrue(self.act("nowhere@alias.example").startswith("550 5.1.1 "))

    def test_30_domain_lists(self):
        """[30] domain lists answer existence with a value that is never empty, and only for their class"""
        for domain, table in (("box.example", "virtual_mailbox_domains"), ("next.example", "relay_domains"), ("alias.example", "virtual_alias_domains")):
            for each in DOMAIN_MAPS:
                if each == table:
                    self.assertFound(each, domain, domain)
                else:
                    self.assertAbsent(each, domain)


if __name__ == "__main__":
    unittest.main()
