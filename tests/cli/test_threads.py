#!/usr/bin/env python3
"""What is told of a capture does not depend on how many threads were at work."""
import glob
import json
import os
import unittest

from captures import ACK, FIN, RST, SYN, Folder, connection, pcap, refused, run, segment

SAMPLES = sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../samples/*/case.pcap")))
TOLD = (("flows", "--format", "ndjson"), ("flows", "--format", "ndjson", "--unordered"), ("findings", "--format", "ndjson"),
        ("report", "--format", "json"), ("report", "--format", "html"))


def used_again(ports, times):
    """Each 4-tuple used again and again while it may be in TIME-WAIT, with a lower number now and then."""
    frames = []
    for port in range(50000, 50000 + ports):
        for n in range(times):
            frames += connection(client=((10, 0, 0, 1), port), start=n * 20 + port % 7 * 0.01, isn=1000 + (n * 7919) % 30011 * 100_000)
    return frames


def many_kinds():
    frames = used_again(40, 6)
    for n in range(400):
        frames += refused(port=20000 + n, start=n * 0.3)
        client, server = ((10, 0, n % 7, 9), 30000 + n), ((10, 0, 1, 2), 443)
        frames += [(n * 0.25, segment(client, server, SYN, 5))]
        frames += [(n * 0.2 + i * 0.001, frame) for i, frame in enumerate([
            segment(((10, 0, 2, 1), 1024 + n), server, SYN, 5), segment(server, ((10, 0, 2, 1), 1024 + n), SYN | ACK, 9, 6),
            segment(((10, 0, 2, 1), 1024 + n), server, RST if n % 3 else FIN | ACK, 6, 10)])]
    doubled = connection(client=((10, 0, 9, 1), 7), server=((10, 0, 9, 2), 80))
    return frames + doubled + [(seconds + 0.00001, frame) for seconds, frame in doubled]


class Threads(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)

    def same(self, *files):
        for command in TOLD:
            with self.subTest(command=command, files=files):
                one = run(*command, "--threads", "1", *files)
                for threads in ("2", "3", "5"):
                    self.assertEqual(run(*command, "--threads", threads, *files), one)
                self.assertEqual(run(*command, *files), one)

    def test_many_connections(self):
        path = self.folder.file("many.pcap", pcap(many_kinds()))
        self.assertGreater(run("flows", "--format", "ndjson", path)[1].count("\n"), 1400)
        self.same(path)

    def test_encapsulations_met_on_the_way(self):
        frames = []
        for n in range(600):
            tag = b"\x81\x00" + (n % 300 + 1).to_bytes(2, "big")
            frames += [(seconds, frame[:12] + tag + frame[12:]) for seconds, frame in connection(client=((10, 0, 0, 1), 2000 + n), start=n * 0.5)]
        path = self.folder.file("tagged.pcap", pcap(frames))
        told = run("flows", "--format", "ndjson", path)[1]
        self.assertEqual(len({str(json.loads(line)["vlan"]) for line in told.splitlines()}), 300)
        self.same(path)

    def test_samples_together(self):
        self.same(*SAMPLES)

    def test_damaged(self):
        whole = pcap(many_kinds())
        path = self.folder.file("cut.pcap", whole[:len(whole) // 2 + 3])
        self.assertEqual(run("flows", "--threads", "3", path)[0], 1)
        self.same(path)

    def test_refused_numbers(self):
        path = self.folder.file("one.pcap", pcap(connection()))
        for wrong in ("0", "-1", "two"):
            status, _, err = run("flows", "--threads", wrong, path)
            self.assertEqual(status, 2)
            self.assertIn("threads", err)


if __name__ == "__main__":
    unittest.main()
