#!/usr/bin/env python3
"""Compares what tcpautopsy tells of captures with the kernel's account of them (truth.json, made by run.py).

    compare.py TOOL FOLDER [-v]

For each capture point, over the ends whose connection has a packet there: `visible`: the states entered are the kernel's,
those aside of which no packet in it tells; `sound`: the true last state is among `final_possible`; `true`: what is told as
observed or confirmed was so. `quiet`: of clean connections nothing above info is told; `told`: findings that must be. Exit status 1 where a share falls below
LEAST, which leaves room for what a loaded machine does to packets: a middlebox that comes late loses and holds up what no
rule names. Of kind `wild` packets may be held up for more than a second, which is further off than a true change may be told.
"""
import argparse
import collections
import json
import os
import subprocess
import sys

SECOND = 1_000_000_000
LEAST = {"found": 1.0, "visible": 0.95, "sound": 0.99, "true": 0.995, "quiet": 0.9, "told": 0.9}


def told(tool, command, path, end_ns):
    done = subprocess.run([tool, command, "--format", "ndjson", "--capture-end", f"{end_ns // SECOND}.{end_ns % SECOND:09d}", path],
                          capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{tool} {command} {path}: exit status {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def ends(flow):
    return frozenset((flow[end]["ip"], flow[end]["port"]) for end in ("client", "server"))


def by_ends(flows):
    """Incarnations of the same ends as one: their histories one after the other."""
    joined = {}
    for flow in flows:
        first = joined.get(ends(flow))
        if first is not None and first["client"] == flow["client"]:
            flow["history"] = first["history"] + flow["history"]
        joined[ends(flow)] = flow
    return joined


def is_state(true, state):
    return state in (true["to"], true.get("alt_to"))


class Score:
    def __init__(self, vantage, verbose):
        self.vantage, self.verbose = vantage, verbose
        self.counts = collections.Counter()

    def count(self, what, right, words):
        self.counts[what, right] += 1
        if not right and self.verbose:
            print(f"{self.vantage} {what}: {words}")

    def share(self, what):
        right, wrong = self.counts[what, True], self.counts[what, False]
        return right / (right + wrong) if right + wrong else 1.0

    def fails(self):
        return any(self.share(what) < least for what, least in LEAST.items())

    def line(self):
        return f"{self.vantage}: " + ", ".join(
            f"{what} {self.counts[what, True]} of {self.counts[what, True] + self.counts[what, False]}"
            for what in ("found", "visible", "sound", "true", "quiet", "told"))


def judge_end(score, name, true, flow, end, words):
    got = [t for t in flow["history"] if t["endpoint"] == end]
    silent = lambda t: score.vantage not in t["shown_at"]
    shown, seen = [t for t in true if not silent(t)], [t for t in got if t["basis"] != "timer"]
    same = lambda a, b: len(a) == len(b) and all(is_state(t, g["to"]) for t, g in zip(a, b))
    words = f"{words} {name}: truth {[t['to'] + ('~' if silent(t) else '') for t in true]}, told {[t['to'] for t in got]}"
    score.count("visible", same(true, got) or same(shown, seen), words)
    possible = flow["final_possible"][end]
    last = true[-1]
    sound = any(is_state(last, state) for state in possible) or (silent(last) and last["from"] in possible)
    score.count("sound", sound, f"{words}, possible {possible}")
    at = 0
    for t in got:
        if t["basis"] not in ("observed", "confirmed"):
            continue
        when = t.get("at_ns", t["time_ns"])
        hit = next((i for i in range(at, len(true)) if is_state(true[i], t["to"]) and true[i]["time_ns"] < when + SECOND
                    and (i + 1 == len(true) or true[i + 1]["time_ns"] > when - SECOND)), None)
        score.count("true", hit is not None, f"{words}: {t['from']} to {t['to']}, {t['basis']}, frame {t.get('frame')}")
        at = at if hit is None else hit + 1


def judge_capture(tool, folder, truth, vantage, verbose):
    score = Score(vantage, verbose)
    path = os.path.join(folder, f"{vantage}.pcap")
    flows = by_ends(told(tool, "flows", path, truth["capture_end_ns"]))
    loud = collections.defaultdict(set)
    quiet = collections.defaultdict(set)
    for finding in told(tool, "findings", path, truth["capture_end_ns"]):
        if finding["scope"] == "flow":
            (quiet if finding["severity"] == "info" else loud)[finding["flow"]].add(finding["id"])
    for c in truth["connections"]:
        if not c["packets"][vantage]:
            continue
        words = f"{c['kind']} {c['client']['port']}"
        flow = flows.get(ends(c))
        score.count("found", flow is not None, words)
        if flow is None:
            continue
        swapped = flow["client"]["port"] != c["client"]["port"]
        for name in ("client", "server"):
            if c[f"{name}_history"]:
                end = {"client": "server", "server": "client"}[name] if swapped else name
                judge_end(score, name, c[f"{name}_history"], flow, end, words)
        if c["clean"]:
            score.count("quiet", not loud[flow["flow"]], f"{words}: {sorted(loud[flow['flow']])}")
        if vantage == "middle":
            for finding in c["expect"]:
                score.count("told", finding in loud[flow["flow"]] | quiet[flow["flow"]], f"{words}: {finding}")
        if verbose and not c["clean"]:
            print(f"{vantage} says of {words}: {sorted(loud[flow['flow']])} ({sorted(quiet[flow['flow']])})")
    return score


def judge(tool, folder, truth, verbose=False):
    scores = [judge_capture(tool, folder, truth, vantage, verbose) for vantage in ("client", "middle", "server")]
    for score in scores:
        print(score.line())
    return 1 if any(score.fails() for score in scores) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("folder")
    parser.add_argument("-v", "--verbose", action="store_true", help="name each difference, and what is told of the rest")
    options = parser.parse_args()
    with open(os.path.join(options.folder, "truth.json"), encoding="utf8") as file:
        return judge(options.tool, options.folder, json.load(file), options.verbose)


if __name__ == "__main__":
    sys.exit(main())
