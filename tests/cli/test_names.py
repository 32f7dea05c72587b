#!/usr/bin/env python3
"""Names from disks and archives: no terminal obeys them, no spreadsheet runs them, no Markdown is made of them."""
import csv
import io
import json
import os
import re
import subprocess
import tarfile
import unittest

from captures import Folder, TOOL, connection, pcap, refused, surroundings

# What each name must be shown as; both as octets.
NAMES = {
    b"a\x1b[2Jb\x07.pcap": rb"a\x1b[2Jb\x07.pcap",
    b"new\nline\ttab\rreturn\x7f.pcap": rb"new\x0aline\x09tab\x0dreturn\x7f.pcap",
    "csi\u009b31m.pcap".encode(): rb"csi\u{9b}31m.pcap",
    "turned\u202efdp.pcap".encode(): rb"turned\u{202e}fdp.pcap",
    "hidden\u200b\U000e0041.pcap".encode(): rb"hidden\u{200b}\u{e0041}.pcap",
    b"latin\xe9\xff.pcap": rb"latin\xe9\xff.pcap",
    "caf\u00e9-\u65e5\u672c.pcap".encode(): "caf\u00e9-\u65e5\u672c.pcap".encode(),
}
FORMULAS = ("=cmd|'calc'!A0.pcap", "+1.pcap", "@SUM(A1).pcap", "-x.pcap")
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\U000e0000-\U000e0fff]")


def tool(*arguments, cwd=None):
    done = subprocess.run([TOOL, *arguments], capture_output=True, timeout=60, env=surroundings({}), cwd=cwd)
    return done.returncode, done.stdout, done.stderr


class Names(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.octets = pcap(connection() + refused())

    def clean(self, *outputs):
        for output in outputs:
            text = output.decode("utf-8")  # or it is none
            self.assertIsNone(RAW.search(text), repr(text))

    def test_every_format(self):
        for name, shown in NAMES.items():
            path = os.fsencode(self.folder.path("")) + name
            with open(path, "wb") as file:
                file.write(self.octets[:-3])  # damaged: its name is told
            told = b""
            for command, formats in (("report", ("text", "markdown", "json")), ("flows", ("table", "csv", "ndjson")),
                                     ("findings", ("table", "csv", "ndjson")), ("ss", ("table", "csv", "ndjson"))):
                for form in formats:
                    code, out, err = tool(command, "--format", form, *(["--at", "end"] if command == "ss" else []), path)
                    self.assertEqual(code, 1, err)
                    self.clean(out, err)
                    self.assertIn(shown, err)
                    told += out if form in ("text", "csv") else b""
                    if form in ("json", "ndjson"):
                        for line in out.splitlines():
                            json.loads(line)
            self.assertIn(shown, told)
            for command in ("history", "stream"):
                code, out, err = tool(command, "--flow", "0", path)
                self.clean(out, err)
            os.unlink(path)

    def test_batch(self):
        for name in NAMES:
            with open(os.fsencode(self.folder.path("")) + name, "wb") as file:
                file.write(self.octets[:-3])
        inside = self.folder.path("all.tar")
        with tarfile.open(inside, "w") as tar:
            for name in ("\u202egnp.pcap", "`|<b>*x*.pcap", "esc\x1b.pcap"):
                info = tarfile.TarInfo(name)
                info.size = len(self.octets)
                tar.addfile(info, io.BytesIO(self.octets))
        store = self.folder.path("s.db")
        for arguments in (["batch", self.folder.path(""), "--dry-run"], ["batch", self.folder.path(""), "--out", store]):
            _, out, err = tool(*arguments)
            self.clean(out, err)
        for form in ("text", "markdown", "json"):
            _, out, err = tool("batch", "report", "--format", form, "--limit", "50", store)
            self.clean(out, err)
            if form == "markdown":
                self.assertNotIn(b"<b>", re.sub(rb"(`+).*?\1(?!`)", b"", out))

    def test_no_formula_in_a_sheet(self):
        os.makedirs(self.folder.path("in"))
        for name in FORMULAS:
            self.folder.file("in/" + name, self.octets)
            for command in ("flows", "findings"):
                # Named as it is, not by its folder.
                code, out, err = tool(command, "--format", "csv", "--", name, cwd=self.folder.path("in"))
                self.assertEqual(code, 0, err)
                cells = [cell for row in csv.reader(io.StringIO(out.decode())) for cell in row]
                self.assertIn("'" + name, cells)
                for cell in cells:
                    self.assertNotRegex(cell, r"^[=+@\t\r]|^-(?![0-9.]+$)")


if __name__ == "__main__":
    unittest.main()
