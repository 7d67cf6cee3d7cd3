"""What stands broken in a world, computed slowly and plainly over tests/system/model.py: what no program may leave behind that was not so before."""

from model import Address, Over, Walk, as_list, quoted


class Judge:
    def __init__(self, model):
        self.model = model

    def leads_on(self, obj):
        return obj.get("class") in ("dl", "remote") or bool(obj.get("forward"))

    def addresses(self, obj):
        """Every address by which mail comes to it: own ones, generated ones, and those as mirrors have them."""
        own = [value for value, _ in self.model.addresses(obj)] + list(obj.get("generated", []))
        for value in list(own):
            address = Address(value)
            for domain in self.model.domains.values():
                if domain["mirror"] == address.domain:
                    name = domain["domain"]
                    own.append(f"{quoted(address.typed)}@{'any' + name if name.startswith('.') else name}")
        return own

    def fate(self, text):
        """"fine", "absent", "nowhere", "over", "empty"."""
        address = Address(text)
        domain = self.model.mail(address.domain)
        if not domain:
            return "fine"
        found = self.model.locate(address)
        if not found or not found.obj:
            return "absent"
        kind, _ = self.model.alias(address, domain)
        if kind == "none":
            return "nowhere" if domain["class"] == "virtual-alias" else "fine"
        return {"value": "fine", "absent": "nowhere"}.get(kind, kind)

    def follow(self, obj):
        """The objects that an object gives, whether or not it expands."""
        given = as_list(obj.get("member", [])) if obj.get("class") == "dl" else []
        given += [self.model.target(obj)] if obj.get("class") == "remote" and self.model.target(obj) else []
        given += [obj["forward"]] if obj.get("forward") else []
        return [found for found in (self.model.reference(obj.get("origin", "directory"), text) for text in given) if found]

    def comes_back(self, obj):
        seen, left = set(), self.follow(obj)
        while left:
            other = left.pop()
            if other is obj:
                return True
            if id(other) not in seen:
                seen.add(id(other))
                left += self.follow(other)
        return False

    def yields_nothing(self, obj):
        addresses = self.addresses(obj)
        if addresses:
            return any(self.fate(text) == "empty" for text in addresses)
        walk = Walk(False)
        try:
            self.model.follow_object(walk, obj)
        except Over:
            pass
        return walk.yields == 0

    def is_hidden(self, obj, text):
        """Somebody else's row stands before its own, which replication alone can bring about."""
        found = self.model.locate(Address(text))
        return bool(found) and found.obj is not obj

    def nowhere(self, obj, before):
        """Its own addresses that lead nowhere; after a change no others than a primary that does, for it is why they do."""
        own = [value for value, _ in self.model.addresses(obj)]
        found = {text for text in own if self.fate(text) == "nowhere" or (before and self.is_hidden(obj, text))}
        primary = self.model.primary(obj)
        return found if before or primary not in found else {primary}

    def broken(self, hidden=False):
        """A set of (what, whom): compared with that of before, what is new was caused by the change.

        With `hidden` also whose rows stand behind another's: before a change, since what it brings to light was so already.
        """
        found = set()
        for obj in self.model.objects:
            name = (obj.get("origin", "directory"), obj["name"])
            found |= {("nowhere", name, text) for text in self.nowhere(obj, hidden)}
            if not self.leads_on(obj):
                continue
            if any(self.fate(text) == "over" or (hidden and self.is_hidden(obj, text)) for text in self.addresses(obj)):
                found.add(("over", name))
            behind = hidden and any(self.is_hidden(obj, text) for text, _ in self.model.addresses(obj))
            if self.comes_back(obj) and (behind or self.yields_nothing(obj)):
                found.add(("cycle", name))
            if obj.get("origin") == "local" and obj.get("class") == "remote" and self.model.target(obj) and self.model.bad_target(obj):
                found.add(("target", name))
        for domain in self.model.domains.values():
            if domain["catch_all"] and self.fate(domain["catch_all"]) in ("absent", "nowhere", "over"):
                found.add(("catch-all", domain["domain"], self.fate(domain["catch_all"])))
        return found
