#!/usr/bin/env python3
"""The decoder beside tshark: every TCP header of every frame of all captures in a folder.

    tshark_fields.py DECODED_FRAMES FOLDER [-v]

DECODED_FRAMES is the program of that name of a build. Compared are addresses, ports, sequence and acknowledgment numbers, flags, window,
urgent pointer, payload length, and the options MSS, window scale, SACK permitted, timestamps and SACK blocks; of ICMP errors the addresses,
ports and sequence number that they quote. What differs for a reason of EXCUSES is told with the number of frames; any other difference fails.
"""
import argparse
import collections
import os
import subprocess
import sys

FIELDS = ("frame.number frame.protocols ip.src ipv6.src ip.dst ipv6.dst tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw tcp.flags "
          "tcp.window_size_value tcp.urgent_pointer tcp.len tcp.hdr_len tcp.options frame.len frame.cap_len _ws.malformed "
          "ip.len ip.frag_offset ip.flags.mf ipv6.plen").split()
NAMES = "source destination source_port destination_port seq ack flags window urgent length mss scale sack_permitted tsval tsecr sacks state".split()
QUOTED = NAMES[:5]
LINK_HEADERS = {"eth": 14, "sll": 16, "null": 4, "raw": 0}  # octets


def is_beyond(own, header, frame, protocols):
    """The IP header tells of more than the frame had on the wire: its length counts here, the frame's in tshark."""
    longest = max([int(n) for n in frame["ip.len"]] + [int(n) + 40 for n in frame["ipv6.plen"]], default=0)
    return (set(changed(own, header)) == {"length"} and int(own["length"]) > int(header["length"] or 0)
            and longest + LINK_HEADERS.get(protocols[0], 0) > int(frame["frame.len"][0]))


def is_mapped(own, header, *_):
    """IPv6 with IPv4-mapped addresses (RFC 4291 2.5.5.2), which stand for those of IPv4."""
    return set(changed(own, header)) <= {"source", "destination"} and all(header[k] == "::ffff:" + own[k] for k in changed(own, header))


# Whether it excuses a difference of headers, and why.
EXCUSES = ((lambda own, header, frame, protocols: bool(frame["_ws.malformed"]), "tshark calls it malformed"),
           (is_beyond, "the IP header tells of more than was on the wire: its length here, the frame's there"),
           (is_mapped, "IPv6 with IPv4-mapped addresses, told as those of IPv4"),
           (lambda own, header, frame, protocols: "sflow" in protocols, "a sample of another packet, quoted by sFlow"))


def changed(own, header):
    return [name for name, value in header.items() if own.get(name) != value]


def difference(kind, own, header, frame):
    """What differs, and why it may; empty if nothing does."""
    protocols = frame["frame.protocols"][0].split(":") if frame["frame.protocols"] else [""]
    if kind == "icmp" and header is not None and {"icmp", "icmpv6"} & set(protocols):
        header = {name: header[name] for name in QUOTED}
    elif (kind == "tcp") != (header is not None):
        excuse = next((why for test, why in (EXCUSES[0], EXCUSES[3]) if test(own, header, frame, protocols)), "")
        return f"{kind} here, {'no TCP' if header is None else 'TCP'} there", excuse
    if header is None or not changed(own, header):
        return "", ""
    return " ".join(changed(own, header)), next((why for test, why in EXCUSES if test(own, header, frame, protocols)), "")


def last(values, kind=str):
    return kind(values[-1]) if values else None


