#!/usr/bin/env python3
"""Shapes of the output: the contract's fields and order, formats, selection, colour, width, times, several files."""
import csv
import io
import json
import os
import re
import unittest
from xml.etree import ElementTree

from captures import (ACK, START, SYN, Folder, connection, ndjson, pcap, pcapng, refused, run, run_on_terminal, segment)

FLOW = {"schema", "flow", "file", "client", "server", "client_guessed", "incarnation", "vlan", "tunnel", "community_id",
        "first_time", "first_ns", "last_ns", "first_frame", "last_frame", "last_file", "ended_early", "packets", "duplicates",
        "payload_bytes", "wire_bytes", "handshake", "close", "closed_first", "zeek_conn_state", "zeek_history", "completeness", "history",
        "final", "final_possible", "counts", "rtt_ns", "options", "where_time_went_ns",
        "turns", "findings"}
HISTORY = {"time_ns", "at_ns", "frame", "endpoint", "from", "to", "basis", "proved_by", "cause", "rfc"}
COUNTS = {"retransmissions", "fast_retransmissions", "rto_retransmissions", "tail_loss_probes", "spurious_retransmissions",
          "out_of_order", "duplicate_acks", "keepalives", "zero_windows", "window_probes", "missing_bytes", "bad_checksums"}
FINDING = {"schema", "id", "severity", "scope", "flow", "host", "port", "endpoint", "time", "time_ns", "end_ns", "count",
           "frames", "frames_total", "certainty", "summary", "evidence", "filter", "incident"}


def mixed():
    """Flow 0 is over only after flows 1 and 2, so that flows end in another order than they begin."""
    late = connection(client=((10, 0, 0, 9), 40000), start=0.0)
    late[-3:] = [(seconds + 200, frame) for seconds, frame in late[-3:]]
    return late + refused(start=1.0) + connection(start=2.0)


