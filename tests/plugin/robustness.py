#!/usr/bin/env python3
"""Runs tshark with a sanitised plugin over captures and damaged copies of them, once and twice: no crash, no leak of the plugin's.

    TCPAUTOPSY=... WSPLUGINS=... PRELOAD=libasan.so tests/plugin/robustness.py [--damaged N] FILE|FOLDER...

Exits 1 if there was any.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile

from compare_corpus import captures
from wireshark import HOME, tshark

MOST_TO_DAMAGE = 200_000  # octets
LOOK = ["-T", "fields", "-e", "tcpautopsy", "-e", "tcpautopsy.client.state", "-e", "tcpautopsy.finding", "-e", "tcpautopsy.proved_by"]
STATISTICS = ["-q", "-z", "tcpautopsy,report", "-z", "tcpautopsy,report,tcp.len>0", "-z", "tcpautopsy_findings,stat", "-z",
              "tcpautopsy_states,tree", "-z", "expert"]


def damaged(path, chance):
    """A copy with some octets changed, most often not in the file's own header; sometimes cut, or with a piece taken twice."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    for _ in range(chance.choice((1, 4, 16, 64, 256))):
        at = chance.randrange(min(len(data), 40 if chance.random() < 0.02 else len(data)))
        data[at] = chance.choice((0, 0xff, data[at] ^ 1 << chance.randrange(8), chance.randrange(256)))
    if chance.random() < 0.2:
        del data[chance.randrange(len(data)):]
    if chance.random() < 0.2 and len(data) > 100:
        at, length = chance.randrange(len(data)), chance.randrange(1, 200)
        data[at:at] = data[at:at + length]
    return bytes(data)


def trouble(path):
    for how in (LOOK, ["-2", *LOOK], STATISTICS, ["-2", *STATISTICS]):
        try:
            done = tshark("-r", path, *how, timeout=600)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            return str(error)[:3000]
        if done.returncode not in (0, 1, 2):
            return f"{' '.join(how)} ended with {done.returncode}: {done.stderr[-3000:]}"
        if "TCP Autopsy, " in done.stderr:
            return done.stderr[-1000:]
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--damaged", type=int, default=0)
    parser.add_argument("--only-damaged", action="store_true")
    parser.add_argument("paths", nargs="+")
    options = parser.parse_args()
    files, bad = list(captures(options.paths)), 0
    for path in [] if options.only_damaged else files:
        if said := trouble(path):
            bad += 1
            print(f"{path}: {said}", flush=True)
    small = [f for f in files if os.path.getsize(f) < MOST_TO_DAMAGE]
    for number in range(options.damaged):
        chance = random.Random(number)
        path = chance.choice(small)
        with tempfile.NamedTemporaryFile(suffix=os.path.splitext(path)[1], dir=HOME) as file:
            file.write(damaged(path, chance))
            file.flush()
            os.chmod(file.name, 0o644)
            if said := trouble(file.name):
                bad += 1
                print(f"damaged copy {number} of {path}: {said}", flush=True)
    print(f"{0 if options.only_damaged else len(files)} captures and {options.damaged} damaged ones, four runs of tshark each: {bad} with trouble")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
