#!/usr/bin/env python3
"""Cuts a few connections, and their truth, out of a big capture of real kernel traffic.

    cut_truth.py FOLDER VANTAGE OUT KIND[=COUNT]...

FOLDER holds truth.json and VANTAGE.pcap. Of each KIND the first COUNT (default 1) connections with few packets are taken, with every
incarnation of their addresses. OUT receives case.pcap and truth.json, the latter without what no test needs.
"""
import ipaddress
import json
import os
import struct
import sys

MOST_PACKETS = 120
DROPPED_KEYS = ("socket_ops", "kernel_events", "notes", "facts", "packets")
# What of the whole run stays true of a few of its connections.
RUN_KEYS = ("scenario", "capture_end_ns", "until_capture_end", "base_one_way_delay_us", "offload")
MAGICS = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\x4d\x3c\xb2\xa1": ("<", 1),
          b"\xa1\xb2\xc3\xd4": (">", 1000), b"\xa1\xb2\x3c\x4d": (">", 1)}


def ends_of(connection):
    return frozenset((str(ipaddress.ip_address(connection[e]["ip"])), connection[e]["port"])
                     for e in ("client", "server"))


def choose(connections, kinds):
    """Address pairs of the connections wanted."""
    chosen = set()
    for kind, count in kinds:
        fitting = [c for c in connections if c["kind"] == kind and c["packets"]["middle"] <= MOST_PACKETS]
        if len(fitting) < count:
            sys.exit(f"only {len(fitting)} connections of kind {kind}")
        chosen.update(ends_of(c) for c in fitting[:count])
    return chosen


def tcp_ends(frame):
    """The address pair of an Ethernet frame's TCP segment, or of the segment an ICMP error quotes; None for anything else."""
    ether = struct.unpack_from("!H", frame, 12)[0]
    return ip_ends(frame[14:]) if ether in (0x0800, 0x86DD) else None


def ip_ends(packet):
    if len(packet) < 20:
        return None
    if packet[0] >> 4 == 4:
        header, protocol = (packet[0] & 15) * 4, packet[9]
        source, target = packet[12:16], packet[16:20]
    else:
        header, protocol = 40, packet[6]
        source, target = packet[8:24], packet[24:40]
    rest = packet[header:]
    if protocol == 6 and len(rest) >= 4:
        ports = struct.unpack_from("!HH", rest)
        return frozenset(zip((str(ipaddress.ip_address(a)) for a in (source, target)), ports))
    if protocol in (1, 58) and len(rest) >= 8:
        return ip_ends(rest[8:])
    return None


def records(data):
    order, _ = MAGICS[data[:4]]
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        yield data[at:at + 16 + length], data[at + 16:at + 16 + length]
        at += 16 + length


def reduce_connection(connection, vantage):
    kept = {k: v for k, v in connection.items() if k not in DROPPED_KEYS}
    kept["expect_by_vantage"] = {vantage: connection["expect_by_vantage"].get(vantage, [])}
    return kept


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    folder, vantage, out = sys.argv[1:4]
    kinds = [(k.split("=")[0], int((k.split("=") + ["1"])[1])) for k in sys.argv[4:]]
    with open(os.path.join(folder, "truth.json"), encoding="utf-8") as file:
        truth = json.load(file)
    chosen = choose(truth["connections"], kinds)
    with open(os.path.join(folder, vantage + ".pcap"), "rb") as file:
        data = file.read()
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "case.pcap"), "wb") as file:
        file.write(data[:24])
        file.writelines(record for record, frame in records(data) if tcp_ends(frame) in chosen)
    reduced = {k: truth[k] for k in RUN_KEYS if k in truth}
    reduced["vantage"] = vantage
    reduced["connections"] = [reduce_connection(c, vantage) for c in truth["connections"] if ends_of(c) in chosen]
    with open(os.path.join(out, "truth.json"), "w", encoding="utf-8") as file:
        json.dump(reduced, file, indent=1)
        file.write("\n")
    print(f"{out}: {len(reduced['connections'])} connections, {os.path.getsize(os.path.join(out, 'case.pcap'))} octets")


if __name__ == "__main__":
    main()
