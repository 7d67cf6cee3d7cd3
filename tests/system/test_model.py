"""Random directories of lists, contacts, forwards, mirrors and catch-alls: the daemon answers every key as the model does."""

import os
import random
import unittest

from harness import ADDRESS_MAPS, DOMAIN_MAPS, FreshCase
from judge import Judge
from model import TEMP, Model

# The same worlds in every run; MODEL_SEED and MODEL_WORLDS look further.
FIRST = int(os.environ.get("MODEL_SEED", "1"))
WORLDS = int(os.environ.get("MODEL_WORLDS", "12"))
LOCALS = ("ann", "bob", "cara", "dan", "eve", "team", "all", "x.y", "postmaster", "abuse", "jörg")
OUTSIDE = ("guest@far.example", "friend@else.example")
MAPS = [m for m in ADDRESS_MAPS if m != "smtpd_sender_login_maps"]
LIMIT = 6
# To each world.
CHANGES = 4
# Worlds that found something once: a row that comes to light, a large list that gets a mirror, a circle and a target behind
# subdomains that are a mirror, an address that is somebody else's in the mirror.
KEPT = (13, 124, 134, 180, 1027, 1196, 1243)


class Chooser(random.Random):
    def maybe(self, chance):
        return self.random() < chance

    def some(self, things, most):
        return self.sample(things, self.randint(0, min(most, len(things))))


def make_domains(chooser):
    """Arguments of `policyctl domain add`, in order."""
    domains = [
        ["box.example", "--class=virtual-mailbox", "--route=lmtp:inet:127.0.0.1:9"],
        ["next.example", "--class=relay", "--route=relay:[127.0.0.1]:9"],
        ["alias.example", "--class=virtual-alias"],
        ["bücher.example", "--class=virtual-alias"],
        [".wild.example", "--class=relay", "--route=relay:[127.0.0.1]:9"],
        ["routed.example", "--class=route", "--route=smtp:[127.0.0.1]:9"],
        ["rewriting.example", "--class=relay", "--route=relay:[127.0.0.1]:9", "--rewrite=yes", "--expand=yes"],
        ["plain.example", "--class=virtual-mailbox", "--route=lmtp:inet:127.0.0.1:9", "--rewrite=no", f"--expand={chooser.choice(['yes', 'no'])}"],
        ["ruled.example", f"--class={chooser.choice(['virtual-alias', 'relay'])}", "--rule=%m"],
        ["mirror.example", f"--mirror={chooser.choice(MIRRORED)}"],
        [".many.example", f"--mirror={chooser.choice(MIRRORED)}"],
        ["one.many.example", f"--mirror={chooser.choice(MIRRORED)}", f"--expand={chooser.choice(['yes', ''])}"],
    ]
    for domain in domains:
        mail = "--class=route" not in domain
        if mail and chooser.maybe(0.2):
            domain.append("--extensions=no")
        if mail and chooser.maybe(0.4):
            alias = "--class=virtual-alias" in domain or "--mirror=alias.example" in domain
            domain.append("--unknown=" + chooser.choice(["reject", "defer"] if alias else ["reject", "defer", "accept"]))
    return domains


MIRRORED = ["box.example", "next.example", "alias.example", "plain.example"]
NAMES = ["sub.many.example", "one.many.example", "box.example", "next.example", "alias.example", "bücher.example", "sub.wild.example", "rewriting.example", "plain.example", "mirror.example", "ruled.example", "routed.example", "far.example"]


