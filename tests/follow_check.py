#!/usr/bin/env python3
"""Compares `stream --raw` with tshark's `follow,tcp,raw` on the corpus of real captures.

    tests/follow_check.py TOOL SHARED [--captures N] [--all] [-v]

SHARED is the folder that holds corpus/ (not part of this repository). Of each capture the first connections that carried data are
compared (at most three), until N captures are done (30); --all: every one. tshark writes "[n bytes missing in capture file]" into its
bytes where it found a gap: that is taken out before comparing. Prints a line a connection that differs, with what the tool says of it,
and a table; exits 1 if one differs without a reason that the tool names.
"""
import argparse
import base64
import json
import re
import subprocess
import sys

MISSING = re.compile(rb"\[(\d+) bytes missing in capture file\]\0?")
PER_CAPTURE = 3
# What the tool leaves out or takes otherwise, by the counter that says so.
REASONS = {
    "after_reset": "tshark goes on after a RST with data that nobody acknowledged",
    "in_reset": "tshark takes the payload of a RST for data",
    "after_fin": "tshark goes on after the FIN",
    "bad_checksum": "tshark takes data with a wrong checksum that nobody acknowledged",
    "syn_data_refused": "tshark takes data in a SYN that the peer did not take",
    "never_delivered": "tshark tells data behind a hole that nobody acknowledged",
    "before_start": "the stream begins elsewhere",
    "conflicts": "segments contradict each other",
    "far_off": "segments far off the stream",
}


def run(*command):
    return subprocess.run(command, capture_output=True, timeout=600)


def tshark_follow(path, stream):
    """The port of the first node, and the octets in order as (sent by the first node, octets)."""
    out = run("tshark", "-n", "-r", path, "-q", "-z", f"follow,tcp,raw,{stream}").stdout.decode()
    port, parts = 0, []
    for line in out.splitlines():
        node = re.match(r"Node 0: .*:(\d+)", line)
        if node:
            port = int(node[1])
        elif re.fullmatch(r"\t?([0-9a-f]{2})+", line):
            parts.append((not line.startswith("\t"), bytes.fromhex(line.strip())))
    return port, parts


def merged(parts):
    """Neighbours of one direction as one."""
    out = []
    for who, octets in parts:
        if octets and out and out[-1][0] == who:
            out[-1] = (who, out[-1][1] + octets)
        elif octets:
            out.append((who, octets))
    return out


def one_side(parts, who):
    return b"".join(octets for sender, octets in parts if sender == who)


def ours(tool, path, flow):
    told = run(tool, "stream", "--flow", str(flow), "--format", "ndjson", path).stdout
    lines = [json.loads(line) for line in told.splitlines()]
    raw = run(tool, "stream", "--flow", str(flow), "--raw", path)
    parts = [(line["endpoint"], base64.b64decode(line["base64"])) for line in lines if line["type"] == "data"]
    assert b"".join(octets for _, octets in parts) == raw.stdout, "raw and ndjson differ"
    return parts, {line["endpoint"]: line for line in lines if line["type"] == "end"}, raw.stderr.decode()


def reasons(parts, theirs, ends):
    found = set()
    for who, end in ends.items():
        here, there = one_side(parts, who), one_side(theirs, who)
        if here == there:
            continue
        found |= {why for counter, why in REASONS.items() if end[counter]}
        if here.startswith(there) and end["gaps"]:
            found.add("tshark stops at a gap that no ACK covers")
        elif len(there) < len(here):
            found.add("tshark leaves resends out that come first")
        elif len(there) == len(here):
            found.add("tshark took a corrupted segment, here its resend")
    return sorted(found)


def compare(tool, path, flow, stream):
    """A verdict and what there is to say."""
    port, theirs = tshark_follow(path, stream["stream"])
    parts, ends, said = ours(tool, path, flow["flow"])
    first, second = ("client", "server") if port == flow["client"]["port"] else ("server", "client")
    gaps = sum(len(MISSING.findall(octets)) for _, octets in theirs)
    theirs = [(first if is_first else second, MISSING.sub(b"", octets)) for is_first, octets in theirs]
    if merged(parts) == merged(theirs):
        return "equal", f"{gaps} gaps"
    sizes = {who: (len(one_side(parts, who)), len(one_side(theirs, who))) for who in ends}
    text = f"bytes here and in tshark: {sizes}; {gaps} gaps in tshark\n{said}"
    if all(one_side(parts, who) == one_side(theirs, who) for who in ends):
        return "other order", text
    why = reasons(parts, theirs, ends)
    return ("; ".join(why) if why else "DIFFERS"), text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("shared")
    parser.add_argument("--captures", type=int, default=30)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    corpus = options.shared + "/corpus/"
    counts, captures = {}, 0
    with open(corpus + "tshark_ref.ndjson", encoding="utf8") as reference:
        files = sorted((json.loads(line) for line in reference), key=lambda c: c["file"])
    for capture in files:
        with_data = [s for s in capture["streams"] if sum(s["payload"]) > 0]
        if not with_data:
            continue
        path = corpus + capture["file"]
        listed = map(json.loads, run(options.tool, "flows", "--format", "ndjson", path).stdout.splitlines())
        flows = {(f["first_frame"], frozenset((f["client"]["port"], f["server"]["port"]))): f for f in listed}
        done = 0
        for stream in with_data[:PER_CAPTURE]:
            flow = flows.get((stream["first"], frozenset((stream["client"][1], stream["server"][1]))))
            verdict, text = compare(options.tool, path, flow, stream) if flow else ("no such flow here", "")
            done += flow is not None
            counts[verdict] = counts.get(verdict, 0) + 1
            if options.v or verdict != "equal":
                print(f"{capture['file']} stream {stream['stream']} flow {flow and flow['flow']}: {verdict}\n{text}", flush=True)
        captures += done > 0
        if captures == options.captures and not options.all:
            break
    print(f"\n{captures} captures, {sum(counts.values())} connections")
    for verdict, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"  {count:4}  {verdict}")
    sys.exit(1 if "DIFFERS" in counts else 0)


if __name__ == "__main__":
    main()
