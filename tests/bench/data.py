#!/usr/bin/env python3
"""Deterministic data for the benchmarks.

data.py lookup ROWS FOLDER   addresses, what answers them, and where they come from:
    import.csv       one mailbox a row: its primary in a relay domain, one secondary in an alias domain
    table            "secondary primary" lines for floor
    keys             one key a line in random order, nine of ten of them present
    replies          the reply to each key in virtual_alias_maps
    policy-replies   the action for each key as the recipient
    alias-domains, relay-domains    the domains to declare, one a line
data.py import ROWS FILE     a directory export as Exchange's Administrator writes it, for timing
                             the import: quoted fields, X400 secondaries, lists, CRLF
"""
import random
import sys

FIRST = ("Ada Bruno Clara Dario Edda Falk Gesa Hanno Ilka Jorin Kaja Levin Mona Nuno Oda Piet "
         "Quirin Runa Silas Tessa Ulf Vera Wim Xaver Yara Zeno").split()
LAST = ("Amsel Birke Cramer Dachs Esche Falke Ginster Holm Igel Jansen Kranich Linde Marder Nessel "
        "Otter Pirol Quelle Reiher Specht Tanne Ulme Veit Wiesel Zeisig").split()
CHUNK = 50000           # rows joined before a write: the file calls would cost more than the rows
PRESENT = 0.9           # share of keys that exist, as a busy mail server sees it
KEYS_MAX = 1000000      # enough that no key is asked twice in one measured second
SCATTER = 7919          # a prime: neighbours in number are not neighbours in the table
HEADER = "Obj-Class,Mode,Directory Name,E-mail address,E-mail Addresses,Secondary-Proxy-Addresses"


def write_lines(path, lines, end="\n"):
    with open(path, "w", newline="", encoding="ascii") as out:
        chunk = []
        for line in lines:
            chunk.append(line + end)
            if len(chunk) == CHUNK:
                out.write("".join(chunk))
                chunk.clear()
        out.write("".join(chunk))


def person(i):
    return FIRST[i % len(FIRST)], LAST[i // len(FIRST) % len(LAST)]


class Lookup:
    """The addresses: number i -> its secondary (the key) and its primary (the value)."""

    def __init__(self, rows):
        self.rows = rows
        self.alias_domains = ["alias%03d.example.org" % d for d in range(max(1, min(400, rows // 2500)))]
        self.relay_domains = ["site%d.example.com" % d for d in range(5)]
        self.random = random.Random(rows)
        self.order = list(range(rows))
        self.random.shuffle(self.order)

    def secondary(self, i):
        first, last = person(i)
        domain = self.alias_domains[i * SCATTER % len(self.alias_domains)]
        return "%s.%s%d@%s" % (first.lower(), last.lower(), i, domain)

    def primary(self, i):
        return "user%07d@%s" % (i, self.relay_domains[i % len(self.relay_domains)])

    def import_rows(self):
        yield HEADER
        for i in self.order:
            yield "Mailbox,Update,user%07d,,SMTP:%s,smtp:%s" % (i, self.primary(i), self.secondary(i))

    def write(self, folder):
        questions = [(self.random.randrange(self.rows), self.random.random() < PRESENT)
                     for _ in range(min(self.rows, KEYS_MAX))]
        write_lines(folder + "/import.csv", self.import_rows(), "\r\n")
        write_lines(folder + "/table", ("%s %s" % (self.secondary(i), self.primary(i)) for i in self.order))
        write_lines(folder + "/keys", (("" if there else "not.") + self.secondary(i) for i, there in questions))
        write_lines(folder + "/replies", ("OK " + self.primary(i) if there else "NOTFOUND " for i, there in questions))
        write_lines(folder + "/policy-replies", ("DUNNO" if there else "550 5.1.1 *" for _, there in questions))
        write_lines(folder + "/alias-domains", self.alias_domains)
        write_lines(folder + "/relay-domains", self.relay_domains)


def quoted(text):
    return '"%s"' % text.replace('"', '""') if "," in text or '"' in text else text


def export_row(i, rnd):
    first, last = person(i)
    site, domain = i % 40, i * SCATTER % 400
    kind = "dl" if i % 400 == 1 else "Remote" if i % 400 == 2 else "Mailbox"
    name = "%s%s%d" % (first[0], last, i)
    if i % 7 == 0:
        name = "%s, %s %d" % (last, first, i)
    elif i % 50 == 3:
        name = '%s "%s" %s %d' % (first, first[:2], last, i)
    user = "%s.%s%d" % (first.lower(), last.lower(), i)
    proxies = ["SMTP:%s@corp%03d.example.com" % (user, domain)]
    if i % 10 == 0:
        proxies += ["X400:c=DE;a= ;p=Example;o=Site%02d;s=%s%d;g=%s;" % (site, last, i, first),
                    "MS:EXAMPLE/SITE%02d/%s%d" % (site, last[:4].upper(), i)]
    more = ["smtp:%s@former%03d.example.net" % (user, domain),
            "smtp:%s%s%d@corp%03d.example.com" % (first[0].lower(), last.lower(), i, domain),
            "smtp:%s_%s%d@merged.example.org" % (first.lower(), last.lower(), i)]
    if rnd.random() < 0.25:
        more[2] = "X400:c=DE;a= ;p=Example;o=Past%02d;s=%s%d;g=%s;" % (site, last, i, first)
    target = "SMTP:%s@partner%02d.example.org" % (user, site) if kind == "Remote" else ""
    return ",".join((kind, "Update", quoted(name), target, quoted("%".join(proxies)), quoted("%".join(more))))


def export_rows(rows):
    rnd = random.Random(rows)
    yield HEADER
    for i in range(rows):
        yield export_row(i, rnd)


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("lookup", "import") or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    if sys.argv[1] == "lookup":
        Lookup(int(sys.argv[2])).write(sys.argv[3])
    else:
        write_lines(sys.argv[3], export_rows(int(sys.argv[2])), "\r\n")


if __name__ == "__main__":
    main()
