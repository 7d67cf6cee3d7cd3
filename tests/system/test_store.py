"""Found, absent, failed: what the daemon answers while its store is missing, broken, or changing under it."""

import os
import shutil
import stat
import time
import unittest

import people
from bounds import RUN_TIMEOUT, SLOWNESS, until
from harness import ALL_MAPS, FreshCase
from programs import program, run

FOUND = ("virtual_alias_maps", "ann@domain2.example", "OK ann@company.example")
HOMES = (("virtual_alias_domains", "domain2.example"), ("virtual_mailbox_domains", "box.example"), ("relay_domains", "company.example"))
OURS = ("ann@domain2.example", "nobody@domain2.example", "ann@company.example", "nobody@company.example", "bob@box.example", "nobody@box.example")


class StoreCase(FreshCase):
    def filled(self, config=None):
        world = self.make_world(config)
        people.declare(world)
        people.populate(world)
        return world

    def assertHealthy(self, world):
        self.assertEqual(world.ask(*FOUND[:2]), FOUND[2])
        self.assertEqual(world.ask("virtual_alias_maps", "nobody@domain2.example"), "NOTFOUND ")
        self.assertEqual(world.act("ann@domain2.example"), "DUNNO")
        self.assertTrue(world.act("nobody@domain2.example").startswith("550 5.1.1 "))

    def assertFailing(self, world):
        """The store is gone, but domains and routes are remembered."""
        self.assertTrue(world.alive(), world.log_tail())
        for table in ("virtual_alias_maps", "virtual_mailbox_maps", "relay_recipient_maps", "smtpd_sender_login_maps", "canonical_maps",
                      "sender_canonical_maps", "recipient_canonical_maps"):
            for key in OURS:
                self.assertTemp(world, table, key)
        for key in OURS:
            self.assertTrue(world.act(key).startswith("DEFER_IF_PERMIT 4.3.0 "), key)
            self.assertEqual(world.ask("relocated_maps", key), "NOTFOUND ")
        self.assertRemembered(world)
        self.assertEqual(world.act("x@far.example"), "DUNNO")
        self.assertTrue(world.ask("no_such_map", "ann@domain2.example").startswith("PERM "))

    def assertRemembered(self, world):
        for table, domain in HOMES:
            self.assertEqual(world.ask(table, domain), "OK " + domain)
            self.assertEqual(world.ask(table, "far.example"), "NOTFOUND ")
        self.assertEqual(world.ask("transport_maps", "nobody@company.example"), "OK relay:[127.0.0.1]:9")
        self.assertEqual(world.ask("transport_maps", "company.example"), "OK relay:[127.0.0.1]:9")
        self.assertEqual(world.ask("transport_maps", "nobody@box.example"), "OK lmtp:inet:127.0.0.1:9")

    def assertTemp(self, world, table, key):
        reply = world.ask(table, key)
        self.assertTrue(reply.startswith("TEMP ") and len(reply) > len("TEMP "), f"{table} {key}: {reply}")

    def fails(self, world):
        world.wait_everywhere(*FOUND[:2], "TEMP ", "the daemon notices that its store is gone")

    def heals(self, world):
        world.wait_everywhere(*FOUND, "the daemon uses the store again")


