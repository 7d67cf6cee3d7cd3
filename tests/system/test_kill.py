"""gif-import dies at any moment: what is left is the old state or the new one, whole, and the next run works."""

import hashlib
import os
import random
import signal
import subprocess
import time
import unittest

from bounds import SLOWNESS
from harness import WorldCase
from programs import die_with_parent, program

KILLS = 100
BUDGET = 60 * max(1.0, SLOWNESS / 2)
PEOPLE = 500


class Killed(WorldCase):
    """Two files lead to and fro between two states; each run is killed after a random part of its time."""

    @classmethod
    def populate(cls, world):
        world.ctl("domain", "add", "company.example", "--class=relay", "--route=[127.0.0.1]:9")
        world.ctl("domain", "add", "domain2.example", "--class=virtual-alias")
        header = "Obj-Class,Directory Name,Display Name,Home-Server,E-mail Addresses,Secondary-Proxy-Addresses\r\n"
        cls.files = {}
        for state in ("red", "blue"):
            rows = "".join(
                f"mailbox,p{n},{state} {n},S1,SMTP:p{n}@company.example,smtp:p{n}.{state}@domain2.example%smtp:{state}{n}@domain2.example\r\n"
                for n in range(PEOPLE)
            )
            cls.files[state] = world.file(state + ".csv", header + rows)

    @classmethod
    def command(cls, state):
        return [program("gif-import"), "--config", cls.world.conf, "--overwrite", "--force", "--json", cls.files[state]]

    def digest(self):
        done = self.world.ctl("export", "--format=json")
        return hashlib.sha256(done.out_bytes).hexdigest()

    def change_to(self, state):
        began = time.monotonic()
        done = self.world.run("gif-import", "--config", self.world.conf, "--overwrite", "--force", "--json", self.files[state])
        return done.json()[-1], time.monotonic() - began

    def test_killed_at_random_moments(self):
        """[whole or nothing] SIGKILL at 100 random moments"""
        seed = int(os.environ.get("TEST_SEED", "0")) or int.from_bytes(os.urandom(4), "big")
        print(f"# TEST_SEED={seed}", flush=True)
        chooser = random.Random(seed)
        digests, took = {}, 0.0
        for state in ("red", "blue", "red"):
            summary, seconds = self.change_to(state)
            self.assertTrue(summary["applied"])
            digests[state] = self.digest()
            took = max(took, seconds)
        self.assertNotEqual(digests["red"], digests["blue"])
        current, generation = "red", self.world.status()["generation"]
        deadline = time.monotonic() + BUDGET
        kills = kept = changed = 0
        while kills < KILLS:
            self.assertLess(time.monotonic(), deadline, f"only {kills} kills in {BUDGET} s")
            wanted = "blue" if current == "red" else "red"
            process = subprocess.Popen(self.command(wanted), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, preexec_fn=die_with_parent, **self.world.identity)
            # Half of them near the end, where the commit is.
            moment = took * (chooser.uniform(0, 1.1) if chooser.random() < 0.5 else chooser.uniform(0.7, 1.05))
            began = time.monotonic()
            try:
                rc = process.wait(moment)
                # It was faster than thought: aim at what a run takes now, on a machine that does other things as well.
                took = 0.7 * took + 0.3 * (time.monotonic() - began)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                rc = process.wait()
            found = self.digest()
            status = self.world.status()
            if rc == 0:
                self.assertEqual(found, digests[wanted], "a run that ended well is there")
            else:
                self.assertEqual(rc, -signal.SIGKILL)
                kills += 1
                self.assertIn(found, digests.values(), f"neither old nor new after {moment:.4f} s (seed {seed})")
            if found == digests[wanted]:
                self.assertGreater(status["generation"], generation)
                current = wanted
                changed += 1
            else:
                self.assertEqual(status["generation"], generation, "nothing was committed")
                kept += rc != 0
            generation = status["generation"]
            person = chooser.randrange(PEOPLE)
            other = "blue" if current == "red" else "red"
            self.assertFound("virtual_alias_maps", f"p{person}.{current}@domain2.example", f"p{person}@company.example")
            self.assertAbsent("virtual_alias_maps", f"{other}{person}@domain2.example")
        print(f"# {kills} kills: {kept} left the old state; the state changed {changed} times; one run takes {took:.3f} s", flush=True)
        self.assertGreater(kept, KILLS // 4, "most kills must hit a run that has not committed")
        summary, _ = self.change_to("blue" if current == "red" else "red")
        self.assertTrue(summary["applied"])
        self.assertIn(self.digest(), digests.values())
        self.assertTrue(self.world.alive())


if __name__ == "__main__":
    unittest.main()