def make_objects(chooser):
    """Objects of both origins; within one, no address twice."""
    objects = []
    for origin in ("local", "directory"):
        free = [f"{local}@{name}" for local in LOCALS for name in NAMES if name not in ("far.example", "routed.example") or chooser.maybe(0.3)]
        chooser.shuffle(free)
        names = [f"o{i}" for i in range(chooser.randint(3, 12))]
        anything = names + ["ghost"] + free[:20] + list(OUTSIDE)
        for name in names:
            kind = chooser.choice(["mailbox", "mailbox", "dl", "dl", "remote", "public-folder"])
            taken = [free.pop() for _ in range(chooser.randint(0, 4)) if free]
            addresses = [f"smtp:{a}" for a in taken]
            if addresses and chooser.maybe(0.85):
                addresses[0] = "SMTP:" + taken[0]
            obj = {"name": name, "origin": origin, "class": kind, "address": addresses, "alias": chooser.choice(LOCALS[:9])}
            if origin == "directory":
                obj["created"] = str(chooser.randint(1, 9))
            if kind == "dl":
                obj["member"] = chooser.some(anything, 5)
            elif kind == "remote" and chooser.maybe(0.9):
                obj["target"] = "SMTP:" + chooser.choice(list(OUTSIDE) + taken + free[:10])
            elif chooser.maybe(0.35):
                obj["forward"] = chooser.choice(anything)
                if chooser.maybe(0.5):
                    obj["deliver_and_redirect"] = "1"
            objects.append(obj)
    return objects


def make_keys(chooser, objects):
    keys = [f"{local}@{name}" for local in LOCALS + ("nobody",) for name in NAMES]
    keys += [f"{chooser.choice(LOCALS)}+{chooser.choice(['t', 'Tag', '', 'a+b'])}@{name}" for name in NAMES for _ in range(6)]
    keys += [key.upper() for key in chooser.sample(keys, 20)]
    return keys