class NeverPopulated(StoreCase):
    def test_no_folder(self):
        """the importer alone on a host, without the folder that the daemon's package makes: what would be right is said"""
        world = self.make_world()
        world.write_config({"store": {"path": os.path.join(world.dir, "nowhere", "store.mdb")}})
        done = world.imp(people.staff_csv(["ann"]), rc=1)
        self.assertIn("make its folder, or name another store in [store] path: No such file or directory", done.err)

    def test_21_no_store(self):
        """[21] without a store every map answers TEMP to every key; over-long keys and unknown maps as ever"""
        world = self.make_world()
        world.start()
        for table in ALL_MAPS:
            for key in ("ann@domain2.example", "domain2.example", "*", "", '""', "x"):
                self.assertTemp(world, table, key)
        self.assertTrue(world.ask("virtual_alias_mapz", "ann@domain2.example").startswith("PERM "))
        self.assertEqual(world.ask("virtual_alias_maps", "k" * 20000), "NOTFOUND ")

    def test_21_store_appears(self):
        """[20] a store that is created while the daemon runs is used within a second"""
        world = self.make_world()
        world.start()
        client = world.socketmap()
        self.assertTrue(client.ask(*FOUND[:2]).startswith("TEMP "))
        people.declare(world)
        people.populate(world)
        until(lambda: client.ask(*FOUND[:2]) == FOUND[2], "the new store is used", 1.0 + 0.5 * SLOWNESS)
        self.assertHealthy(world)

    def test_21_domains_without_objects(self):
        """[21] declared domains without any object: TEMP inside, NOTFOUND outside, domain maps answer"""
        world = self.make_world()
        people.declare(world)
        world.start()
        for key in OURS:
            for table in ("virtual_alias_maps",):
                self.assertTemp(world, table, key)
        self.assertTemp(world, "relay_recipient_maps", "ann@company.example")
        self.assertTemp(world, "virtual_mailbox_maps", "ann@box.example")
        for table in ("virtual_alias_maps", "relay_recipient_maps", "virtual_mailbox_maps", "transport_maps", "relocated_maps"):
            self.assertEqual(world.ask(table, "x@far.example"), "NOTFOUND ", table)
        self.assertRemembered(world)
        for key in OURS:
            self.assertTrue(world.act(key).startswith("DEFER_IF_PERMIT 4.3.0 "), key)

    def test_21_object_removed_again(self):
        """populated stays, also when the last object goes"""
        world = self.make_world()
        people.declare(world)
        world.ctl("object", "add", "ann", "--address=SMTP:ann@company.example")
        world.ctl("object", "remove", "ann")
        world.start()
        self.assertEqual(world.ask("relay_recipient_maps", "ann@company.example"), "NOTFOUND ")
        self.assertTrue(world.act("ann@company.example").startswith("550 5.1.1 "))


class Start(StoreCase):
    """A daemon that starts on a bad store serves TEMP and recovers by itself."""

    def start_broken(self, spoil):
        world = self.filled()
        spare = world.store + ".spare"
        shutil.copy2(world.store, spare)
        spoil(world)
        world.start()
        for table, key in (FOUND[:2], ("relay_domains", "company.example"), ("transport_maps", "ann@company.example")):
            self.assertTemp(world, table, key)
        self.assertTrue(world.act("ann@domain2.example").startswith("DEFER_IF_PERMIT 4.3.0 "))
        return world, spare

    def put_back(self, world, spare):
        os.replace(spare, world.store)
        world.give(world.store)
        self.heals(world)
        self.assertHealthy(world)

    def test_corrupt(self):
        """a store of rubbish: ready, TEMP, and healthy when a good one is put there"""

        def spoil(world):
            with open(world.store, "wb") as out:
                out.write(b"this is no store\n" * 5000)

        self.put_back(*self.start_broken(spoil))

    def test_empty_file(self):
        """an empty file is no store that says "absent" """
        self.put_back(*self.start_broken(lambda world: os.truncate(world.store, 0)))

    def test_truncated(self):
        """a store cut after its first pages"""
        self.put_back(*self.start_broken(lambda world: os.truncate(world.store, 4096)))

    def test_a_folder(self):
        """a folder where the store should be"""

        def spoil(world):
            os.unlink(world.store)
            os.mkdir(world.store)

        world, spare = self.start_broken(spoil)
        os.rmdir(world.store)
        self.put_back(world, spare)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to take a file from its reader")
    def test_unreadable(self):
        """[45] a store without permission: TEMP; readable again: healthy, without a restart"""

        def spoil(world):
            os.chown(world.store, 0, 0)
            os.chmod(world.store, 0)

        world, _ = self.start_broken(spoil)
        os.chown(world.store, world.uid, world.gid)
        os.chmod(world.store, 0o640)
        self.heals(world)
        self.assertHealthy(world)

    def test_said_once(self):
        """a broken store is logged, not once a second"""
        world = self.filled()
        with open(world.store, "wb") as out:
            out.write(b"x" * 100000)
        world.start()
        size = len(world.log_text())
        self.assertIn("store", world.log_text())
        began = time.monotonic()
        while time.monotonic() - began < 3.2:
            self.assertTemp(world, *FOUND[:2])
            time.sleep(0.2)
        more = world.log_text()[size:]
        self.assertLess(len(more.splitlines()), 8, more)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to make a folder that the daemon cannot write")
    def test_folder_not_writable(self):
        """ready also where the control socket cannot be made"""
        world = self.filled()
        os.chown(world.store_dir, 0, 0)
        os.chmod(world.store_dir, 0o755)
        world.start()
        self.assertTrue(world.alive())
        self.assertIn(world.ask(*FOUND[:2]).split(" ")[0], ("OK", "TEMP"))
        self.assertIn(".ctl", world.log_text())


