#!/usr/bin/env python3
"""What a release build brings against errors that nobody has found yet, read from the binary. Usage: hardening.py BINARY"""
import subprocess
import sys
import unittest

BINARY = sys.argv.pop(1)


def readelf(*options):
    return subprocess.run(["readelf", "--wide", *options, BINARY], capture_output=True, text=True, check=True).stdout


class Hardening(unittest.TestCase):
    def test_position_independent(self):
        self.assertIn("DYN (Position-Independent Executable file)", readelf("--file-header"))

    def test_full_relro(self):
        self.assertIn("GNU_RELRO", readelf("--program-headers"))
        dynamic = readelf("--dynamic")
        self.assertIn("BIND_NOW", dynamic)
        self.assertNotIn("TEXTREL", dynamic)

    def test_no_stack_runs(self):
        stack = [line for line in readelf("--program-headers").splitlines() if "GNU_STACK" in line]
        self.assertEqual([flags for flags in stack if "RWE" in flags], [])
        self.assertEqual(len(stack), 1)

    def test_what_is_checked_while_it_runs(self):
        symbols = readelf("--dyn-syms")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"\b__(mem\w+|str\w+|\w*printf|read|fread)_chk\b")  # _FORTIFY_SOURCE
        self.assertIn("__glibcxx_assert_fail", symbols)


if __name__ == "__main__":
    unittest.main()
