"""The worked examples of the import format, each through the real programs: gif-import, then policyctl export."""

import json
import os
import unittest

from harness import World
from programs import HERE, PROGRAM_PLACES, program


def objects(world):
    """What the store holds, in the notation of the data file."""
    found = []
    for row in world.export():
        if row["origin"] == "local":
            entry = {"class": row["class"], "name": row["name"], "addresses": sorted(row["addresses"])}
            for key in ("target", "members"):
                if row.get(key):
                    entry[key] = row[key]
            found.append(entry)
    return found


class Vectors(unittest.TestCase):
    world = None

    def check(self, vector):
        for name in PROGRAM_PLACES:
            program(name)
        world = self.world = World()
        self.addCleanup(world.close)
        for content in vector["before"]:
            world.imp(content)
        options = ["--keep-going", "--json"] + [f"--{name}" for name in vector["options"]]
        raw = vector["input"].encode("latin-1")
        done = world.imp(raw, *options, name="vector.csv", rc=None)
        path = os.path.join(world.work, "vector.csv")
        lines = done.json()
        found = []
        for line in lines:
            if line["type"] == "diagnostic" and line["severity"] != "info":
                self.assertEqual(line["file"], path)
                self.assertRegex(line["code"], r"^GIF\d{4}$")
                found.append([line["line"], line["severity"], int(line["code"][3:])])
        self.assertEqual(sorted(found), sorted(vector["diagnostics"]), str(done))
        errors = sum(1 for d in vector["diagnostics"] if d[1] == "error")
        self.assertEqual(done.rc, 1 if errors else 0, str(done))
        summary = lines[-1]
        self.assertEqual(summary["type"], "summary")
        self.assertEqual(summary["errors"], errors)
        self.assertEqual(summary["warnings"], len(vector["diagnostics"]) - errors)
        self.assertEqual(objects(world), vector["store"], str(done))
        self.check_failed_rows(world, raw, path + ".err", vector["failed_lines"])

    def check_failed_rows(self, world, raw, path, numbers):
        """The .err file holds the header and the bad rows, byte for byte, and can be imported again."""
        if not numbers:
            self.assertFalse(os.path.exists(path), "an .err file without a failed row")
            return
        rows = raw.splitlines(keepends=True)
        with open(path, "rb") as kept:
            self.assertEqual(kept.read(), rows[0] + b"".join(rows[n - 1] for n in numbers))


def load():
    with open(os.path.join(HERE, "gif_vectors.json"), encoding="utf-8") as data:
        vectors = json.load(data)
    for vector in vectors:

        def method(self, vector=vector):
            self.check(vector)

        method.__doc__ = vector["title"]
        setattr(Vectors, "test_" + vector["name"].replace("-", "_"), method)
    return len(vectors)


load()

if __name__ == "__main__":
    unittest.main()
