#!/usr/bin/env python3
"""ICMP errors about TCP in the real tshark: their connection, the end they speak to, states, findings, and the segment they quote."""
import os
import subprocess
import tempfile
import unittest

from compare import compare_two_pass, packets
from wireshark import HOME, cli, tshark

TAP2PCAP = os.environ.get("TAP2PCAP", "tap2pcap")
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scripts")
REFUSED = "opening/refused_by_icmp"
IGNORED = "opening/icmp_does_not_end_the_attempt"
TOO_BIG = "transfer/smaller_path_mtu"


class Errors(unittest.TestCase):
    def capture(self, script):
        """A file of the script's name, or of the script itself if it has lines."""
        file = tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME)
        self.addCleanup(file.close)
        with tempfile.NamedTemporaryFile("w", suffix=".tap") as own:
            if "\n" in script:
                own.write(script)
                own.flush()
            subprocess.run([TAP2PCAP, own.name if "\n" in script else f"{SCRIPTS}/{script}.tap", file.name], check=True)
        os.chmod(file.name, 0o644)
        return file.name

    def frames(self, path, wanted, *passes):
        done = tshark(*passes, "-r", path, "-Y", wanted, "-T", "fields", "-e", "frame.number")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def test_all_that_is_said_of_them_the_command_line_says(self):
        for script, errors in ((REFUSED, 1), ("opening/refused_by_icmp_half_open", 1), (IGNORED, 3), (TOO_BIG, 1)):
            with self.subTest(script):
                result = compare_two_pass(self.capture(script))
                self.assertEqual(result.differences, [])
                self.assertEqual((result.errors, result.missing, result.extra), (errors, 0, 0))

    def test_an_error_that_ends_the_attempt(self):
        shown, _ = packets(self.capture(REFUSED), "-2")
        error = shown[2]
        self.assertEqual(error.change, ["client SYN-SENT > CLOSED"])
        self.assertEqual((error.one("client_state"), sorted(error.client_possible)), ("CLOSED", ["CLOSED", "SYN-SENT"]))
        self.assertEqual((error.icmp_endpoint, error.icmp_quoted, error.sender), (["client"], ["1"], []))
        self.assertIn("administratively prohibited (type 3 code 13) from 10.0.0.254", error.one("icmp"))
        self.assertEqual(error.finding, ["connection_refused"])

    def test_an_error_that_ends_nothing_leaves_the_state(self):
        path = self.capture(IGNORED)
        shown, _ = packets(path, "-2")
        self.assertEqual([shown[f].one("client_state") for f in (2, 4, 6)], ["SYN-SENT", "SYN-SENT", "CLOSED"])
        self.assertEqual([shown[f].one("icmp_quoted") for f in (2, 4, 6)], ["1", "3", "5"])
        # Nothing that came by then tells that the attempt went on.
        shown, _ = packets(path)
        self.assertEqual([shown[f].one("client_state") for f in (2, 4, 6)], ["CLOSED"] * 3)
        self.assertEqual({shown[f].one("provisional") for f in (2, 4, 6)}, {"1"})

    def test_one_pass_tells_what_the_capture_up_to_the_error_tells(self):
        for script in (REFUSED, IGNORED, TOO_BIG):
            path = self.capture(script)
            shown, _ = packets(path)
            for frame in (f for f, p in shown.items() if p.icmp):
                with self.subTest(f"{script} up to {frame}"), tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME) as cut:
                    subprocess.run(["editcap", "-r", path, cut.name, f"1-{frame}"], check=True, capture_output=True)
                    (history,) = cli("history", cut.name, "--flow", "0")
                    (error,) = [e for e in history["icmp"] if e["frame"] == frame]
                    for end in ("client", "server"):
                        self.assertEqual(shown[frame].one(end + "_state"), error["state"][end])

    def test_filters_find_them_with_their_connection(self):
        path = self.capture(TOO_BIG)
        (history,) = cli("history", path, "--flow", "0")
        everything = sorted(p["frame"] for p in history["segments"] + history["icmp"])
        for passes in ([], ["-2"]):
            self.assertEqual([int(f) for f in self.frames(path, "tcpautopsy.flow == 0", *passes)], everything)
            self.assertEqual(self.frames(path, "tcpautopsy.icmp.quoted == 4", *passes), ["5"])
            self.assertEqual(self.frames(path, 'icmp && tcpautopsy.client.state == "ESTABLISHED"', *passes), ["5"])

    def test_statistics_count_their_connection(self):
        path = self.capture(REFUSED)
        for passes in ([], ["-2"]):
            report = tshark(*passes, "-q", "-r", path, "-z", "tcpautopsy,report,icmp").stdout
            self.assertIn("Connections    1\n", report)
            table = tshark(*passes, "-q", "-r", path, "-z", "tcpautopsy_findings,stat,icmp").stdout
            self.assertRegex(table, r"(?m)^connection_refused +\|warning +\| +1 \| +1 \|")

    def test_of_very_many_each_still_has_its_connection(self):
        lines = ["+0 A > B S 0:0(0) <mss 1460>"] + ["+.01 icmp to A type 11 code 0 quotes 0"] * 20
        path = self.capture("\n".join(lines) + "\n")
        shown, _ = packets(path, "-2")
        self.assertEqual([shown[f].one("flow") for f in range(1, 22)], ["0"] * 21)
        self.assertEqual([shown[f].one("icmp_endpoint") for f in range(2, 22)], ["client"] * 20)
        self.assertEqual([bool(shown[f].icmp) for f in range(2, 22)], [True] * 20)

    def test_an_error_about_a_connection_that_was_not_captured_has_no_tree(self):
        path = self.capture(REFUSED)
        with tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME) as rest:
            subprocess.run(["editcap", "-r", path, rest.name, "2"], check=True, capture_output=True)
            os.chmod(rest.name, 0o644)
            for passes in ([], ["-2"]):
                self.assertEqual(self.frames(rest.name, "icmp", *passes), ["1"])
                self.assertEqual(self.frames(rest.name, "tcpautopsy", *passes), [])


if __name__ == "__main__":
    unittest.main()
