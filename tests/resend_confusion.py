#!/usr/bin/env python3
"""Why each data segment was sent again: what tcpautopsy says, and tshark, beside what the kernel says.

    resend_confusion.py TOOL SHARED [--scenario NAME] [-v]

SHARED/truth holds captures of kernel connections whose truth.json tells the reason of each retransmission (rto, fast, tlp;
loss-recovery is what follows a timeout and counts as rto). Each is looked up in the capture taken at its sender, and in the frames
of the tool's findings. Fails if fewer than 97 of 100 agree, or if the tool tells of data sent again in a connection that is clean.
"""
import argparse
import bisect
import collections
import json
import os
import subprocess
import sys

CLASSES = {"retransmission_timeout": "rto", "fast_retransmission": "fast", "tail_loss_probe": "tlp"}
FIELDS = ["frame.number", "frame.time_epoch", "ip.src", "ipv6.src", "tcp.srcport", "tcp.seq_raw", "tcp.len", "tcp.flags.fin",
          "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission", "tcp.analysis.spurious_retransmission",
          "tcp.analysis.out_of_order", "tcp.analysis.keep_alive"]


def tool(path, program, command, end_ns):
    """The tool's lines, or nothing where it fails."""
    done = subprocess.run([program, command, "--format", "ndjson", "--capture-end", f"{end_ns // 10**9}.{end_ns % 10**9:09d}", path],
                          capture_output=True, text=True, timeout=600, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{path}: exit {done.returncode}: {done.stderr[-300:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def packets(path):
    """Data segments and FINs by sender: (time in ns, sequence number, length, frame, tshark's word)."""
    arguments = ["tshark", "-n", "-r", path, "-o", "tcp.relative_sequence_numbers:false", "-Y", "tcp.len > 0 || tcp.flags.fin == 1",
                 "-T", "fields", "-E", "separator=|", "-E", "occurrence=f"]
    for field in FIELDS:
        arguments += ["-e", field]
    out = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=True).stdout
    found = collections.defaultdict(list)
    for line in out.splitlines():
        number, time, four, six, port, seq, length, fin, again, fast, spurious, order, alive = line.split("|")
        seconds, fraction = time.split(".")
        word = ("spurious" if spurious else "fast" if fast else "out-of-order" if order else "keep-alive" if alive
                else "retransmission" if again else "nothing")
        found[four or six, int(port)].append((int(seconds) * 10**9 + int(fraction.ljust(9, "0")), int(seq), int(length), int(number), word))
    for some in found.values():
        some.sort()
    return found


def frame_of(sent, event):
    """The captured segment that the kernel's event was about: its sequence number, within milliseconds."""
    at = bisect.bisect_left(sent, (event["time_ns"] - 3_000_000,))
    for packet in sent[at:at + 64]:
        if packet[0] > event["time_ns"] + 20_000_000:
            return None
        if packet[1] == event["seq"]:
            return packet
    return None


def verdicts(found):
    """frame -> class, by the findings that list it."""
    said = {}
    for finding in found:
        if finding["id"] in CLASSES:
            for frame in finding["frames"]:
                said.setdefault(frame, CLASSES[finding["id"]])
    return said


def examine(options, folder, tables, wrong):
    """Adds one folder's events to the tables; the number of clean connections with resends told."""
    truth = json.load(open(os.path.join(folder, "truth.json"), encoding="utf8"))
    events = [(c, e) for c in truth["connections"] for e in c.get("kernel_events", []) if e.get("what") == "segment"]
    alarms = 0
    for vantage in ("client", "server"):
        path = os.path.join(folder, vantage + ".pcap")
        if not os.path.exists(path):
            continue
        mine = [(c, e) for c, e in events if e["endpoint"] == vantage]
        found = tool(path, options.tool, "findings", truth["capture_end_ns"])
        flows = {f["flow"]: f for f in tool(path, options.tool, "flows", truth["capture_end_ns"])}
        clean = {frozenset((c[s]["ip"], c[s]["port"]) for s in ("client", "server")) for c in truth["connections"] if c.get("clean")}
        dirty = {frozenset((c[s]["ip"], c[s]["port"]) for s in ("client", "server")) for c in truth["connections"] if not c.get("clean")}
        for flow in flows.values():
            ends = frozenset((flow[s]["ip"], flow[s]["port"]) for s in ("client", "server"))
            counts = [flow["counts"][s] or {} for s in ("client", "server")]
            if ends in clean - dirty and any(n.get("retransmissions") for n in counts):
                alarms += 1
                print(f"{path}: flow {flow['flow']} is clean, yet {counts}")
        if not mine:
            continue
        said, sent = verdicts(found), packets(path)
        for connection, event in mine:
            packet = frame_of(sent[connection[vantage]["ip"], connection[vantage]["port"]], event)
            where = f"{folder} {vantage} {connection['kind']} port {connection['client']['port']}"
            if packet is None:
                tables["unmatched"] += 1
                continue
            if packet[2] == 0:
                continue  # a FIN alone
            kernel = "rto" if event["cause"] == "loss-recovery" else event["cause"]
            ours = said.get(packet[3], "nothing")
            tables["ours", kernel, ours] += 1
            tables["tshark", kernel, packet[4]] += 1
            if ours != kernel:
                wrong.append(f"{where} frame {packet[3]}: kernel {event['cause']}, tool {ours}, tshark {packet[4]}")
    return alarms


def show(tables, who):
    """Prints one table; the share that agrees."""
    words = sorted({k[2] for k in tables if k[0] == who})
    print(f"\n{'kernel':>8} | {who}: " + " ".join(f"{word:>15}" for word in words))
    for kernel in ("rto", "fast", "tlp"):
        print(f"{kernel:>8} | {'':{len(who)}}  " + " ".join(f"{tables[who, kernel, word]:>15}" for word in words))


def main():
    """Walks the folders and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("shared")
    parser.add_argument("--scenario", action="append")
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    tables, wrong, alarms = collections.Counter(), [], 0
    for folder in sorted(os.listdir(os.path.join(options.shared, "truth"))):
        path = os.path.join(options.shared, "truth", folder)
        if os.path.exists(os.path.join(path, "truth.json")) and (not options.scenario or folder in options.scenario):
            alarms += examine(options, path, tables, wrong)
    show(tables, "ours")
    show(tables, "tshark")
    total = sum(n for k, n in tables.items() if k[0] == "ours")
    right = sum(n for k, n in tables.items() if k[0] == "ours" and k[1] == k[2])
    if options.v:
        print("\n".join(wrong))
    print(f"\n{right} of {total} data segments sent again are told as the kernel does ({100 * right / max(total, 1):.1f} %); "
          f"{tables['unmatched']} events are not in the capture; clean connections with resends told: {alarms}")
    return 0 if total and right >= 0.97 * total and not alarms else 1


if __name__ == "__main__":
    sys.exit(main())
