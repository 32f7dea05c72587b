#!/usr/bin/env python3
"""Peak memory of `flows` and `stream` on one connection of a given size, piped in, and whether the octets are the right ones.

    tests/stream_memory.py TOOL GENERATOR OCTETS [--most MIB]

GENERATOR is the built tests/tools/bulk_transfer. Each command runs on a fifth of the octets and on all; prints its peak resident
memory (it must not grow) and its processor time. With --most the address space of the tool is limited to so many MiB.
"""
import argparse
import os
import resource
import subprocess
import sys
import threading
import time


def start(command, source, most):
    """Starts `command` on what `source` prints, in at most so many MiB of address space."""
    def limit():
        if most:
            resource.setrlimit(resource.RLIMIT_AS, (most << 20, most << 20))
    generator = subprocess.Popen(source, stdout=subprocess.PIPE)
    tool = subprocess.Popen(command, stdin=generator.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit)
    generator.stdout.close()
    return generator, tool


class Peak(threading.Thread):
    """Looks at the peak of a process now and then: what wait4() tells would count this interpreter's, which it was forked from."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.status, self.kib = f"/proc/{pid}/status", 0
        self.start()

    def run(self):
        while True:
            try:
                with open(self.status, encoding="ascii") as status:
                    peak = [line.split()[1] for line in status if line.startswith("VmHWM:")]
            except OSError:
                return
            if not peak:  # it is over
                return
            self.kib = int(peak[0])
            time.sleep(0.02)


def finish(generator, tool):
    """Exit status, processor seconds, standard error."""
    errors = tool.stderr.read().decode()
    _, status, usage = os.wait4(tool.pid, 0)
    tool.returncode = os.waitstatus_to_exitcode(status)
    generator.wait()
    return tool.returncode, usage.ru_utime + usage.ru_stime, errors


def same(got, wanted):
    while True:
        a, b = got.read(1 << 20), wanted.read(1 << 20)
        if a != b:
            return False
        if not a:
            return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("generator")
    parser.add_argument("octets", type=int)
    parser.add_argument("--most", type=int)
    options = parser.parse_args()
    good = True
    for octets in (options.octets // 5, options.octets):
        source = [options.generator, str(octets)]
        generator, tool = start([options.tool, "flows", "-q", "--format", "ndjson", "-"], source, options.most)
        peak = Peak(tool.pid)
        tool.stdout.read()
        status, seconds, _ = finish(generator, tool)
        good &= status == 0
        print(f"flows   {octets:>13} octets  exit {status}  peak {peak.kib:>7} KiB  {seconds:7.2f} s", flush=True)
        generator, tool = start([options.tool, "stream", "--flow", "0", "--raw", "-"], source, options.most)
        peak = Peak(tool.pid)
        expected = subprocess.Popen([options.generator, str(octets), "--stream"], stdout=subprocess.PIPE)
        equal = same(tool.stdout, expected.stdout)
        tool.stdout.close()
        expected.stdout.close()
        expected.wait()
        status, seconds, errors = finish(generator, tool)
        good &= status == 0 and equal
        print(f"stream  {octets:>13} octets  exit {status}  peak {peak.kib:>7} KiB  {seconds:7.2f} s  "
              f"octets {'equal' if equal else 'DIFFER'}; {errors.splitlines()[-2] if errors else ''}", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
