#!/usr/bin/env python3
"""What the shell's completion asks the tool for."""
import unittest

from captures import run


def complete(*words):
    status, out, _ = run("--complete", *words)
    assert status == 0
    return out.split("\n")[:-1]


class Completion(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(complete("fl"), ["flows"])
        self.assertIn("help", complete(""))
        self.assertEqual(complete("batch", "me"), ["merge"])
        self.assertEqual(complete("help", "ex"), ["explain", "extract"])

    def test_options_are_the_commands_own(self):
        self.assertIn("--state", complete("ss", "--"))
        self.assertNotIn("--state", complete("flows", "--"))
        self.assertEqual(complete("batch", "run", "--sh"), ["--shard"])
        self.assertEqual(complete("--lim"), ["--limit"])

    def test_words_that_an_option_takes(self):
        self.assertEqual(complete("flows", "--format", ""), ["table", "ndjson", "csv"])
        self.assertEqual(complete("ss", "--exclude", "fin"), ["fin-wait-1", "fin-wait-2"])
        self.assertEqual(complete("batch", "--set-by", "t"), ["time"])
        self.assertEqual(complete("report", "--profile", "w"), ["windows"])
        self.assertEqual(complete("--severity", "e"), ["error"])

    def test_findings_and_thresholds(self):
        self.assertEqual(complete("explain", "zero_window_s"), ["zero_window_stuck"])
        self.assertEqual(complete("flows", "--finding", "half_open"), ["half_open_abandoned"])
        self.assertIn("syn_flood.min_half_open=", complete("--set", "syn_flood."))

    def test_files_are_left_to_the_shell(self):
        self.assertEqual(complete("flows", "a.pc"), [])
        self.assertEqual(complete("flows", "--output", ""), [])
        self.assertEqual(complete("flows", "--quiet", "a"), [])


if __name__ == "__main__":
    unittest.main()
