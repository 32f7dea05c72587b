#!/usr/bin/env python3
"""Makes captures of this machine's own TCP, with faults on the way, and the kernel's account of every state beside them.

    run.py -o FOLDER [--seed N] [--connections N] [--kind NAME]... [--tool tcpautopsy]

Needs root, network namespaces, tracefs and dumpcap. FOLDER gets client.pcap, middle.pcap, server.pcap and truth.json; with
--tool they are judged at once, as compare.py does. Connections are of all kinds of cases.py, drawn at random.
"""
import argparse
import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import cases
import compare
from lab import Lab, possible
from middlebox import Middlebox
import record
from truth import truth_of

SHARED_PORTS = (80, 443, 5432, 8080)
OWN_PORTS_FROM = 12000
# So that a run need not last minutes (the kernel's defaults are 6, 8, 5 and 60).
SYSCTLS = [("both", "net.ipv4.tcp_orphan_retries", 4), ("both", "net.ipv4.tcp_fin_timeout", 12), ("both", "net.ipv4.tcp_synack_retries", 3),
           ("both", "net.ipv4.tcp_no_metrics_save", 1), ("both", "net.ipv4.tcp_fastopen", 3)]


# What of a rule needs the segment as it is on the wire.
ON_THE_WIRE = {"strip", "shift", "too_big", "corrupt"}


def needs_the_wire(kind):
    rules = kind.rules(random.Random(1)) if callable(kind.rules) else kind.rules
    return any(rule["do"] in ON_THE_WIRE for rule in rules)


def spawn(work, *arguments):
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def capture(host, path):
    process = subprocess.Popen(["ip", "netns", "exec", host.name, "dumpcap", "-q", "-P", "-B", "16", "-i", host.device, "-w", path],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return process


class Run:
    def __init__(self, options):
        self.rng = random.Random(options.seed)
        self.folder = options.output
        os.makedirs(self.folder, exist_ok=True)
        sysctls = SYSCTLS + [("both", *setting.split("=", 1)) for setting in options.sysctl]
        self.lab = Lab(f"tcpautopsy{os.getpid()}", sysctls, options.offload, options.congestion)
        self.delays = (self.rng.uniform(0.3, 12), self.rng.uniform(0.3, 12))
        self.errors = []
        self.seconds = options.seconds
        try:
            names = options.kind or [name for name in cases.KINDS if name != "wild"]
            if options.offload:
                names = [name for name in names if not needs_the_wire(cases.KINDS[name])]
            self.cases = self.draw(names, options.connections)
        except BaseException:
            self.lab.close()
            raise

    def draw(self, names, count):
        """`count` connections, each kind as often as any other."""
        listeners, drawn = {}, []
        names = [names[i % len(names)] for i in range(count)]
        self.rng.shuffle(names)
        for i, name in enumerate(names):
            kind = cases.KINDS[name]
            family = socket.AF_INET6 if self.rng.random() < 0.3 else socket.AF_INET
            shared = kind.own_listener is False
            port = self.rng.choice(SHARED_PORTS) if shared else OWN_PORTS_FROM + i
            if kind.own_listener is not None and (family, port) not in listeners:
                listeners[family, port] = cases.Listener(self.lab, family, port)
            drawn.append((kind, cases.Case(self.lab, family, 20000 + 13 * i % 40000, port, listeners.get((family, port)), self.rng)))
        return drawn

    def one(self, kind, case, after):
        time.sleep(after)
        try:
            kind.run(case)
        except Exception as error:  # whatever a kind of fault brings its ends to is what was wanted
            self.errors.append(f"{kind.name} {case.port}: {type(error).__name__} {error}")

    def go(self):
        at = lambda name: os.path.join(self.folder, name)
        rules = {case.port: kind.rules(self.rng) if callable(kind.rules) else kind.rules for kind, case in self.cases}
        box = Middlebox(self.lab, rules, self.delays, at("middle.pcap"))
        helpers = [spawn(box.run), spawn(record.trace, at("trace.txt")), spawn(record.sample, self.lab, at("samples.txt"), 4)]
        captures = [capture(self.lab.client, at("client.pcap")), capture(self.lab.server, at("server.pcap"))]
        time.sleep(1.5)
        self.begin_ns = time.time_ns()
        threads = [threading.Thread(target=self.one, args=(kind, case, self.rng.uniform(0, self.seconds)), daemon=True) for kind, case in self.cases]
        for thread in threads:
            thread.start()
        deadline = time.time() + self.seconds + 25
        for thread in threads:
            thread.join(max(0.0, deadline - time.time()))
        time.sleep(1)
        end_ns = time.time_ns()
        self.end(captures, helpers)
        return end_ns

    @staticmethod
    def end(captures, helpers):
        for process in captures:
            process.send_signal(signal.SIGINT)
        for process in helpers:
            process.terminate()
        for process in captures:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        for process in helpers:
            process.join(20)
            process.kill()

    def write(self, end_ns):
        told = [{"client": case.ends()[0], "server": case.ends()[1], "kind": kind.name, "clean": kind.clean, "expect": kind.expect,
                 "allow": []} for kind, case in self.cases]
        truth = {"capture_begin_ns": self.begin_ns, "capture_end_ns": end_ns, "one_way_delay_ms": self.delays, "kernel": os.uname().release,
                 "connections": truth_of(self.folder, told, self.begin_ns, end_ns)}
        with open(os.path.join(self.folder, "truth.json"), "w", encoding="utf8") as file:
            json.dump(truth, file, indent=1)
        return truth


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=len(cases.KINDS))
    parser.add_argument("--seconds", type=float, default=5, help="over which the connections begin")
    parser.add_argument("--kind", action="append", choices=list(cases.KINDS), metavar="NAME", help="of cases.py; all but `wild` if absent")
    parser.add_argument("--sysctl", action="append", default=[], metavar="NAME=VALUE", help="on both hosts")
    parser.add_argument("--congestion", metavar="NAME", help="congestion control of both hosts: cubic, reno, bbr")
    parser.add_argument("--offload", action="store_true",
                        help="both hosts leave segmentation and checksums to their cards: captures have super-segments (TSO, GRO)")
    parser.add_argument("--tool", help="judge it by these captures")
    options = parser.parse_args()
    why_not = possible()
    if why_not:
        print(f"not run: {why_not}", file=sys.stderr)
        return 77
    try:
        run = Run(options)
    except (RuntimeError, OSError) as error:
        print(f"not run: {error}", file=sys.stderr)
        return 77
    try:
        truth = run.write(run.go())
    finally:
        run.lab.close()
    for error in run.errors:
        print(error, file=sys.stderr)
    if not any(c["packets"]["middle"] and c["client_history"] for c in truth["connections"]):
        print("not run: nothing passed between the namespaces, or the kernel traced nothing", file=sys.stderr)
        return 77
    return compare.judge(options.tool, options.output, truth) if options.tool else 0


if __name__ == "__main__":
    sys.exit(main())
