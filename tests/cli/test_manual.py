#!/usr/bin/env python3
"""The manual page has every command and every option that --help lists, and no other."""
import os
import re
import unittest

from captures import run

COMMANDS = ("report", "flows", "findings", "history", "explain", "ss", "stream", "extract", "annotate", "batch", "batch report", "batch plan", "batch run", "batch merge")


def manual():
    with open(os.environ["TCPAUTOPSY_MANUAL"]) as page:
        return page.read().replace("\\-", "-")


class Manual(unittest.TestCase):
    def test_every_option_is_there(self):
        page = manual()
        listed = set()
        for command in COMMANDS:
            status, out, _ = run("help", *command.split())
            self.assertEqual(status, 0)
            self.assertEqual(run(*command.split(), "--help")[1], out)
            listed |= set(re.findall(r"--([a-z0-9-]+)", out))
        listed |= {"version"}
        written = set(re.findall(r"^\.It .*?Fl -([a-z0-9-]+)", page, re.M))
        self.assertEqual(listed - written, set(), "missing in the manual")
        self.assertEqual(written - listed, set(), "in the manual only")

    def test_every_command_is_there(self):
        out = run("help")[1]
        for command in COMMANDS:
            self.assertIn(command, out)
            self.assertRegex(manual(), rf"(?m)^\.It Cm {command}\b")

    def test_version(self):
        status, out, _ = run("--version")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^tcpautopsy \d+\.\d+\.\d+\n$")

    def test_help_of_what_is_no_command(self):
        self.assertEqual(run("help", "nothing")[0], 2)


if __name__ == "__main__":
    unittest.main()
