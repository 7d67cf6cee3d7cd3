"""The page of gif-import --report as a test reads it, and names that try to be more than names."""

import base64
import hashlib
import re
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "rect", "img", "link", "base"}
HEADER = "Obj-Class,Mode,Directory Name,Display Name,E-mail Addresses,Secondary-Proxy-Addresses\r\n"
HOSTILE = [
    "</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style></title><!--", "\u202egnp.exe", "a\u2028b\u2029c",
    "\u200b\u200d\ufeffhidden", "Z" + "\u0301\u0302\u0303\u0304" * 12 + "algo", "\u05e9\u05dc\u05d5\u05dd", "&lt;b&gt; &amp; &#39;",
    "Very " + "long" * 200, "'; DROP", "\U0001f600 smile", "`${alert(1)}`", "javascript:alert(1)", "\u2066isolate", "{{7*7}}", "<svg/onload=alert(1)>",
]


def quoted(text):
    """A value as a field of the import format."""
    return '"' + text.replace("\\", "\\\\").replace('"', '""').replace("%", "\\%") + '"'


def hostile_rows():
    return "".join(
        f"mailbox,,{quoted(f'h{n:02} {name[:60]}')},{quoted(name)},SMTP:h{n}@company.example,{quoted('X400:c=US;s=' + name[:60] + ';')}\r\n"
        for n, name in enumerate(HOSTILE)
    )


class Page(HTMLParser):
    """Tables, headings and text of a page; a tag that is not closed in order fails."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.open, self.tags, self.headings = [], [], []
        self.tables = {}  # by the label of the group around them: lists of rows, lists of texts
        self.raw = {"script": [], "style": []}
        self.label = self.section = None
        self.cell = None
        self.sections = {}
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = attrs.get("id") or attrs.get("aria-label")
            self.sections[self.section] = ""
        if attrs.get("role") == "group":
            self.label = attrs["aria-label"]
            self.tables.setdefault(self.label, [])
        if tag == "tr" and self.label:
            self.tables[self.label].append([])
        if tag in ("td", "th") and self.label:
            self.tables[self.label][-1].append("")
        if tag in ("h1", "h2"):
            self.headings.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open, self.getpos())
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]].append(data)
            return
        if self.section:
            self.sections[self.section] += data
        if {"td", "th"} & set(self.open) and self.label:
            self.tables[self.label][-1][-1] += data
        if {"h1", "h2"} & set(self.open):
            self.headings[-1] += data

    def count(self, tag):
        return sum(1 for name, _ in self.tags if name == tag)

    def rows(self, label):
        """Without the head."""
        return self.tables.get(label, [[]])[1:]

    def policy(self):
        """{directive: [sources]} of the page's Content-Security-Policy."""
        found = [attrs["content"] for tag, attrs in self.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
        assert len(found) == 1, found
        return {part.split()[0]: part.split()[1:] for part in found[0].split(";")}

    def hash(self, kind):
        return ["'sha256-%s'" % base64.b64encode(hashlib.sha256("".join(self.raw[kind]).encode()).digest()).decode()]

    def self_contained(self):
        """Nothing is fetched, nothing runs but the one script, nothing styles but the one style."""
        assert self.count("script") == 1 and self.count("style") == 1
        policy = self.policy()
        assert policy == {
            "default-src": ["'none'"], "script-src": self.hash("script"), "style-src": self.hash("style"),
            "base-uri": ["'none'"], "form-action": ["'none'"],
        }, policy
        for tag, attrs in self.tags:
            assert tag not in ("img", "link", "iframe", "object", "embed", "base", "a", "audio", "video", "source", "use"), tag
            for name, value in attrs.items():
                assert not name.startswith("on") and name not in ("src", "href", "srcset", "style", "action", "data", "xlink:href"), (tag, name, value)
        assert not re.search(r"https?://", self.text.replace("http-equiv", "")), "an address of elsewhere"
