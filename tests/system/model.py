"""What every map and the policy service should answer, computed slowly and plainly from lists of objects and domains.

This is the description of policyd-maps(7) in another language, for property tests. It knows no store, no cache and no
shortcut: every question looks through all objects.
"""

import functools
import unicodedata

ABSENT, TEMP = "NOTFOUND ", "TEMP"
DOMAIN_MAPS = {"virtual_alias_domains": "virtual-alias", "virtual_mailbox_domains": "virtual-mailbox", "relay_domains": "relay"}
RECIPIENT_MAPS = {"virtual_mailbox_maps": "virtual-mailbox", "relay_recipient_maps": "relay"}
CANONICAL_MAPS = ("canonical_maps", "sender_canonical_maps", "recipient_canonical_maps")
# Domains that the tests use beside ASCII ones.
A_LABELS = {"bücher.example": "xn--bcher-kva.example"}
ATEXT = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~")
SINGLE = ("postmaster", "mailer-daemon", "double-bounce")


class ParsedAddress:
    """One parsed address: `typed` is the local part without quotes, `key` what addresses are compared by."""

    def __init__(self, text):
        local, at, domain = text.rpartition("@")
        if not at or not local or not domain:
            raise ValueError(text)
        if local.startswith('"') and local.endswith('"') and len(local) >= 2:
            local = local[1:-1].replace("\\", "")
        self.typed = unicodedata.normalize("NFC", local)
        self.domain = domain.rstrip(".").lower()
        self.domain = A_LABELS.get(self.domain, self.domain)
        self.local = unicodedata.normalize("NFC", self.typed.casefold())
        self.key = (self.local, self.domain)


@functools.lru_cache(maxsize=None)
def Address(text):
    return ParsedAddress(text)


def quoted(local):
    """A local part as mail writes it."""
    plain = all(c in ATEXT or c == "." or ord(c) > 127 for c in local)
    if plain and not local.startswith(".") and not local.endswith(".") and ".." not in local:
        return local
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Found:
    """Where an address is: an object's row, a tombstone, or nobody's."""

    def __init__(self, obj=None, primary=False, spelling=None, tombstone=None, extension="", mirrored=False):
        self.obj, self.primary, self.spelling = obj, primary, spelling
        self.tombstone, self.extension, self.mirrored = tombstone, extension, mirrored


class Over(Exception):
    """More recipients than are allowed."""


class Walk:
    """Following one address to its recipients."""

    def __init__(self, ascii_key):
        self.ascii_key = ascii_key
        self.met, self.recipients, self.extension = set(), {}, ""
        self.cycle, self.yields = False, 0


