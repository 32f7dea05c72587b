#!/usr/bin/env python3
"""Cases that Wireshark's own analysis of TCP gets wrong: what the plugin shows of the same packets in the same tshark."""
import os
import subprocess
import tempfile
import unittest

from wireshark import HOME, cli, rows

TAP2PCAP = os.environ.get("TAP2PCAP", "tap2pcap")
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scripts")
FIELDS = ["frame.number", "tcpautopsy.finding", "tcpautopsy.client.state", "tcpautopsy.server.state", "tcpautopsy.change",
          "tcp.analysis.retransmission", "tcp.analysis.out_of_order", "tcp.analysis.keep_alive", "tcp.analysis.ack_lost_segment",
          "tcp.analysis.spurious_retransmission"]
RESENDS = {"retransmission_timeout", "fast_retransmission", "tail_loss_probe", "spurious_retransmission", "fin_retransmitted"}


class Case(unittest.TestCase):
    def play(self, script):
        """Frames by number: what is shown of each; and the command line's counts of the one connection."""
        with tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME) as file:
            subprocess.run([TAP2PCAP, f"{SCRIPTS}/{script}.tap", file.name], check=True)
            os.chmod(file.name, 0o644)
            shown = {int(cells[0][0]): dict(zip(FIELDS, cells)) for cells in rows(file.name, FIELDS, "-2")}
            counts = cli("flows", file.name)[0]["counts"]
        return shown, counts

    def findings(self, shown):
        return {f for packet in shown.values() for f in packet["tcpautopsy.finding"]}

    def wireshark_says(self, shown, frame, what):
        if not shown[frame]["tcp.analysis." + what]:
            print(f"Wireshark no longer says {what} here: {self.id()}")

    def test_a_retransmission_before_a_round_trip_is_over_is_no_reordering(self):
        shown, counts = self.play("transfer/fast_within_round_trip")
        self.wireshark_says(shown, 8, "out_of_order")
        self.assertEqual(shown[8]["tcpautopsy.finding"], ["fast_retransmission"])
        self.assertNotIn("out_of_order", self.findings(shown))
        self.assertEqual((counts["client"]["retransmissions"], counts["client"]["out_of_order"]), (1, 0))

    def test_packets_of_a_mirror_port_are_no_retransmissions(self):
        shown, counts = self.play("transfer/mirror_duplicates")
        self.wireshark_says(shown, 8, "retransmission")
        self.assertEqual(self.findings(shown) & RESENDS, set())
        self.assertEqual([counts[e][c] for e in ("client", "server") for c in ("retransmissions", "duplicate_acks")], [0] * 4)
        changes = [c for packet in shown.values() for c in packet["tcpautopsy.change"]]
        self.assertEqual(len(changes), len(set(changes)))

    def test_a_probe_of_a_closed_window_is_no_keep_alive(self):
        shown, counts = self.play("transfer/window_probe")
        self.wireshark_says(shown, 6, "keep_alive")
        self.assertEqual(self.findings(shown), {"zero_window"})
        self.assertEqual((counts["client"]["window_probes"], counts["client"]["keepalives"]), (2, 0))

    def test_one_octet_sent_again_is_a_retransmission(self):
        shown, counts = self.play("transfer/one_octet_again")
        self.wireshark_says(shown, 5, "keep_alive")
        self.assertEqual([shown[f]["tcpautopsy.finding"] for f in (5, 6)], [["retransmission_timeout"]] * 2)
        self.assertEqual((counts["client"]["retransmissions"], counts["client"]["keepalives"]), (2, 0))

    def test_data_captured_after_its_ack_is_no_spurious_retransmission(self):
        shown, counts = self.play("transfer/middle_of_a_stream")
        self.wireshark_says(shown, 2, "spurious_retransmission")
        self.assertEqual(self.findings(shown), set())
        self.assertEqual(counts["client"]["retransmissions"], 0)

    def test_a_reset_out_of_the_window_ends_nothing(self):
        shown, _ = self.play("reset/rst_out_of_window")
        self.wireshark_says(shown, 8, "retransmission")
        self.assertEqual([shown[f][f"tcpautopsy.{e}.state"] for f in range(7, 11) for e in ("client", "server")], [["ESTABLISHED"]] * 8)
        self.assertEqual(shown[7]["tcpautopsy.finding"], ["rst_injected"])
        self.assertEqual(self.findings(shown) & (RESENDS | {"rst_abort"}), set())


if __name__ == "__main__":
    unittest.main()
