#!/usr/bin/env python3
"""Every command's text at every width, over all samples: no line is wider, nothing that is told is cut off, and what a narrow table leaves out
is never the conclusion."""
import glob
import os
import re
import unittest

from captures import Folder, pcap, refused, run, run_on_terminal

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../samples")
SAMPLES = sorted(glob.glob(os.path.join(FOLDER, "*/case.pcap")))
WIDTHS = (60, 72, 80, 100, 140, 200)
COMMANDS = (["report"], ["report", "--all"], ["flows"], ["findings"], ["history", "--flow", "0", "--turns"], ["ss", "--at", "end"],
            ["ss", "--at", "end", "--count"], ["ss", "--watch", "5"])
COPIED = re.compile(r"^ +wireshark  |^ +(\S.*: )?tcpautopsy ")  # display filters and commands stay whole, to be copied
FOLDED = re.compile(r"\|  \.\.\. \d.*\|$|\.{3,}>|<\.{3,}|\.{4,}")  # a run of segments, and arrows of dots


def cut(line):
    return "..." in FOLDED.sub("", line)


class Widths(unittest.TestCase):
    def check(self, lines, width):
        self.assertGreater(len(lines), 0)
        self.assertEqual([line for line in lines if cut(line)], [])
        self.assertEqual([line for line in lines if len(line) > width and not COPIED.search(line)], [])

    def test_what_counts_as_cut(self):
        for line in ("half_open_aba...", "| warning | refused by 10.0...", "  3  |-- SYN+ACK 0:0(0) a... --|"):
            self.assertTrue(cut(line), line)
        for line in ("  12  |  ... 4 segments, 30.5 kB ->; 4, 90 B <- ...  |", " 3 |.. ACK ack 1 ....>| CLOSED"):
            self.assertFalse(cut(line), line)

    def words(self, text):
        return re.findall(r"[^\s|]+", text)

    def test_all_samples(self):
        self.assertGreater(len(SAMPLES), 8)
        for path in SAMPLES:
            for command in COMMANDS:
                for width in WIDTHS:
                    out = run(*command, "--width", str(width), "case.pcap", cwd=os.path.dirname(path))[1]
                    lines = out.splitlines()
                    with self.subTest(path, command=command, width=width):
                        self.check(lines or [""], width)

    def test_explanations(self):
        for arguments in ([], ["rst_abort"], ["syn_flood"]):
            for width in WIDTHS:
                with self.subTest(arguments, width=width):
                    self.check(run("explain", *arguments, "--width", str(width))[1].splitlines(), width)

    def test_conclusions_stay(self):
        """At the least width too: what each command concludes is there, each word of it whole."""
        path = os.path.join(FOLDER, "kernel_mixed/case.pcap")
        whole = run("findings", path)[1].splitlines()[1:]
        narrow = " ".join(self.words(run("findings", "--width", "60", path)[1]))
        for line in whole:
            cells = re.split(r" {2,}", line)
            self.assertIn(cells[2], narrow)
        joined = re.sub(r"\s+", "", narrow)
        for line in whole:
            summary = re.split(r" {2,}", line)[-1]
            self.assertIn(re.sub(r"\s+", "", summary), joined)
        flows = run("flows", "--width", "60", path)[1]
        for line in run("flows", path)[1].splitlines()[1:]:
            for finding in re.split(r" {2,}", line.strip())[9:]:
                for word in finding.split():
                    self.assertIn(word, self.words(flows))
        states = run("ss", "--at", "end", "--width", "60", path)[1]
        for line in run("ss", "--at", "end", path)[1].splitlines()[1:]:
            for word in self.words(re.split(r" {2,}", line)[0]):
                self.assertIn(word, self.words(states))

    def test_a_batch(self):
        with Folder() as folder:
            os.mkdir(folder.path("day"))
            for i in range(3):
                folder.file(f"day/{i}.pcap", pcap([f for port in range(12) for f in refused(port=50000 + 100 * i + port, start=port)]))
            store = folder.path("day.db")
            self.assertEqual(run("batch", folder.path("day"), "--out", store)[0], 0)
            for width in WIDTHS:
                lines = run("batch", "report", store, "--width", str(width))[1].splitlines()
                with self.subTest(width=width):
                    self.check([line for line in lines if store not in line], width)
                    text = "\n".join(lines)
                    for word in ("refuses all", "service_refusing", "connection_refused", "10.0.0.2:81"):
                        self.assertIn(word, text)
            shown = run_on_terminal("batch", "report", "--color", "never", "--no-pager", store, width=80).splitlines()
            self.check([line for line in shown if store not in line], 80)

    def test_unlimited_where_nobody_says_how_wide(self):
        path = os.path.join(FOLDER, "kernel_mixed/case.pcap")
        for command in (["flows"], ["findings"], ["ss", "--at", "end"]):
            lines = run(*command, path)[1].splitlines()
            self.assertGreater(max(map(len, lines)), 100, command)
            self.assertEqual([line for line in lines[1:] if line.startswith(" " * 12)], [], command)


if __name__ == "__main__":
    unittest.main()
