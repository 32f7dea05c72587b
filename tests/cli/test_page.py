#!/usr/bin/env python3
"""The HTML pages' data: that it is whole, harmless and small, and that graphs are drawn from the packets' own numbers."""
import base64
import hashlib
import os
import re
import struct
import unittest

from captures import ACK, FIN, Folder, PSH, SYN, connection, pcap, refused, run, segment
from series import data_of, points_of

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../samples/kernel_mixed/case.pcap")
CLIENT, SERVER = ((10, 0, 0, 1), 50000), ((10, 0, 0, 2), 80)
SYN_OPTIONS = bytes((2, 4, 5, 180, 4, 2, 1, 3, 3, 2, 1, 1))  # MSS 1460, SACK, shift 2


def sack(*blocks):
    return bytes((1, 1, 5, 2 + 8 * len(blocks))) + b"".join(struct.pack("!II", *block) for block in blocks)


def opening(isn=1000, peer=5000):
    return [(0.0, segment(CLIENT, SERVER, SYN, isn, options=SYN_OPTIONS)),
            (0.01, segment(SERVER, CLIENT, SYN | ACK, peer, isn + 1, options=SYN_OPTIONS)),
            (0.02, segment(CLIENT, SERVER, ACK, isn + 1, peer + 1))]


def lossy(isn=0xFFFFFF00):
    """Numbers go round; the second of four segments is lost after the capture point and sent again on three SACKs."""
    frames, at = opening(isn), 0.1
    for i in range(4):
        frames.append((at + i * 0.001, segment(CLIENT, SERVER, ACK, isn + 1 + i * 1000, 5001, bytes(1000), ip_id=10 + i)))
    frames.append((at + 0.02, segment(SERVER, CLIENT, ACK, 5001, isn + 1001)))
    for i in (2, 3, 4):
        right = isn + 1 + min(4, i + 1) * 1000 & 0xFFFFFFFF
        frames.append((at + 0.02 + i * 0.001, segment(SERVER, CLIENT, ACK, 5001, isn + 1001, options=sack((isn + 2001 & 0xFFFFFFFF, right)), ip_id=20 + i)))
    frames.append((at + 0.04, segment(CLIENT, SERVER, ACK, isn + 1001, 5001, bytes(1000), ip_id=30)))
    frames.append((at + 0.06, segment(SERVER, CLIENT, ACK, 5001, isn + 4001, ip_id=31)))
    return frames


def long_transfer(segments):
    frames, seq = opening(), 1001
    for i in range(segments):
        at = 1 + i * 0.001
        frames.append((at, segment(CLIENT, SERVER, ACK, seq, 5001, bytes(100))))
        if i == segments // 2:
            frames.append((at + 0.0002, segment(CLIENT, SERVER, ACK, seq, 5001, bytes(100), ip_id=7)))
        seq += 100
        frames.append((at + 0.0005, segment(SERVER, CLIENT, ACK, 5001, seq)))
    return frames


