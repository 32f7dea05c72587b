#!/usr/bin/env python3
"""Laws of incidents over all samples, and the report's first screen at every width. CAPTURES, files with ":" between them, adds to the
samples that must keep the laws."""
import collections
import glob
import json
import os
import unittest

from captures import Folder, RST, SYN, checksum, connection, ndjson, pcap, refused, run, segment

SAMPLES = sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../samples/*/case.pcap")))
MORE = [path for path in os.environ.get("CAPTURES", "").split(":") if path]
INCIDENT = {"incident", "severity", "certainty", "cause", "verdict", "where", "service", "host", "first_ns", "last_ns", "flows",
            "sample_flows", "findings", "impact", "remedy", "see"}
RANK = {"info": 0, "note": 1, "warning": 2, "error": 3}


def gravity(incident):
    impact = incident["impact"]
    return (RANK[incident["severity"]], impact["connections_failed"], impact["connections_reset"], impact["time_lost_ns"])


def unanswered_udp():
    return [(i * 0.1, bytes(12) + b"\x08\x00" + bytes.fromhex("45000021000100004011668a0a0000010a000002003500350009000041")[:33]) for i in range(9)]


class Incidents(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)

    def law(self, *arguments):
        """Each finding above info is in exactly one incident, which counts it."""
        status, out, _ = run("report", "--format", "json", *arguments)
        if status == 2 and arguments[0] in MORE:
            return []  # nothing could be read
        told = json.loads(out)["incidents"]
        by_number = {incident["incident"]: incident for incident in told}
        self.assertEqual(len(by_number), len(told))
        self.assertEqual([gravity(i) for i in told], sorted((gravity(i) for i in told), reverse=True))
        counted, worst = collections.defaultdict(collections.Counter), collections.Counter()
        for finding in ndjson("findings", *arguments):
            number = finding["incident"]
            if finding["severity"] != "info":
                self.assertIsNotNone(number, finding)
            if number is None:
                continue
            self.assertIn(number, by_number)
            counted[number][finding["id"]] += 1
            worst[number] = max(worst[number], RANK[finding["severity"]])
        for number, incident in by_number.items():
            self.assertLessEqual(INCIDENT, set(incident))
            self.assertEqual(incident["findings"], dict(counted[number]), incident)
            self.assertEqual(RANK[incident["severity"]], worst[number], incident)
            self.assertIn(incident["cause"], incident["findings"])
            self.assertLessEqual(len(incident["sample_flows"]), 20)
            self.assertTrue(incident["verdict"].endswith("."))
        return told

    def test_samples(self):
        self.assertGreater(len(SAMPLES), 8)
        for path in SAMPLES + MORE:
            with self.subTest(path):
                self.law(path)
        self.law(*SAMPLES)

    def test_commands_are_whole_on_the_first_screen(self):
        for path in SAMPLES + MORE:
            for width in ("60", "72", "80", "100"):
                for line in run("report", "--width", width, path)[1].splitlines():
                    if "history" in line:
                        self.assertRegex(line, r"(^| )history --flow \d+$", (path, width))

    def test_one_cause_at_one_service(self):
        path = self.folder.file("refused.pcap", pcap([p for n in range(500) for p in refused(port=50001 + n, start=n)]))
        incident, = self.law(path)
        self.assertEqual((incident["cause"], incident["where"]), ("service_refusing", "server_application"))
        self.assertEqual(incident["findings"], {"connection_refused": 500, "service_refusing": 1})
        self.assertEqual((incident["flows"], incident["impact"]["connections_failed"]), (500, 500))
        self.assertEqual(incident["service"], {"ip": "10.0.0.2", "port": 81})

    def test_numbers_do_not_depend_on_the_selection(self):
        whole = {i["incident"]: i for path in SAMPLES for i in self.law(path) if "kernel_mixed" in path}
        path, = (p for p in SAMPLES if "kernel_mixed" in p)
        for number, incident in whole.items():
            flow = incident["sample_flows"][0]
            some = json.loads(run("report", "--format", "json", "--flow", str(flow), path)[1])["incidents"]
            self.assertIn(number, [i["incident"] for i in some])
            for one in some:
                self.assertEqual(one, whole[one["incident"]])

    def test_unordered_lines_know_no_incident(self):
        path = self.folder.file("refused.pcap", pcap(refused()))
        self.assertEqual([f["incident"] for f in ndjson("findings", "--unordered", path)], [None])

    def test_first_screen(self):
        for path in SAMPLES:
            for width in (60, 72, 80, 100, 140, 200):
                out = run("report", "--width", str(width), path)[1]
                lines = out.splitlines()
                with self.subTest(path, width=width):
                    self.assertNotIn("...", out)
                    self.assertLessEqual(max(map(len, lines)), width)
                    if width >= 80:
                        self.assertLessEqual(len(lines), 24)
                    self.assertIn("report --all", out)

    def test_reasons_where_there_is_room(self):
        server, client = ((10, 0, 0, 2), 80), ((10, 0, 0, 1), 50000)
        frames = connection()[:6]
        own = segment(server, client, RST, 500_007)
        for ttl, ended in ((64, "1 reset by the server"), (47, "1 reset in the server's name")):
            header = own[14:22] + bytes((ttl,)) + own[23:24] + bytes(2) + own[26:34]
            reset = own[:14] + header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + own[34:]
            path = self.folder.file(f"reset{ttl}.pcap", pcap(frames + [(0.06, reset)]))
            incident, = self.law(path)
            finding, = (f for f in ndjson("findings", path) if f["id"] == incident["cause"])
            text = " ".join(run("report", "--width", "80", path)[1].split())
            with self.subTest(ttl):
                self.assertIn(f"Ended {ended}", text)
                self.assertIn(f"#0 {incident['severity']}", text)
                self.assertIn(f"Why #0 {finding['summary']} ({finding['certainty']}; client 10.0.0.1)", text)
                self.assertIn(f"To do {incident['remedy']}", text)
        mixed, = (path for path in SAMPLES if "kernel_mixed" in path)
        self.assertNotIn("Why #", run("report", "--width", "80", mixed)[1])

    def test_all_of_it_keeps_to_the_width(self):
        for path in SAMPLES:
            for width in (80, 100, 140, 200):
                out = run("report", "--all", "--width", str(width), os.path.basename(path), cwd=os.path.dirname(path))[1]
                lines = [line for line in out.splitlines() if "  wireshark  " not in line]
                with self.subTest(path, width=width):
                    self.assertEqual([line for line in lines if "..." in line], [])
                    self.assertLessEqual(max(map(len, lines)), width)

    def test_a_long_path_stays_whole(self):
        folder = self.folder.path("a" * 70)
        os.mkdir(folder)
        path = self.folder.file("a" * 70 + "/good.pcap", pcap(connection()))
        lines = run("report", "--all", "--width", "80", path)[1].splitlines()
        self.assertEqual([line for line in lines if len(line) > 80], [line for line in lines if path in line])
        self.assertEqual(len([line for line in lines if path in line]), 1)

    def test_nothing_examined(self):
        udp = self.folder.file("udp.pcap", pcap(unanswered_udp()))
        self.assertIn("Nothing was examined: 9 packets, none of them TCP.", run(udp)[1])
        self.assertIn("Nothing was examined: 9 packets, none of them TCP.", run("report", "--all", udp)[1])
        good = self.folder.file("good.pcap", pcap(connection()))
        self.assertIn("Nothing was examined: the capture's only connection is not in the selection.",
                      run("report", "--port", "81", good)[1])
        self.assertIn("none passes the filter", run("report", "-f", "udp", good)[1])
        self.assertIn("no packet in the capture", run(self.folder.file("none.pcap", pcap([])))[1])
        self.assertIn("No error, warning or note.", run(good)[1])

    def test_a_service_with_an_error_is_in_trouble(self):
        path = self.folder.file("refused.pcap", pcap([p for n in range(12) for p in refused(port=50001 + n, start=n)]))
        report = json.loads(run("report", "--format", "json", path)[1])
        self.assertEqual([(s["port"], s["errors"]) for s in report["services_in_trouble"]], [(81, 1)])


if __name__ == "__main__":
    unittest.main()