class WhileRunning(StoreCase):
    """The store breaks under a daemon that has read it."""

    def broken(self, spoil, heal):
        world = self.filled()
        world.start()
        self.assertHealthy(world)
        client = world.socketmap()
        self.assertEqual(client.ask(*FOUND[:2]), FOUND[2])
        spoil(world)
        self.fails(world)
        self.assertFailing(world)
        # The connections from before are still the same ones.
        until(lambda: client.ask(*FOUND[:2]).startswith("TEMP "), "on the connection from before too")
        heal(world)
        self.heals(world)
        until(lambda: client.ask(*FOUND[:2]) == FOUND[2], "on the connection from before too")
        self.assertHealthy(world)
        self.assertTrue(world.alive())

    def test_deleted(self):
        """deleted and put back"""
        self.broken(lambda w: os.rename(w.store, w.store + ".away"), lambda w: os.rename(w.store + ".away", w.store))

    def test_replaced_by_rubbish(self):
        """replaced by a file of rubbish, and back"""

        def spoil(world):
            shutil.copy2(world.store, world.store + ".good")
            world.give(world.store + ".good")
            bad = world.store + ".bad"
            with open(bad, "wb") as out:
                out.write(os.urandom(500000))
            world.give(bad)
            os.rename(bad, world.store)

        self.broken(spoil, lambda w: os.rename(w.store + ".good", w.store))

    def overwritten(self, damage):
        """In place, as a stray cp or a full disk does it: the daemon has this very file mapped."""

        def spoil(world):
            shutil.copy2(world.store, world.store + ".good")
            world.give(world.store + ".good")
            with open(world.store, "r+b") as out:
                damage(out)

        self.broken(spoil, lambda w: os.rename(w.store + ".good", w.store))

    def test_overwritten_in_place(self):
        """overwritten in place with zeros"""

        def damage(out):
            size = os.fstat(out.fileno()).st_size
            out.write(b"\0" * size)

        self.overwritten(damage)

    def test_overwritten_with_noise(self):
        """overwritten in place with random bytes"""

        def damage(out):
            size = os.fstat(out.fileno()).st_size
            out.write(os.urandom(size))

        self.overwritten(damage)

    def test_truncated_in_place(self):
        """truncated to nothing while it is mapped: no crash, no "user unknown" """
        self.overwritten(lambda out: out.truncate(0))

    def test_truncated_to_a_part(self):
        """truncated to its first pages while it is mapped"""
        self.overwritten(lambda out: out.truncate(8192))

    def test_another_store_takes_its_place(self):
        """a restored store is what the next lookups see"""
        world = self.filled()
        world.start()
        self.assertHealthy(world)
        shutil.copy2(world.store, world.store + ".old")
        world.give(world.store + ".old")
        world.ctl("address", "add", "bob", "later@domain2.example")
        self.assertEqual(world.ask("virtual_alias_maps", "later@domain2.example"), "OK bob@box.example")
        os.rename(world.store + ".old", world.store)
        until(lambda: world.ask("virtual_alias_maps", "later@domain2.example") == "NOTFOUND ", "the other store is used", 3 * SLOWNESS)
        self.assertHealthy(world)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to take a file from its reader")
    def test_permission_taken(self):
        """permission is taken: an open store may go on, but never says "absent" for what exists"""
        world = self.filled()
        world.start()
        os.chown(world.store, 0, 0)
        os.chmod(world.store, 0)
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            self.assertIn(world.ask(*FOUND[:2]).split(" ")[0], ("OK", "TEMP"))
            self.assertRemembered(world)
            time.sleep(0.1)
        os.chown(world.store, world.uid, world.gid)
        os.chmod(world.store, 0o640)
        self.heals(world)


