"""Carries frames between the two hosts, late, and does to them what the rules say.

A rule is a dict. What it picks: `dir` "cs" (client to server) or "sc"; `flags` that the segment has, `without` that it has
not (letters of SFRPAU); `data` True or False for with and without payload; `nth` the numbers, from 1, of the segments picked
so far that it acts on (a list, or (first, last); all if absent); `after_ms`, `before_ms` since the connection's first packet.
What it does: `do` one of "drop", "delay" (by `ms` more), "double" (again `ms` later), "corrupt", "too_big" (ICMP back, `mtu`), "reject"
(ICMP back, port unreachable), "reset" (a RST back to the sender, in the receiver's name), "strip" (TCP options of that
`kind` become NOPs), "shift" (adds `by` to the client's sequence numbers, as firewalls that hide ISNs do).
`at` 1 is between client and middle, 2 (the default) between middle and server.
"""
import heapq
import os
import select
import signal
import socket
import struct
import time

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_VNET_HDR = 263, 15
VNET_HDR = 10  # octets of linux/virtio_net.h: what the sender left to its card
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}


def flag_bits(letters):
    return sum(FLAGS[letter] for letter in letters)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Frame(bytes):
    """As it came, with what its sender left to its card: segmentation and the checksum. Changed frames are plain bytes, whole
    in themselves."""

    left_to_card = bytes(VNET_HDR)


class Segment:
    """A TCP segment in an Ethernet frame; None of it is copied but for changes."""

    def __init__(self, frame):
        self.frame, self.tcp = frame, None
        kind = frame[12:14]
        if kind == b"\x08\x00" and frame[23] == 6:
            self.ip, self.v6 = 14, False
            self.tcp = 14 + (frame[14] & 15) * 4
            self.end = 14 + struct.unpack_from("!H", frame, 16)[0]
        elif kind == b"\x86\xdd" and frame[20] == 6:
            self.ip, self.v6, self.tcp = 14, True, 54
            self.end = 54 + struct.unpack_from("!H", frame, 18)[0]
        if self.tcp is None:
            return
        self.sport, self.dport, self.seq, self.ack, offset, self.flags = struct.unpack_from("!HHIIBB", frame, self.tcp)
        self.header = (offset >> 4) * 4
        self.payload = self.end - self.tcp - self.header

    def addresses(self):
        return (self.frame[22:38], self.frame[38:54]) if self.v6 else (self.frame[26:30], self.frame[30:34])

    def sealed(self, tcp):
        """The frame with these TCP octets, checksums made right."""
        source, destination = self.addresses()
        pseudo = source + destination + struct.pack("!HH", 6, len(tcp))
        tcp = tcp[:16] + b"\0\0" + tcp[18:]
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        return self.frame[: self.tcp] + tcp

    def tcp_octets(self):
        return self.frame[self.tcp : self.end]

    def stripped(self, kind):
        tcp = bytearray(self.tcp_octets())
        at = 20
        while at < self.header:
            if tcp[at] == 0:
                break
            length = 1 if tcp[at] == 1 else max(2, tcp[at + 1])
            if tcp[at] == kind:
                tcp[at : at + length] = b"\1" * length
            at += length
        return self.sealed(bytes(tcp))

    def shifted(self, by, to_server):
        tcp = self.tcp_octets()
        if to_server:
            tcp = tcp[:4] + struct.pack("!I", (self.seq + by) & 0xFFFFFFFF) + tcp[8:]
        else:
            tcp = tcp[:8] + struct.pack("!I", (self.ack - by) & 0xFFFFFFFF) + tcp[12:]
        return self.sealed(tcp)

    def swapped_ethernet(self):
        return self.frame[6:12] + self.frame[:6] + self.frame[12:14]

    def answer(self, payload, protocol):
        """An IP packet back to the sender, from the receiver."""
        source, destination = self.addresses()
        if self.v6:
            head = struct.pack("!IHBB", 0x60000000, len(payload), protocol, 64) + destination + source
        else:
            head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0) + destination + source
            head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        return self.swapped_ethernet() + head + payload

    def icmp(self, mtu):
        """Packet too big where `mtu` is given, else port unreachable."""
        quoted = self.frame[self.ip : self.ip + (400 if self.v6 else 28)]
        if self.v6:
            body = struct.pack("!BBHI", 2 if mtu else 1, 0 if mtu else 4, 0, mtu or 0) + quoted
            source, destination = self.addresses()
            check = checksum(destination + source + struct.pack("!II", len(body), 58) + body)
            return self.answer(body[:2] + struct.pack("!H", check) + body[4:], 58)
        body = struct.pack("!BBHHH", 3, 4 if mtu else 3, 0, 0, mtu or 0) + quoted
        return self.answer(body[:2] + struct.pack("!H", checksum(body)) + body[4:], 1)

    def reset(self):
        source, destination = self.addresses()
        if self.flags & FLAGS["A"]:
            numbers = struct.pack("!IIBB", self.ack, 0, 0x50, FLAGS["R"])
        else:
            end = (self.seq + self.payload + (1 if self.flags & FLAGS["S"] else 0)) & 0xFFFFFFFF
            numbers = struct.pack("!IIBB", 0, end, 0x50, FLAGS["R"] | FLAGS["A"])
        tcp = struct.pack("!HH", self.dport, self.sport) + numbers + b"\0\0\0\0\0\0"
        check = checksum(destination + source + struct.pack("!HH", 6, len(tcp)) + tcp)
        return self.answer(tcp[:16] + struct.pack("!H", check) + tcp[18:], 6)


