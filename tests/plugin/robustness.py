#!/usr/bin/env python3
"""Runs tshark with a sanitised plugin over captures and damaged copies of them, once and twice: no crash, no leak of the plugin's.

    TCPAUTOPSY=... WSPLUGINS=... PRELOAD=libasan.so tests/plugin/robustness.py [--whole 0:227] [--damaged 0:500] [--mutated 0:200] FILE|FOLDER...

Damaged copies have other octets; mutated ones other packets, reordered, cut, doubled, redirected (MUTATE_CAPTURE names the program). All ranges may be told in pieces, on several processors or days. Exits 1 if there was any trouble.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile

from compare_corpus import captures
from wireshark import HOME, tshark

MUTATE_CAPTURE = os.environ.get("MUTATE_CAPTURE", "mutate_capture")
MOST_TO_DAMAGE = 200_000  # octets
LOOK = ["-T", "fields", "-e", "tcpautopsy", "-e", "tcpautopsy.client.state", "-e", "tcpautopsy.finding", "-e", "tcpautopsy.proved_by", "-e", "tcpautopsy.icmp.quoted", "-e", "tcpautopsy.server.rtt"]
STATISTICS = ["-z", "tcpautopsy,report", "-z", "tcpautopsy,report,tcp.len>0", "-z", "tcpautopsy_findings,stat", "-z",
              "tcpautopsy_states,tree", "-z", "expert"]
# Read once, each packet is weighed where it is looked at, else many together; read twice, all are weighed together.
RUNS = (LOOK, ["-q", *STATISTICS], ["-2", *LOOK, *STATISTICS])


def ranks(text):
    first, _, end = text.rpartition(":")
    return range(int(first or 0), int(end))


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
    for how in RUNS:
        try:
            done = tshark("-r", path, *how, timeout=900)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            return str(error)[:3000]
        if done.returncode not in (0, 1, 2):
            return f"{' '.join(how)} ended with {done.returncode}: {done.stderr[-3000:]}"
        if "TCP Autopsy, " in done.stderr:
            return done.stderr[-1000:]
    return None


def damaged_copy(number, files, file):
    """Writes the copy, the same whenever it is made; of which file."""
    chance = random.Random(number)
    path = chance.choice(files)
    file.write(damaged(path, chance))
    file.flush()
    os.chmod(file.name, 0o644)
    return path


def trouble_of_damaged(number, files):
    with tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME) as file:
        path = damaged_copy(number, files, file)
        return path, trouble(file.name)


def trouble_of_mutated(number, files):
    """Of a copy that CaptureMutator makes, the same whenever it is made; only of plain pcap files."""
    chance = random.Random(number)
    with tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME) as file:
        while True:
            path = chance.choice(files)
            if subprocess.run([MUTATE_CAPTURE, path, file.name, str(number)], check=False, capture_output=True).returncode == 0:
                break
        os.chmod(file.name, 0o644)
        return path, trouble(file.name)


def joined(parts, out):
    """One capture of the packets of many, as far as each can be read."""
    readable = []
    for number, part in enumerate(parts):
        one = f"{out}.{number}"
        subprocess.run(["editcap", part, one], capture_output=True, check=False)
        if os.path.exists(one) and subprocess.run(["capinfos", one], capture_output=True, check=False).returncode == 0:
            readable.append(one)
    subprocess.run(["mergecap", "-a", "-w", out, *readable], capture_output=True, check=True)
    os.chmod(out, 0o644)


def check_joined(numbers, size, parts_of, what):
    """So many at once, at a fraction of the cost; the number of groups with trouble."""
    bad = 0
    for first in numbers[::size]:
        with tempfile.TemporaryDirectory(dir=HOME) as folder:
            os.chmod(folder, 0o755)
            out = os.path.join(folder, "joined.pcapng")
            joined(parts_of(range(first, min(first + size, numbers.stop)), folder), out)
            if said := trouble(out):
                bad += 1
                print(f"{what} {first} to {first + size - 1}, joined: {said}", flush=True)
        print(f"{what} up to {first + size}, joined", flush=True)
    return bad


def damaged_parts(numbers, folder, files):
    parts = []
    for number in numbers:
        with open(os.path.join(folder, f"{number}.pcap"), "wb") as file:
            damaged_copy(number, files, file)
        parts.append(file.name)
    return parts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", type=ranks, default=None, metavar="FIRST:END", help="of the captures, all unless told")
    parser.add_argument("--damaged", type=ranks, default=range(0), metavar="FIRST:END", help="numbers of damaged copies, none unless told")
    parser.add_argument("--mutated", type=ranks, default=range(0), metavar="FIRST:END", help="numbers of mutated copies, none unless told")
    parser.add_argument("--joined", type=int, metavar="N", help="N captures a run of tshark")
    parser.add_argument("paths", nargs="+")
    options = parser.parse_args()
    files, bad = list(captures(options.paths)), 0
    whole = range(len(files)) if options.whole is None else range(len(files))[options.whole.start:options.whole.stop]
    small = [f for f in files if os.path.getsize(f) < MOST_TO_DAMAGE]
    if options.joined:
        bad = check_joined(whole, options.joined, lambda numbers, folder: [files[n] for n in numbers], "captures")
        bad += check_joined(options.damaged, options.joined, lambda numbers, folder: damaged_parts(numbers, folder, small), "damaged copies")
        print(f"{len(whole)} captures and {len(options.damaged)} damaged ones, {options.joined} joined, {len(RUNS)} runs of tshark each: {bad} with trouble")
        return 1 if bad else 0
    for number in whole:
        if said := trouble(files[number]):
            bad += 1
            print(f"{files[number]}: {said}", flush=True)
        if number % 20 == 19:
            print(f"{number + 1} captures", flush=True)
    for number in options.damaged:
        path, said = trouble_of_damaged(number, small)
        if said:
            bad += 1
            print(f"damaged copy {number} of {path}: {said}", flush=True)
        if number % 20 == 19:
            print(f"{number + 1} damaged copies", flush=True)
    for number in options.mutated:
        path, said = trouble_of_mutated(number, small)
        if said:
            bad += 1
            print(f"mutated copy {number} of {path}: {said}", flush=True)
        if number % 20 == 19:
            print(f"{number + 1} mutated copies", flush=True)
    print(f"{len(whole)} captures, {len(options.damaged)} damaged and {len(options.mutated)} mutated ones, {len(RUNS)} runs of tshark each: {bad} with trouble")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
