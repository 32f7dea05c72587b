#!/usr/bin/env python3
"""Counts of retransmissions, segments out of order, duplicate ACKs and zero windows, beside tshark's, over the corpus.

    tshark_counts.py TOOL SHARED [-v]

SHARED/corpus holds real captures and tshark_ref.ndjson, what tshark says of each. Prints, for each capture that differs, both counts and
the classes of frames that make the difference, found by a third reading of the headers that remembers each octet and each packet:

  retransmission   a: captured or doubled twice, to the IP ID        b: octets never seen before: nothing was sent again
                   c: a SYN of another connection on the same ports  d: sent again, tshark calls it out of order, keep-alive or nothing
                   e: a probe of a closed window or a keep-alive      l: sent again, the first sending was lost before the capture
                   m: before a SYN-ACK with another number, where our count begins anew
  out of order     f: octets seen before: sent again                 g: sent again later than what followed it (IP ID, TSval, or SACK)
                   h: captured after its own ACK, or where a gap is too old
  duplicate ACK    a: as above                                       i: nothing is outstanding, so RFC 5681 2 (a) is not met
                   j: answers a probe                                k: tshark does not call it one
  any              n: damaged packets: a number no window allows, an ACK of the far future, or an IP length beyond the frame
What no class explains is told as left. Fails if captures with anything left are more than 5 of 100.
"""
import argparse
import collections
import json
import os
import subprocess
import sys

FIELDS = ("frame.number frame.time_epoch frame.len tcp.stream ip.src ipv6.src tcp.srcport ip.id ip.len tcp.seq_raw tcp.len tcp.ack_raw tcp.flags tcp.window_size_value "
          "tcp.checksum tcp.options.timestamp.tsval tcp.options.sack_le tcp.analysis.retransmission tcp.analysis.out_of_order "
          "tcp.analysis.duplicate_ack tcp.analysis.zero_window tcp.analysis.keep_alive tcp.analysis.zero_window_probe").split()
FIN, SYN, RST, ACK = 1, 2, 4, 16
WIDEST = 1 << 26  # octets; no window of these captures is as wide
KINDS = {"retransmission": "retransmissions", "out_of_order": "out_of_order", "duplicate_ack": "duplicate_acks", "zero_window": "zero_windows"}


def frames(path):
    """The TCP packets of a capture, innermost header."""
    arguments = ["tshark", "-n", "-r", path, "-o", "tcp.relative_sequence_numbers:false", "-Y", "tcp && !icmp && !icmpv6", "-T", "fields",
                 "-E", "separator=|", "-E", "occurrence=l"]
    for field in FIELDS:
        arguments += ["-e", field]
    out = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False).stdout
    for line in out.splitlines():
        values = line.split("|")
        if len(values) == len(FIELDS) and values[FIELDS.index("tcp.seq_raw")] and values[FIELDS.index("tcp.flags")]:
            yield dict(zip(FIELDS, values))


class Sent:
    """What one end sent on a connection: octets, packets, the order of sending."""

    def __init__(self):
        self.isn = self.next = self.acked = self.window = None
        self.first = None
        self.octets, self.packets = set(), {}
        self.id = self.clock = None
        self.closed = False

    def offset(self, number):
        """Distance from the first number, over the wrap."""
        expected = self.next if self.next is not None else 0
        return expected + (number - self.first - expected + 2**31) % 2**32 - 2**31

    def again(self, begin, end):
        """Everything in [begin, end) was seen before."""
        return end > begin and all(octet in self.octets for octet in range(begin, end))


def later(packet, sent):
    """Sent after what was seen before: by clock or counter; None where neither tells."""
    clock, count = packet["tcp.options.timestamp.tsval"], packet["ip.id"]
    if clock and sent.clock is not None and int(clock) != sent.clock:
        return (int(clock) - sent.clock) % 2**32 < 2**31
    if count and int(count, 16) and sent.id is not None:
        return (int(count, 16) - sent.id) % 2**16 < 2**15
    return None