class Output(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.file("mixed.pcap", pcap(mixed()))

    def test_flow_fields(self):
        for flow in ndjson("flows", self.path):
            self.assertLessEqual(FLOW, set(flow))
            self.assertEqual(flow["schema"], 1)
            for change in flow["history"]:
                self.assertLessEqual(HISTORY, set(change))
            for end in ("client", "server"):
                self.assertEqual(COUNTS, set(flow["counts"][end]))
                self.assertEqual({"handshake", "min", "median", "p95", "max"}, set(flow["rtt_ns"][end]))
                self.assertEqual({"mss", "window_scale", "sack", "timestamps", "tfo"}, set(flow["options"][end]))
                self.assertIn(flow["final"][end], flow["final_possible"][end])

    def test_flow_values(self):
        flow = ndjson("flows", self.path)[2]
        self.assertEqual(flow["client"], {"ip": "10.0.0.1", "port": 50000})
        self.assertEqual(flow["packets"], {"client": 6, "server": 3})
        self.assertEqual(flow["payload_bytes"], {"client": 7, "server": 6})
        self.assertEqual((flow["handshake"], flow["close"], flow["closed_first"]), ("complete", "both_fin", "client"))
        self.assertEqual(flow["first_time"], "2024-05-01T10:00:02.000000000Z")
        self.assertEqual(flow["options"]["client"]["mss"], 1460)
        self.assertFalse(flow["client_guessed"])

    def test_findings_that_are_part_of_a_hosts(self):
        refusals = [packet for port in range(12) for packet in refused(port=50001 + port, start=port)]
        path = self.folder.file("refused.pcap", pcap(refusals))
        told = ndjson("findings", path)
        part = [finding for finding in told if finding["id"] == "connection_refused"]
        self.assertEqual(len(part), 12)
        self.assertEqual({(finding["severity"], finding["part_of"]) for finding in part}, {("info", "service_refusing")})
        self.assertEqual([f["severity"] for f in told if f["id"] == "service_refusing"], ["error"])
        self.assertEqual([f["id"] for f in ndjson("findings", "--severity", "warning", path)], ["service_refusing"])
        rows = list(csv.DictReader(io.StringIO(run("findings", "--format", "csv", path)[1])))
        self.assertEqual({(r["severity"], r["part_of"]) for r in rows if r["id"] == "connection_refused"}, {("info", "service_refusing")})
        table = run("findings", "--format", "table", path)[1]
        self.assertEqual(sum(line.startswith("info ") for line in table.splitlines()), 12)

    def test_times_and_turns(self):
        for flow in ndjson("flows", self.path):
            self.assertEqual(sum(flow["where_time_went_ns"].values()), flow["last_ns"] - flow["first_ns"])
        turns = ndjson("flows", self.path)[2]["turns"]
        self.assertEqual((turns["count"], turns["request_bytes"], turns["response_bytes"]), (1, 7, 6))
        self.assertEqual({"min", "median", "p95", "max"}, set(turns["response_time_ns"]))
        for option in ([], ["--turns"]):
            _, out, _ = run("history", "--flow", "2", *option, self.path)
            self.assertIn("Where the time went", out)
            self.assertIn("Turns", out)
        line, = ndjson("history", "--flow", "2", self.path)
        self.assertEqual([turn["endpoint"] for turn in line["turns"]], ["client", "server"])
        _, out, _ = run("report", "--all", self.path)
        self.assertIn("Where the time of the connections went", out)

    def test_order(self):
        self.assertEqual([f["flow"] for f in ndjson("flows", self.path)], [0, 1, 2])
        self.assertEqual(sorted(f["flow"] for f in ndjson("flows", "--unordered", self.path)), [0, 1, 2])
        found = ndjson("findings", self.path)
        self.assertTrue(found)
        keys = [(f["time_ns"], 1 << 64 if f["flow"] is None else f["flow"], f["id"], f["endpoint"] or "~") for f in found]
        self.assertEqual(keys, sorted(keys))

    def test_finding_fields(self):
        refused_one = [f for f in ndjson("findings", self.path) if f["id"] == "connection_refused"]
        self.assertEqual(len(refused_one), 1)
        self.assertLessEqual(FINDING, set(refused_one[0]))
        self.assertEqual(refused_one[0]["flow"], 1)
        self.assertIn("ip.addr == 10.0.0.1", refused_one[0]["filter"])

    def test_csv(self):
        for command in ("flows", "findings"):
            rows = list(csv.reader(io.StringIO(run(command, "--format", "csv", self.path)[1])))
            self.assertGreater(len(rows), 1)
            for row in rows:
                self.assertEqual(len(row), len(rows[0]))
        self.assertIn("client.ip", list(csv.reader(io.StringIO(run("flows", "--format", "csv", self.path)[1])))[0])

    def test_selection(self):
        def flows(*arguments):
            return [f["flow"] for f in ndjson("flows", *arguments, self.path)]
        self.assertEqual(flows("--flow", "1"), [1])
        self.assertEqual(flows("--flow", "0,2"), [0, 2])
        self.assertEqual(flows("--flow", "1-2"), [1, 2])
        self.assertEqual(flows("--host", "10.0.0.9"), [0])
        self.assertEqual(flows("--host", "10.0.0.0/30"), [0, 1, 2])
        self.assertEqual(flows("--host", "10.0.0.8/30"), [0])
        self.assertEqual(flows("--host", "192.168.0.0/16"), [])
        self.assertEqual(flows("--port", "81"), [1])
        self.assertEqual(flows("--finding", "connection_refused"), [1])
        self.assertEqual(flows("--severity", "warning"), [1])
        self.assertEqual(flows("--since", "+3"), [0])
        self.assertEqual(flows("--since", "2024-05-01", "--until", "2024-05-01 10:01"), flows())
        self.assertEqual(flows("--since", "2024-05-02"), [])
        self.assertEqual(flows("--since", "-0ms"), [0])
        self.assertEqual(flows("--since=-1d", "--until", "+5m"), flows())
        self.assertEqual(flows("--until", "+0.5"), [0])
        self.assertEqual(flows("--until", "2024-05-01T10:00:01Z"), [0, 1])
        self.assertEqual({f["id"] for f in ndjson("findings", "--finding", "connection_refused", self.path)}, {"connection_refused"})

    def test_report(self):
        status, out, _ = run(self.path)
        self.assertEqual(status, 0)
        for part in ("Connections  3: 2 opened, 1 refused", "10.0.0.2:81 refused 1 attempt", "history --flow 1"):
            self.assertIn(part, out)
        status, out, _ = run("report", "--all", self.path)
        for part in ("Connections    3", "connection_refused", "history --flow 1", "10.0.0.2:81"):
            self.assertIn(part, out)
        report = json.loads(run("report", "--format", "json", self.path)[1])
        self.assertEqual((report["connections"], report["handshake"]["refused"]), (3, 1))
        self.assertIn("| warning | `connection_refused` | 1 |", run("report", "--format", "markdown", self.path)[1])

    def test_traffic_over_time(self):
        path = self.folder.file("busy.pcap", pcap([f for i in range(20) for f in connection(((10, 0, 0, 1), 50000 + i), start=i)]))
        def lines(*arguments):
            return [line.split("|")[0].strip() for line in run("report", "--all", *arguments, path)[1].splitlines() if line.count("|") == 2]
        self.assertEqual(lines(), ["throughput", "retransmissions", "established"])
        self.assertEqual(lines("--flow", "3"), ["throughput", "retransmissions", "established"])
        self.assertEqual(lines("--port", "50003"), [])
        rates = [re.search(r"peak (.*), 10:00:", run("report", "--all", *only, path)[1]).group(1) for only in ((), ("--flow", "3"))]
        self.assertNotEqual(*rates)

    def test_colour(self):
        escape = "\033["
        self.assertNotIn(escape, run(self.path)[1])  # no terminal
        self.assertIn(escape, run("--color", "always", self.path, env={"NO_COLOR": "1"})[1])
        self.assertIn(escape, run_on_terminal(self.path))
        self.assertIn(escape, run_on_terminal(self.path, env={"NO_COLOR": ""}))
        self.assertNotIn(escape, run_on_terminal(self.path, env={"NO_COLOR": "1"}))
        self.assertNotIn(escape, run_on_terminal(self.path, env={"TERM": "dumb"}))
        self.assertNotIn(escape, run_on_terminal("--color", "never", self.path))

    def test_terminal_width(self):
        for width in (70, 90, 130):
            for arguments in ((self.path,), ("flows", self.path), ("findings", self.path)):
                lines = run_on_terminal(*arguments, "--color", "never", width=width).splitlines()
                self.assertGreater(len(lines), 1)
                for line in lines:
                    if "wireshark" not in line:
                        self.assertLessEqual(len(line), width, line)

    def test_width(self):
        for width in (72, 100):
            for arguments, env in (((self.path, "--width", str(width)), {}), ((self.path,), {"COLUMNS": str(width)})):
                for line in run(*arguments, env=env)[1].splitlines():
                    if "wireshark" not in line:
                        self.assertLessEqual(len(line), width, line)

    def test_capture_end(self):
        def final(*arguments):
            return ndjson("flows", "--flow", "0", *arguments, self.folder.path("one.pcap"))[0]["final"]["client"]
        self.folder.file("one.pcap", pcap(connection()))
        self.assertEqual(final(), "TIME-WAIT")
        self.assertEqual(final("--capture-end", "+59"), "TIME-WAIT")
        self.assertEqual(final("--capture-end", "+61"), "CLOSED")
        self.assertEqual(final("--capture-end", f"{START + 61}.5"), "CLOSED")
        self.assertEqual(final("--capture-end", "+61", "--time-wait", "240"), "TIME-WAIT")
        self.assertEqual(final("--capture-end", "+61", "--profile", "rfc9293"), "TIME-WAIT")
        self.folder.file("one.pcap", pcapng(connection(), end_ns=(START + 100) * 10**9))
        self.assertEqual(final(), "CLOSED")

    def test_several_findings(self):
        ids = lambda *arguments: {f["id"] for f in ndjson("findings", *arguments, self.path)}
        self.assertEqual(ids("--finding", "connection_refused,syn_flood"), {"connection_refused"})
        self.assertEqual(ids("--finding", "syn_flood,rst_abort"), set())

    def test_explain_has_scripts_only_when_asked(self):
        self.assertNotIn("Example:", run("explain", "syn_flood")[1])
        self.assertIn("Example:", run("explain", "--examples", "syn_flood")[1])

    def test_history_tells_rates(self):
        self.assertRegex(run("history", "--flow", "0", self.path)[1],
                         r"goodput client [0-9.]+ k?bit/s, server [0-9.]+ k?bit/s; on the wire [0-9.]+ k?bit/s, [0-9.]+ k?bit/s\n")
        path = self.folder.file("one.pcap", pcap(connection()[:1]))
        heading = run("history", "--flow", "0", path)[1].partition("\n\n")[0]
        self.assertNotIn("bit/s", heading)
        self.assertTrue(all(line.strip() for line in heading.splitlines()), heading)

    def test_history(self):
        status, out, _ = run("history", "--flow", "2", self.path)
        self.assertEqual(status, 0)
        for part in ("SYN 0:0(0)", "PSH+ACK 1:8(7) ack 1", "TIME-WAIT", "confirmed by", "Legend"):
            self.assertIn(part, out)
        line, = ndjson("history", "--flow", "2", self.path)
        self.assertEqual(len(line["segments"]), 9)
        self.assertEqual(line["flow"]["flow"], 2)

    def test_history_drawn(self):
        drawing = run("history", "--flow", "2", "--format", "svg", self.path)[1]
        root = ElementTree.fromstring(drawing)
        texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
        for expected in ("SYN-SENT", "ESTABLISHED+", "client", "server"):
            self.assertIn(expected, texts)
        arrows = [line for line in root.iter() if line.get("class", "").startswith("arrow")]
        self.assertEqual(len(arrows), len(connection()))

    def test_nothing_is_drawn_beyond_the_edge(self):
        path = self.folder.file("a" * 120 + " " + "b" * 100 + ".pcap", pcap(connection()))
        root = ElementTree.fromstring(run("history", "--flow", "0", "--format", "svg", path)[1])
        for text in root.iter("{http://www.w3.org/2000/svg}text"):
            width = 8 * len(text.text)
            left = int(text.get("x")) - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
            self.assertTrue(0 <= left and left + width <= int(root.get("width")), text.text)

    def test_history_drawn_of_a_file_with_a_hostile_name(self):
        name = '<script>&";#--.pcap'
        path = self.folder.file(name, pcap(refused()))
        drawing = run("history", "--flow", "0", "--format", "svg", path)[1]
        self.assertTrue(any(name in "".join(text.itertext()) for text in ElementTree.fromstring(drawing).iter()))
        self.assertNotIn("<script>", drawing)
        diagram = run("history", "--flow", "0", "--format", "mermaid", path)[1]
        self.assertNotIn("<", diagram)
        self.assertNotRegex(diagram, r"#(?!\d+;)")

    def test_history_as_a_sequence_diagram(self):
        first, *lines = run("history", "--flow", "2", "--format", "mermaid", self.path)[1].splitlines()
        self.assertEqual(first, "sequenceDiagram")
        for line in lines:
            self.assertRegex(line, r"^  (accTitle: |participant [CS] as |Note (left of C|right of S|over C,S): |[CS](->>|-->>|-x)[CS]: )")
        self.assertEqual(sum("->>" in line for line in lines), len(connection()))

    def test_one_connection_is_drawn_at_a_time(self):
        for format in ("svg", "mermaid"):
            status, out, errors = run("history", "--flow", "1", "--flow", "2", "--format", format, self.path)
            self.assertEqual((status, out), (2, ""))
            self.assertIn("draws one connection, not 2", errors)

    def test_ss(self):
        rows = ndjson("ss", "--at", "+2.05", self.path)
        self.assertEqual({(r["flow"], r["state"]) for r in rows}, {(0, "ESTABLISHED"), (2, "ESTABLISHED")})
        self.assertEqual(len(rows), 4)
        self.assertEqual({r["flow"] for r in ndjson("ss", "--at", "+2.005", "--state", "syn-sent", self.path)}, {2})
        self.assertEqual(ndjson("ss", "--at", "+0", "--state", "time-wait", self.path), [])
        self.assertTrue(ndjson("ss", "--at", "end", "--state", "time-wait", self.path))
        self.assertIn("10.0.0.1", run("ss", "--at", "+2.05", "--count", self.path)[1])
        self.assertIn("capture ends before", run("ss", "--at", "+999", self.path)[2])
        self.assertIn("capture begins after", run("ss", "--at", "2024-05-01T09:00:00Z", self.path)[2])
        self.assertEqual(ndjson("ss", "--at", "+999", "--state", "time-wait", self.path), [])
        self.assertTrue(ndjson("ss", "--at", "+250", "--state", "time-wait", self.path))

    def test_thresholds(self):
        """What the command line says goes before a file, and a file before the user's own."""
        setting = "time_wait_excess.min_at_address"
        file = self.folder.file("some.conf", f"# mine\n[time_wait_excess]\nmin_at_address = 7\n".encode())
        os.mkdir(self.folder.path("tcpautopsy"))
        self.folder.file("tcpautopsy/config", f"{setting} = 9\ntime_wait_excess.min_percent_of_ports = 5\n".encode())
        value = lambda *arguments: [
            t["value"] for t in ndjson("explain", "time_wait_excess", *arguments, env={"XDG_CONFIG_HOME": self.folder.path("")})[0]["thresholds"]]
        self.assertEqual(value("--no-config"), [1000, 10])
        self.assertEqual(value(), [9, 5])
        self.assertEqual(value("--config", file), [7, 5])
        self.assertEqual(value("--config", file, "--set", f"{setting}=1.5"), [1.5, 5])
        self.assertEqual({f["id"] for f in ndjson("findings", "--set", f"{setting}=1", self.path)} & {"time_wait_excess"},
                         {"time_wait_excess"})
        self.assertIn("1 (1000 by default)", run("explain", "--set", f"{setting}=1", "time_wait_excess")[1])

    def test_ss_states(self):
        states = lambda *arguments: {r["state"] for r in ndjson("ss", "--at", "+2.05", *arguments, self.path)}
        self.assertEqual(states("--state", "estab,time-wait"), {"ESTABLISHED"})
        self.assertEqual(states("--state", "all", "--exclude", "established"), {"CLOSED"})
        self.assertEqual(states("--exclude", "established"), set())

    def test_ss_watch(self):
        rows = ndjson("ss", "--watch", "0.5", self.path)
        start = min(r["at_ns"] for r in rows)
        moments = {(r["at_ns"] - start) / 1e9 for r in rows}
        self.assertTrue(all(m % 0.5 == 0 for m in moments))
        self.assertEqual(rows, sorted(rows, key=lambda r: (r["at_ns"], r["flow"])))
        for at in (1.0, 2.5, 100.0):
            alone = ndjson("ss", "--at", f"+{at}", self.path)
            self.assertTrue(alone)
            self.assertEqual(alone, [r for r in rows if (r["at_ns"] - start) / 1e9 == at])
        later = ndjson("ss", "--at", "+100", "--watch", "50", self.path)
        self.assertEqual({(r["at_ns"] - start) / 1e9 for r in later}, {100.0, 150.0, 200.0})
        counts = ndjson("ss", "--watch", "0.5", "--count", self.path)
        self.assertEqual(sum(c["total"] for c in counts), len(rows))
        self.assertIn("TIME", run("ss", "--watch", "50", self.path)[1])

    def test_ss_count(self):
        out = run("ss", "--at", "+2.05", "--count", self.path)[1]
        self.assertIn("Total: 4 sockets of", out)
        self.assertIn("TCP:   4 (estab 4,", out)

    def test_ss_unknown(self):
        """A connection whose beginning was not captured is there from the capture's start."""
        late = connection(client=((10, 0, 0, 7), 41000), start=3.0)[3:5]
        path = self.folder.file("late.pcap", pcap(refused(start=1.0) + late))
        self.assertEqual([(r["state"], r["since"]) for r in ndjson("ss", "--at", "+1", path)], [("UNKNOWN", None)] * 2)
        self.assertEqual(ndjson("ss", "--at", "+1", "--state", "established", path), [])
        self.assertIn("UNKNOWN", run("ss", "--at", "+1", "--state", "established", path)[2])

    def test_explain(self):
        self.assertIn("connection_refused", run("explain")[1])
        out = run("explain", "connection_refused")[1]
        for part in ("What happened", "Said when", "How the packets show it"):
            self.assertIn(part, out)
        every = ndjson("explain")
        self.assertEqual(len({d["id"] for d in every}), len(every))

    def test_several_files(self):
        first = self.folder.file("1.pcap", pcap(connection()[:5]))
        second = self.folder.file("2.pcap", pcap(connection()[5:]))
        flow, = ndjson("flows", second, first)  # a rotated capture, whatever the order
        self.assertEqual((flow["file"], flow["close"]), (first, "both_fin"))
        self.assertEqual({c.get("file") for c in flow["history"]}, {None, second})
        apart = ndjson("flows", self.path, self.path)
        self.assertEqual([f["flow"] for f in apart], [0, 1, 2, 3, 4, 5])

    def test_merge(self):
        frames = connection()
        one = self.folder.file("c.pcap", pcap(frames[0::2]))
        other = self.folder.file("s.pcap", pcap(frames[1::2]))
        self.assertEqual(len(ndjson("flows", one, other)), 2)
        flow, = ndjson("flows", "--merge", one, other)
        self.assertEqual(flow["close"], "both_fin")

    def test_extract_round_trip(self):
        path = self.folder.file("commented.pcapng", pcapng(sorted(mixed()), comment="seen at the tap"))
        out = self.folder.path("out.pcapng")
        self.assertEqual(run("extract", "--flow", "2", "-o", out, path)[0], 0)
        before, after = ndjson("flows", "--flow", "2", path)[0], ndjson("flows", out)[0]
        for same in ("client", "server", "packets", "wire_bytes", "first_ns", "last_ns", "close", "zeek_history"):
            self.assertEqual(before[same], after[same])
        with open(out, "rb") as written:
            self.assertEqual(written.read().count(b"seen at the tap"), 9)
        self.assertEqual(run("extract", "--finding", "connection_refused", "-o", out, path)[0], 0)
        self.assertEqual(len(ndjson("flows", out)), 1)
        self.assertEqual(run("extract", "--flow", "2", "-o", path, path)[0], 2)

    def test_cut_headers_are_said(self):
        frames = connection()
        record = pcap(frames)
        short = segment(((10, 0, 0, 3), 1), ((10, 0, 0, 4), 2), SYN | ACK, 1, 1)[:40]
        path = self.folder.file("short.pcap", record + pcap([(1.0, short)])[24:])
        self.assertIn("cut by the snap length", run("flows", path)[2])
        self.assertEqual(run("flows", "-q", path)[2], "")


if __name__ == "__main__":
    unittest.main()
