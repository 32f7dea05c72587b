#!/usr/bin/env python3
"""What is told of a connection does not change with what has nothing to do with it: a VLAN tag, the year, a connection of
the same addresses that was over minutes before, another host's connection at the same time.

Of the scripts every third is tried; with TCPAUTOPSY_ALL_SCRIPTS=1 all are.
"""
import glob
import os
import struct
import subprocess
import unittest

from captures import Folder, connection, ndjson, pcap

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scripts")
ETHERNET = 1
YEARS = 3 * 365 * 86400 * 10**9
MINUTES = 400 * 10**9


def read(path):
    """Its packets, as (nanoseconds, frame); nothing if they are no Ethernet frames."""
    with open(path, "rb") as file:
        data = file.read()
    unit = 1 if data[:4] == b"\x4d\x3c\xb2\xa1" else 1000
    if struct.unpack_from("<I", data, 20)[0] != ETHERNET:
        return []
    at, packets = 24, []
    while at < len(data):
        seconds, part, kept, _ = struct.unpack_from("<IIII", data, at)
        packets.append((seconds * 10**9 + part * unit, data[at + 16:at + 16 + kept]))
        at += 16 + kept
    return packets


def tagged(frame):
    return frame[:12] + b"\x81\x00\x00\x05" + frame[12:]


def written(packets):
    out = pcap([])
    for ns, frame in packets:
        out += struct.pack("<IIII", ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame
    return out


def made(start, **ends):
    return [(start + round(seconds * 1e9), frame) for seconds, frame in connection(**ends)]


class Relations(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)

    def told(self, packets, begin, shift=0):
        path = self.folder.file("related.pcap", written(packets))
        flows = ndjson("flows", path)
        return [([(change["endpoint"], change["from"], change["to"], change["basis"], change["cause"], change["time_ns"] - shift)
                  for change in flow["history"]], flow["final"], flow["final_possible"], flow["close"], flow["findings"])
                for flow in flows if flow["first_ns"] >= begin and flow["client"]["ip"] != "10.9.9.9"]

    def test_what_is_unrelated_changes_nothing(self):
        scripts = sorted(glob.glob(os.path.join(SCRIPTS, "**", "*.tap"), recursive=True))
        tried = 0
        for script in scripts if os.environ.get("TCPAUTOPSY_ALL_SCRIPTS") else scripts[::3]:
            path = self.folder.path("script.pcap")
            subprocess.run([os.environ["TAP2PCAP"], script, path], check=True)
            packets = read(path)
            if not packets:
                continue
            begin = packets[0][0]
            expected = self.told(packets, 0)
            with self.subTest(script=os.path.basename(script), related="tagged, three years later"):
                self.assertEqual(self.told([(ns + YEARS, tagged(frame)) for ns, frame in packets], 0, YEARS), expected)
            before = made(begin - MINUTES, client=((10, 0, 0, 1), 40000), isn=0x51234567, peer=0x9ABCDEF0)
            beside = made(begin + 1000, client=((10, 9, 9, 9), 50123), isn=0x6789ABCD, peer=0xD0000001)
            if all(a[0] <= b[0] for a, b in zip(packets, packets[1:])):
                with self.subTest(script=os.path.basename(script), related="connections before and beside"):
                    self.assertEqual(self.told(before + sorted(packets + beside, key=lambda p: p[0]), begin - 10**9), expected)
            tried += 1
        self.assertGreater(tried, 50)


if __name__ == "__main__":
    unittest.main()
