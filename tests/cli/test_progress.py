#!/usr/bin/env python3
"""Progress while reading: shown on a terminal, gone in the end, nowhere else."""
import os
import threading
import time
import unittest

from captures import Folder, connection, pcap, run, run_on_terminal

LONG = [(i * 1e-6, connection()[0][1]) for i in range(20_000)]


class Progress(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)

    def slow(self):
        """A capture that is written with a pause in its midst."""
        path, octets = self.folder.path("pipe"), pcap(LONG)
        if os.path.exists(path):
            os.unlink(path)
        os.mkfifo(path)

        def feed():
            with open(path, "wb") as pipe:
                pipe.write(octets[:len(octets) // 2])
                pipe.flush()
                time.sleep(1)
                pipe.write(octets[len(octets) // 2:])
        feeder = threading.Thread(target=feed)
        feeder.start()
        self.addCleanup(feeder.join)
        return path

    def test_shown_and_cleared(self):
        shown = run_on_terminal("flows", self.slow(), with_errors=True)
        progress, _, rest = shown.rpartition("\r\033[K")
        self.assertRegex(progress, r"\r[0-9,]+ packets, [0-9.]+ [kM]B, [0-9.]+ [kM]B/s\033\[K")
        self.assertNotIn("B/s", rest)
        self.assertIn("10.0.0.1:50000", rest)

    def test_quiet(self):
        self.assertNotIn("B/s", run_on_terminal("flows", "-q", self.slow(), with_errors=True))

    def test_not_where_nobody_looks(self):
        self.assertNotIn("B/s", run("flows", self.slow())[2])

    def test_short_runs_show_nothing(self):
        path = self.folder.file("short.pcap", pcap(connection()))
        self.assertNotIn("\r\033[K", run_on_terminal("flows", path, with_errors=True))


if __name__ == "__main__":
    unittest.main()
