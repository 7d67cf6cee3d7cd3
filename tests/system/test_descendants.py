"""The descendants of the import format (csvde, LDIF, PowerShell), each file through the real programs."""

import json
import os
import unittest

from harness import HERE, PROGRAM_PLACES, World, program
from test_vectors import objects


class Worlds(unittest.TestCase):
    def setUp(self):
        for name in PROGRAM_PLACES:
            program(name)
        self.world = World()
        self.addCleanup(self.world.close)

    def imp(self, content, *options, name="vector.csv"):
        """The result, and what it told beside information: line, severity, number."""
        done = self.world.imp(content, "--json", *options, name=name, rc=None)
        path = os.path.join(self.world.work, name)
        told = []
        for line in done.json():
            if line["type"] == "diagnostic" and line["severity"] != "info":
                self.assertEqual(line["file"], path)
                self.assertRegex(line["code"], r"^GIF\d{4}$")
                told.append([line["line"], line["severity"], int(line["code"][3:])])
        return done, told


class Vectors(Worlds):
    def check(self, vector):
        for content in vector["before"]:
            self.world.imp(content)
        raw = vector["input"].encode("latin-1")
        options = [f"--{name}" for name in vector["options"]]
        done, told = self.imp(raw, "--keep-going", *options, name=vector["file"])
        self.assertEqual(told, vector["diagnostics"], str(done))
        errors = sum(1 for line in told if line[1] == "error")
        self.assertEqual(done.rc, 1 if errors else 0, str(done))
        self.assertEqual(objects(self.world), vector["store"], str(done))
        if not errors:
            again, _ = self.imp(raw, *options, name=vector["file"])
            if "changetype" not in vector["input"]:
                self.assertIsNone(again.json()[-1]["batch"], "the same file again changed something")


def load():
    with open(os.path.join(HERE, "descendant_vectors.json"), encoding="utf-8") as data:
        vectors = json.load(data)
    for vector in vectors:

        def method(self, vector=vector):
            self.check(vector)

        method.__doc__ = vector["title"]
        setattr(Vectors, "test_" + vector["name"], method)


load()

if __name__ == "__main__":
    unittest.main()
