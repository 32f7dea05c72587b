#!/usr/bin/env python3
"""Counts packets beside which what is told contradicts itself: `tests/contradictions.py TOOL FOLDER...`

Of every capture in the folders, each connection's history is read: the state of an end after a packet or ICMP error is one of those
possible then (UNKNOWN claims nothing), and the one that the end changed to with that packet. Prints each contradiction, and their
number; exits 1 if there is one.
"""
import json
import pathlib
import subprocess
import sys

SUFFIXES = (".pcap", ".pcapng", ".cap", ".gz", ".snoop")


def captures(folder):
    return sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file() and path.name.endswith(SUFFIXES))


def histories(tool, path):
    """None where it is no capture."""
    run = subprocess.Popen([tool, "history", "--quiet", "--no-config", "--format", "ndjson", "--flow", "0-4000000000", str(path)],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield from map(json.loads, run.stdout)
    if run.wait() not in (0, 1, 2):
        raise SystemExit(f"{path}: exit status {run.returncode}")


def contradictions(history):
    flow = history["flow"]
    changed = {(change["frame"], change["endpoint"]): change["to"] for change in flow["history"] if change["frame"] is not None}
    for part in history["segments"] + history["icmp"]:
        for end in ("client",) if flow["client"] == flow["server"] else ("client", "server"):
            state, possible = part["state"][end], part["possible"][end]
            if state != "UNKNOWN" and state not in possible:
                yield f"flow {flow['flow']}, frame {part['frame']}: {end} {state} is none of {', '.join(possible)}"
            elif changed.get((part["frame"], end), state) != state:
                yield f"flow {flow['flow']}, frame {part['frame']}: {end} {state}, changed to {changed[part['frame'], end]}"


def main(tool, *folders):
    files = packets = found = 0
    for folder in folders:
        for path in captures(folder):
            files += 1
            for history in histories(tool, path):
                packets += len(history["segments"]) + len(history["icmp"])
                for told in contradictions(history):
                    found += 1
                    print(f"{path}: {told}")
    print(f"{files} captures, {packets} packets and ICMP errors: {found} contradictions")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    sys.exit(main(*sys.argv[1:]))
