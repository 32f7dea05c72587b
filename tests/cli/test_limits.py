#!/usr/bin/env python3
"""A bound of a table that is met is told, in words and in JSON."""
import json
import unittest

from captures import Folder, connection, pcap, run


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
        self.assertEqual(data["captures"][0]["limits_met"], {"headers": 0, "encapsulations": 0, "incarnations": 7, "syns_held": 0})
        said = "7 connections ended early, as over 32 of one address and port pair were open"
        for text in (first_screen, whole):
            self.assertIn("Limits met", text)
            self.assertIn(said, " ".join(text.split()))

    def test_none_is_met(self):
        data, first_screen, whole = self.report(30)
        self.assertEqual(set(data["captures"][0]["limits_met"].values()), {0})
        self.assertNotIn("Limits met", first_screen + whole)


if __name__ == "__main__":
    unittest.main()
