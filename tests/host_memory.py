#!/usr/bin/env python3
"""Peak memory over a SYN flood and over a churn of short connections, and what it comes to for each entry.

    host_memory.py TOOL GENERATOR [FOLDER]

GENERATOR makes captures: `GENERATOR --profile synflood|churn --scale S --seed 1 --out FILE` (scale 1: 5 million
SYNs in 60 s; 1.5 million connections in 300 s). FOLDER holds them (2 GB), else a temporary one. The flood is
also played ten times slower: SYNs that nobody answers must be let go when no host would send them again.
"""
import os, struct, subprocess, sys, tempfile

MIB = 1 << 20


def peak(tool, path):
    """Octets of resident memory at most, and the seconds of processor time."""
    child = subprocess.Popen([tool, "report", path], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit(f"{path}: exit status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


def slower(source, target, factor):
    """The capture (little-endian pcap, microseconds) with all its times stretched. Record by record: what this
    program holds would count as the tool's."""
    with open(source, "rb") as reader, open(target, "wb") as writer:
        writer.write(reader.read(24))
        first = None
        while header := reader.read(16):
            seconds, micros, length, original = struct.unpack("<IIII", header)
            time = seconds * 1_000_000 + micros
            first = time if first is None else first
            stretched = divmod(first + (time - first) * factor, 1_000_000)
            writer.write(struct.pack("<IIII", *stretched, length, original) + reader.read(length))


def main():
    tool, generator = sys.argv[1], sys.argv[2]
    folder = sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp()

    def capture(profile, scale):
        path = os.path.join(folder, f"{profile}-{scale}.pcap")
        if not os.path.exists(path):
            subprocess.run([generator, "--profile", profile, "--scale", str(scale), "--seed", "1", "--out", path],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return path

    def show(what, path):
        octets, seconds = peak(tool, path)
        print(f"{what:44} {octets / MIB:8.1f} MiB {seconds:7.1f} s")
        return octets

    small, large = show("flood, 1 M SYNs in 60 s", capture("synflood", 0.2)), show("flood, 5 M SYNs in 60 s", capture("synflood", 1))
    print(f"    {(large - small) / 4e6:.0f} octets a SYN more")
    slow = os.path.join(folder, "slow.pcap")
    slower(capture("synflood", 1), slow, 30)
    show("flood, 5 M SYNs in 30 minutes", slow)
    os.remove(slow)
    tiny, fifth = show("churn, 15,000 connections in 3 s", capture("churn", 0.01)), show("churn, 300,000 connections in 60 s", capture("churn", 0.2))
    print(f"    {(fifth - tiny) / 285e3:.0f} octets a connection more, all of them in TIME-WAIT at the end")
    show("churn, 900,000 connections in 180 s", capture("churn", 0.6))
    show("churn, 1.5 M connections in 300 s", capture("churn", 1))


main()
