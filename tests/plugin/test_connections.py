#!/usr/bin/env python3
"""The table of connections: a row for each connection, with what the command line says of it; counted by filter, in one pass and in two."""
import re
import unittest

from test_samples import CAPTURES, sample
from wireshark import cli, tshark

STATISTIC = "tcpautopsy_connections,stat"


def table(path, *arguments, statistic=STATISTIC):
    """The rows by the connection's number: the cells behind it."""
    done = tshark("-r", path, "-q", "-z", statistic, *arguments)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    found = {}
    for line in done.stdout.splitlines():
        if re.match(r" *\d+ *\|", line):
            cells = line.replace("|", " ").split()
            found[int(cells[0])] = cells[1:]
    return found


def address(end):
    return f"[{end['ip']}]:{end['port']}" if ":" in end["ip"] else f"{end['ip']}:{end['port']}"


class Connections(unittest.TestCase):
    def test_rows_are_the_connections(self):
        self.assertGreater(len(CAPTURES), 8)
        for path in CAPTURES:
            flows = {flow["flow"]: flow for flow in cli("flows", path)}
            incidents = {}
            for finding in cli("findings", path):
                if finding["incident"] is not None and finding["flow"] is not None:
                    incidents[finding["flow"]] = min(finding["incident"], incidents.get(finding["flow"], finding["incident"]))
            for more in ([], ["-2"]):
                rows = table(path, *more)
                with self.subTest(path, more=more):
                    self.assertEqual(set(rows), set(flows))
                    for number, cells in rows.items():
                        flow = flows[number]
                        client, server, first, packets, client_state, server_state, close = cells[:7]
                        self.assertEqual((client.rstrip("?"), server), (address(flow["client"]), address(flow["server"])))
                        self.assertEqual(client.endswith("?"), flow["client_guessed"])
                        self.assertEqual(int(first), flow["first_frame"])
                        self.assertGreaterEqual(int(packets), sum(flow["packets"].values()))
                        self.assertEqual((client_state, server_state), (flow["final"]["client"], flow["final"]["server"]))
                        self.assertEqual(close, flow["close"])
                        self.assertEqual(cells[7] == "-", not flow["findings"])
                        if flow["findings"]:
                            self.assertIn(cells[7], ("error:", "warning:", "note:", "info:"))
                            self.assertIn(cells[8], flow["findings"])
                            self.assertEqual(cells[9], str(incidents.get(number, "-")))

    def test_packets_that_pass_the_filter(self):
        path = sample("kernel_mixed")
        whole, data = table(path), table(path, statistic=STATISTIC + ",tcp.len>0")
        self.assertLess(len(data), len(whole))
        for number, cells in data.items():
            self.assertLess(int(cells[3]), int(whole[number][3]))


if __name__ == "__main__":
    unittest.main()
