#!/usr/bin/env python3
"""Runs the commands of docs/cookbook.md and docs/store.md on the samples and compares what they print with what stands below
them; compares the tables of docs/store.md with those of the store that the tool makes.

    tests/cookbook.py TOOL           fails where something else is printed, and shows how it differs
    tests/cookbook.py --write TOOL   puts what is printed into the pages; read the difference before you commit it

A command is the first line of a block, "$ tcpautopsy ..." or "$ sqlite3 ..."; what stands in quotes may go on for lines, and what
follows `| sed` or `| grep` in it is run by the shell too. Those of a page follow each other in a folder that has the samples."""
import contextlib
import difflib
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ("docs/cookbook.md", "docs/store.md")
BLOCK = re.compile(r'^```\n\$ ((?:tcpautopsy|sqlite3) (?:[^\n"]|"(?:[^"\\]|\\.)*")*)\n(.*?)^```$', re.M | re.S)
SECTION = re.compile(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", re.M | re.S)


def printed(command, folder):
    environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "XDG_CONFIG_HOME": "/nonexistent", "PAGER": "", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"$ {command}\nexit status {done.returncode}\n{done.stderr}")
    return re.sub(" +$", "", done.stdout, flags=re.M)


def described(page):
    """Tables and views of the page: their columns, each with its type where the page has one."""
    return {name: [(row[0].strip("`"), *row[1:-1]) for row in (re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if line.startswith("| `"))]
            for name, text in SECTION.findall(page)}


def stored(path):
    """The same of a store."""
    with contextlib.closing(sqlite3.connect(path)) as store:
        found = {}
        for name, kind in store.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')").fetchall():
            columns = store.execute(f"PRAGMA table_info({name})").fetchall()
            found[name] = [(column, type_ + ("" if not_null or key else ", or NULL")) if kind == "table" else (column,)
                           for _, column, type_, not_null, _, key in columns]
        return found


def check_tables(page, path):
    told, there = described(page), stored(path)
    for name in sorted(told.keys() | there.keys()):
        if told.get(name) != there.get(name):
            sys.exit(f"docs/store.md: {name} is described as {told.get(name)}, and is {there.get(name)}")


def made_anew(name, tool):
    """The page as it is, and with what its commands print now."""
    page = (ROOT / name).read_text(encoding="utf-8")
    if len(BLOCK.findall(page)) < 5:
        sys.exit(f"{name}: has too few commands")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "bin").mkdir()
        os.symlink(tool, pathlib.Path(folder, "bin/tcpautopsy"))
        os.symlink(ROOT / "samples", pathlib.Path(folder, "samples"))
        made = BLOCK.sub(lambda block: f"```\n$ {block[1]}\n{printed(block[1], folder)}```", page)
        if SECTION.search(page):
            check_tables(page, pathlib.Path(folder, "morning.db"))
    return page, made


def main():
    arguments = sys.argv[1:]
    write = arguments[:1] == ["--write"]
    if len(arguments) != 1 + write:
        sys.exit(__doc__)
    differ = False
    for name in PAGES:
        page, made = made_anew(name, pathlib.Path(arguments[-1]).resolve())
        if write:
            (ROOT / name).write_text(made, encoding="utf-8")
        elif made != page:
            differ = True
            sys.stdout.writelines(difflib.unified_diff(page.splitlines(True), made.splitlines(True), name, "printed now"))
    if differ:
        sys.exit("commands print something else now; tests/cookbook.py --write TOOL makes the pages anew")


main()