def classify(path):
    """kind -> class letter -> frames in which tshark (capitals: this reading alone) sees that kind."""
    told = collections.defaultdict(collections.Counter)
    ends, again = collections.defaultdict(Sent), collections.Counter()
    for p in frames(path):
        stream, who = p["tcp.stream"], (p["ip.src"] or p["ipv6.src"], p["tcp.srcport"])
        others = [k for k in ends if k[0] == stream and k[1] != who and k[1] != "unseen"]
        sent, peer = ends[stream, who], ends[others[0] if others else (stream, "unseen")]
        flags, length, number = int(p["tcp.flags"], 16), int(p["tcp.len"] or 0), int(p["tcp.seq_raw"])
        extent = length + bool(flags & SYN) + bool(flags & FIN)
        print_of = (p["tcp.seq_raw"], p["tcp.ack_raw"], length, flags, p["tcp.window_size_value"], p["tcp.checksum"],
                    p["ip.id"] if p["ip.id"] and int(p["ip.id"], 16) else p["tcp.options.timestamp.tsval"])
        now = float(p["frame.time_epoch"])
        before = sent.packets.get(print_of)
        identified = bool(p["ip.id"] and int(p["ip.id"], 16)) or extent > 0 and bool(p["tcp.options.timestamp.tsval"])
        twin = before is not None and now - before < (3.0 if identified else 0.002 if extent > 0 else 1e-6)
        sent.packets[print_of] = now
        other_syn = bool(flags & SYN) and sent.isn is not None and sent.isn != number
        if other_syn:
            told["retransmission"]["m"] += again.pop(stream, 0) if flags & ACK else 0
            sent = ends[stream, who] = Sent()
        if sent.first is None:
            sent.first = number
        if flags & SYN:
            sent.isn = number
        begin = sent.offset(number)
        if sent.next is not None and abs(begin - sent.next) > WIDEST or p["ip.len"] and int(p["ip.len"]) > int(p["frame.len"]):
            told["damaged"]["n"] += 1
        seen = sent.again(begin, begin + extent) and not flags & RST
        probe = length <= 1 and not flags & (SYN | FIN) and (bool(p["tcp.analysis.keep_alive"]) and (sent.acked or 0) > begin
                                                             or bool(p["tcp.analysis.zero_window_probe"]) or peer.closed)
        said = {kind: bool(p["tcp.analysis." + kind]) for kind in KINDS}
        acked = sent.acked is not None and begin + extent <= sent.acked
        fills = not seen and not acked and extent > 0 and sent.next is not None and begin < sent.next and bool(later(p, sent))
        really = (seen or fills) and not twin and not probe and not other_syn and not flags & RST
        again[stream] += really
        if said["retransmission"] and not really:
            told["retransmission"]["a" if twin else "c" if other_syn else "e" if seen else "b"] += 1
        elif really and not said["retransmission"]:
            told["retransmission"]["L" if fills else "D"] += 1
        if said["out_of_order"]:
            told["out_of_order"]["f" if seen else "g" if later(p, sent) else "h" if acked else "left"] += 1
        if peer.first is None:
            peer.first, peer.next = int(p["tcp.ack_raw"]), 0
        if flags & ACK and not flags & RST:
            ack = peer.offset(int(p["tcp.ack_raw"]))
            if peer.acked is not None and abs(ack - peer.acked) > WIDEST:
                told["damaged"]["n"] += 1
            sacks = bool(p["tcp.options.sack_le"]) and (int(p["tcp.options.sack_le"]) - int(p["tcp.ack_raw"])) % 2**32 < 2**31
            duplicate = (extent == 0 and not twin and ack == peer.acked and p["tcp.window_size_value"] == sent.window != "0"
                         and ((peer.next or 0) > ack or sacks))
            if said["duplicate_ack"] and not duplicate:
                told["duplicate_ack"]["a" if twin else "j" if sent.window == "0" else "i"] += 1
            elif duplicate and not said["duplicate_ack"]:
                told["duplicate_ack"]["K"] += 1
            peer.acked = ack if peer.acked is None else max(peer.acked, ack)
        sent.window = p["tcp.window_size_value"]
        sent.closed = sent.window == "0" and not flags & (RST | SYN)
        if extent and not flags & RST and not probe:
            sent.octets.update(range(begin, begin + extent))
            sent.next = begin + extent if sent.next is None else max(sent.next, begin + extent)
        if p["ip.id"]:
            sent.id = int(p["ip.id"], 16)
        if p["tcp.options.timestamp.tsval"]:
            sent.clock = int(p["tcp.options.timestamp.tsval"])
    return told


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("shared")
    parser.add_argument("-v", action="store_true", help="also what is equal")
    options = parser.parse_args()
    corpus = os.path.join(options.shared, "corpus")
    with open(os.path.join(corpus, "tshark_ref.ndjson"), encoding="utf8") as lines:
        reference = [json.loads(line) for line in lines]
    sums, equal, left_over, examined = collections.Counter(), collections.Counter(), [], 0
    for capture in reference:
        path = os.path.join(corpus, capture["file"])
        done = subprocess.run([options.tool, "flows", "--format", "ndjson", path], capture_output=True, text=True, timeout=600, check=False)
        flows = [json.loads(line) for line in done.stdout.splitlines()]
        ours = {kind: sum((f["counts"][s] or {}).get(name) or 0 for f in flows for s in ("client", "server")) for kind, name in KINDS.items()}
        theirs = {kind: capture["counts"].get(kind, 0) for kind in KINDS}
        examined += 1
        for kind in KINDS:
            sums[kind, "ours"] += ours[kind]
            sums[kind, "tshark"] += theirs[kind]
            equal[kind] += ours[kind] == theirs[kind]
        if ours == theirs:
            continue
        told = classify(path)
        for kind in KINDS:
            if ours[kind] == theirs[kind]:
                continue
            classes = told[kind]
            more = sum(n for letter, n in classes.items() if letter.isupper())
            fewer = sum(n for letter, n in classes.items() if letter.islower() and letter != "left")
            left = ours[kind] - (theirs[kind] - fewer + more)
            why = ", ".join(f"{n} {letter.lower()}" for letter, n in sorted(classes.items()) if letter != "left")
            print(f"{capture['file'].split('/')[-1][-48:]:48} {kind:15} ours {ours[kind]:4}  tshark {theirs[kind]:4}  {why}" + (f"; {'n' if told['damaged'] else 'left'} {left:+}" if left else ""))
            if left and not told["damaged"]:
                left_over.append(capture["file"])
    print(f"\n{'':15} {'ours':>6} {'tshark':>6}  captures alike, of {examined}")
    for kind in KINDS:
        print(f"{kind:15} {sums[kind, 'ours']:6} {sums[kind, 'tshark']:6}  {equal[kind]}")
    print(f"captures with a difference that no class explains: {len(set(left_over))}")
    return 1 if len(set(left_over)) * 20 > examined else 0


if __name__ == "__main__":
    sys.exit(main())
