"""What the kernel says of its sockets: each change of state as it is traced, and the small sockets of handshakes and
TIME-WAIT, which no tracepoint shows, by asking for all sockets every few milliseconds (sock_diag).
"""
import os
import re
import select
import signal
import socket
import struct
import time

from lab import trace_folder

STATES = {1: "ESTABLISHED", 2: "SYN-SENT", 3: "SYN-RECEIVED", 4: "FIN-WAIT-1", 5: "FIN-WAIT-2", 6: "TIME-WAIT", 7: "CLOSED",
          8: "CLOSE-WAIT", 9: "LAST-ACK", 10: "LISTEN", 11: "CLOSING", 12: "SYN-RECEIVED"}
TRACED = {"TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5,
          "TCP_TIME_WAIT": 6, "TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11,
          "TCP_NEW_SYN_RECV": 12}
LINE = re.compile(r"\s(\d+)\.(\d+): (\w+): (.*)$")
EVENTS = ("sock/inet_sock_set_state", "tcp/tcp_retransmit_skb", "tcp/tcp_send_reset", "tcp/tcp_receive_reset")
SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, NLMSG_DONE = 20, 0x301, 3


def run_until_told(work):
    """For a process of its own: `work` until SIGTERM."""
    going = [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work(lambda: bool(going))
    os._exit(0)


def trace(path):
    """Writes `time_ns event fields` a line for each event of this machine's TCP, times by the real-time clock."""

    def work(going):
        with trace_folder() as folder, open(path, "w", encoding="utf8") as out:
            own = f"{folder}/instances/tcpautopsy-{os.getpid()}"
            os.mkdir(own)
            try:
                with open(f"{own}/trace_clock", "w", encoding="utf8") as clock:
                    clock.write("mono")
                for event in EVENTS:
                    with open(f"{own}/events/{event}/enable", "w", encoding="utf8") as enable:
                        enable.write("1")
                ahead = time.time_ns() - time.monotonic_ns()
                copy_events(own, out, ahead, going)
            finally:
                for event in EVENTS:
                    with open(f"{own}/events/{event}/enable", "w", encoding="utf8") as enable:
                        enable.write("0")
                os.rmdir(own)

    run_until_told(work)


def copy_events(folder, out, ahead_ns, going):
    pipe = os.open(f"{folder}/trace_pipe", os.O_RDONLY | os.O_NONBLOCK)
    rest = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], 0.1)
        try:
            block = os.read(pipe, 1 << 16) if ready else b""
        except BlockingIOError:
            block = b""
        if not block and not going():
            break
        rest += block
        *lines, rest = rest.split(b"\n")
        for line in lines:
            found = LINE.search(line.decode("utf8", "replace"))
            if found:
                seconds, part = found[1], found[2].ljust(9, "0")
                out.write(f"{int(seconds) * 10**9 + int(part) + ahead_ns} {found[3]} {found[4]}\n")
    os.close(pipe)


def dump(link, family):
    """(local address, port, peer address, port, state) of each TCP socket there."""
    body = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + bytes(48)
    link.send(struct.pack("=IHHII", 16 + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, 1, 0) + body)
    size = 4 if family == socket.AF_INET else 16
    while True:
        data = link.recv(1 << 18)
        at = 0
        while at + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, at)
            if kind != SOCK_DIAG_BY_FAMILY:
                if kind == NLMSG_DONE:
                    return
                raise OSError("sock_diag refused")
            state = data[at + 17]
            sport, dport = struct.unpack_from("!HH", data, at + 20)
            source, peer = data[at + 24 : at + 24 + size], data[at + 40 : at + 40 + size]
            yield socket.inet_ntop(family, source), sport, socket.inet_ntop(family, peer), dport, STATES[state]
            at += (length + 3) & ~3


def sample(lab, path, every_ms):
    """Writes `time_ns host local port peer port state` whenever that differs from the sample before; "-": gone."""

    def work(going):
        links = {}
        for name, host in (("client", lab.client), ("server", lab.server)):
            with lab.inside(host.name):
                links[name] = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 4)
        before = {name: {} for name in links}
        with open(path, "w", encoding="utf8") as out:
            last = False
            while not last:
                last = not going()
                begun = time.time_ns()
                for name, link in links.items():
                    now = {s[:4]: s[4] for family in (socket.AF_INET, socket.AF_INET6) for s in dump(link, family) if s[3]}
                    write_changes(out, time.time_ns(), name, before[name], now)
                    before[name] = now
                time.sleep(max(0, every_ms / 1e3 - (time.time_ns() - begun) / 1e9))

    run_until_told(work)


def write_changes(out, at_ns, name, before, now):
    for ends, state in now.items():
        if before.get(ends) != state:
            out.write(f"{at_ns} {name} {' '.join(map(str, ends))} {state}\n")
    for ends in before.keys() - now.keys():
        out.write(f"{at_ns} {name} {' '.join(map(str, ends))} -\n")
