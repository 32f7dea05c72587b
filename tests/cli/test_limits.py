#!/usr/bin/env python3
"""A limit that is met is told, in words and in JSON, and may be moved."""
import json
import sqlite3
import struct
import unittest

from captures import ACK, PSH, SYN, Folder, connection, pcap, run, segment

CLIENT, SERVER = ((10, 0, 0, 1), 50000), ((10, 0, 0, 2), 80)
ALL = {"memory", "records", "incarnations", "fragments", "encapsulations", "headers", "tunnels", "syns_held", "gaps", "icmp_errors",
       "services", "translated"}


def first_fragments(count):
    """Of so many packets, whose other fragments never come."""
    packets = []
    for i in range(count):
        whole = segment(CLIENT, SERVER, ACK, 1, 1, bytes(60))
        packets.append((i * 0.001, whole[:18] + struct.pack("!HH", i + 1, 0x2000) + whole[22:14 + 20 + 40]))
        frame = bytearray(packets[-1][1])
        frame[16:18] = struct.pack("!H", 60)
        packets[-1] = (packets[-1][0], bytes(frame))
    return packets


def on_vlans(numbers):
    return [(i * 0.001, frame[:12] + b"".join(struct.pack("!HH", 0x8100, n) for n in tags) + frame[12:])
            for i, tags in enumerate(numbers) for frame in [segment(CLIENT, SERVER, SYN, 1000)]]


def many_gaps(count):
    """One octet of every two, then all acknowledged."""
    steps = connection()[:3]
    steps += [(1 + i * 0.001, segment(CLIENT, SERVER, ACK | PSH, 1002 + 2 * i, 500_001, b"x")) for i in range(count)]
    return steps


def refused_again_and_again(count):
    """A SYN, and so many ICMP errors that quote it."""
    syn = segment(CLIENT, SERVER, SYN, 1000)
    address = bytes(SERVER[0]) + bytes(CLIENT[0])
    head = struct.pack("!BBHHHBBH", 0x45, 0, 56, 0, 0, 64, 1, 0) + address
    error = syn[:14] + head + struct.pack("!BBHI", 3, 13, 0, 0) + syn[14:42]
    return [(0, syn)] + [(0.01 + i * 0.01, error) for i in range(count)]


def long_talk(count):
    steps = connection()[:3]
    for i in range(count):
        steps += [(1 + i * 30, segment(CLIENT, SERVER, ACK | PSH, 1001 + i, 500_001 + i, b"x")),
                  (1.05 + i * 30, segment(SERVER, CLIENT, ACK | PSH, 500_001 + i, 1002 + i, b"y"))]
    return steps


