#!/usr/bin/env python3
"""Numbers to plot, in the real tshark: round trips, octets in flight and windows are those of the command line's graphs."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

from test_samples import sample
from wireshark import HOME, TCPAUTOPSY, rows, tshark

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
from series import data_of, points_of  # noqa: E402

TAP2PCAP = os.environ.get("TAP2PCAP", "tap2pcap")
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scripts")
RST = 4
NUMBERS = [f"tcpautopsy.{end}.{what}" for end in ("client", "server") for what in ("rtt", "in_flight", "window")]


def expected(path):
    """By frame, the fields that it has: of the connections that the report draws, which are all of a small capture."""
    with tempfile.NamedTemporaryFile(suffix=".html") as page:
        done = subprocess.run([TCPAUTOPSY, "report", "--format", "html", "--quiet", "-o", page.name, path], check=False)
        assert done.returncode in (0, 1), done.returncode
        with open(page.name, encoding="utf-8") as file:
            details = data_of(file.read())[1]["details"]
    frames = {}
    for point in (p for detail in details.values() for p in points_of(detail)):
        sender, receiver = ("server", "client") if point["server"] else ("client", "server")
        fields = {f"tcpautopsy.{sender if point['payload'] else receiver}.in_flight": point["in_flight"]}
        if point["window_known"] and not point["flags"] & RST:
            fields[f"tcpautopsy.{sender}.window"] = point["window"]
        if point["rtt_ns"]:
            fields[f"tcpautopsy.{sender}.rtt"] = point["rtt_ns"]
        frames[point["frame"]] = fields
    return frames


def shown(path, *passes):
    """The same as tshark shows it; a round trip of 0 is none to the graphs."""
    frames = {}
    for cells in rows(path, ["frame.number", *NUMBERS], *passes, "-Y", "tcpautopsy"):
        values = {}
        for name, cell in zip(NUMBERS, cells[1:]):
            if cell and name.endswith("rtt"):
                seconds, nanoseconds = cell[0].split(".")
                cell = [int(seconds) * 10**9 + int(nanoseconds)]
            if cell and (int(cell[0]) or not name.endswith("rtt")):
                values[name] = int(cell[0])
        frames[int(cells[0][0])] = values
    return frames


class Numbers(unittest.TestCase):
    def test_each_packet_has_those_of_the_graphs(self):
        for name in ("kernel_mixed", "kernel_closing", "lost_final_ack", "refused"):
            with self.subTest(name):
                path = sample(name)
                wanted = expected(path)
                self.assertTrue(wanted)
                for passes in ([], ["-2"]):
                    found = shown(path, *passes)
                    self.assertEqual({f: found[f] for f in wanted}, wanted)

    def test_retransmissions_end_no_round_trip_and_windows_are_scaled(self):
        for script in ("transfer/eifel", "transfer/window_probe", "transfer/mirror_duplicates", "transfer/middle_of_a_stream"):
            with self.subTest(script), tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME) as file:
                subprocess.run([TAP2PCAP, f"{SCRIPTS}/{script}.tap", file.name], check=True)
                os.chmod(file.name, 0o644)
                wanted = expected(file.name)
                # A copy is no segment of its own, and has no numbers.
                self.assertEqual({f: n for f, n in shown(file.name, "-2").items() if n}, wanted)

    def test_they_can_be_plotted(self):
        path = sample("kernel_mixed")
        packets = shown(path, "-2").values()
        most = {name: max(p[name] for p in packets if name in p) for name in NUMBERS}
        for passes in ([], ["-2"]):
            printed = tshark(*passes, "-q", "-r", path, "-z", ",".join(["io,stat,0", *(f"MAX({name}){name}" for name in NUMBERS)])).stdout
            (line,) = re.findall(r"^\| *[\d.]+ <> [\d.]+ *\|(.*)\|", printed, re.M)
            for name, value in zip(NUMBERS, line.split("|")):
                # tshark prints round trips to the microsecond.
                self.assertEqual(float(value), round(most[name] / 1e9, 6) if name.endswith("rtt") else most[name], name)


if __name__ == "__main__":
    unittest.main()
