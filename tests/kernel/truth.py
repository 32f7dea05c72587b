"""From the kernel's record and the captures to the true state history of each end of each connection."""
import collections
import ipaddress
import os
import re
import socket
import struct

from record import STATES, TRACED

FIELD = re.compile(r"(\w+)=(\S+)")
FIN, SYN, RST, ACK = 1, 2, 4, 16
# The flag of the packet by which an end enters a state of its own accord.
SHOWN_BY = {"SYN-SENT": SYN, "SYN-RECEIVED": SYN, "FIN-WAIT-1": FIN, "LAST-ACK": FIN, "CLOSED": RST}
NEAR_NS = 3_000_000  # a packet this close to a change may be what made it, or what it made


class Packet:
    def __init__(self, time_ns, source, destination, flags, payload):
        self.time_ns, self.source, self.destination, self.flags, self.payload = time_ns, source, destination, flags, payload


def packets(path):
    """The TCP packets of a classic pcap file of Ethernet frames."""
    with open(path, "rb") as file:
        data = file.read()
    scale = 1 if struct.unpack_from("<I", data)[0] == 0xA1B23C4D else 1000
    at = 24
    while at + 16 <= len(data):
        seconds, part, length, _ = struct.unpack_from("<IIII", data, at)
        packet = decoded(data[at + 16 : at + 16 + length], seconds * 10**9 + part * scale)
        if packet:
            yield packet
        at += 16 + length


def decoded(frame, time_ns):
    if frame[12:14] == b"\x08\x00" and frame[23] == 6:
        tcp, end = 14 + (frame[14] & 15) * 4, 14 + struct.unpack_from("!H", frame, 16)[0]
        source, destination = frame[26:30], frame[30:34]
    elif frame[12:14] == b"\x86\xdd" and frame[20] == 6:
        tcp, end = 54, 54 + struct.unpack_from("!H", frame, 18)[0]
        source, destination = frame[22:38], frame[38:54]
    else:
        return None
    sport, dport = struct.unpack_from("!HH", frame, tcp)
    header = (frame[tcp + 12] >> 4) * 4
    return Packet(time_ns, (text(source), sport), (text(destination), dport), frame[tcp + 13], end - tcp - header)


def text(address):

    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def traced(path):
    """(time_ns, local end, peer end, from, to) of each change of a socket's state."""
    with open(path, encoding="utf8") as file:
        for line in file:
            time_ns, event, rest = line.split(" ", 2)
            if event != "inet_sock_set_state":
                continue
            f = dict(FIELD.findall(rest))
            if f["protocol"] != "IPPROTO_TCP":
                continue  # of Multipath TCP the paths count, not the connection above them
            v6 = f["family"] == "AF_INET6"
            local, peer = (f["saddrv6"], f["daddrv6"]) if v6 else (f["saddr"], f["daddr"])
            yield (int(time_ns), (canonical(local), int(f["sport"])), (canonical(peer), int(f["dport"])),
                   STATES[TRACED[f["oldstate"]]], STATES[TRACED[f["newstate"]]])


def retransmitters(path):
    """The ends that sent a segment again: a loaded machine does so without any fault."""
    with open(path, encoding="utf8") as file:
        for line in file:
            if " tcp_retransmit_skb " in line:
                f = dict(FIELD.findall(line))
                v6 = f["family"] == "AF_INET6"
                yield canonical(f["saddrv6" if v6 else "saddr"]), int(f["sport"]), canonical(f["daddrv6" if v6 else "daddr"]), int(f["dport"])


def canonical(address):

    return str(ipaddress.ip_address(address))


def sampled(path):
    """By host and ends: [(time_ns, state or None)]."""
    out = collections.defaultdict(list)
    with open(path, encoding="utf8") as file:
        for line in file:
            time_ns, host, local, sport, peer, dport, state = line.split()
            out[host, (local, int(sport)), (peer, int(dport))].append((int(time_ns), None if state == "-" else state))
    return out


