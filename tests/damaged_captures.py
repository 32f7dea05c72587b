#!/usr/bin/env python3
"""The program over captures that were changed or cut: it never fails otherwise than it promises, and loses no whole packet.

    damaged_captures.py TOOL MUTATE_CAPTURE FOLDER... [--mutated 0:20000] [--cut 0:1000]

--mutated: pcap captures whose packets are reordered, cut, doubled, redirected and moved in time (tests/fuzz/capture_mutator.h); the exit
status of every command tried is 0, 1 or 2, and nothing of a sanitizer is on standard error. --cut: captures cut at an octet drawn at
random; packets are counted anew by their record headers: as many are reported as are whole, and the message tells their number and where
the damage begins. Ranges may be told in pieces. Exits 1 if there was any trouble.
"""
import argparse
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

COMMANDS = (["report", "--format", "json"], ["report", "--all"], ["flows", "--format", "ndjson"], ["findings", "--format", "ndjson"],
            ["history", "--flow", "0"], ["ss", "--at", "end"], ["report", "--format", "html"], ["flows", "--format", "csv", "--threads", "2"])
MOST_OCTETS = 2_000_000  # of a capture that is cut


def ranks(text):
    first, _, end = text.rpartition(":")
    return range(int(first or 0), int(end))


def run(tool, command, path):
    try:
        done = subprocess.run([tool, *command, path], capture_output=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return None, b"", "", f"{command}: no end after 300 s"
    err = done.stderr.decode("utf-8", "replace")
    wrong = done.returncode not in (0, 1, 2) or "Sanitizer" in err or "runtime error" in err
    return done.returncode, done.stdout, err, f"{command}: status {done.returncode}: {err[:1500]}" if wrong else None


def pcap_records(data):
    """Offsets at which the records of a pcap file end, after its header."""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}.get(data[:4])
    if order is None:
        return None
    ends, at = [], 24
    while at + 16 <= len(data):
        at += 16 + struct.unpack_from(order + "I", data, at + 8)[0]
        if at > len(data):
            return None
        ends.append(at)
    return ends if at == len(data) else None


def pcapng_packets(data):
    """(offset at which a block ends, whether it is a packet) of a pcapng file."""
    if data[:4] != b"\x0a\x0d\x0d\x0a":
        return None
    blocks, at, order = [], 0, "<"
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        kind, length = struct.unpack_from(order + "II", data, at)
        if length < 12 or length % 4 or at + length > len(data):
            return None
        at += length
        blocks.append((at, kind in (2, 3, 6)))
    return blocks if at == len(data) else None


def whole(data, cut):
    """Packets before the cut, whether it lies between records, and where the record that it lies in begins; None for other formats."""
    if (ends := pcap_records(data)) is not None:
        blocks = [(24, False)] + [(end, True) for end in ends]
    elif (blocks := pcapng_packets(data)) is None:
        return None
    before = [end for end, _ in blocks if end <= cut]
    return sum(packet for end, packet in blocks if end <= cut), cut in before, max(before, default=0)


def cut_trouble(tool, name, data, chance, folder):
    cut = chance.randrange(1, len(data))
    told = whole(data, cut)
    packets, clean, begins = told
    path = os.path.join(folder, "cut" + os.path.splitext(name)[1])
    with open(path, "wb") as out:
        out.write(data[:cut])
    status, out, err, wrong = run(tool, ["report", "--format", "json"], path)
    lead = f"{name} cut at {cut}: "
    if wrong:
        return lead + wrong
    if begins == 0:  # not even the file's own header is whole
        return None if status == 2 and err.strip() else lead + f"status {status} without a header: {err}"
    if status != (0 if clean else 1):
        return lead + f"status {status}, {packets} whole packets, {'nothing' if clean else 'a record'} cut: {err}"
    reported = json.loads(out)["captures"][0]["files"][0]["packets"]
    if reported != packets:
        return lead + f"{reported} of {packets} packets"
    damage = re.search(r"damaged at byte offset (\d+), after packet (\d+): ", err)
    if clean:
        return None if damage is None else lead + err
    if damage is None or int(damage[2]) != packets or int(damage[1]) not in (begins, cut):
        return lead + f"{packets} packets, the record begins at {begins}: {err}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("mutate_capture")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--mutated", type=ranks, default=range(0))
    parser.add_argument("--cut", type=ranks, default=range(0))
    arguments = parser.parse_args()
    files = sorted(os.path.join(folder, name) for top in arguments.folders for folder, _, names in os.walk(top) for name in names)
    heads = {path: open(path, "rb").read(4) for path in files}
    classic = [path for path in files if heads[path] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")]
    contents = {}
    for path in files:
        if os.path.getsize(path) <= MOST_OCTETS:
            with open(path, "rb") as file:
                data = file.read()
            if len(data) > 24 and whole(data, 1) is not None:
                contents[path] = data
    troubles, done = [], {"mutated": 0, "cut": 0}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "mutated.pcap")
        for number in arguments.mutated:
            source = classic[number % len(classic)]
            made = subprocess.run([arguments.mutate_capture, source, path, str(number)], capture_output=True, timeout=300, check=False)
            if made.returncode != 0:
                continue
            done["mutated"] += 1
            if wrong := run(arguments.tool, COMMANDS[number % len(COMMANDS)], path)[3]:
                troubles.append(f"{source} by seed {number}: {wrong}")
                print(troubles[-1], flush=True)
        names = sorted(contents)
        for number in arguments.cut:
            chance = random.Random(number)
            name = names[number % len(names)]
            done["cut"] += 1
            if wrong := cut_trouble(arguments.tool, name, contents[name], chance, folder):
                troubles.append(wrong)
                print(wrong, flush=True)
    print(f"{done['mutated']} mutated and {done['cut']} cut captures of {len(files)} files; {len(troubles)} in trouble")
    return 1 if troubles or done["mutated"] + done["cut"] < len(arguments.mutated) / 2 + len(arguments.cut) else 0


if __name__ == "__main__":
    sys.exit(main())
