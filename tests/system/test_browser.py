"""The page of gif-import --report in a real browser: its script runs, nothing else does, it looks like something."""

import os
import re
import tempfile
import unittest

import browser
import people
from harness import World
from page import HEADER, HOSTILE, hostile_rows


def rows(count):
    return "".join(f"mailbox,,user{n:06},User {n},SMTP:user{n}@company.example,smtp:u{n}@domain{n % 40}.example\r\n" for n in range(count))


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        browser.find()
        cls.world = World()
        people.declare(cls.world)
        cls.world.imp(HEADER + "mailbox,,taken,,SMTP:taken@company.example,\r\n", name="first.csv")
        cls.small = cls.page("small", rows(10) + "mailbox,modify,taken,,SMTP:t2@company.example,\r\n" + "mailbox,,thief,,SMTP:t2@company.example,\r\n", rc=1)
        cls.hostile = cls.page("hostile", hostile_rows())
        cls.large = cls.page("large", rows(100000) + hostile_rows())

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    @classmethod
    def page(cls, name, content, rc=0):
        path = os.path.join(cls.world.work, name + ".html")
        cls.world.imp(HEADER + content, "--dry-run", "--json", f"--report={path}", rc=rc, name=name + ".csv")
        return path

    def view(self, path, fragment="", **kw):
        view = browser.View(path, fragment, **kw)
        self.assertEqual(view.console, [], "the console has nothing to say")
        return view

    def listed(self, document):
        """The rows of the table of changes that are not hidden: (action, name, count)."""
        body = re.search(r'aria-label="Changes">.*?<tbody>(.*?)</tbody>', document, re.DOTALL).group(1)
        found = []
        for attrs, cells in re.findall(r"<tr([^>]*)>(.*?)</tr>", body, re.DOTALL):
            if "hidden" not in attrs:
                name = re.sub(r"<[^>]+>", "", re.search(r"<th[^>]*>(.*?)</th>", cells, re.DOTALL).group(1))
                found.append((re.search(r'class="(\w+)"', attrs).group(1), name, int(re.search(r'<td class="n">(\d+)<', cells).group(1))))
        return found

    def test_script_ran(self):
        """with 10 changes: tables sort by buttons, the search is there and counts"""
        document = self.view(self.small).document
        self.assertIn('<html lang="en" class="scripted">', document)
        self.assertNotIn("hidden", re.search(r'<form class="tools"[^>]*>', document).group())
        self.assertRegex(document, r"<output[^>]*>11 of 11 listed</output>")
        self.assertEqual(len(re.findall(r'<th scope="col"[^>]*><button type="button">', document)), 11)
        self.assertEqual(len(self.listed(document)), 11)
        self.assertIn("Conflicts", document)

    def test_sort(self):
        """each direction, names and numbers; aria-sort says which"""
        names = [name for _, name, _ in self.listed(self.view(self.small, "#sort=-Object").document)]
        self.assertEqual(names, sorted(names, reverse=True))
        self.assertTrue(names[0].startswith("user000009"))
        document = self.view(self.small, "#sort=Count").document
        counts = [count for _, _, count in self.listed(document)]
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(re.findall(r'aria-sort="(\w+)"', document), ["ascending"])

    def test_search(self):
        """words are looked for in all that a row shows"""
        listed = self.listed(self.view(self.small, "#search=USER000003%20u3@").document)
        self.assertEqual([(kind, name[:10]) for kind, name, _ in listed], [("create", "user000003")])
        document = self.view(self.small, "#search=no-such-thing").document
        self.assertEqual(self.listed(document), [])
        self.assertRegex(document, r"<output[^>]*>0 of 11 listed</output>")

    def test_a_fragment_is_only_text(self):
        """what a link brings along is looked for and not interpreted"""
        document = self.view(self.small, "#search=%3Cimg%20src=x%20onerror=alert(1)%3E&sort=%3Cscript%3E&%zz").document
        self.assertNotIn("<img", document)
        self.assertEqual(self.listed(document), [])

    def test_hostile(self):
        """names that are markup make no element and run nothing"""
        document = self.view(self.hostile).document
        self.assertEqual(len(self.listed(document)), len(HOSTILE))
        self.assertEqual(len(re.findall(r"<script[ >]", document)), 1)
        self.assertFalse(re.search(r"<img|<svg[/ ]onload|<!--", document))

    def test_large(self):
        """with 100,000 changes: a thousand are listed, all are counted, and it is quick"""
        document = self.view(self.large).document
        self.assertEqual(len(self.listed(document)), 1000)
        rest = 100000 + len(HOSTILE) - 1000
        self.assertIn(f'<data value="{rest}">{rest:,}</data></b> are not.', document)
        self.assertLess(os.path.getsize(self.large), 2 * 1024 * 1024)

    def test_policy_holds(self):
        """the browser refuses scripts, styles and images that are not the page's own"""
        with open(self.small, encoding="utf-8") as file:
            text = file.read()
        evil = ('<script>document.title="gotcha"</script><img src="x" onerror="document.title=\'gotcha\'"><p style="color:red">x</p>'
                '<style>p{display:none}</style><iframe src="about:blank"></iframe>')
        path = self.world.file("evil.html", text.replace("<main>", "<main>" + evil))
        view = browser.View(path)
        self.assertIn("<title>Import report</title>", view.document)
        self.assertTrue([line for line in view.console if "Content Security Policy" in line], view.console)

    def test_it_looks_like_something(self):
        """screenshots, light and dark, wide and narrow, have their size and are no empty paper"""
        folder = os.environ.get("TEST_SCREENSHOTS") or tempfile.mkdtemp(dir=self.world.dir)
        os.makedirs(folder, exist_ok=True)
        for name, path in (("small", self.small), ("hostile", self.hostile), ("large", self.large)):
            for dark in (False, True):
                for size in ((1280, 1600), (500, 1600)):
                    with self.subTest(page=name, dark=dark, size=size):
                        shot = os.path.join(folder, f"{name}-{'dark' if dark else 'light'}-{size[0]}.png")
                        self.view(path, dark=dark, screenshot=shot, size=size)
                        self.assertEqual(browser.png_size(shot), size)
                        # A plain colour compresses to a few hundred bytes.
                        self.assertGreater(os.path.getsize(shot), 20000)


if __name__ == "__main__":
    unittest.main()
