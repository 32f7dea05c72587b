#!/usr/bin/env python3
"""Real tshark with the plugin over the samples: what it shows of each packet is what the command line says."""
import collections
import functools
import glob
import os
import re
import struct
import subprocess
import tempfile
import unittest

from compare import compare_two_pass, packets
from wireshark import HOME, cli, tshark

SAMPLES = os.environ.get("SAMPLES", os.path.join(os.path.dirname(__file__), "../../samples"))
CAPTURES = sorted(glob.glob(SAMPLES + "/*/case.pcap"))
CUT_STATES = os.environ.get("CUT_STATES", "cut_states")
PREFIXES = 60  # of each capture


def sample(name):
    return f"{SAMPLES}/{name}/case.pcap"


def records(path):
    """The file's header and its records, each with its own header."""
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    found, at = [], 24
    while at < len(data):
        length = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        found.append(data[at:at + 16 + length])
        at += 16 + length
    return data[:24], found


two_passes = functools.cache(compare_two_pass)
one_pass = functools.cache(packets)


class TwoPasses(unittest.TestCase):
    def test_each_packet_as_the_command_line_has_it(self):
        self.assertTrue(CAPTURES)
        for path in CAPTURES:
            with self.subTest(path):
                result = two_passes(path)
                self.assertEqual(result.differences[:10], [])
                self.assertGreater(result.packets, 0)
                self.assertEqual((result.missing, result.extra), (0, 0))

    def test_nothing_is_provisional(self):
        shown = two_passes(sample("lost_final_ack")).shown
        self.assertEqual({p.one("provisional") for p in shown.values()}, {"0"})

    def test_a_finding_that_a_later_packet_proves_shows_on_the_earlier(self):
        done = tshark("-2", "-r", sample("lost_final_ack"), "-Y", 'tcpautopsy.finding == "lost_final_ack"', "-T", "fields",
                      "-e", "frame.number")
        self.assertEqual(done.stdout.split(), ["9", "10", "11", "12", "13"])

    def test_states_can_be_filtered_by_name(self):
        done = tshark("-2", "-r", sample("lost_final_ack"), "-Y", 'tcpautopsy.client.state == "TIME-WAIT"', "-T", "fields", "-e",
                      "frame.number")
        self.assertEqual(done.stdout.split(), ["8", "9", "10", "11", "12", "13"])

    def frames(self, name, wanted):
        done = tshark("-2", "-r", sample(name), "-Y", wanted, "-T", "fields", "-e", "frame.number")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def test_states_of_either_end_and_severities_compare(self):
        shown = two_passes(sample(name := "kernel_mixed")).shown
        either = [str(f) for f, p in sorted(shown.items()) if "TIME-WAIT" in p.client_state + p.server_state]
        self.assertTrue(either)
        self.assertEqual(self.frames(name, 'tcpautopsy.state == "TIME-WAIT" && tcpautopsy.state == 10'), either)
        grave = [str(f) for f, p in sorted(shown.items()) if {"warning", "error"} & set(p.finding_severity)]
        self.assertTrue(grave)
        self.assertEqual(self.frames(name, 'tcpautopsy.severity >= "warning"'), grave)
        typo = tshark("-r", sample(name), "-Y", 'tcpautopsy.severity == "warnings"')
        self.assertNotEqual(typo.returncode, 0)
        self.assertIn("warnings", typo.stderr)

    def test_incidents_are_those_of_the_command_line(self):
        expected = set()
        for finding in cli("findings", sample("kernel_mixed")):
            if finding["incident"] is not None and finding["frames"]:
                expected.add((finding["id"], str(finding["incident"])))
        self.assertTrue(expected)
        done = tshark("-2", "-r", sample("kernel_mixed"), "-T", "pdml", "-Y", "tcpautopsy.incident")
        shown, finding = set(), None
        for name, value in re.findall(r'name="tcpautopsy\.(finding|incident)" .*?show="([^"]*)"', done.stdout):
            if name == "finding":
                finding = value
            else:
                shown.add((finding, value))
        self.assertEqual(shown, expected)

    def test_each_finding_has_a_group_of_expert_information(self):
        listed = self.frames("refused", "tcpautopsy.expert.connection_refused.warning")
        first = [f["frames"][0] for f in cli("findings", sample("refused")) if f["id"] == "connection_refused"]
        self.assertEqual(listed, [str(f["frame"] if isinstance(f, dict) else f) for f in first])