class Model:
    """domains: dictionaries as `policyctl domain list --json`; objects: as `replicate` takes them, with "generated"."""

    def __init__(self, domains, objects, tombstones=None, postmaster="", unknown="reject", limit=1000):
        self.domains = {d["domain"]: d for d in domains}
        self.objects, self.tombstones = objects, tombstones or {}
        self.postmaster, self.unknown, self.limit = postmaster, unknown, limit

    # Domains

    def declared(self, name):
        """The mail domain that declares a name, the longest that does."""
        found = self.domains.get(name)
        labels = name.split(".")
        for i in range(1, len(labels)):
            found = found or self.domains.get("." + ".".join(labels[i:]))
        return found

    def mail(self, name):
        found = self.declared(name)
        return found if found and found["class"] != "route" else None

    def alias_domain(self, name):
        return self.mail(name)["class"] == "virtual-alias"

    def unknown_of(self, domain):
        value = domain["unknown"] or self.unknown
        return "reject" if value == "accept" and domain["class"] == "virtual-alias" else value

    # Objects

    @staticmethod
    def addresses(obj):
        """(address, primary) of SMTP."""
        for text in as_list(obj.get("address", [])):
            kind, _, value = text.partition(":")
            if kind.upper() == "SMTP":
                yield value, kind.isupper()

    def primary(self, obj):
        return next((value for value, primary in self.addresses(obj) if primary), None)

    @staticmethod
    def target(obj):
        kind, _, value = obj.get("target", "").partition(":")
        return value if kind.upper() == "SMTP" else None

    def row(self, key):
        """Explicit local, explicit directory, generated local, generated directory: the first that there is."""
        for source in ("address", "generated"):
            for origin in ("local", "directory"):
                for obj in self.objects:
                    if obj.get("origin", "directory") != origin:
                        continue
                    values = self.addresses(obj) if source == "address" else ((v, False) for v in obj.get("generated", []))
                    for value, primary in values:
                        if Address(value).key == key:
                            return Found(obj, primary, value)
        return None

    def split(self, local):
        """Where an extension begins, or None."""
        at = local.find("+")
        return at if at > 0 and local.lower() not in SINGLE else None

    # Steps

    def look(self, address, name, extends, live):
        for extension in (False, True):
            local, rest = address.local, ""
            if extension:
                at = self.split(local)
                if at is None or not extends:
                    return None
                local, rest = local[:at], address.typed[self.split(address.typed) :]
            found = self.row((local, name))
            if not found and (local, name) in self.tombstones:
                if live:
                    return None
                found = Found(tombstone=self.tombstones[(local, name)])
            if found:
                found.extension = rest
                return found
        return None

    def locate(self, address):
        """Steps 2 to 4; None: nobody has it."""
        domain = self.mail(address.domain)
        extends = bool(domain and domain["extensions"])
        found = self.look(address, address.domain, extends, False)
        if not found and domain and domain["mirror"]:
            other = self.domains[domain["mirror"]]
            found = self.look(address, domain["mirror"], extends and other["extensions"], True)
            if found:
                found.mirrored = True
        return found

    def exists(self, address):
        found = self.locate(address)
        return bool(found and found.obj)

    # Following

    def reference(self, origin, text):
        """A name, else an address."""
        for obj in self.objects:
            if obj.get("origin", "directory") == origin and obj["name"].casefold() == text.casefold():
                return obj
        if "@" in text:
            found = self.locate(Address(text))
            if found and found.obj:
                return found.obj
        return None

    def expands(self, domain, obj):
        primary = self.primary(obj)
        other = self.mail(Address(primary).domain) if primary else None
        return domain["expand"] and (not other or other["expand"])

    def recipient_address(self, obj, ascii_key):
        """A primary in a declared domain, else the lowest declared secondary, else the primary."""
        primary = self.primary(obj)

        def fits(value):
            return not ascii_key or value.rpartition("@")[0].isascii()

        if primary and fits(primary) and self.mail(Address(primary).domain):
            return primary
        declared = [v for v, _ in self.addresses(obj) if fits(v) and self.mail(Address(v).domain)]
        if not primary or not fits(primary):
            # An alias leads to the primary, and nowhere else.
            declared = [v for v in declared if not self.alias_domain(Address(v).domain)] or declared
        return min(declared, key=lambda v: "@".join(Address(v).key).encode(), default=primary)

    def bad_target(self, obj):
        """A target in a declared domain must be another object's address, or in a relay domain the remote's own."""
        address = Address(self.target(obj))
        domain = self.mail(address.domain)
        if not domain:
            return False
        found = self.locate(address)
        if not found or not found.obj:
            return True
        return found.obj is obj and domain["class"] != "relay"

    def emit(self, walk, text):
        address = Address(text)
        domain = self.mail(address.domain)
        if domain and domain["class"] == "virtual-alias":
            return
        extension = walk.extension if not domain or domain["extensions"] else ""
        local = address.typed + extension
        final = f"{quoted(local)}@{address.domain}"
        walk.yields += 1
        key = "@".join(Address(final).key)
        walk.recipients[key] = min(final, walk.recipients.get(key, final), key=str.encode)
        if len(walk.recipients) > self.limit:
            raise Over

    def expand(self, walk, obj, address):
        """Lists, contacts and forwards; False: it is none, and stands for itself."""
        kind = obj.get("class", "mailbox")
        contact = kind == "remote" and self.target(obj) and not (address and Address(self.target(obj)).key == address.key)
        if kind != "dl" and not contact and not obj.get("forward"):
            return False
        if id(obj) in walk.met:
            walk.cycle = True
            return True
        walk.met.add(id(obj))
        if kind == "dl":
            for member in as_list(obj.get("member", [])):
                self.follow_reference(walk, obj, member)
        elif contact:
            if not self.bad_target(obj):
                self.follow_address(walk, self.target(obj))
        else:
            return self.follow_forward(walk, obj)
        return True

    def follow_forward(self, walk, obj):
        outer, walk.cycle, before = walk.cycle, False, walk.yields
        self.follow_reference(walk, obj, obj["forward"])
        cycle, yielded = walk.cycle, walk.yields > before
        walk.cycle = cycle or outer
        if not yielded and not cycle:
            return False
        own = self.recipient_address(obj, walk.ascii_key)
        if own and obj.get("deliver_and_redirect"):
            self.emit_own(walk, obj, own)
        return True

    def emit_own(self, walk, obj, own):
        """Mail stays with an object; in a virtual-alias domain a secondary stands for a primary elsewhere."""
        primary, domain = self.primary(obj), self.mail(Address(own).domain)
        fits = primary and (not walk.ascii_key or primary.rpartition("@")[0].isascii())
        if domain and domain["class"] == "virtual-alias" and own != primary and fits and domain["rewrite"]:
            own = primary
        self.emit(walk, own)

    def follow_reference(self, walk, holder, text):
        obj = self.reference(holder.get("origin", "directory"), text)
        if obj:
            self.follow_object(walk, obj)
        elif "@" in text and not self.mail(Address(text).domain):
            self.emit(walk, text)

    def follow_object(self, walk, obj):
        own = self.recipient_address(obj, walk.ascii_key)
        domain = self.mail(Address(own).domain) if own else None
        if (not domain or self.expands(domain, obj)) and self.expand(walk, obj, Address(own) if own else None):
            return
        if own:
            self.emit_own(walk, obj, own)

    def follow_address(self, walk, text):
        address = Address(text)
        domain = self.mail(address.domain)
        if not domain:
            self.emit(walk, text)
            return
        found = self.locate(address)
        outer = walk.extension
        if found and found.obj and found.extension:
            walk.extension = found.extension + outer
        if not self.answer(walk, address, domain, found):
            walk.extension = outer
            self.emit(walk, text)
        walk.extension = outer

    def answer(self, walk, address, domain, found):
        """The first row that matches; False: none does."""
        if not found:
            return self.answer_nobody(walk, address, domain)
        if found.tombstone:
            return False
        obj = found.obj
        if self.expands(domain, obj) and self.expand(walk, obj, address):
            return True
        primary = self.primary(obj)
        if not primary or not domain["rewrite"] or (found.primary and not found.mirrored):
            return False
        if not self.mail(Address(primary).domain) and domain["class"] != "virtual-alias":
            return False
        if walk.ascii_key and not primary.rpartition("@")[0].isascii():
            primary = self.recipient_address(obj, True)
        special = obj.get("class") in ("dl", "remote") or obj.get("forward")
        # A forward that is none was tried by now.
        tried = self.expands(domain, obj) and obj.get("forward")
        if special and not tried and Address(primary).key != address.key:
            self.follow_address(walk, primary)
        else:
            self.emit(walk, primary)
        return True

    def answer_nobody(self, walk, address, domain):
        instead = domain["catch_all"]
        if not instead and address.local in ("postmaster", "abuse"):
            instead = self.postmaster
        if not instead:
            return False
        other = Address(instead)
        if self.mail(other.domain) and not self.exists(other):
            return False
        self.follow_address(walk, instead)
        return True

    # Answers

    def alias(self, address, domain):
        """("none" | "value" | "empty" | "over", value)."""
        found = self.locate(address)
        walk = Walk(address.typed.isascii())
        if found and found.obj:
            walk.extension = found.extension
        try:
            answered = self.answer(walk, address, domain, found)
        except Over:
            return "over", None
        if not answered:
            return "none", None
        if not walk.recipients:
            obj = found and found.obj
            # A cycle that yields nothing counts as a list without recipients.
            return ("empty" if walk.cycle or (obj and obj.get("class") == "dl") else "absent"), None
        own = "@".join(address.key)
        if list(walk.recipients) == [own]:
            return "none", None
        return "value", ",".join(walk.recipients[key] for key in sorted(walk.recipients, key=str.encode))

    def virtual_alias_maps(self, address, domain):
        kind, value = self.alias(address, domain)
        if kind == "value":
            return "OK " + value
        if kind == "over":
            return TEMP
        found = self.locate(address)
        certain = kind == "empty" or (found and found.tombstone)
        return TEMP if not certain and domain["class"] == "virtual-alias" and self.unknown_of(domain) == "defer" else ABSENT

    def recipient_maps(self, address, domain):
        found = self.locate(address)
        if not found:
            unknown = self.unknown_of(domain)
            return {"reject": ABSENT, "defer": TEMP, "accept": "OK " + f"{quoted(address.local)}@{address.domain}"}[unknown]
        if found.tombstone:
            return ABSENT
        kind, _ = self.alias(address, domain)
        if kind in ("empty", "absent"):
            return ABSENT
        if kind == "over":
            return TEMP
        value = self.primary(found.obj) or found.spelling
        if address.typed.isascii() and not value.rpartition("@")[0].isascii():
            return None
        return "OK " + external(value)

    def transport_maps(self, address):
        domain = self.declared(address.domain)
        if not domain or domain["class"] == "virtual-alias" or not domain["route"]:
            return ABSENT
        return "OK " + domain["route"]

    def canonical(self, address, domain):
        found = self.locate(address)
        if not found or not found.obj or (found.primary and not found.mirrored):
            return ABSENT
        primary = self.primary(found.obj)
        if found.obj.get("class", "mailbox") not in ("mailbox", "public-folder") or not primary:
            return ABSENT
        of_primary = self.mail(Address(primary).domain)
        if not of_primary or (address.typed.isascii() and not primary.rpartition("@")[0].isascii()):
            return ABSENT
        kind, _ = self.alias(address, domain)
        if kind in ("empty", "absent"):
            return ABSENT
        if kind == "over":
            return TEMP
        extension = found.extension if of_primary["extensions"] else ""
        new = Address(primary)
        return f"OK {quoted(new.typed + extension)}@{new.domain}"

    def ask(self, table, key):
        """The reply; TEMP without its reason, None where the model does not say."""
        if table in DOMAIN_MAPS:
            domain = self.declared(key.lower())
            return f"OK {domain['domain']}" if domain and domain["class"] == DOMAIN_MAPS[table] else ABSENT
        address = Address(key)
        if table == "transport_maps":
            return self.transport_maps(address)
        domain = self.mail(address.domain)
        if not domain:
            return ABSENT
        if table == "virtual_alias_maps":
            return self.virtual_alias_maps(address, domain)
        if table in RECIPIENT_MAPS:
            return self.recipient_maps(address, domain) if domain["class"] == RECIPIENT_MAPS[table] else ABSENT
        if table in CANONICAL_MAPS:
            return self.canonical(address, domain)
        if table == "relocated_maps":
            found = self.locate(address)
            moved = found and found.tombstone and found.tombstone.get("moved")
            return "OK " + moved if moved else ABSENT
        raise ValueError(table)

    def policy(self, key):
        """The first words of the action for an unauthenticated stranger's mail without size."""
        address = Address(key)
        domain = self.mail(address.domain)
        if not domain:
            return "DUNNO"
        found = self.locate(address)
        kind, _ = self.alias(address, domain)
        if kind == "over":
            return "DEFER_IF_PERMIT 4.2.4"
        if found and found.tombstone:
            return "550 5.1.6"
        if kind == "empty":
            return "550 5.2.4"
        known = kind == "value" or (kind == "none" and found and domain["class"] != "virtual-alias")
        if known:
            return "DUNNO"
        return {"reject": "550 5.1.1", "defer": "450 4.1.1", "accept": "DUNNO"}[self.unknown_of(domain)]


def as_list(value):
    return value if isinstance(value, (list, tuple)) else [value]


def external(text):
    address = Address(text)
    return f"{quoted(address.typed)}@{address.domain}"