class Page(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)

    def page(self, *arguments):
        status, out, err = run(*arguments, "--format", "html")
        self.assertEqual(status, 0, err)
        return out

    def detail(self, *arguments):
        data = data_of(self.page(*arguments))[1]
        self.assertEqual(len(data["details"]), 1)
        return next(iter(data["details"].values()))

    def test_one_file_with_its_own_policy(self):
        page = self.page("report", SAMPLE)
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
        for element in ("script", "style"):
            (text,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.S)
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.assertIn(f"{element}-src 'sha256-{digest}';", policy)
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotRegex(page.split('id="data"')[0], r"(src|href)=\"?(https?:)?//")

    def test_data_cannot_end_its_element(self):
        os.mkdir(self.folder.path("<"))
        path = self.folder.file("</script><script>alert(1)&\u2028\u2029.pcap", pcap(connection()))
        for arguments in (["report", path], ["history", "--flow", "0", path]):
            block, data = data_of(self.page(*arguments))
            self.assertNotRegex(block, "[<>&\u2028\u2029]")
            self.assertIn("script><script>alert(1)&", str(data))

    def test_report(self):
        data = data_of(self.page("report", SAMPLE))[1]
        self.assertEqual((data["schema"], data["kind"]), (1, "report"))
        flows, findings, timeline = data["flows"], data["findings"], data["timeline"]
        self.assertEqual(len(flows["number"]), data["report"]["connections"])
        self.assertEqual({len(column) for name, column in flows.items() if name in ("begun_us", "client", "close", "cause", "resent")},
                         {len(flows["number"])})
        told = sum(group["count"] for group in data["report"]["findings"])
        self.assertEqual(len(findings["kind"]) + findings["left_out"], told)
        packets = sum(flows["packets"])
        self.assertTrue(packets - 10 <= sum(timeline["packets"]) <= packets, "all but strays")
        incidents = {number for number in findings["incident"] if number >= 0}
        self.assertEqual(incidents, {incident["incident"] for incident in data["report"]["incidents"]})
        for incident in data["report"]["incidents"]:
            for flow in incident["sample_flows"]:
                self.assertIn(str(flow), data["details"])

    def test_a_part_of_a_host_finding_is_info(self):
        path = self.folder.file("scan.pcap", pcap([f for i in range(120) for f in refused(40000 + i, i * 0.01, 1 + i)]))
        data = data_of(self.page("report", path))[1]
        by_severity = data["report"]["findings"]
        for group in by_severity:
            told = [i for i, kind in enumerate(data["findings"]["kind"]) if data["findings"]["kinds"][kind]["id"] == group["id"]]
            graver = sum(data["findings"]["severity"][i] > 0 for i in told)
            self.assertEqual(graver, sum(n for severity, n in group["by_severity"].items() if severity != "info"), group["id"])

    def test_selection(self):
        path = self.folder.file("a.pcap", pcap(connection() + refused()))
        data = data_of(self.page("report", "--flow", "1", path))[1]
        self.assertEqual(data["flows"]["number"], [1])
        self.assertEqual(list(data["details"]), ["1"])

    def test_nothing_examined_is_told(self):
        data = data_of(self.page("report", self.folder.file("empty.pcap", pcap([]))))[1]
        self.assertIn("nothing was examined", data["nothing_examined"].lower())
        self.assertEqual(data_of(self.page("report", SAMPLE))[1]["nothing_examined"], "")

    def test_points_are_the_packets(self):
        isn = 0xFFFFFF00
        path = self.folder.file("lossy.pcap", pcap(lossy(isn)))
        points = points_of(self.detail("history", "--flow", "0", path))
        frames = sorted(lossy(isn), key=lambda f: f[0])
        self.assertEqual([p["frame"] for p in points], list(range(1, len(frames) + 1)))
        for point, (seconds, frame) in zip(points, frames):
            header = frame[34:]
            seq, ack, offset, flags, window = struct.unpack("!IIBBH", header[4:16])
            shift = 0 if flags & SYN else 2
            self.assertEqual((point["seq"], point["ack"], point["window"], point["flags"]),
                             (seq, ack if flags & ACK else None, window << shift, flags), point["frame"])
            self.assertEqual(point["payload"], len(header) - (offset >> 4) * 4)
            self.assertEqual(point["time_ns"], round(seconds * 1e9))
        self.assertEqual(points[8]["sack"], [(isn + 2001 & 0xFFFFFFFF, isn + 3001 & 0xFFFFFFFF)])
        again = [p for p in points if p["resent"]]
        self.assertEqual([(p["frame"], p["cause"]) for p in again], [(12, "fast")])
        self.assertEqual([p["in_flight"] for p in points[3:8]], [1000, 2000, 3000, 4000, 3000])
        self.assertEqual(points[7]["rtt_ns"], 20_000_000)
        self.assertEqual(points[12]["rtt_ns"], 0, "some of it was sent twice")

    def test_a_long_connection_is_thinned_but_for_what_stands_out(self):
        count = 3000
        path = self.folder.file("long.pcap", pcap(long_transfer(count)))
        detail = self.detail("report", path)
        points = points_of(detail)
        self.assertEqual(detail["series"]["segments"], 2 * count + 4)
        self.assertLessEqual(len(points), 800)
        self.assertGreater(len(points), 200)
        self.assertEqual((points[0]["frame"], points[-1]["frame"]), (1, 2 * count + 4))
        self.assertEqual(sum(p["resent"] for p in points), 1)
        gaps = [b["frame"] - a["frame"] for a, b in zip(points, points[1:])]
        self.assertLess(max(gaps), 200, "no stretch is told coarser than the others")
        whole = points_of(self.detail("history", "--flow", "0", path))
        self.assertEqual(len(whole), 2 * count + 4)

    def test_each_retransmission_has_its_cause(self):
        """Of many, too, where findings keep the first and the last 32 frames."""
        frames, seq = opening(), 1001
        for i in range(200):
            at = 1 + i
            for again in (0, 0.3):
                frames.append((at + again, segment(CLIENT, SERVER, ACK, seq, 5001, bytes(100), ip_id=2 * i + 1 + (again > 0))))
            seq += 100
            frames.append((at + 0.31, segment(SERVER, CLIENT, ACK, 5001, seq)))
        path = self.folder.file("again.pcap", pcap(frames))
        causes = [p["cause"] for p in points_of(self.detail("history", "--flow", "0", path)) if p["resent"]]
        self.assertEqual(len(causes), 200)
        self.assertNotIn("", causes)

    def test_many_connections_stay_small(self):
        def size(flows):
            path = self.folder.file(f"{flows}.pcap", pcap([f for i in range(flows) for f in refused(1024 + i, i * 0.001, 81)]))
            return len(self.page("report", path))
        few, many = size(2000), size(6000)
        self.assertLess((many - few) / 4000, 110, "octets a connection with a finding")

    def test_formats_that_cannot(self):
        path = self.folder.file("a.pcap", pcap(connection() + refused()))
        status, out, err = run("history", "--flow", "0-1", "--format", "html", path)
        self.assertEqual((status, out), (2, ""))
        self.assertIn("--format html draws one connection, not 2", err)


if __name__ == "__main__":
    unittest.main()
