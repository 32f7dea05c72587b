#!/usr/bin/env python3
"""Runs the commands of docs/cookbook.md on the samples and compares what they print with what stands below them.

    tests/cookbook.py TOOL           fails where something else is printed, and shows how it differs
    tests/cookbook.py --write TOOL   puts what is printed into the page; read the difference before you commit it

A command is the first line of a block, "$ tcpautopsy ..."; what follows `| sed` or `| grep` in it is run by the shell too."""
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/cookbook.md"
BLOCK = re.compile(r"^```\n\$ (tcpautopsy [^\n]*)\n(.*?)^```$", re.M | re.S)


def printed(command, path):
    environment = {**os.environ, "PATH": path, "XDG_CONFIG_HOME": "/nonexistent", "PAGER": "", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"$ {command}\nexit status {done.returncode}\n{done.stderr}")
    return done.stdout


def main():
    arguments = sys.argv[1:]
    write = arguments[:1] == ["--write"]
    if len(arguments) != 1 + write:
        sys.exit(__doc__)
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(pathlib.Path(arguments[-1]).resolve(), pathlib.Path(folder, "tcpautopsy"))
        path = f"{folder}:{os.environ['PATH']}"
        made = BLOCK.sub(lambda block: f"```\n$ {block[1]}\n{printed(block[1], path)}```", page)
    if len(BLOCK.findall(page)) < 10:
        sys.exit(f"{PAGE}: has too few commands to be the cookbook")
    if write:
        PAGE.write_text(made, encoding="utf-8")
    elif made != page:
        sys.stdout.writelines(difflib.unified_diff(page.splitlines(True), made.splitlines(True), "docs/cookbook.md", "printed now"))
        sys.exit("docs/cookbook.md: commands print something else now; tests/cookbook.py --write TOOL makes it anew")


main()
