#!/usr/bin/env python3
"""What the plugin costs tshark: CPU seconds and memory over one capture, with and without it by turns, medians.

    WSPLUGINS=... tests/plugin/cost.py CAPTURE [ROUNDS]
"""
import os
import statistics
import subprocess
import sys

from wireshark import AS_NOBODY, HOME, TSHARK, WSPLUGINS, open_to_all

COUNTED = ["-q", "-z", "io,stat,0"]
# What tshark is asked for without the plugin, and with it.
RUNS = {
    "-q": (["-q"], ["-q"]),
    "-w /dev/null": (["-w", os.devnull], ["-w", os.devnull]),
    "-q -z io,stat,0": (COUNTED, COUNTED),
    "-2 -q -z io,stat,0": (["-2", *COUNTED], ["-2", *COUNTED]),
    "-q -z io,stat,0 -z tcpautopsy_findings,stat": (COUNTED, [*COUNTED, "-z", "tcpautopsy_findings,stat"]),
}


def run(path, plugins, arguments):
    """CPU seconds, octets of memory."""
    command = [*AS_NOBODY, "env", "HOME=" + HOME, "WIRESHARK_PLUGIN_DIR=" + plugins, TSHARK, "-r", path, *arguments]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise RuntimeError(said)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main():
    path, rounds = open_to_all(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    none, ours = os.path.join(HOME, "none"), open_to_all(WSPLUGINS)
    os.makedirs(none)
    count = subprocess.run(["capinfos", "-Mrc", path], capture_output=True, text=True, check=True).stdout.split()[-1]
    print(f"{count} packets, {rounds} rounds; CPU seconds, octets a packet")
    for name, (plain, asked) in RUNS.items():
        without, given = [], []
        for _ in range(rounds):
            without.append(run(path, none, plain))
            given.append(run(path, ours, asked))
        cpu = [statistics.median(r[0] for r in rs) for rs in (without, given)]
        memory = [statistics.median(r[1] for r in rs) / int(count) for rs in (without, given)]
        ratio = statistics.median(g[0] / w[0] for w, g in zip(without, given))
        print(f"{name:45} {cpu[0]:6.2f} -> {cpu[1]:6.2f} ({ratio - 1:+.0%})   {memory[0]:5.0f} -> {memory[1]:5.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
