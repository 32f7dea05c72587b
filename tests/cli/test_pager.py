#!/usr/bin/env python3
"""Text on a terminal goes through the pager, and nothing else does."""
import unittest

from captures import Folder, connection, pcap, refused, run, run_on_terminal

MARK = "sed s/^/paged:/"


class Paging(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.file("a.pcap", pcap(connection() + refused()))

    def shown(self, *arguments, pager=MARK, **more):
        return run_on_terminal(*arguments, env={"PAGER": pager, "PATH": "/usr/bin:/bin", **more.pop("env", {})}, **more)

    def test_text_is_paged(self):
        for arguments in (["report"], ["report", "--all"], ["report", "--format", "markdown"], ["flows"], ["findings"],
                          ["history", "--flow", "0"], ["ss", "--at", "end"], ["ss", "--at", "end", "--count"]):
            lines = self.shown(*arguments, self.path).splitlines()
            self.assertGreater(len(lines), 1)
            self.assertTrue(all(line.startswith("paged:") for line in lines), (arguments, lines))
        self.assertTrue(self.shown("explain").startswith("paged:"))
        store = self.folder.path("store.db")
        run("batch", self.path, "--out", store)
        for arguments in ([], ["--format", "markdown"]):
            lines = self.shown("batch", "report", store, *arguments).splitlines()
            self.assertGreater(len(lines), 1)
            self.assertTrue(all(line.startswith("paged:") for line in lines), lines)

    def test_what_is_not_paged(self):
        for arguments in (["flows", "--format", "ndjson"], ["flows", "--unordered"], ["report", "--no-pager"],
                          ["stream", "--flow", "0"], ["history", "--flow", "0", "--format", "svg"]):
            self.assertNotIn("paged:", self.shown(*arguments, self.path), arguments)
        store = self.folder.path("store.db")
        run("batch", self.path, "--out", store)
        self.assertNotIn("paged:", self.shown("batch", "report", store, "--format", "json"))
        self.assertNotIn("paged:", run("report", self.path, env={"PAGER": MARK})[1])
        self.assertNotIn("paged:", self.shown("report", self.path, env={"TERM": "dumb"}))
        out = self.folder.path("out")
        self.assertEqual(self.shown("report", self.path, "-o", out), "")
        with open(out, encoding="utf-8") as text:
            self.assertNotIn("paged:", text.read())

    def test_no_pager_and_none_to_be_run(self):
        plain = self.shown("report", "--no-pager", self.path)
        for pager in ("", "cat", "no-such-pager", "/no/such/pager -x"):
            self.assertEqual(self.shown("report", self.path, pager=pager), plain, pager)

    def test_status_stays(self):
        for pager in (MARK, "head -n 1", "true", "false"):
            status = []
            shown = self.shown("report", "--fail-on", "warning", self.path, pager=pager, status=status, with_errors=True)
            self.assertEqual(status, [3], pager)
            self.assertNotIn("tcpautopsy:", shown)

    def test_a_pager_that_quits_early(self):
        path = self.folder.file("many.pcap", pcap([f for i in range(1000) for f in refused(port=2000 + i, start=i)]))
        shown = self.shown("flows", path, pager="head -n 2", with_errors=True)
        self.assertEqual(len(shown.splitlines()), 2, shown)

    def test_less_is_told_how(self):
        self.assertIn("LESS=FRX", self.shown("report", self.path, pager="env"))
        self.assertIn("LESS=Q", self.shown("report", self.path, pager="env", env={"LESS": "Q"}))


if __name__ == "__main__":
    unittest.main()