class Rule:
    def __init__(self, spec):
        self.spec, self.picked = spec, 0
        self.flags, self.without = flag_bits(spec.get("flags", "")), flag_bits(spec.get("without", ""))
        self.at = spec.get("at", 2)

    def acts(self, segment, direction, age_ms):
        s = self.spec
        if s.get("dir", direction) != direction or segment.flags & self.flags != self.flags or segment.flags & self.without:
            return False
        if "data" in s and s["data"] != (segment.payload > 0) or segment.payload < s.get("least", 0):
            return False
        if not s.get("after_ms", 0) <= age_ms < s.get("before_ms", 1 << 40):
            return False
        self.picked += 1
        nth = s.get("nth")
        if nth is None:
            return True
        return nth[0] <= self.picked <= nth[1] if isinstance(nth, tuple) else self.picked in nth


class Middlebox:
    """Runs in a process of its own; `rules` by the client's port."""

    def __init__(self, lab, rules, delays_ms, path):
        self.rules = {port: [Rule(spec) for spec in specs] for port, specs in rules.items()}
        self.delay = [int(ms * 1_000_000) for ms in delays_ms]  # client to middle, middle to server
        self.offload = lab.offload
        self.first = {}
        self.queue, self.order = [], 0
        with lab.inside(lab.middle):
            self.ends = {name: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) for name in ("mc", "ms")}
        for name, end in self.ends.items():
            end.bind((name, ETH_P_ALL))
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            if lab.offload:
                end.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            end.setblocking(False)
        self.out = open(path, "wb")
        self.out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        self.out.flush()  # once, not again by the process that stays behind
        self.running = True

    def record(self, frame):
        now = time.time_ns()
        self.out.write(struct.pack("<IIII", now // 10**9, now % 10**9, len(frame), len(frame)) + frame)

    def later(self, delay_ns, action, *arguments):
        self.order += 1
        heapq.heappush(self.queue, (time.monotonic_ns() + delay_ns, self.order, action, arguments))

    def arrives(self, frame, direction):
        leg = 0 if direction == "cs" else 1
        frame = self.judged(frame, direction, leg + 1)
        if frame is not None:
            self.later(self.delay[leg], self.passes, frame, direction)

    def passes(self, frame, direction):
        self.record(frame)
        leg = 1 if direction == "cs" else 0
        frame = self.judged(frame, direction, leg + 1)
        if frame is not None:
            self.later(self.delay[leg], self.leaves, frame, direction)

    def leaves(self, frame, direction):
        try:
            header = getattr(frame, "left_to_card", Frame.left_to_card) if self.offload else b""
            self.ends["ms" if direction == "cs" else "mc"].send(header + frame)
        except OSError:
            pass  # the far end is down: so is the frame

    def judged(self, frame, direction, at):
        """What goes on of it, after the rules for this leg."""
        segment = Segment(frame)
        if segment.tcp is None:
            return frame
        port = segment.sport if direction == "cs" else segment.dport
        first = self.first.setdefault(port, time.monotonic_ns())
        age_ms = (time.monotonic_ns() - first) / 1e6
        for rule in self.rules.get(port, ()):
            if frame is not None and rule.at == at and rule.acts(segment, direction, age_ms):
                frame = self.apply(rule.spec, segment, direction)
                segment = Segment(frame) if frame is not None else segment
        return frame

    def apply(self, spec, segment, direction):
        back = "sc" if direction == "cs" else "cs"
        do, frame = spec["do"], segment.frame
        if do in ("delay", "double"):
            at = spec.get("at", 2)
            onward = self.passes if at == (1 if direction == "cs" else 2) else self.leaves
            self.later(self.delay[at - 1] + int(spec["ms"] * 1e6), onward, frame, direction)
            return frame if do == "double" else None
        elif do == "corrupt":
            at = segment.end - 1 if segment.payload else segment.tcp + 14
            return frame[:at] + bytes([frame[at] ^ 0x55]) + frame[at + 1 :]
        elif do == "too_big":
            self.passes(segment.icmp(spec["mtu"]), back)
        elif do == "reject":
            self.passes(segment.icmp(None), back)
        elif do == "reset":
            self.passes(segment.reset(), back)
            if spec.get("goes_on"):
                return frame
        elif do == "strip":
            return segment.stripped(spec["kind"])
        elif do == "shift":
            return segment.shifted(spec["by"], direction == "cs")
        elif do != "drop":
            raise ValueError(f"no such rule: {do}")
        return None

    def run(self):
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "running", False))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while self.running:
            wait = (self.queue[0][0] - time.monotonic_ns()) / 1e9 if self.queue else 0.05
            ready, _, _ = select.select(self.ends.values(), [], [], min(max(wait, 0), 0.05))
            for end in ready:
                self.drain(end, "cs" if end is self.ends["mc"] else "sc")
            while self.queue and self.queue[0][0] <= time.monotonic_ns():
                _, _, action, arguments = heapq.heappop(self.queue)
                action(*arguments)
        self.out.close()
        os._exit(0)

    def drain(self, end, direction):
        for _ in range(64):
            try:
                frame, where = end.recvfrom(1 << 17)
            except BlockingIOError:
                return
            if where[2] == PACKET_OUTGOING:
                continue
            if self.offload:
                header, frame = frame[:VNET_HDR], Frame(frame[VNET_HDR:])
                frame.left_to_card = header
            self.arrives(frame, direction)