class Limits(unittest.TestCase):
    def report(self, incarnations):
        """Of so many connections of one address and port pair, all left open."""
        packets = []
        for i in range(incarnations):
            packets += connection(start=i, isn=1000 + i * 0x1000000)[:3]
        with Folder() as folder:
            capture = folder.file("open.pcap", pcap(packets))
            return json.loads(run("report", "--format", "json", capture)[1]), run("report", capture)[1], run("report", "--all", capture)[1]

    def test_too_many_incarnations(self):
        data, first_screen, whole = self.report(40)
        self.assertEqual(data["captures"][0]["limits_met"], {**dict.fromkeys(ALL, 0), "incarnations": 7})
        said = "7 connections ended early, as over 32 of one address and port pair were open"
        for text in (first_screen, whole):
            self.assertIn("Limits met", text)
            self.assertIn(said, " ".join(text.split()))

    def test_none_is_met(self):
        data, first_screen, whole = self.report(30)
        self.assertEqual(set(data["captures"][0]["limits_met"].values()), {0})
        self.assertNotIn("Limits met", first_screen + whole)

    def met(self, packets, *options, command="report"):
        """What the JSON tells to be met, and the notes on standard error."""
        with Folder() as folder:
            capture = folder.file("one.pcap", pcap(packets))
            status, out, err = run("report", "--format", "json", *options, capture)
            self.assertEqual(status, 0)
            limits = json.loads(out)["captures"][0]["limits_met"]
            self.assertEqual(set(limits), ALL)
            quiet = run("report", "--format", "json", "--quiet", *options, capture)
            self.assertEqual(quiet, (0, out, ""))
            self.assertEqual(len([line for line in err.splitlines() if "note: limit met: " in line]),
                             sum(count > 0 for count in limits.values()), err)
            return {name: count for name, count in limits.items() if count}, err

    def test_each_may_be_moved(self):
        for packets, name, option, low, high, count, words in (
                (first_fragments(30), "fragments", "--max-fragments", 20, 30, 10, "fragments given up, as over 20 packets waited"),
                (on_vlans([[n] for n in range(1, 21)]), "encapsulations", "--max-encapsulations", 17, 21, 4,
                 "packets in VLANs and tunnels beyond the first 17, told as one"),
                (long_talk(100), "records", "--max-records", 64, 4096, 1, "connection with segments left out, as over 64")):
            with self.subTest(name):
                limits, err = self.met(packets, option, str(low))
                self.assertEqual(limits, {name: count})
                self.assertIn(f"one.pcap: note: limit met: {count} {words}", err)
                self.assertIn(option, err)
                self.assertEqual(self.met(packets, option, str(high)), ({}, ""))

    def test_those_that_stand(self):
        self.assertEqual(self.met(on_vlans([list(range(1, 10)), [1]]))[0], {"tunnels": 1})
        self.assertEqual(self.met(many_gaps(64))[0], {})
        self.assertEqual(self.met(many_gaps(70))[0], {"gaps": 1})
        self.assertEqual(self.met(refused_again_and_again(256))[0], {})
        self.assertEqual(self.met(refused_again_and_again(257))[0], {"icmp_errors": 1})

    def test_every_command_says_it(self):
        with Folder() as folder:
            capture = folder.file("one.pcap", pcap(long_talk(100)))
            for command in (["flows"], ["findings"], ["ss", "--at", "end"], ["history", "--flow", "0"], ["stream", "--flow", "0"]):
                with self.subTest(command[0]):
                    status, _, err = run(*command, "--max-records", "64", capture)
                    self.assertEqual(status, 0)
                    self.assertIn("note: limit met: 1 connection with segments left out", err)

    def test_who_ended_early_is_marked(self):
        packets = []
        for i in range(5):
            packets += connection(start=i, isn=1000 + i * 0x1000000)[:3]
        with Folder() as folder:
            capture = folder.file("open.pcap", pcap(packets))
            lines = run("flows", "--format", "ndjson", "--max-incarnations", "2", capture)[1].splitlines()
            self.assertEqual([json.loads(line)["ended_early"] for line in lines], [True, True, False, False, False])
            text = run("history", "--flow", "0", "--max-incarnations", "2", capture)[1]
            self.assertIn("ended early, by a limit", text)
            self.assertNotIn("ended early", run("history", "--flow", "4", "--max-incarnations", "2", capture)[1])

    def test_memory_that_is_enough_changes_nothing(self):
        with Folder() as folder:
            capture = folder.file("one.pcap", pcap(connection() + long_talk(3)))
            without = run("flows", "--format", "ndjson", capture)
            for size in ("256M", "268435456", "1G", "3T"):
                self.assertEqual(run("flows", "--format", "ndjson", "--max-memory", size, capture), without)

    def test_what_is_no_size(self):
        with Folder() as folder:
            capture = folder.file("one.pcap", pcap(connection()))
            for size in ("", "1", "255M", "512m", "4GB", "1.5G", "-1G", "99999999999T", "G"):
                status, _, err = run("flows", "--max-memory", size, capture)
                self.assertEqual(status, 2, size)
                self.assertIn("is not a size from 256M to 1024T, as in 512M or 4G", err)
            self.assertEqual(run("flows", "--max-records", "10", capture)[0], 2)

    def test_a_batch_tells_and_keeps_them(self):
        with Folder() as folder:
            capture = folder.file("one.pcap", pcap(long_talk(100)))
            store, plan = folder.path("s.db"), folder.path("plan")
            status, _, err = run("batch", capture, "--out", store, "--max-records", "64")
            self.assertEqual(status, 0)
            self.assertIn("one.pcap: note: limits met: records 1", err)
            self.assertEqual(sqlite3.connect(store).execute("SELECT limits FROM units").fetchall(), [("records 1",)])
            self.assertIn("1 unchanged", run("batch", capture, "--out", store, "--max-records", "64")[2])
            self.assertIn("0 unchanged", run("batch", capture, "--out", store)[2])
            self.assertEqual(sqlite3.connect(store).execute("SELECT limits FROM units").fetchall(), [(None,)])
            self.assertEqual(run("batch", "plan", capture, "--plan", plan, "--shards", "1", "--max-records", "64")[0], 0)
            self.assertEqual(run("batch", "run", "--plan", plan, "--shard", "0")[0], 0)
            merged = folder.path("m.db")
            status, _, err = run("batch", "merge", "--plan", plan, "--out", merged)
            self.assertEqual(status, 0)
            self.assertIn("limits met: records 1", err)


if __name__ == "__main__":
    unittest.main()
