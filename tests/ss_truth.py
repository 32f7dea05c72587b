#!/usr/bin/env python3
"""The socket table at random moments, beside the kernel's own.

    ss_truth.py TOOL SHARED [--scenario NAME] [--vantage client|server|middle] [--moments N] [--seed N] [-v]

SHARED/truth holds captures of kernel connections whose truth.json tells when each endpoint entered which state. `ss --at` is asked for N (200)
moments between the first packet and the capture's end. An endpoint counts at a moment if it has a socket there (any state but CLOSED and
LISTEN) by the kernel's account or by the tool's, and if the capture point has a packet of its connection. The two agree if they have the same
state; UNKNOWN, two sockets of one address pair, or a socket that only one of them has, do not. Fails if fewer than 97 of 100 agree.
"""
import argparse
import collections
import json
import os
import random
import subprocess
import sys

NONE = ("CLOSED", "LISTEN")
LEAST = 0.97


def seconds(ns):
    return f"{ns // 10**9}.{ns % 10**9:09d}"


def run(program, arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{arguments}: exit {done.returncode}: {done.stderr[-300:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def kernel_states(connections, at_ns):
    """(local, peer) -> the states it may be in, what the connection is, since when; of sockets that exist or did."""
    states = {}
    for connection in connections:
        for side, other in (("client", "server"), ("server", "client")):
            last = None
            for change in connection[side + "_history"]:
                if change["time_ns"] > at_ns:
                    break
                last = change
            if last is None:
                continue
            key = tuple((connection[s]["ip"], connection[s]["port"]) for s in (side, other))
            states[key] = ({last["to"], last.get("alt_to")}, f"{connection['kind']} {side}", last["time_ns"])
    return states


def told_states(rows):
    states = collections.defaultdict(list)
    for row in rows:
        if row["state"] not in NONE:
            states[tuple((row[end]["ip"], row[end]["port"]) for end in ("local", "peer"))].append(row["state"])
    return states


def compare(kernel, told, at_ns, kinds, verbose):
    agree = 0
    keys = {key for key, (true, _, _) in kernel.items() if not true & set(NONE)} | told.keys()
    for key in keys:
        true, kind, since_ns = kernel.get(key, ({"CLOSED"}, "no socket yet", at_ns))
        got = told.get(key, ["CLOSED"])
        if len(got) == 1 and got[0] in true:
            agree += 1
            continue
        kinds[f"{kind}: {'|'.join(sorted(filter(None, true)))}, told {'+'.join(got)}"] += 1
        if verbose:
            print(f"  at {seconds(at_ns)} {key} {kind}: kernel {sorted(filter(None, true))} for {(at_ns - since_ns) / 1e9:.3f} s, told {got}")
    return agree, len(keys)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("shared")
    parser.add_argument("--scenario", default="mixed")
    parser.add_argument("--vantage", default="middle")
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=9293)
    parser.add_argument("-v", action="store_true", help="name each that differs")
    options = parser.parse_args()
    folder = os.path.join(options.shared, "truth", options.scenario)
    capture = os.path.join(folder, options.vantage + ".pcap")
    with open(os.path.join(folder, "truth.json"), encoding="utf8") as file:
        truth = json.load(file)
    connections = [c for c in truth["connections"] if c["packets"].get(options.vantage)]
    common = ["--no-config", "--format", "ndjson", "--capture-end", seconds(truth["capture_end_ns"])]
    first_ns = min(flow["first_ns"] for flow in run(options.tool, ["flows", *common, capture]))
    rng = random.Random(options.seed)
    agree = total = 0
    worst = 1.0
    kinds = collections.Counter()
    for at_ns in sorted(rng.randint(first_ns, truth["capture_end_ns"]) for _ in range(options.moments)):
        told = told_states(run(options.tool, ["ss", "--at", seconds(at_ns), *common, capture]))
        same, of = compare(kernel_states(connections, at_ns), told, at_ns, kinds, options.v)
        agree, total, worst = agree + same, total + of, min(worst, same / of if of else 1.0)
    share = agree / total if total else 0.0
    print(f"{options.scenario} {options.vantage}: {agree} of {total} endpoints at {options.moments} moments agree, {100 * share:.2f} %; "
          f"the worst moment {100 * worst:.2f} %")
    for kind, count in kinds.most_common(40):
        print(f"  {count:5}  {kind}")
    sys.exit(0 if share >= LEAST else 1)


main()
