#!/usr/bin/env python3
"""Anonymises captures, and compares what is told of them with what is told of the originals.

    tests/anonymize_corpus.py TOOL FOLDER...

Of every capture below the folders (for the figures: corpus, truth and field of the SHARED folder, not part of this repository): flows and
findings with --anonymize against those without, addresses aside; those of the capture that `annotate --anonymize` writes against both; no
original address of a connection in any of it, as text or as octets. Prints what differs and a table; exits 1 if anything does. Four octets
may be there by chance, in numbers that are kept (10.0.0.1 is the head of a SACK option with a small sequence number): look where they are.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "cli"))
from anonymized import ends_of, leaks, lines, mapping, without_addresses  # noqa: E402

KEY = "a key for the corpus"


def told(tool, command, *arguments):
    done = subprocess.run([tool, command, "--format", "ndjson", *arguments], capture_output=True, timeout=600)
    if b"Sanitizer" in done.stderr or b"runtime error" in done.stderr:
        print(done.stderr.decode(errors="replace"))
    return done.returncode, done.stdout


def alike(before, after):
    """Lines that differ, addresses and order among equals aside: (only before, only after)."""
    def bag(text):
        return collections.Counter(json.dumps(without_addresses(line), sort_keys=True) for line in lines(text))
    one, other = bag(before), bag(after)
    return list((one - other).elements()), list((other - one).elements())


def captures(folders):
    for folder in folders:
        for path, _, names in sorted(os.walk(folder)):
            yield from (os.path.join(path, name) for name in sorted(names))


def check(tool, path, result, counts, differing):
    status, flows = told(tool, "flows", path)
    if status not in (0, 1):
        return
    counts["captures"] += 1
    originals = set(ends_of(lines(flows)))
    outputs = {}
    annotated = subprocess.run([tool, "annotate", "-q", "--anonymize", KEY, "-o", result, path], capture_output=True, timeout=600)
    for command in ("flows", "findings"):
        before = told(tool, command, path)[1]
        after = told(tool, command, "--anonymize", KEY, path)[1]
        written = told(tool, command, result)[1]
        counts[command] += len(before.splitlines())
        outputs[command] = after
        for name, text in (("told", after), ("written", written)):
            gone, new = alike(before, text)
            for line in gone + new:
                differing[name, command, json.loads(line).get("id", "flow")] += 1
            if gone or new:
                counts[f"{command} {name}: captures"] += 1
                print(f"{path}: {command} {name}: {len(gone)} gone, {len(new)} new\n    - " + "\n    - ".join(gone[:2]) + "\n    + " + "\n    + ".join(new[:2]))
    mapping(lines(flows), lines(outputs["flows"]))
    with open(result, "rb") as file:
        octets = file.read()
    found = leaks(b"".join(outputs.values()) + annotated.stderr + octets, originals)
    counts["addresses"] += len(originals)
    if found:
        counts["leaks as text"] += len(found)
        print(f"{path}: told as text: {found[:5]}")
    found = leaks(octets, originals, text=False)
    if found:
        counts["leaks as octets"] += len(found)
        print(f"{path}: written as octets: {found[:5]}")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    counts, differing = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for path in captures(sys.argv[2:]):
            check(sys.argv[1], path, os.path.join(folder, "anonymized.pcapng"), counts, differing)
    for (name, command, what), count in sorted(differing.items()):
        print(f"{name}: {count} lines of {command}: {what}")
    print("\n".join(f"{name}: {count:,}" for name, count in counts.items()))
    return 1 if differing or counts["leaks as text"] or counts["leaks as octets"] else 0


if __name__ == "__main__":
    sys.exit(main())