def options_of(octets):
    """RFC 9293 3.2, read anew from the octets that tshark shows."""
    found, at = dict.fromkeys(("mss", "scale", "sack_permitted", "tsval", "tsecr", "sacks"), ""), 0
    while at < len(octets):
        kind = octets[at]
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        if at + 1 >= len(octets) or octets[at + 1] < 2 or at + octets[at + 1] > len(octets):
            break
        length, body = octets[at + 1], octets[at + 2:at + octets[at + 1]]
        whole = lambda part: str(int.from_bytes(part, "big"))
        if kind == 2 and length == 4:
            found["mss"] = whole(body)
        elif kind == 3 and length == 3:
            found["scale"] = whole(body)
        elif kind == 4 and length == 2:
            found["sack_permitted"] = "1"
        elif kind == 5 and length > 2 and (length - 2) % 8 == 0:
            found["sacks"] = ",".join(f"{whole(body[i:i + 4])}-{whole(body[i + 4:i + 8])}" for i in range(0, min(len(body), 32), 8))
        elif kind == 8 and length == 10:
            found["tsval"], found["tsecr"] = whole(body[:4]), whole(body[4:])
        at += length
    return found


def theirs(path):
    """Frame -> what tshark tells of it."""
    arguments = ["tshark", "-n", "-r", path, "-o", "tcp.relative_sequence_numbers:false", "-o", "tcp.desegment_tcp_streams:false",
                 "-T", "fields", "-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=,"]
    for field in FIELDS:
        arguments += ["-e", field]
    done = subprocess.run(arguments, capture_output=True, timeout=900, check=False)
    frames = {}
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        raw = line.split("|")
        if len(raw) != len(FIELDS):
            continue
        frame = {name: [v for v in value.split(",") if v] for name, value in zip(FIELDS, raw)}
        frames[int(frame["frame.number"][0])] = frame
    return frames


def header_of(frame):
    """The innermost TCP header as our decoder's line has it; None where tshark shows none."""
    protocols = frame["frame.protocols"][0].split(":") if frame["frame.protocols"] else []
    if not frame["tcp.seq_raw"] or not frame["tcp.flags"] or "tcp" not in protocols:
        return None
    place = len(protocols) - 1 - protocols[::-1].index("tcp")
    v6 = [p for p in protocols[:place] if p in ("ip", "ipv6")][-1:] == ["ipv6"]
    header = {"source": last(frame["ipv6.src" if v6 else "ip.src"]), "destination": last(frame["ipv6.dst" if v6 else "ip.dst"]),
              "source_port": last(frame["tcp.srcport"]), "destination_port": last(frame["tcp.dstport"]), "seq": last(frame["tcp.seq_raw"]),
              "ack": last(frame["tcp.ack_raw"]), "flags": str(int(last(frame["tcp.flags"]), 16) & 0x1FF), "window": last(frame["tcp.window_size_value"]),
              "urgent": last(frame["tcp.urgent_pointer"]), "length": last(frame["tcp.len"])}
    shown = last(frame["tcp.options"]) or ""
    return {**header, **options_of(bytes.fromhex(shown) if all(c in "0123456789abcdef" for c in shown) else b"")}


def ours(program, path):
    done = subprocess.run([program, path], capture_output=True, text=True, timeout=900, check=False)
    frames = {}
    for line in done.stdout.splitlines():
        number, kind, *values = line.split("\t")
        frames[int(number)] = (kind, dict(zip(NAMES, values)))
    return done.returncode, frames


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    excused, headers, frames, captures = collections.Counter(), 0, 0, 0
    for folder, _, names in sorted(os.walk(arguments.folder)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            status, mine = ours(arguments.program, path)
            if status != 0:
                continue
            captures += 1
            for number, frame in theirs(path).items():
                frames += 1
                header = header_of(frame)
                kind, own = mine.get(number, ("absent", {}))
                headers += header is not None and kind in ("tcp", "icmp")
                different, excuse = difference(kind, own, header, frame)
                if not different:
                    continue
                excused[excuse] += 1
                if not excuse or arguments.verbose:
                    print(f"{path} frame {number}: {different}", *(f"{k} {own.get(k)} {header[k]}" for k in changed(own, header or {})), excuse)
    print(f"{captures} captures, {frames} frames, {headers} TCP headers compared")
    for excuse, count in sorted(excused.items()):
        print(f"{count:8} {excuse or 'without excuse'}")
    return 1 if excused[""] or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
