#!/usr/bin/env python3
"""Connections captured on both sides of an address translation count once, and what only one side shows is told."""
import json
import struct
import unittest

from captures import ACK, FIN, PSH, RST, SYN, Folder, ndjson, pcap, run, segment

INSIDE, OUTSIDE, SERVER = ((192, 168, 1, 5), 5000), ((198, 51, 100, 4), 6000), ((203, 0, 113, 8), 443)


def stamped(value, echo=0):
    return bytes((1, 1, 8, 10)) + struct.pack("!II", value, echo)


def both_sides(steps):
    """Of (seconds, from the client, flags, seq, ack, payload): each passes the inside, then the outside, or the other way round."""
    frames = []
    for i, (at, by_client, flags, seq, ack, payload) in enumerate(steps):
        for client, later in ((INSIDE, 0 if by_client else 0.0001), (OUTSIDE, 0.0001 if by_client else 0)):
            ends = (client, SERVER) if by_client else (SERVER, client)
            frames.append((at + later, segment(*ends, flags, seq, ack, payload, stamped(1000 + i), ip_id=i + 1)))
    return frames


def reset():
    return both_sides([(0, True, SYN, 100, 0, b""), (0.02, False, SYN | ACK, 900, 101, b""), (0.021, True, ACK, 101, 901, b""),
                       (0.03, True, PSH | ACK, 101, 901, b"GET /\r\n"), (0.05, False, PSH | ACK, 901, 108, b"half an answ"),
                       (0.051, True, ACK, 108, 913, b""), (0.5, False, RST | ACK, 913, 108, b"")])


def syn_acks_dropped():
    """The NAT drops the answers: seven SYNs on both sides, seven SYN-ACKs outside."""
    frames = []
    for i in range(7):
        at = 2 ** i - 1
        options = stamped(1000 + at * 1000)
        frames += [(at, segment(INSIDE, SERVER, SYN, 100, options=options, ip_id=77 + i)),
                   (at + 0.0001, segment(OUTSIDE, SERVER, SYN, 100, options=options, ip_id=77 + i)),
                   (at + 0.02, segment(SERVER, OUTSIDE, SYN | ACK, 900, 101, options=stamped(9000 + i)))]
    return frames + [(300, segment(((10, 0, 0, 1), 9), ((10, 0, 0, 2), 9), FIN, 1))]


def above_info(found, flow=None):
    return sorted(f["id"] for f in found if f["severity"] in ("warning", "error") and (flow is None or f["flow"] == flow))


class Translated(unittest.TestCase):
    def of(self, frames):
        with Folder() as folder:
            capture = folder.file("nat.pcap", pcap(frames))
            return ndjson("findings", capture), json.loads(run("report", "--format", "json", capture)[1]), run("report", capture)[1]

    def test_what_both_sides_tell_counts_once(self):
        found, report, _ = self.of(reset())
        self.assertEqual(len(above_info(found)), 1)
        self.assertEqual([f["flow"] for f in found if f["id"] == "packet_duplicated" and f["scope"] == "flow"], [1])
        self.assertEqual([s["connections"] for s in report["services"]], [1])

    def test_what_one_side_shows_is_told(self):
        found, report, screen = self.of(syn_acks_dropped())
        self.assertIn("syn_ack_lost", above_info(found, 1))
        self.assertEqual(above_info(found, 0), [])
        self.assertNotIn("nothing from 203.0.113.8:443 passed", json.dumps(found))
        self.assertNotIn("not responding", screen)
        self.assertIn("SYN-ACK of 203.0.113.8:443 lost", screen)
        self.assertEqual([s["connections"] for s in report["services"] if s["port"] == 443], [1])

    def test_the_answers_of_a_scan_are_no_copies(self):
        scanner, target = ((10, 0, 0, 1), 40000), (10, 0, 0, 2)
        found, _, _ = self.of([(i * 0.001, segment((target, i + 1), scanner, RST | ACK, 0, 1001)) for i in range(300)])
        self.assertEqual([f for f in found if f["id"] == "packet_duplicated"], [])


if __name__ == "__main__":
    unittest.main()
