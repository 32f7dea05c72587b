#!/usr/bin/env python3
"""What is said of a spoilt capture and not of the whole: warnings and errors to look at, since each may be false.

    tests/cut_differences.py TOOL CAPTURE.pcap ...

Each capture (classic pcap, little-endian, up to 3,000 packets) is begun later, ended sooner, seen from one side, thinned, doubled, cut at
short snap lengths and put out of order a little. Not every line is a fault: what the missing packets explained is gone with them."""
import collections
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

MAGICS = (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")
MOST_PACKETS, FEWEST_PACKETS = 3000, 5
SOURCE = slice(26, 30)  # of an IPv4 packet behind Ethernet


def packets_of(path):
    """The file's header, and (record header, octets) pairs; None for what is no such file."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] not in MAGICS:
        return None, []
    packets, at = [], 24
    while at + 16 <= len(data):
        captured = struct.unpack_from("<I", data, at + 8)[0]
        packets.append((data[at:at + 16], data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return data[:24], packets


def snapped(packet, length):
    header, octets = packet
    return header[:8] + struct.pack("<I", min(length, len(octets))) + header[12:], octets[:length]


def swapped(packets):
    """Neighbours change places now and then; the times stay where they were."""
    chance, out = random.Random(9), list(packets)
    for i in range(len(out) - 1):
        if chance.random() < 0.08:
            (a, x), (b, y) = out[i], out[i + 1]
            out[i], out[i + 1] = (a[:8] + b[8:], y), (b[:8] + a[8:], x)
    return out


def spoilt(packets):
    n = len(packets)
    for k in sorted({1, 2, 3, 4, n // 4, n // 2, 3 * n // 4}):
        if 0 < k < n - 2:
            yield f"begun at {k}", packets[k:]
    for k in sorted({n // 4, n // 2, 3 * n // 4}):
        if k > 2:
            yield f"ended at {k}", packets[:k]
    first = packets[0][1][SOURCE]
    yield "one side", [p for p in packets if p[1][SOURCE] == first]
    yield "other side", [p for p in packets if p[1][SOURCE] != first]
    for seed in (1, 2, 3):
        chance = random.Random(seed)
        yield f"thinned {seed}", [p for p in packets if chance.random() > 0.06]
    yield "doubled", [p for packet in packets for p in (packet, packet)]
    for length in (54, 60, 66, 70):
        yield f"snapped at {length}", [snapped(p, length) for p in packets]
    yield "swapped", swapped(packets)


def graver(tool, header, packets):
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(header + b"".join(record + octets for record, octets in packets))
        file.flush()
        out = subprocess.run([tool, "findings", "--format", "ndjson", file.name], capture_output=True, text=True, check=False).stdout
    return {(f["id"], f["severity"]) for f in map(json.loads, out.splitlines()) if f["severity"] in ("warning", "error")}


def main(tool, *paths):
    new, looked_at = collections.defaultdict(list), 0
    for path in paths:
        header, packets = packets_of(path)
        if not FEWEST_PACKETS <= len(packets) <= MOST_PACKETS:
            continue
        looked_at += 1
        said = {name for name, _ in graver(tool, header, packets)}
        for how, rest in spoilt(packets):
            if len(rest) < 2:
                continue
            for found in graver(tool, header, rest):
                if found[0] not in said:
                    new[found].append(f"{os.path.basename(path)} {how}")
    for (name, severity), where in sorted(new.items()):
        print(f"{severity:8}{name:26}{len(where):4}  {'; '.join(where[:6])}")
    print(f"{looked_at} captures")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