class FullDisk(FreshCase):
    def test_full_at_commit(self):
        """a commit that does not fit on the disk says so, and the store of before is whole"""
        world = self.make_world()
        header = "Obj-Class,Mode,Directory Name,E-mail Addresses\n"
        small = world.file("small.csv", header + "mailbox,create,ann,SMTP:ann@far.example\n")
        rows = "".join(f"mailbox,create,m{n},SMTP:m{n}@far.example\n" for n in range(50000))
        large = world.file("large.csv", header + rows)
        imp = f"{program('gif-import')} --config {world.conf}"
        ctl = f"{program('policyctl')} --config {world.conf}"
        script = (
            f"mount -t tmpfs -o size=3m tmpfs {world.store_dir} || exit 77\n"
            f"{imp} {small} || exit 10\n"
            f"{imp} {large}; test $? = 1 || exit 11\n"
            f"{ctl} object list | grep -c . && {ctl} history --verify || exit 12\n"
        )
        shell = ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c", script]
        if not shutil.which("unshare", path=os.environ.get("PATH", "") + ":/usr/bin:/bin"):
            self.skipTest("unshare(1) is missing")
        done = run(shell, b"", RUN_TIMEOUT, world.uid, world.gid, world.work)
        if done.rc in (1, 77):
            self.skipTest(f"no file system can be mounted here: {done.err}")
        self.assertEqual(done.rc, 0, str(done))
        self.assertIn("cannot commit: No space left on device", done.err)
        self.assertIn("1", done.out.splitlines(), "only the first object is there")


class CorruptRecord(StoreCase):
    MARK = "Zq7Xk9Wv3Jb5-a-display-name-that-stands-in-one-record-only"

    def test_22_corrupt_record(self):
        """[22] a record whose bytes are damaged answers TEMP and is logged; all other records answer"""
        world = self.filled()
        world.ctl("object", "add", "victim", f"--display={self.MARK}", "--class=dl", "--address=SMTP:victim@box.example",
                  "--address=smtp:victim@domain2.example", "--member=bob", "--member=ann")
        world.start()
        self.assertEqual(world.ask("virtual_alias_maps", "victim@domain2.example"), "OK ann@company.example,bob@box.example")
        world.stop()
        with open(world.store, "r+b") as out:
            data = out.read()
            places = [i for i in range(len(data)) if data.startswith(self.MARK.encode(), i)]
            self.assertTrue(places, "the display name is in the store")
            for place in places:
                # The text, and the lengths around it, but neither the page's header nor the key.
                out.seek(place - 2)
                out.write(b"\xff" * (len(self.MARK) + 4))
        world.start()
        self.assertTemp(world, "virtual_alias_maps", "victim@domain2.example")
        self.assertTrue(world.act("victim@domain2.example").startswith("DEFER_IF_PERMIT 4.3.0 "))
        self.assertHealthy(world)
        self.assertEqual(world.ask("virtual_alias_maps", "team@box.example"), "OK ann@company.example,bob@box.example,guest@far.example")
        self.assertTrue(world.alive())


    def test_22_damaged_key(self):
        """[22] a record that is no longer found because its key is damaged is a failure, not an absence"""
        world = self.filled()
        world.ctl("object", "add", "somebody", "--address=SMTP:KeyVictim@box.example", "--address=smtp:KEYVICTIM@domain2.example")
        world.start()
        self.assertEqual(world.ask("virtual_mailbox_maps", "keyvictim@box.example"), "OK KeyVictim@box.example")
        world.stop()
        with open(world.store, "r+b") as out:
            data = out.read()
            # The spelling of the owner's record is another one: these are keys.
            places = [i for i in range(len(data)) if data.startswith(b"keyvictim@", i)]
            self.assertTrue(places, "the folded address is a key in the store")
            for place in places:
                out.seek(place + 3)
                out.write(b"\x7f")
        world.start()
        self.assertTemp(world, "virtual_mailbox_maps", "keyvictim@box.example")
        self.assertTemp(world, "virtual_alias_maps", "keyvictim@domain2.example")
        for address in ("keyvictim@box.example", "keyvictim@domain2.example"):
            self.assertTrue(world.act(address).startswith("DEFER_IF_PERMIT 4.3.0 "), address)
        self.assertHealthy(world)


