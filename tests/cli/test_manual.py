#!/usr/bin/env python3
"""The manual page has every command and every option that --help lists, and no other; so has the page of each command."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from captures import run

COMMANDS = ("report", "flows", "findings", "history", "explain", "ss", "stream", "extract", "annotate", "batch", "batch report", "batch plan", "batch run", "batch merge")


def manual():
    with open(os.environ["TCPAUTOPSY_MANUAL"]) as page:
        return page.read().replace("\\-", "-")


def pages():
    """Of each command, by its name with dashes."""
    return {path.stem.removeprefix("tcpautopsy-"): path for path in pathlib.Path(os.environ["TCPAUTOPSY_MANUALS"]).glob("*.1")}


def section(page, name):
    return re.search(rf"(?ms)^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", page)[1]


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


class PageOfEachCommand(unittest.TestCase):
    def test_there_is_one(self):
        self.assertEqual(set(pages()), {command.replace(" ", "-") for command in COMMANDS})

    def test_it_has_the_options_of_help(self):
        for command in COMMANDS:
            listed = re.findall(r"(?m)^  (?:-\w \[ )?--([a-z0-9-]+)", run(*command.split(), "--help")[1])
            self.assertIn("help", listed)
            page = pages()[command.replace(" ", "-")].read_text(encoding="utf-8")
            written = re.findall(r"(?m)^\.It (?:Fl \w , )?Fl -([a-z0-9-]+)", section(page, "OPTIONS"))
            self.assertEqual(sorted(written), sorted(listed), command)

    def test_it_says_what_the_command_does(self):
        for command in COMMANDS:
            page = pages()[command.replace(" ", "-")].read_text(encoding="utf-8")
            purpose = re.search(rf"(?m)^{command}: (.*)\.$", run("help", *command.split())[1])[1]
            self.assertIn(f"\n.Nd {purpose}\n", page)
            self.assertGreater(len(section(page, "DESCRIPTION")), 70, command)
            self.assertIn(section(page, "DESCRIPTION").split()[0], manual())
        flow_of = {name: section(pages()[name].read_text(encoding="utf-8"), "OPTIONS") for name in ("stream", "flows")}
        self.assertIn("The connection, one.", flow_of["stream"])
        self.assertNotIn("The connection, one.", flow_of["flows"])
        self.assertIn(".Ss Times", flow_of["flows"])

    def test_no_command_is_named_that_the_page_is_not_of(self):
        """Lines that say of which commands an option speaks were understood."""
        for name, path in pages().items():
            self.assertIsNone(re.search(r"(?m)^\.Cm [a-z, ]+ :$", path.read_text(encoding="utf-8")), name)

    def test_mandoc_finds_nothing(self):
        self.assertTrue(shutil.which("mandoc"), "mandoc is not installed")
        for path in (*pages().values(), os.environ["TCPAUTOPSY_MANUAL"]):
            said = subprocess.run(["mandoc", "-T", "lint", path], capture_output=True, text=True, check=False).stdout.splitlines()
            # Which other pages there are is a matter of the machine; the lines of the page that is written by hand are long.
            said = [line for line in said if "referenced manual not found" not in line and "input text line longer than 80 bytes" not in line]
            self.assertEqual(said, [])
            shown = subprocess.run(["mandoc", "-T", "utf8", path], capture_output=True, text=True, check=True).stdout
            self.assertIn("EXIT STATUS", re.sub(".\b", "", shown))


if __name__ == "__main__":
    unittest.main()