class OnePass(unittest.TestCase):
    def test_each_packet_as_the_analysis_has_the_capture_up_to_it(self):
        for path in CAPTURES:
            shown, _ = one_pass(path)
            step = max(1, len(shown) // PREFIXES)
            done = subprocess.run([CUT_STATES, path, str(step)], check=True, capture_output=True, text=True)
            expected = {int(line.split()[0]): line.split() for line in done.stdout.splitlines()}
            self.assertEqual(sorted(expected), sorted(f for f in shown if f % step == 1 % step))
            for frame, said in expected.items():
                with self.subTest(f"{path} up to {frame}"):
                    self.check(shown[frame], said)

    def check(self, packet, said):
        end = packet.one("sender") or packet.one("icmp_endpoint")
        self.assertEqual([packet.one("flow"), end, packet.one("client_state"), packet.one("server_state")], said[1:])
        self.assertEqual(packet.one("provisional"), "1")

    def test_the_command_line_says_the_same_of_the_cut_capture(self):
        for path in CAPTURES:
            header, all_records = records(path)
            shown, _ = one_pass(path)
            frame = sorted(shown)[len(shown) // 2]
            with self.subTest(f"{path} up to {frame}"), tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME) as cut:
                cut.write(header + b"".join(all_records[:frame]))
                cut.flush()
                histories = cli("history", cut.name, "--flow", shown[frame].one("flow"))
                (part,) = [p for h in histories for p in h["segments"] + h["icmp"] if p["frame"] == frame]
                self.check(shown[frame], [frame, str(histories[0]["flow"]["flow"]), part["endpoint"], part["state"]["client"], part["state"]["server"]])


def printed(*arguments):
    done = tshark("-q", *arguments)
    return done.stdout


@functools.cache
def statistics(path, *passes):
    """All of one run, by name."""
    wanted = {"table": "tcpautopsy_findings,stat", "findings": "tcpautopsy_findings,tree", "report": "tcpautopsy,report",
              "some": "tcpautopsy,report,tcp.port==8080", "states": "tcpautopsy_states,tree", "expert": "expert"}
    text = printed(*passes, "-r", path, *[o for name in wanted.values() for o in ("-z", name)])
    parts = {}
    for part in re.split(r"(?m)^(?:=+\n(?=TCP Autopsy)|(?=Capture  )|(?=Finding  )|(?=(?:Errors|Warns|Notes|Chats) \())", text):
        heads = {"TCP Autopsy/States": "states", "TCP Autopsy/Findings": "findings", "Finding ": "table", "Errors (": "expert", "Warns (": "expert",
                 "Notes (": "expert", "Chats (": "expert"}
        name = next((n for head, n in heads.items() if part.startswith(head)), "")
        if part.startswith("Capture"):
            name = "report" if "some" in parts else "some"  # the last that was asked for is drawn first
        parts[name] = parts.get(name, "") + part
    return parts


class Statistics(unittest.TestCase):
    PATH = sample("kernel_mixed")

    def each(self, name):
        for passes in ([], ["-2"]):
            with self.subTest(passes):
                yield statistics(self.PATH, *passes)[name]

    def expected_findings(self):
        counts = {}
        for finding in cli("findings", self.PATH):
            counts[finding["id"]] = counts.get(finding["id"], 0) + 1
        return counts

    def test_findings_are_those_of_the_command_line(self):
        for table in self.each("table"):
            counts = {i: int(n) for i, n in re.findall(r"^(\w+) +\|\w+ +\| *(\d+) \|", table, re.M)}
            self.assertEqual(counts, self.expected_findings())

    def test_the_tree_of_findings_counts_them_by_severity(self):
        expected = collections.Counter((f["severity"], f["id"]) for f in cli("findings", self.PATH))
        for tree in self.each("findings"):
            counts, severity = {}, None
            for depth, item, count in re.findall(r"^( +)(\w+) +(\d+) ", tree, re.M):
                if len(depth) == 1:
                    severity = item
                else:
                    counts[severity, item] = int(count)
            self.assertEqual(counts, dict(expected))

    def test_the_table_tells_the_gravest_severity_of_each(self):
        expected = {}
        for finding in cli("findings", self.PATH):
            grades = ["info", "note", "warning", "error"]
            expected[finding["id"]] = max(expected.get(finding["id"], "info"), finding["severity"], key=grades.index)
        table = statistics(self.PATH)["table"]
        self.assertEqual(dict(re.findall(r"^(\w+) +\|(\w+) +\| *\d+ \|", table, re.M)), expected)

    def test_report_names_each_finding(self):
        for report in self.each("report"):
            counts = {i: int(n) for i, n in re.findall(r"^  (?:error|warning|note|info) +(\w+) +(\d+)  ", report, re.M)}
            self.assertEqual(counts, self.expected_findings())

    def test_report_of_some_connections(self):
        flows = [f for f in cli("flows", self.PATH) if 8080 in (f["client"]["port"], f["server"]["port"])]
        for report in self.each("some"):
            self.assertIn(f"Connections    {len(flows)}\n", report)

    def test_states_count_every_endpoint(self):
        finals = {}
        for flow in cli("flows", self.PATH):
            for state in flow["final"].values():
                finals[state] = finals.get(state, 0) + 1
        for tree in self.each("states"):
            ends = tree.split("Endpoints by state")[1].split("\nChanges")[0]
            self.assertEqual({s: int(n) for s, n in re.findall(r"^ ([A-Z0-9-]+) +(\d+) ", ends, re.M)}, finals)

    def test_expert_information_lists_the_findings(self):
        expert = statistics(self.PATH, "-2")["expert"]
        listed = collections.Counter(re.findall(r"^ +\d+ +Sequence +TCP Autopsy  (\w+): ", expert, re.M))
        self.assertEqual(set(listed), set(self.expected_findings()))


class Preferences(unittest.TestCase):
    def test_switched_off_nothing_is_shown(self):
        done = tshark("-o", "tcpautopsy.enabled:FALSE", "-2", "-r", sample("lost_final_ack"), "-Y", "tcpautopsy")
        self.assertEqual((done.stdout, done.returncode), ("", 0))

    def test_states_in_the_info_column(self):
        done = tshark("-o", "tcpautopsy.info_column:TRUE", "-2", "-r", sample("lost_final_ack"), "-Y", "frame.number == 8")
        self.assertIn("[client TIME-WAIT, server LAST-ACK]", done.stdout)

    def test_thresholds_decide_what_is_found(self):
        path, threshold = sample("refused"), "service_refusing.min_attempts=1"
        expected = {f["id"] for f in cli("findings", path, "--set", threshold)}
        self.assertIn("service_refusing", expected)
        table = printed("-o", f"tcpautopsy.thresholds: {threshold},", "-r", path, "-z", "tcpautopsy_findings,stat")
        self.assertEqual(set(re.findall(r"^(\w+) +\|\w+ +\| *\d+ \|", table, re.M)), expected)

    def test_a_threshold_that_is_none_is_told(self):
        done = tshark("-o", "tcpautopsy.thresholds:lost_final_ack.nothing=1", "-r", sample("refused"))
        self.assertIn("lost_final_ack.nothing=1", done.stderr)
        self.assertEqual(done.returncode, 0)

    def test_what_is_part_of_a_host_finding_says_so(self):
        shown = tshark("-2", "-o", "tcpautopsy.thresholds:service_refusing.min_attempts=1", "-r", sample("refused"), "-T", "fields", "-e",
                       "tcpautopsy.finding.part_of", "-Y", 'tcpautopsy.finding == "connection_refused"')
        self.assertEqual(set(shown.stdout.split()), {"service_refusing"})

    def test_the_profile_decides_how_long_states_last(self):
        path = sample("kernel_closing")
        for profile in ("linux", "rfc9293"):
            expected = [f["final"] for f in cli("flows", path, "--profile", profile)]
            shown, _ = packets(path, "-2", "-o", "tcpautopsy.profile:" + profile)
            finals = {int(p.one("flow")): {"client": p.one("client_final"), "server": p.one("server_final")} for p in shown.values()}
            self.assertEqual([finals[i] for i in range(len(expected))], expected)


if __name__ == "__main__":
    unittest.main()