class End:
    """One end of one connection: its changes, from what was traced and sampled and from what passed it."""

    def __init__(self, name, own, peer, samples, seen):
        self.own, self.name = own, name
        self.samples, self.seen = samples, seen
        self.history = []
        self.state = "CLOSED" if name == "client" else "LISTEN"

    def change(self, time_ns, to, source):
        if to == self.state:
            return
        self.history.append({"time_ns": time_ns, "from": self.state, "to": to, "source": source})
        self.state = to

    def small_socket(self, after_ns, before_ns):
        """What a small socket of this end was in, in order, between two times."""
        return [(t, s) for t, s in self.samples if after_ns < t <= before_ns]

    def follow(self, changes, seen_by, end_ns):
        """`changes` of full sockets, in order of time; `seen_by`: the packets of each capture."""
        if self.name == "server":
            self.open_passively(changes, end_ns)
        for i, (time_ns, _, _, _, to) in enumerate(changes):
            until = changes[i + 1][0] if i + 1 < len(changes) else end_ns
            if to != "CLOSED":
                self.change(time_ns, to, "trace")
            elif not self.left_small(time_ns, until):
                self.change(time_ns, "CLOSED", "trace")
        for change in self.history:
            change["cause"] = self.cause(change)
            change["shown_at"] = [name for name in seen_by if self.shows(change, seen_by[name])]

    def open_passively(self, changes, end_ns):
        """A request socket answers the SYN; it is traced only when it becomes a full one."""
        first_full = changes[0][0] if changes else end_ns
        answers = [p for p in self.seen if p.source == self.own and p.flags & (SYN | ACK) == SYN | ACK and p.time_ns <= first_full + NEAR_NS]
        if not answers or not (changes or self.samples):
            return  # no answer, or one that left nothing in memory (SYN cookies)
        self.change(answers[0].time_ns, "SYN-RECEIVED", "packet")
        if changes:
            return
        gone = [t for t, s in self.samples if s is None and t > answers[0].time_ns]
        if gone:
            self.change(gone[-1], "CLOSED", "sample")
            self.history[-1]["alt_to"] = "LISTEN"

    def left_small(self, time_ns, until_ns):
        """A full socket closed: what it left behind is in FIN-WAIT-2 or TIME-WAIT, if anything."""
        if self.state not in ("FIN-WAIT-1", "FIN-WAIT-2", "CLOSING"):
            return False
        left = self.small_socket(time_ns, until_ns)
        first = next((s for t, s in left if t < time_ns + 60_000_000), None)
        # Before the first sample after it the state may be that of the full socket still.
        if first is None and self.state_sampled(time_ns) not in ("FIN-WAIT-2", "TIME-WAIT"):
            return False
        if first is None:
            first = self.state_sampled(time_ns)
        if first not in ("FIN-WAIT-2", "TIME-WAIT"):
            return False
        self.change(time_ns, first, "sample")
        for at_ns, state in left:
            if state != first or at_ns > time_ns + 60_000_000:
                self.change(self.exactly(at_ns, state), state or "CLOSED", "sample")
        return True

    def state_sampled(self, time_ns):
        before = [s for t, s in self.samples if t <= time_ns]
        return before[-1] if before else None

    def exactly(self, at_ns, state):
        """TIME-WAIT begins with the FIN that came before the sample showed it."""
        fins = [p.time_ns for p in self.seen if p.destination == self.own and p.flags & FIN and at_ns - 40_000_000 < p.time_ns <= at_ns]
        return fins[0] if state == "TIME-WAIT" and fins else at_ns

    def cause(self, change):
        """What at this host goes with it: "tx" a packet that it sent, "rx" one that came, "silent" none."""
        at, flag = change["time_ns"], SHOWN_BY.get(change["to"])
        takes = [p for p in self.seen if p.destination == self.own and at - NEAR_NS < p.time_ns <= at + 200_000]
        if flag and any(p.source == self.own and p.flags & flag and abs(p.time_ns - at) < NEAR_NS for p in self.seen):
            return "tx"
        if change["to"] == "CLOSED":
            takes = [p for p in takes if p.flags & (RST | ACK)]
        elif flag:
            takes = []
        return "rx" if takes else "silent"

    def shows(self, change, seen):
        """A capture has the packet that goes with it, or a later one of that kind."""
        if change["cause"] != "tx":
            return change["cause"] == "rx"
        flag = SHOWN_BY[change["to"]]
        return any(p.source == self.own and p.flags & flag and p.time_ns > change["time_ns"] - NEAR_NS for p in seen)


def truth_of(folder, connections, begin_ns, end_ns):
    """The truth of each connection (client end, server end, kind, ...), in the form that compare.py reads."""
    seen = {}
    for name in ("client", "server", "middle"):
        seen[name] = collections.defaultdict(list)
        for p in packets(os.path.join(folder, f"{name}.pcap")):
            seen[name][frozenset((p.source, p.destination))].append(p)
    changes = collections.defaultdict(list)
    for change in traced(os.path.join(folder, "trace.txt")):
        if begin_ns <= change[0] <= end_ns:  # sockets of a run before may still be going
            changes[change[1], change[2]].append(change)
    samples = sampled(os.path.join(folder, "samples.txt"))
    resent = set(retransmitters(os.path.join(folder, "trace.txt")))
    told = []
    for c in connections:
        client, server = tuple(c["client"]), tuple(c["server"])
        both = frozenset((client, server))
        entry = {"client": {"ip": client[0], "port": client[1]}, "server": {"ip": server[0], "port": server[1]},
                 "kind": c["kind"], "incarnation": 0, "clean": c["clean"] and not {(*client, *server), (*server, *client)} & resent, "expect": c["expect"], "allow": c["allow"],
                 "packets": {name: len(seen[name][both]) for name in seen}}
        for name, own, peer in (("client", client, server), ("server", server, client)):
            end = End(name, own, peer, samples[name, own, peer], seen[name][both])
            end.follow(changes[own, peer], {vantage: seen[vantage][both] for vantage in seen}, end_ns)
            entry[f"{name}_history"] = end.history
            entry[f"{name}_final"] = end.state
        told.append(entry)
    return told
