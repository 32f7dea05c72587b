#!/usr/bin/env python3
"""--anonymize: the same is told with other addresses, and nothing tells the original ones."""
import glob
import os
import sqlite3
import subprocess
import unittest

from anonymized import ends_of, kept, keeps_prefixes, leaks, mapping, without_addresses
from captures import TOOL, Folder, connection, ndjson, pcap, refused, run, surroundings
from pcapng_blocks import ENHANCED, blocks, comments, ours
from test_annotate import full

KEY = "a key that is never written"
SAMPLES = sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "samples", "*", "case.pcap")))
COMMANDS = (("report", "--all"), ("report", "--format", "json"), ("report", "--format", "markdown"), ("flows",), ("flows", "--format", "csv"),
            ("flows", "--format", "ndjson"), ("findings",), ("findings", "--format", "ndjson"), ("findings", "--format", "csv"),
            ("ss", "--at", "end"), ("ss", "--watch", "5", "--format", "ndjson"), ("ss", "--at", "end", "--count"),
            ("history", "--flow", "0"), ("history", "--flow", "0", "--format", "ndjson"), ("history", "--flow", "0", "--format", "svg"),
            ("history", "--flow", "0", "--format", "mermaid"))


def output(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, timeout=120, env=surroundings({}))
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout + done.stderr


class Anonymize(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.out = self.folder.path("out.pcapng")

    def test_samples_tell_the_same(self):
        self.assertGreater(len(SAMPLES), 10)
        for path in SAMPLES:
            before, after = ndjson("flows", path), ndjson("flows", "--anonymize", KEY, path)
            self.assertEqual([without_addresses(f) for f in before], [without_addresses(f) for f in after], path)
            to = mapping(before, after)
            self.assertTrue(keeps_prefixes(to), path)
            for address, other in to.items():
                self.assertTrue(address != other or kept(address), (path, address))
            found, others = ndjson("findings", path), ndjson("findings", "--anonymize", KEY, path)
            self.assertEqual([without_addresses(f) for f in found], [without_addresses(f) for f in others], path)
            self.assertEqual(run("annotate", "--anonymize", KEY, "-o", self.out, path)[0], 0)
            for there, here in ((ndjson("flows", self.out), after), (ndjson("findings", self.out), others)):
                for line in there + here:
                    del line["file"]
                self.assertEqual(there, here, path)

    def test_no_output_has_an_original_address(self):
        path = self.folder.file("in.pcapng", full("<"))
        for capture in (path, os.path.join(os.path.dirname(SAMPLES[0]), "..", "kernel_mixed", "case.pcap")):
            originals = set(ends_of(ndjson("flows", capture)))
            for command in COMMANDS:
                text = output(*command, "--anonymize", KEY, capture)
                self.assertEqual(leaks(text, originals), [], command)
                self.assertNotIn(KEY.encode(), text)
            for command in (("annotate",), ("extract", "--flow", "0-99", "--annotate"), ("extract", "--flow", "0-99")):
                output(*command, "--anonymize", KEY, "-o", self.out, capture)
                with open(self.out, "rb") as file:
                    octets = file.read()
                self.assertEqual(leaks(octets, originals) + leaks(octets, originals, text=False), [], command)
                for said in (KEY, "GET /", "CLIENT_RANDOM", "seen at the tap", "made by hand", "eth0", "host\0"):
                    self.assertNotIn(said.encode(), octets, command)

    def test_what_is_written(self):
        path = self.folder.file("in.pcapng", full("<"))
        self.assertEqual(run("annotate", "--anonymize", KEY, "-o", self.out, path)[0], 0)
        with open(self.out, "rb") as file:
            result = blocks(file.read())
        self.assertEqual([block.kind for block in result if block.kind not in (1, ENHANCED)], [0x0A0D0D0A])
        self.assertEqual(sum(block.kind == ENHANCED for block in result), 11)
        for block in result:
            self.assertEqual(comments(block) if block.options_at() else [], ours(block) if block.options_at() else [])
        before, after = ndjson("flows", path), ndjson("flows", self.out)
        for one, other in zip(before, after):
            self.assertEqual((one["first_ns"], one["last_ns"], one["history"]), (other["first_ns"], other["last_ns"], other["history"]))
            self.assertEqual(other["counts"]["client"]["bad_checksums"], 0)

    def test_bad_checksums_stay_bad(self):
        frames = connection()
        spoilt = bytearray(frames[3][1])
        spoilt[-1] ^= 0x55
        frames[3] = (frames[3][0], bytes(spoilt))
        path = self.folder.file("bad.pcap", pcap(frames))
        run("annotate", "--anonymize", KEY, "-o", self.out, path)
        self.assertEqual(ndjson("flows", self.out)[0]["counts"]["client"]["bad_checksums"], 1)

    def test_keys(self):
        path = self.folder.file("in.pcap", pcap(connection()))
        file = self.folder.file("key", KEY.encode() + b"\n")
        one = ndjson("flows", "--anonymize", KEY, path)
        self.assertEqual(one, ndjson("flows", "--anonymize", "@" + file, path))
        self.assertNotEqual(one[0]["client"], ndjson("flows", "--anonymize", "another", path)[0]["client"])
        for key, says in (("", "empty"), ("@" + self.folder.file("none", b"\n"), "empty"), ("@" + self.folder.path("missing"), "missing")):
            code, _, err = run("flows", "--anonymize", key, path)
            self.assertEqual(code, 2)
            self.assertIn(says, err)
        code, _, err = run("flows", "--anonymize", "@" + file, "-o", file, path)
        self.assertEqual(code, 2)
        self.assertIn("not overwritten", err)
        self.assertEqual(run("stream", "--flow", "0", "--anonymize", KEY, path)[0], 2)

    def test_hosts_are_chosen_by_their_original_addresses(self):
        path = self.folder.file("in.pcap", pcap(connection() + connection(client=((192, 168, 7, 9), 50007), start=3)))
        for host, expected in (("192.168.7.9", [1]), ("192.168.0.0/16", [1]), ("10.0.0.0/8", [0, 1]), ("10.0.0.1", [0])):
            self.assertEqual([f["flow"] for f in ndjson("flows", "--anonymize", KEY, "--host", host, path)], expected)
        self.assertEqual(len(ndjson("flows", "--anonymize", KEY, "-f", "host 192.168.7.9", path)), 1)

    def test_batch(self):
        path = self.folder.file("in.pcap", pcap(connection() + refused()))
        store = self.folder.path("store.db")
        self.assertEqual(run("batch", "--anonymize", KEY, path, "--out", store)[0], 0)
        with open(store, "rb") as file:
            octets = file.read()
        originals = set(ends_of(ndjson("flows", path)))
        self.assertEqual(leaks(octets, originals), [])
        self.assertNotIn(KEY.encode(), octets)
        expected = {str(a) for a in ends_of(ndjson("flows", "--anonymize", KEY, path))}
        with sqlite3.connect(store) as database:
            rows = database.execute("SELECT client_ip, server_ip FROM flows").fetchall()
        self.assertEqual({address for row in rows for address in row}, expected)
        # The same key: nothing to do. Another: all anew.
        self.assertEqual(run("batch", "--anonymize", KEY, path, "--out", store)[0], 0)
        run("batch", "--anonymize", "another", path, "--out", store)
        with sqlite3.connect(store) as database:
            self.assertNotEqual(set(database.execute("SELECT client_ip, server_ip FROM flows").fetchall()), set(rows))


if __name__ == "__main__":
    unittest.main()
