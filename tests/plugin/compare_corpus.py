#!/usr/bin/env python3
"""Compares the plugin with the command line over any captures, packet by packet, and lists where they differ.

    TCPAUTOPSY=... WSPLUGINS=... tests/plugin/compare_corpus.py FILE|FOLDER...

Prints a line for each capture with differences and a total; exits 1 if there are any. Two passes: every packet. One pass: the flow of every
packet, the findings at the end, and some packets against the capture cut behind them.
"""
import collections
import os
import re
import subprocess
import sys

from compare import compare_two_pass, packets
from wireshark import HOME, cli, tshark

PREFIXES = 4  # of each capture


def captures(names):
    for name in names:
        if os.path.isfile(name):
            yield name
        for folder, _, files in os.walk(name):
            for file in sorted(files):
                if file.endswith((".csv", ".ndjson", ".zst", ".md", ".txt")):
                    continue
                yield os.path.join(folder, file)


def compare_prefixes(path, shown):
    """Differences of some packets in one pass from what the command line says of the capture up to them; how many were compared."""
    differences, compared = [], 0
    cut = os.path.join(HOME, "cut.pcapng")
    for frame in sorted(shown)[::max(1, len(shown) // PREFIXES)][:PREFIXES + 1]:
        subprocess.run(["editcap", "-r", path, cut, f"1-{frame}"], check=True, capture_output=True)
        packet = shown[frame]
        parts = [p for h in cli("history", cut, "--flow", packet.one("flow")) for p in h["segments"] + h["icmp"] if p["frame"] == frame]
        compared += len(parts)
        for part in parts:
            said = (part["endpoint"], part["state"]["client"], part["state"]["server"])
            ours = (packet.one("sender") or packet.one("icmp_endpoint"), packet.one("client_state"), packet.one("server_state"))
            if said != ours:
                differences.append(f"up to frame {frame}: the command line says {said}, the plugin {ours}")
    return differences, compared


def compare_one_pass(path, shown, two):
    """Differences of one pass: flows by frame, the findings of the whole at the end."""
    flows = {frame: p.one("flow") for frame, p in shown.items()}
    differences = [f"frame {f}: one pass says flow {flows.get(f)}, two passes {p.one('flow')}" for f, p in two.shown.items()
                   if flows.get(f) not in (None, p.one("flow"))]
    table = tshark("-q", "-r", path, "-z", "tcpautopsy_findings,stat").stdout
    counts = collections.Counter({i: int(n) for i, n in re.findall(r"^(\w+) +\|\w+ +\| *(\d+) \|", table, re.M)})
    expected = collections.Counter(f["id"] for f in two.findings)
    if counts != expected:
        differences.append(f"findings: {dict(expected - counts)} missing, {dict(counts - expected)} more")
    return differences


def main():
    total = collections.Counter()
    for path in captures(sys.argv[1:]):
        total["captures"] += 1
        try:
            two = compare_two_pass(path)
            live, _ = packets(path)
            one = compare_one_pass(path, live, two)
            cut, compared = compare_prefixes(path, live)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            total["not read by tshark"] += 1
            print(f"{path}: {error}", flush=True)
            continue
        total["packets"] += two.packets
        total["of them ICMP errors"] += two.errors
        total["packets with several TCP headers"] += two.several
        total["shown only by the command line"] += two.missing
        total["shown only by the plugin"] += two.extra
        total["packets of one pass"] += compared
        one += cut
        total["differences of two passes"] += len(two.differences)
        total["differences of one pass"] += len(one)
        differs = bool(two.differences or one or two.missing)
        total["captures that differ"] += differs
        if differs:
            print(f"{path}: {two.packets} packets, {len(two.differences)} differences, {two.missing} not shown, {two.extra} more", flush=True)
            for line in (two.differences[:3] + one[:3]):
                print("    " + line[:300], flush=True)
    for name, count in total.items():
        print(f"{count:9} {name}")
    return 1 if total["captures that differ"] else 0


if __name__ == "__main__":
    sys.exit(main())
