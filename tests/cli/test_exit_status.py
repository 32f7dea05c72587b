#!/usr/bin/env python3
"""Exit statuses and messages: damaged, missing and odd input, wrong options, --fail-on, a reader that leaves."""
import gzip
import json
import os
import struct
import subprocess
import unittest

from captures import Folder, SYN, TOOL, connection, ndjson, pcap, pcapng, refused, run, segment


class ExitStatus(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.good = self.folder.file("good.pcap", pcap(connection()))

    def expect(self, status, *arguments, says=(), env=None, stdin=b""):
        code, out, err = run(*arguments, env=env, stdin=stdin)
        self.assertEqual(code, status, err)
        for part in says:
            self.assertIn(part, err)
        for line in err.splitlines():
            self.assertTrue(line.startswith("tcpautopsy: "), line)
        return out, err

    def test_good_capture(self):
        for command in ("report", "flows", "findings"):
            out, err = self.expect(0, command, self.good)
            self.assertEqual(err, "")

    def test_capture_without_packets_is_done(self):
        self.expect(0, self.folder.file("none.pcap", pcap([])))

    def test_nothing_named(self):
        self.expect(2, says=["no capture"])
        self.expect(2, "flows", says=["no capture"])

    def test_no_such_file(self):
        self.expect(2, "flows", self.folder.path("missing.pcap"), says=["missing.pcap", "No such file"])

    def test_directory(self):
        self.expect(2, "flows", os.path.dirname(self.good), says=[os.path.dirname(self.good), "directory"])

    def test_text_file(self):
        path = self.folder.file("notes.txt", b"this is no capture at all, only some words\n" * 5)
        self.expect(2, path, says=["notes.txt"])

    def test_empty_file(self):
        self.expect(2, self.folder.file("empty.pcap", b""), says=["empty.pcap", "empty"])

    def test_cut_in_file_header(self):
        self.expect(2, self.folder.file("head.pcap", pcap(connection())[:13]), says=["head.pcap"])

    def test_cut_in_record_header(self):
        whole = pcap(connection())
        offset = len(pcap(connection()[:8]))
        path = self.folder.file("cut.pcap", whole[:offset + 7])
        out, _ = self.expect(1, "flows", "--format", "ndjson", path, says=["cut.pcap", str(offset), "packet 8"])
        self.assertEqual(len(out.splitlines()), 1)

    def test_cut_in_packet(self):
        offset = len(pcap(connection()[:5]))
        path = self.folder.file("cut.pcap", pcap(connection())[:offset + 30])
        self.expect(1, "flows", path, says=["cut.pcap", f"byte offset {offset}", "packet 5"])

    def test_lying_length(self):
        offset = len(pcap(connection()[:4]))
        bytes_ = bytearray(pcap(connection()))
        bytes_[offset + 8:offset + 12] = struct.pack("<I", 0xFFFFFFF0)
        self.expect(1, "flows", self.folder.file("lie.pcap", bytes(bytes_)), says=["lie.pcap", f"byte offset {offset}", "packet 4"])

    def test_pcapng_cut_in_block(self):
        offset = len(pcapng(connection()[:6]))
        path = self.folder.file("cut.pcapng", pcapng(connection())[:offset + 20])
        self.expect(1, "flows", path, says=["cut.pcapng", f"byte offset {offset}", "packet 6"])

    def test_some_input_left_out(self):
        out, _ = self.expect(1, "flows", "--format", "ndjson", self.good, self.folder.path("missing.pcap"), says=["missing.pcap"])
        self.assertEqual(len(out.splitlines()), 1)

    def test_standard_input_and_compression(self):
        packed = self.folder.file("good.pcap.gz", gzip.compress(pcap(connection())))
        plain, _ = self.expect(0, "flows", self.good)
        self.assertEqual(self.expect(0, "flows", packed)[0], plain)
        self.assertEqual(self.expect(0, "flows", "-", stdin=pcap(connection()))[0], plain)

    def test_bad_filter(self):
        self.expect(2, "flows", "-f", "tcp prt 80", self.good)

    def test_filter(self):
        path = self.folder.file("two.pcap", pcap(connection() + refused()))
        out, _ = self.expect(0, "flows", "--format", "ndjson", "-f", "port 81", path)
        self.assertEqual(len(out.splitlines()), 1)

    def test_bad_options(self):
        for arguments, says in ((["--wrong"], "--wrong"), (["--format", "xml"], "xml"), (["--severity", "bad"], "bad"),
                                (["--since", "yesterday"], "yesterday"), (["--flow", "x"], "x"), (["--host", "localhost"], "localhost"),
                                (["--port", "-1"], "-1"), (["--port", "65536"], "65536"), (["--finding", "lost_final_akc"], "lost_final_ack"),
                                (["--profile", "plan9"], "plan9"), (["--time-wait", "long"], "long"), (["--fail-on", "note"], "fail-on"),
                                (["--color", "blue"], "blue"), (["--fla", "1"], "--fla")):
            self.expect(2, "flows", *arguments, self.good, says=[says, "help"])

    def test_times_counted_back(self):
        with open(self.good, "rb") as capture:
            self.expect(2, "flows", "--since", "-10m", "-", stdin=capture.read(), says=["--since", "standard input", "save it"])
        self.expect(2, "flows", "--capture-end", "-10m", self.good, says=["cannot be counted back"])
        self.expect(2, "flows", "--since", "yesterday", self.good, says=["'yesterday' is not a time", "-10m before its end"])
        self.expect(2, "flows", "--since", "-10m", self.folder.path("none"), says=["No such file"])

    def test_help_tells_the_options_used_most(self):
        out, _ = self.expect(0, "help")
        options = [line.split()[0] for line in out.splitlines() if line.startswith("  --")]
        self.assertEqual(len(options), 10)
        self.assertEqual(options[:2], ["--flow", "--host"])
        listed = run("help", "report")[1]
        for option in options:
            self.assertIn(option, listed)
            self.assertLess(out.index(option), out.index("Exit status"))

    def test_mistyped(self):
        self.expect(2, "reprot", self.good, says=["'reprot'; did you mean report?"])
        self.expect(2, "help", "hstory", says=["did you mean history?"])
        self.expect(2, "flows", "--finidng", "rst_abort", self.good, says=["did you mean --finding?", "see tcpautopsy help flows"])
        self.expect(2, "flows", "--finding", "rst_abort,lost_final_akc", self.good, says=["did you mean lost_final_ack?"])
        self.expect(2, self.folder.path("reports.pcap"), says=["No such file"])
        self.assertEqual(self.expect(0, "version"), self.expect(0, "--version"))

    def test_commands_that_need_more(self):
        self.expect(2, "history", "--flow", "0", "--finding", "rst_abort", self.good, says=["has no finding rst_abort"])
        self.expect(2, "history", self.good, says=["--flow"])
        self.expect(2, "history", "--flow", "9", self.good, says=["0"])
        self.expect(2, "ss", self.good, says=["--at"])
        self.expect(2, "findings", "--set", "time_wait_exces.x=1", self.good,
                    says=["'time_wait_exces.x'", "time_wait_excess.min_at_address"])
        self.expect(2, "findings", "--set", "time_wait_excess.x=1", self.good, says=["min_at_address"])
        self.expect(2, "findings", "--set", "nothing.x=1", self.good, says=["explain", "time_wait_excess"])
        self.expect(2, "findings", "--set", "lost_final_ack.x=1", self.good, says=["has none"])
        self.expect(2, "findings", "--set", "time_wait_excess.min_at_address=many", self.good, says=["'many'"])
        self.expect(2, "findings", "--set", "time_wait_excess.min_at_address", self.good, says=["ID.NAME=VALUE"])
        self.expect(2, "findings", "--config", self.folder.path("none"), self.good, says=["none", "cannot be read"])
        for text, say in ((b"[time_wait_excess]\nmin = 3\n", "time_wait_excess.min"), (b"words\n", "words"),
                          (b"time_wait_excess.min_at_address = 3x\n", "'3x'")):
            path = self.folder.file("wrong.conf", text)
            self.expect(2, "findings", "--config", path, self.good, says=["wrong.conf", say])
        self.expect(2, "extract", "--flow", "0", self.good, says=["-o"])
        self.expect(2, "extract", "-o", self.folder.path("x"), self.good, says=["--flow"])
        self.expect(2, "explain", "lost_finalack", says=["lost_final_ack"])
        self.expect(2, "ss", "--at", "end", "--state", "etsab", self.good, says=["etsab"])
        self.expect(2, "ss", "--at", "end", "--exclude", "none", self.good, says=["none"])
        self.expect(2, "ss", "--watch", "0", self.good, says=["above 0"])
        self.expect(2, "ss", "--at", "end", "--watch", "1", self.good, says=["end"])

    def test_fail_on(self):
        path = self.folder.file("warning.pcap", pcap(connection() + refused()))
        for command in ("report", "flows", "findings"):
            self.expect(3, command, "--fail-on", "warning", path)
            self.expect(0, command, "--fail-on", "error", path)
        self.expect(0, "report", "--fail-on", "warning", "--port", "80", path)
        cut = self.folder.file("cut.pcap", pcap(connection() + refused()) + b"123")
        self.expect(3, "report", "--fail-on", "warning", cut)
        self.expect(2, "report", "--fail-on", "warning", self.folder.path("missing"))

    def test_fail_on_counts_parts_of_a_hosts_finding_as_information(self):
        scanner, scanned = (10, 0, 0, 1), (10, 0, 0, 2)
        syns = [(1 + port / 100, segment((scanner, 40000 + port), (scanned, port), SYN, port * 99, options=bytes((2, 4, 5, 180))))
                for port in range(100, 120)]
        path = self.folder.file("scan.pcap", pcap(connection() + syns + connection(start=300, isn=77)))
        self.assertEqual({f["severity"] for f in ndjson("findings", path) if f["id"] == "connect_timeout"}, {"info"})
        for command in ("report", "flows", "findings"):
            self.expect(3, command, "--fail-on", "warning", path)
            self.expect(0, command, "--fail-on", "error", path)
            self.expect(3, command, "--fail-on", "error", "--set", "port_scan.min_ports=50", path)
        report = json.loads(run("report", "--format", "json", path)[1])
        counts = {group["id"]: group["by_severity"] for group in report["findings"]}
        self.assertEqual(counts["connect_timeout"], {"info": 20, "note": 0, "warning": 0, "error": 0})
        self.assertEqual(counts["port_scan"]["warning"], 1)

    def test_output_file(self):
        path = self.folder.path("out.ndjson")
        out, _ = self.expect(0, "flows", "--format", "ndjson", "-o", path, self.good)
        self.assertEqual(out, "")
        with open(path) as written:
            self.assertEqual(written.read(), run("flows", "--format", "ndjson", self.good)[1])
        self.expect(2, "flows", "-o", self.folder.path("no/such/folder"), self.good)
        self.expect(2, "flows", "-o", self.good, self.good, says=["input"])

    def test_disk_full(self):
        if os.path.exists("/dev/full"):
            self.expect(2, "flows", "-o", "/dev/full", self.good, says=["/dev/full", "space"])

    def test_reader_that_leaves(self):
        many = [f for i in range(400) for f in connection(client=((10, 0, 0, 1), 20000 + i), start=i * 0.2)]
        path = self.folder.file("many.pcap", pcap(many))
        tool = subprocess.Popen([TOOL, "flows", "--format", "ndjson", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tool.stdout.close()
        err = tool.stderr.read()
        tool.stderr.close()
        self.assertEqual((tool.wait(), err), (0, b""))


if __name__ == "__main__":
    unittest.main()
