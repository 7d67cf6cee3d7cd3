"""Test cases whose daemon is started, stopped and looked at from outside."""

import people
from bounds import SLOWNESS
from harness import FreshCase

FOUND = ("virtual_alias_maps", "ann@domain2.example")
VALUE = b"OK ann@company.example"


class DaemonCase(FreshCase):
    def filled(self, config=None, start=True):
        world = self.make_world(config)
        people.declare(world)
        people.populate(world)
        if start:
            world.start()
        return world

    def notify_socket(self, world):
        sock, env = world.notify_socket()
        self.addCleanup(sock.close)
        sock.settimeout(10 * SLOWNESS)
        return sock, env
