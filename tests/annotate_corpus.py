#!/usr/bin/env python3
"""Annotates every capture of the corpus and has tshark read the result.

    tests/annotate_corpus.py TOOL SHARED

SHARED is the folder that holds corpus/ (not part of this repository); tshark must be installed. For each capture: the same frame numbers,
times, lengths and octets (by MD5) as the original has, up to where it is damaged; the comments of the original and ours; of pcapng all blocks
as they were, our comments taken out again. Where tshark itself fails on the original (it guesses otherwise what a damaged pcap file is), only
what it reads alike is compared. Prints the captures that differ and a table; exits 1 if one does.
"""
import csv
import gzip
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "cli"))
import pcapng_blocks  # noqa: E402

FIELDS = ("frame.number", "frame.time_epoch", "frame.cap_len", "frame.len", "frame.md5_hash", "frame.comment")


def rows(path):
    done = subprocess.run(["tshark", "-n", "-r", path, "-o", "frame.generate_md5_hash:TRUE", "-T", "fields", "-E", "aggregator=^",
                           *(word for field in FIELDS for word in ("-e", field))], capture_output=True, timeout=600)
    return done.returncode, [line.split("\t") for line in done.stdout.decode(errors="replace").splitlines()]


def time_ns(text):
    """Of some pcap files the fraction is more than a second: the time it comes to."""
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 10**9 + int(fraction or 0) if text else None


def octets_of(path):
    with open(path, "rb") as file:
        octets = file.read()
    return gzip.decompress(octets) if octets[:2] == b"\x1f\x8b" else octets


def difference(original, result, after, damaged):
    """What is not as it was, in words; empty for nothing. `after`: the rows of the result."""
    failed, before = rows(original)
    if failed:
        before = before if after[:len(before)] == before or not damaged else []
    elif len(before) != len(after) and not (damaged and len(after) < len(before)):
        return f"{len(after)} packets instead of {len(before)}"
    for old, new in zip(before, after):
        # Times before 1970 are none that pcap has: tshark's arithmetic.
        same_time = old[1].startswith("-") or time_ns(old[1]) == time_ns(new[1])
        if not same_time or [old[0], *old[2:5]] != [new[0], *new[2:5]]:
            return f"frame {old[0]}: {new[:5]} instead of {old[:5]}"
        if not new[5].startswith(old[5]):
            return f"frame {old[0]}: its comments are gone"
    octets = octets_of(original)
    if octets[:4] == b"\x0a\x0d\x0d\x0a":
        blocks = pcapng_blocks.differences(octets, octets_of(result))
        if blocks and not (damaged and blocks == [len(pcapng_blocks.blocks(octets_of(result)))]):
            return f"blocks {blocks} differ"
    return ""


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tool, corpus = sys.argv[1], os.path.join(sys.argv[2], "corpus")
    with open(os.path.join(corpus, "manifest.csv"), encoding="utf8", newline="") as table:
        names = [row["file"] for row in csv.DictReader(table)]
    counts = dict.fromkeys(("captures", "refused", "damaged", "equal", "pcapng", "packets", "with ours", "comments"), 0)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "annotated.pcapng")
        for name in names:
            original = os.path.join(corpus, name)
            counts["captures"] += 1
            done = subprocess.run([tool, "annotate", "-q", "-o", result, original], capture_output=True, text=True, timeout=600)
            if done.returncode == 2:
                counts["refused"] += 1
                print(f"refused  {name}: {done.stderr.strip()}")
                continue
            after = rows(result)[1]
            says = difference(original, result, after, done.returncode == 1)
            if done.returncode not in (0, 1) or "Sanitizer" in done.stderr or says:
                wrong += 1
                print(f"differs  {name}: {says or done.stderr}")
            ours = [text for row in after for text in row[5].split("^") if text.startswith("tcpautopsy: ")]
            counts["damaged"] += done.returncode
            counts["equal"] += not says
            counts["pcapng"] += octets_of(original)[:4] == b"\x0a\x0d\x0d\x0a"
            counts["packets"] += len(after)
            counts["with ours"] += bool(ours)
            counts["comments"] += len(ours)
    print("\n| " + " | ".join(counts) + " |\n|" + "---|" * len(counts) + "\n| " + " | ".join(f"{n:,}" for n in counts.values()) + " |")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