class Files(StoreCase):
    def test_modes(self):
        """the store is 0640, its lock 0660, the control socket 0600, all of the folder's owner"""
        world = self.filled()
        world.start()
        owner = os.stat(world.store_dir).st_uid, os.stat(world.store_dir).st_gid
        names = os.listdir(world.store_dir)
        self.assertIn("store.mdb", names)
        self.assertIn("store.mdb.ctl", names)
        for name in names:
            found = os.stat(os.path.join(world.store_dir, name))
            mode = stat.S_IMODE(found.st_mode)
            if name == "store.mdb":
                self.assertEqual(mode, 0o640)
            elif name.endswith(".ctl"):
                self.assertEqual(mode, 0o600)
                self.assertTrue(stat.S_ISSOCK(found.st_mode))
            elif "lock" in name:
                self.assertEqual(mode, 0o660)
            self.assertEqual((found.st_uid, found.st_gid), owner, name)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be another user than the store's")
    def test_made_by_root(self):
        """what root's policyctl creates belongs to the owner of the folder, so that the daemon can open it"""
        world = self.make_world()
        done = run([program("policyctl"), "--config", world.conf, "domain", "add", "company.example", "--class=relay", "--route=[127.0.0.1]:9"])
        self.assertEqual(done.rc, 0, str(done))
        done = run([program("policyctl"), "--config", world.conf, "object", "add", "ann", "--address=SMTP:ann@company.example"])
        self.assertEqual(done.rc, 0, str(done))
        for name in os.listdir(world.store_dir):
            found = os.stat(os.path.join(world.store_dir, name))
            self.assertEqual((found.st_uid, found.st_gid), (world.uid, world.gid), name)
        world.start()
        self.assertEqual(world.ask("relay_recipient_maps", "ann@company.example"), "OK ann@company.example")
        world.ctl("address", "add", "ann", "a@company.example")
        self.assertEqual(world.ask("relay_recipient_maps", "a@company.example"), "OK ann@company.example")


def close_standard_files():
    for file in (0, 1, 2):
        os.close(file)


class ClosedFiles(StoreCase):
    """Started without standard files, as some supervisors do: the store must not take their place."""

    def assertWhole(self, world):
        self.assertIn("the chain is intact", world.ctl("history", "--verify").out)

    def test_programs(self):
        """messages and results of the tools go nowhere"""
        world = self.filled()
        bad = world.file("bad.csv", people.HEADER + "mailbox,bad,bad,EXCH1,nonsense,\r\n" * 50)
        for name, args in (("gif-import", ["--keep-going", bad]), ("policyctl", ["object", "show", "nobody"]), ("policyctl", ["export"]),
                           ("policyctl", ["object", "add", "ann"])):
            world.run(name, "--config", world.conf, *args, rc=1, preexec=close_standard_files)
            self.assertWhole(world)

    def test_daemon(self):
        """the daemon's log goes nowhere"""
        world = self.filled()
        world.start(preexec=close_standard_files)
        world.reload()
        fine = world.write_config(path=os.path.join(world.dir, "fine.conf"))
        world.write_config({"limits": {"workers": "nonsense"}})
        world.run("policyctl", "--config", fine, "reload", rc=78)
        world.write_config({"limits": {"workers": "2"}})
        world.reload()
        with open(world.store + ".pid", encoding="ascii") as lock:
            self.assertEqual(lock.read(), f"{world.daemon.pid}\n", "the first file that stays open, which the log was written to")
        world.stop()
        self.assertWhole(world)


if __name__ == "__main__":
    unittest.main()
