#!/usr/bin/env python3
"""Runs the tool over the corpus of real captures and compares its flows with tshark's streams.

    tests/corpus_check.py TOOL SHARED

SHARED is the folder that holds corpus/ (not part of this repository). For each capture: exit status 0 or 1 (2 where the file is no
capture), no sanitizer report, every line JSON with the contract's fields, and as many flows as tshark has streams. Prints the captures
that differ and a table; exits 1 if a run failed.
"""
import csv
import json
import subprocess
import sys

FIELDS = ("schema flow file client server client_guessed incarnation vlan tunnel community_id first_time first_ns last_ns first_frame "
          "last_frame last_file ended_early packets duplicates payload_bytes wire_bytes handshake close closed_first zeek_conn_state "
          "zeek_history completeness history final final_possible counts rtt_ns where_time_went_ns turns options findings").split()


def run(tool, command, path):
    done = subprocess.run([tool, command, "--format", "ndjson", path], capture_output=True, text=True, timeout=300)
    flows = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, flows, done.stderr


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tool, corpus = sys.argv[1], sys.argv[2] + "/corpus/"
    streams, completeness = {}, {}
    with open(corpus + "tshark_ref.ndjson", encoding="utf8") as lines:
        for line in lines:
            capture = json.loads(line)
            streams[capture["file"]] = len(capture["streams"])
            completeness[capture["file"]] = {(s["first"], s["last"], sum(s["pkts"])): s["completeness"] for s in capture["streams"]}
    captures = failed = equal = refused = words = alike = 0
    status_counts = {}
    with open(corpus + "manifest.csv", encoding="utf8", newline="") as table:
        for row in csv.DictReader(table):
            captures += 1
            status, flows, errors = run(tool, "flows", corpus + row["file"])
            found_status, _, found_errors = run(tool, "findings", corpus + row["file"])
            status_counts[status] = status_counts.get(status, 0) + 1
            sanitizer = "Sanitizer" in errors + found_errors or "runtime error" in errors + found_errors
            missing = [f for flow in flows for f in FIELDS if f not in flow]
            if status not in (0, 1) and not flows and not sanitizer and row["tshark_streams"] in ("", "0"):
                refused += 1
                print(f"refused  {row['file']}: {errors.strip()}")
            elif status not in (0, 1) or found_status not in (0, 1) or sanitizer or missing:
                failed += 1
                print(f"FAILED   {row['file']}: exit {status}, {found_status}; {(errors + found_errors).strip()[:300]} {missing[:3]}")
                continue
            for flow in flows:
                key = (flow["first_frame"], flow["last_frame"], sum(flow["packets"].values()) + flow["duplicates"])
                if key in completeness.get(row["file"], {}):
                    words += 1
                    alike += flow["completeness"] == completeness[row["file"]][key]
            if len(flows) == streams.get(row["file"], 0):
                equal += 1
            else:
                print(f"differs  {row['file']}: {len(flows)} flows, tshark {streams.get(row['file'], 0)} streams")
    print(f"\n{captures} captures, exit status {status_counts}: {failed} failed, {refused} refused as no capture; "
          f"{equal} with as many flows as tshark has streams; completeness alike on {alike} of {words} flows compared")
    return 1 if failed else 0


sys.exit(main())
