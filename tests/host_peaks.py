#!/usr/bin/env python3
"""How many endpoints were in one state at once: what findings about hosts say, beside the kernel's own histories.

    host_peaks.py TOOL SHARED [-v]

SHARED/truth holds captures of kernel connections whose truth.json tells when each endpoint entered and left which state. Of every scenario
that expects time_wait_excess or syn_flood, at each of its three capture points, the finding's peak is compared with the greatest number of
endpoints that the kernel had in that state at one time, at the finding's address and port. Fails if a finding is missing or a peak is off by
more than 2 %. Of a flood there are two: attempts not completed, to which those belong that a SYN cookie answered, and what the kernel kept of
them in memory, without these. Half-open counts what is so for a second or longer: what is open sooner is no part of a flood.
"""
import argparse
import json
import os
import subprocess
import sys

MOST_OFF = 0.02
SECOND = 10**9
# Finding: the state, and for each field of its evidence that tells a peak which connections, sides and stays count.
PEAKS = {"time_wait_excess": ("TIME-WAIT", {"peak": (lambda connection: True, ("client", "server"), 0)}),
         "syn_flood": ("SYN-RECEIVED", {"peak_uncompleted": (lambda connection: True, ("server",), SECOND),
                                        "peak_kept": (lambda connection: not connection.get("cookie"), ("server",), SECOND)})}


def findings(program, capture, end_ns):
    done = subprocess.run([program, "findings", "--no-config", "--format", "ndjson", "--capture-end", f"{end_ns // 10**9}.{end_ns % 10**9:09d}", capture],
                          capture_output=True, text=True, timeout=600, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{capture}: exit {done.returncode}: {done.stderr[-300:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def stays(history, state, end_ns):
    """When the endpoint entered the state and left it."""
    for change, following in zip(history, history[1:] + [None]):
        if change["to"] == state:
            yield change["time_ns"], following["time_ns"] if following else end_ns


def true_peak(truth, state, host, port, which):
    counts, sides, least_ns = which
    changes = []
    for connection in filter(counts, truth["connections"]):
        for side in sides:
            end = connection[side]
            if end["ip"] != host or (port is not None and end["port"] != port):
                continue
            for entered, left in stays(connection[side + "_history"], state, truth["capture_end_ns"]):
                if left - entered >= least_ns:
                    changes += [(entered, 1), (left, -1)]
    most = now = 0
    for _, by in sorted(changes):
        now += by
        most = max(most, now)
    return most


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("shared")
    parser.add_argument("-v", action="store_true", help="the findings in words too")
    options = parser.parse_args()
    root = os.path.join(options.shared, "truth")
    bad = 0
    for scenario in sorted(os.listdir(root)):
        path = os.path.join(root, scenario, "truth.json")
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf8") as file:
            truth = json.load(file)
        for expected in truth.get("expect_run", []):
            if expected not in PEAKS:
                continue
            state, fields = PEAKS[expected]
            for vantage in ("client", "server", "middle"):
                capture = os.path.join(root, scenario, vantage + ".pcap")
                found = [f for f in findings(options.tool, capture, truth["capture_end_ns"]) if f["id"] == expected]
                if not found:
                    print(f"{scenario:18} {vantage:7} {expected}: missing")
                    bad += 1
                for finding in found:
                    for field, which in fields.items():
                        true = true_peak(truth, state, finding["host"], finding["port"], which)
                        told = finding["evidence"].get(field)
                        off = abs(told - true) / true if told is not None and true else 1.0
                        print(f"{scenario:18} {vantage:7} {expected} {field:16} told {told} true {true}, {100 * off:.2f} % off")
                        bad += off > MOST_OFF
                    if options.v:
                        print("   ", finding["summary"])
    sys.exit(1 if bad else 0)


main()
