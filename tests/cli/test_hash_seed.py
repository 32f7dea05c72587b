#!/usr/bin/env python3
"""Tables are keyed by secrets of the process, and nothing that is printed hangs on them."""
import glob
import os
import unittest

from captures import Folder, connection, pcap, run

SAMPLES = sorted(glob.glob(os.path.join(os.path.dirname(__file__), "..", "..", "samples", "*", "case.pcap*")))
SEEDS = ("0", "18446744073709551615")


class HashSeed(unittest.TestCase):
    def same(self, *command):
        outputs = [run(*command, env={"TCPAUTOPSY_HASH_SEED": seed}) for seed in SEEDS]
        outputs.append(run(*command))
        for output in outputs[1:]:
            self.assertEqual(output, outputs[0], command)
        return outputs[0][1]

    def test_samples_read_alike(self):
        self.assertGreater(len(SAMPLES), 10)
        for command in (("flows", "--format", "ndjson"), ("report", "--format", "json")):
            self.assertTrue(self.same(*command, *SAMPLES))

    def test_more_hosts_than_are_kept(self):
        packets = []
        for i in range(1200):
            packets += connection(client=((10, i % 250, i // 250, 1), 40000), start=i * 0.001)
        with Folder() as folder:
            self.same("report", "--format", "json", folder.file("many.pcap", pcap(packets)))


if __name__ == "__main__":
    unittest.main()
