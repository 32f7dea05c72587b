#!/usr/bin/env python3
"""What the plugin costs tshark in instructions, counted by callgrind, which no other load disturbs: without and with it.

    WSPLUGINS=... tests/plugin/instructions.py CAPTURE

Start-up is counted with a capture of one packet and `-q`, and taken away.
"""
import os
import re
import subprocess
import sys
import tempfile

from wireshark import AS_NOBODY, HOME, TSHARK, WSPLUGINS, open_to_all

RUNS = (["-w", os.devnull], ["-q"], ["-q", "-z", "io,stat,0"], ["-2", "-w", os.devnull], ["-2", "-q", "-z", "io,stat,0"])


def instructions(path, plugins, arguments):
    command = [*AS_NOBODY, "env", "HOME=" + HOME, "WIRESHARK_PLUGIN_DIR=" + plugins, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
               TSHARK, "-r", path, *arguments]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main():
    path, none, ours = open_to_all(sys.argv[1]), os.path.join(HOME, "none"), open_to_all(WSPLUGINS)
    os.makedirs(none)
    count = int(subprocess.run(["capinfos", "-Mrc", path], capture_output=True, text=True, check=True).stdout.split()[-1])
    with tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME) as one:
        subprocess.run(["editcap", "-r", "-F", "pcap", path, one.name, "1"], check=True, capture_output=True)
        os.chmod(one.name, 0o644)
        start = [instructions(one.name, plugins, ["-q"]) for plugins in (none, ours)]
        print(f"{count} packets; to start: {start[0] / 1e6:.0f} and {start[1] / 1e6:.0f} million\n")
        print("| tshark -r FILE | a packet, without | a packet, with | |\n|---|--:|--:|--:|")
        for arguments in RUNS:
            packet = [(instructions(path, plugins, arguments) - s) / (count - 1) for plugins, s in zip((none, ours), start)]
            print(f"| `{' '.join(arguments)}` | {packet[0]:.0f} | {packet[1]:.0f} | {packet[1] / packet[0] - 1:+.1%} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
