#!/usr/bin/env python3
"""TCP that Wireshark gets at, and the command line does not: what the plugin says of it is what is said of the bare packets."""
import os
import struct
import tempfile
import unittest

from compare import packets
from test_samples import records, sample
from wireshark import HOME, tshark

ETHERNET, USER0 = 1, 147
VXLAN = ["-d", "udp.port==9999,vxlan"]  # not where the command line looks for it
ENDS = ("client", "server")


def ipv4(protocol, payload, identification=0, offset=0, more=False):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identification, more << 13 | offset // 8, 64, protocol, 0,
                         b"\xc0\0\2\1", b"\xc0\0\2\2")
    total = sum(struct.unpack(">10H", header))
    return header[:10] + struct.pack(">H", ~(total % 0xffff) & 0xffff) + header[12:] + payload


def udp(port, payload):
    return struct.pack(">HHHH", 30000, port, 8 + len(payload), 0) + payload


def ethernet(payload):
    return b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + payload


def in_vxlan(frame):
    return ethernet(ipv4(17, udp(9999, struct.pack(">II", 0x08000000, 77 << 8) + frame)))


def in_sflow(frame):
    """A sample of the frame, as a switch reports it (sFlow version 5)."""
    padded = frame + b"\0" * (-len(frame) % 4)
    header = struct.pack(">IIII", 1, len(frame), 0, len(frame)) + padded
    sampled = struct.pack(">IIIIIIII", 1, 1, 100, 100, 0, 1, 2, 1) + struct.pack(">II", 1, len(header)) + header
    datagram = struct.pack(">II4sIIII", 5, 1, b"\xc0\0\2\1", 0, 1, 1000, 1) + struct.pack(">II", 1, len(sampled)) + sampled
    return ethernet(ipv4(17, udp(6343, datagram)))


class Capture:
    """The sample's packets, each made into some frames."""

    def __init__(self, name, change, link_type=ETHERNET):
        header, found = records(sample(name))
        self.file = tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME)
        self.file.write(header[:20] + struct.pack("<I", link_type))
        self.last_frames, frames = [], 0  # of each packet the frame that completes it
        for record in found:
            for octets in change(record[16:]):
                self.file.write(record[:8] + struct.pack("<II", len(octets), len(octets)) + octets)
                frames += 1
            self.last_frames.append(frames)
        self.file.flush()
        os.chmod(self.file.name, 0o644)
        self.path = self.file.name


def in_two_fragments(frame):
    packet, number = frame[14:], struct.unpack(">H", frame[18:20])[0]
    cut = 16
    body = packet[20:]
    header = packet[:20]
    parts = []
    for offset, piece in ((0, body[:cut]), (cut, body[cut:])):
        changed = header[:2] + struct.pack(">HHH", 20 + len(piece), number, (offset == 0) << 13 | offset // 8) + header[8:10] + b"\0\0" + header[12:]
        total = sum(struct.unpack(">10H", changed))
        parts.append(frame[:14] + changed[:10] + struct.pack(">H", ~(total % 0xffff) & 0xffff) + changed[12:] + piece)
    return parts


class Decapsulation(unittest.TestCase):
    NAME = "lost_final_ack"

    def same_as_bare(self, capture, *options):
        bare, _ = packets(sample(self.NAME), "-2")
        for passes in ([], ["-2"]):
            shown, several = packets(capture.path, *passes, *options)
            self.assertEqual((sorted(shown), several), ([capture.last_frames[f - 1] for f in sorted(bare)], 0))
        for frame, packet in bare.items():
            other = shown[capture.last_frames[frame - 1]]
            for field in ("flow", "incarnation", "sender", "finding", "handshake", "close", "change", "basis",
                          *(end + part for end in ENDS for part in ("_state", "_possible", "_final"))):
                self.assertEqual(getattr(other, field), getattr(packet, field), f"frame {frame}: {field}")

    def test_a_tunnel_that_the_user_names(self):
        self.same_as_bare(Capture(self.NAME, lambda frame: [in_vxlan(frame)]), *VXLAN)

    def test_fragments(self):
        self.same_as_bare(Capture(self.NAME, in_two_fragments))

    def test_fragments_in_a_tunnel_that_the_user_names(self):
        self.same_as_bare(Capture(self.NAME, lambda frame: [in_vxlan(f) for f in in_two_fragments(frame)]), *VXLAN)

    def test_a_link_type_that_the_user_names(self):
        self.same_as_bare(Capture(self.NAME, lambda frame: [frame[14:]], USER0), "-o",
                          'uat:user_dlts:"User 0 (DLT=147)","ip","0","","0",""')

    def test_an_icmp_error_in_a_tunnel_that_the_user_names(self):
        def change(frame):
            if len(frame) > 47 and frame[47] == 2:  # SYN
                yield in_vxlan(frame)
                yield in_vxlan(ethernet(ipv4(1, b"\3\3\0\0\0\0\0\0" + frame[14:42])))

        capture = Capture(self.NAME, change)
        done = tshark("-2", *VXLAN, "-r", capture.path, "-q", "-z", "tcpautopsy_findings,stat")
        self.assertIn("connection_refused", done.stdout)
        for passes in ([], ["-2"]):
            shown, _ = packets(capture.path, *passes, *VXLAN)
            self.assertEqual([shown[2].one(f) for f in ("flow", "icmp_endpoint", "icmp_quoted", "client_state")],
                             ["0", "client", "1", "SYN-SENT"])  # the capture ends when the error passes

    def test_samples_of_a_switch_are_no_packets(self):
        capture = Capture(self.NAME, lambda frame: [in_sflow(frame)])
        done = tshark("-2", "-r", capture.path, "-T", "fields", "-e", "frame.protocols", "-e", "tcpautopsy")
        self.assertIn("sflow:eth:ethertype:ip:tcp", done.stdout)
        self.assertNotIn("TCP Autopsy", done.stdout)

    def test_where_tcp_is_switched_off_there_is_none(self):
        done = tshark("-2", "--disable-protocol", "tcp", "-r", sample(self.NAME), "-T", "fields", "-e", "tcpautopsy")
        self.assertEqual(done.stdout.split(), [])


if __name__ == "__main__":
    unittest.main()