class AgreesWithModel(FreshCase):
    def build(self, seed):
        chooser = Chooser(seed)
        world = self.make_world({"limits": {"list-recipients": LIMIT}})
        for domain in make_domains(chooser):
            world.ctl("domain", "add", *domain)
        tombstones = {}
        world.ctl("object", "add", "left", "--address=SMTP:left@far.example")
        for i, text in enumerate(("--gone", "--moved-to=new@far.example")):
            address = f"{chooser.choice(LOCALS[:6])}@{chooser.choice(['box.example', 'alias.example', 'next.example'])}"
            if world.ctl("address", "add", "left", f"smtp:{address}", rc=None).rc == 0:
                world.ctl("address", "remove", address, text)
                local, _, name = address.partition("@")
                tombstones[local, name] = {"moved": "new@far.example" if i else None}
        objects = make_objects(chooser)
        world.replicate(*objects)
        objects.append({"name": "left", "origin": "local", "class": "mailbox", "address": ["SMTP:left@far.example"]})
        instead = chooser.choice(["ann@box.example", "bob@next.example", "guest@far.example", "team@box.example"])
        for name in ("all.example", "catch.example"):
            args = ["--class=virtual-alias"] if name == "all.example" else ["--class=virtual-mailbox", "--route=lmtp:inet:127.0.0.1:9"]
            if world.ctl("domain", "add", name, *args, f"--catch-all={instead}", rc=None).rc == 0:
                self.catch.append(name)
        # A local object takes a tombstone away.
        for obj in objects:
            if obj["origin"] == "local":
                for text in obj["address"]:
                    local, _, name = text.partition(":")[2].partition("@")
                    tombstones.pop((local.casefold(), name), None)
        self.read_generated(world, objects)
        postmaster = chooser.choice(["", "guest@far.example"] + [text.partition(":")[2] for o in objects for text in o["address"] if text.endswith("@box.example")])
        world.write_config({"addresses": {"postmaster": postmaster}})
        domains = self.read_domains(world)
        world.start()
        return world, Model(domains, objects, tombstones, postmaster, limit=LIMIT), make_keys(chooser, objects)

    def read_domains(self, world):
        return [dict.fromkeys(("mirror", "catch_all", "route", "unknown"), None) | d for d in world.ctl("domain", "list", "--json").json()]

    def read_generated(self, world, objects):
        """Rules are tested elsewhere: the model takes what they made from the export."""
        generated = {(o["origin"], o["name"]): o["generated"] for o in world.export()}
        for obj in objects:
            obj["generated"] = [text.partition(":")[2] for text in generated[obj["origin"], obj["name"]]]

    def compare(self, seed):
        self.catch = []
        world, model, keys = self.build(seed)
        self.compare_world(seed, world, model, keys)
        chooser = Chooser(seed)
        for _ in range(CHANGES):
            model = self.change(chooser, seed, world, model)
        self.compare_world(seed, world, model, keys)
        world.stop()

    def change(self, chooser, seed, world, model):
        """One change; it is refused when something is worse after it, and only then. The model of the world after it."""
        before = Judge(model).broken(hidden=True)
        args, gone, domains = self.choose_change(chooser, model)
        done = world.ctl(*args, rc=None)
        self.assertIn(done.rc, (0, 3), str(done))
        objects = [o for o in model.objects if o is not gone]
        if done.rc == 0:
            objects = [dict(o) for o in objects]
            self.read_generated(world, objects)
            domains = self.read_domains(world)
        after = Model(domains, objects, model.tombstones, model.postmaster, limit=LIMIT)
        worse = Judge(after).broken() - before
        shown = f"seed {seed}: {done}\n{sorted(map(str, worse))}\n" + "\n".join(map(str, objects)) + "\n" + "\n".join(map(str, domains))
        self.assertEqual(bool(worse), done.rc == 3, shown)
        return model if done.rc else after

    def choose_change(self, chooser, model):
        """Arguments, the object that it removes or None, the domains after it."""
        local = [o for o in model.objects if o["origin"] == "local"]
        if local and chooser.maybe(0.5):
            gone = chooser.choice(local)
            return ("object", "remove", gone["name"]), gone, list(model.domains.values())
        switches = [d for d in model.domains.values() if d["class"] != "route"]
        domain = dict(chooser.choice(switches))
        switch = chooser.choice(["extensions"] if domain["class"] == "virtual-alias" else ["extensions", "rewrite", "expand"])
        domain[switch] = not domain[switch]
        args = ("domain", "set", domain["domain"], f"--{switch}={'yes' if domain[switch] else 'no'}")
        if chooser.maybe(0.5):
            other = model.domains[chooser.choice(MIRRORED)]
            name = chooser.choice([n for n in ("far.example", "else.example", "new.example", "on.wild.example") if n not in model.domains] or ["more.example"])
            domain = dict(other, domain=name, mirror=other["domain"], rewrite=True, expand=other["class"] != "relay", extensions=True, catch_all=None, unknown=None)
            args = ("domain", "add", name, f"--mirror={other['domain']}")
        return args, None, [d for d in model.domains.values() if d["domain"] != domain["domain"]] + [domain]

    def compare_world(self, seed, world, model, keys):
        keys += [f"{local}@{name}" for name in self.catch for local in ("ann", "nobody", "n+t")]
        wrong = []
        with world.socketmap() as client, world.policy() as policy:
            for key in keys:
                for table in MAPS:
                    reply, expected = client.ask(table, key), model.ask(table, key)
                    if expected == TEMP:
                        reply = reply[: len(TEMP)]
                    if expected is not None and reply != expected:
                        wrong.append(f"{table} {key}: {reply!r}, the model says {expected!r}")
                action, expected = policy.ask(key), model.policy(key)
                if not (action + " ").startswith(expected + " "):
                    wrong.append(f"policy {key}: {action!r}, the model says {expected!r}")
            for domain in model.domains.values():
                for table in DOMAIN_MAPS:
                    name = domain["domain"].lstrip(".")
                    reply, expected = client.ask(table, name), model.ask(table, name)
                    if reply != expected:
                        wrong.append(f"{table} {name}: {reply!r}, the model says {expected!r}")
        shown = "\n".join(f"{o}" for o in model.objects) + "\n" + "\n".join(f"{d}" for d in model.domains.values())
        self.assertEqual(wrong, [], f"seed {seed}, {len(wrong)} of {len(keys)} keys\n" + "\n".join(wrong[:40]) + f"\n{shown}\n{model.tombstones}")

    def test_worlds(self):
        """all maps and the policy service, over random worlds"""
        kept = [seed for seed in KEPT if "MODEL_SEED" not in os.environ]
        for seed in [*range(FIRST, FIRST + WORLDS), *kept]:
            with self.subTest(seed=seed):
                self.compare(seed)


if __name__ == "__main__":
    unittest.main()
