#!/usr/bin/env python3
"""annotate and extract --annotate: comments beside packets, and all else of the capture kept to the bit."""
import gzip
import io
import json
import os
import shutil
import struct
import subprocess
import tarfile
import unittest

from captures import START, Folder, connection, ndjson, pcap, refused, run, surroundings
from pcapng_blocks import ENHANCED, INTERFACE, PACKETS, SECTION, SIMPLE, blocks, comments, differences, ours

NAMES, STATISTICS, SECRETS, CUSTOM, UNKNOWN = 4, 5, 10, 0xBAD, 0x7FFF0001


class Section:
    """A section of pcapng in one byte order."""

    def __init__(self, order="<", length=-1, options=b""):
        self.order = order
        self.octets = self.block(SECTION, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, length) + options)

    def block(self, kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack(self.order + "I", len(body) + 12)
        return struct.pack(self.order + "I", kind) + size + body + size

    def option(self, code, value):
        return struct.pack(self.order + "HH", code, len(value)) + value + bytes(-len(value) % 4)

    def end(self):
        return self.option(0, b"")

    def add(self, kind, body):
        self.octets += self.block(kind, body)
        return self

    def interface(self, resolution=None, offset=None, name=b"eth0"):
        options = self.option(2, name)
        if resolution is not None:
            options += self.option(9, bytes([resolution]))
        if offset is not None:
            options += self.option(14, struct.pack(self.order + "q", offset))
        return self.add(INTERFACE, struct.pack(self.order + "HHI", 1, 0, 262144) + options + self.end())

    def packet(self, seconds, frame, interface=0, per_second=10**6, options=b"", kind=ENHANCED):
        ticks = round((START + seconds) * per_second)
        first = struct.pack(self.order + "HH", interface, 0) if kind != ENHANCED else struct.pack(self.order + "I", interface)
        fixed = first + struct.pack(self.order + "IIII", ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
        return self.add(kind, fixed + frame + bytes(-len(frame) % 4) + options)

    def simple(self, frame):
        return self.add(SIMPLE, struct.pack(self.order + "I", len(frame)) + frame)


def full(order):
    """Every kind of block, two interfaces of different resolution, options before and behind what is added."""
    s = Section(order, options=Section(order).option(1, b"made by hand") + Section(order).option(4, b"a test") + Section(order).end())
    s.interface().interface(resolution=0x94, offset=-3600, name=b"eth1")
    s.add(SECRETS, struct.pack(order + "II", 0x544C534B, 31) + b"CLIENT_RANDOM 0011 2233 (secret)")
    frames = sorted(connection() + refused(), key=lambda f: f[0])
    for i, (seconds, frame) in enumerate(frames):
        if i % 3 == 0:
            s.packet(seconds, frame)
        elif i % 3 == 1:
            flags = s.option(2, struct.pack(order + "I", 1))
            s.packet(seconds + 3600, frame, 1, 2**20, s.option(1, "seen at the tap — ä".encode()) + flags + s.end())
        else:
            s.packet(seconds, frame, options=s.option(1, b"no end of options"), kind=2 if i == 2 else ENHANCED)
    s.add(NAMES, struct.pack(order + "HH", 1, 9) + b"\x0a\0\0\x01host\0" + bytes(3) + s.end())
    s.add(CUSTOM, struct.pack(order + "I", 32473) + b"anything at all")
    s.add(UNKNOWN, bytes(range(256)) * 300)
    s.add(STATISTICS, struct.pack(order + "III", 0, 0, 0) + s.option(4, struct.pack(order + "Q", 11)) + s.end())
    return s.octets


def tshark_rows(path, *fields):
    done = subprocess.run(["tshark", "-n", "-r", path, "-t", "e", "-T", "fields", "-E", "separator=^", "-E", "occurrence=a",
                           *(word for field in fields for word in ("-e", field))], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return [line.split("^") for line in done.stdout.decode().splitlines()]


class Annotate(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.out = self.folder.path("out.pcapng")

    def annotated(self, *paths, status=0, options=()):
        code, _, err = run("annotate", *options, "-o", self.out, *paths)
        self.assertEqual(code, status, err)
        with open(self.out, "rb") as file:
            return file.read()

    def test_all_else_is_kept_to_the_bit(self):
        for order in "<>":
            octets = full(order)
            result = self.annotated(self.folder.file("full.pcapng", octets))
            self.assertEqual(differences(octets, result), [])
            told = [ours(block) for block in blocks(result)]
            self.assertEqual(sum(bool(texts) for texts in told), 9, told)  # the section, and each where a state changes
            for block in blocks(result):
                kept = [text for text in comments(block) if text not in ours(block)]
                self.assertEqual(comments(block), kept + ours(block))
            self.assertIn("made by hand", comments(blocks(result)[0]))

    def test_what_it_says(self):
        path = self.folder.file("in.pcapng", full("<"))
        result = [block for block in blocks(self.annotated(path)) if block.kind in PACKETS]
        self.assertEqual(ours(result[0]), ["tcpautopsy: flow 0: client SYN-SENT, server SYN-RECEIVED; server may be in LISTEN or SYN-RECEIVED; client CLOSED > SYN-SENT "
                                           "(sent SYN, observed); server LISTEN > SYN-RECEIVED (received SYN, confirmed by frame 2)"])
        last = "\n".join(text for block in result[-2:] for text in ours(block))
        self.assertIn("tcpautopsy: flow 1: warning connection_refused: ", last)
        self.assertIn("(incident 0: connection_refused)", last)
        section, = ours(blocks(self.annotated(path))[0])
        screen = run("report", "--width", "80", path)[1]
        self.assertEqual(section, "tcpautopsy: the report of the whole run\n" + screen)

    def test_the_states_are_those_of_the_ladder(self):
        path = self.folder.file("in.pcapng", full("<"))
        told = [ours(block) for block in blocks(self.annotated(path)) if block.kind in PACKETS]
        for flow in ndjson("history", "--flow", "0-1", path):
            before = None
            for segment in flow["segments"]:
                state = segment["state"]
                words = f"client {state['client']}, server {state['server']}"
                states = [text for text in told[segment["frame"] - 1] if f": flow {flow['flow']['flow']}: client" in text]
                self.assertEqual(len(states), int(state != before), segment)
                if states:
                    self.assertIn(words, states[0])
                before = state

    def test_a_section_that_tells_its_length(self):
        s = Section().interface()
        for seconds, frame in connection():
            s.packet(seconds, frame)
        octets = Section(length=len(s.octets) - 28).octets + s.octets[28:]
        result = self.annotated(self.folder.file("length.pcapng", octets))
        self.assertEqual(differences(octets, result), [])
        self.assertEqual(result[16:24], b"\xff" * 8)

    def test_two_sections(self):
        halves = connection()
        octets = b""
        for order, part in (("<", halves[:5]), (">", halves[5:])):
            s = Section(order).interface()
            for seconds, frame in part:
                s.packet(seconds, frame)
            octets += s.octets
        result = self.annotated(self.folder.file("two.pcapng", octets))
        self.assertEqual(differences(octets, result), [])
        self.assertEqual([len(ours(block)) for block in blocks(result) if block.kind == SECTION], [1, 0])
        self.assertTrue(any("FIN-WAIT" in text for block in blocks(result) for text in ours(block)))

    def test_simple_packets_have_no_room(self):
        s = Section().interface()
        for _, frame in connection():
            s.simple(frame)
        path = self.folder.file("simple.pcapng", s.octets)
        self.assertEqual(differences(s.octets, self.annotated(path)), [])
        self.assertIn("no room", run("annotate", "-o", self.out, path)[2])

    def test_classic_pcap(self):
        frames = connection()
        for order in "<>":
            for magic, per_second, extra in ((0xA1B2C3D4, 10**6, 0), (0xA1B23C4D, 10**9, 0), (0xA1B2CD34, 10**6, 8)):
                octets = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1)
                for seconds, frame in frames:
                    octets += struct.pack(order + "IIII", START, round(seconds * per_second) + 1, len(frame), len(frame) + 7) + bytes(extra) + frame
                result = [b for b in blocks(self.annotated(self.folder.file("in.pcap", octets))) if b.kind == ENHANCED]
                self.assertEqual(len(result), len(frames))
                for block, (seconds, frame) in zip(result, frames):
                    _, high, low, captured, wire = struct.unpack_from("<IIIII", block.octets, 8)
                    self.assertEqual((high << 32) + low, START * 10**9 + (round(seconds * per_second) + 1) * (10**9 // per_second))
                    self.assertEqual((captured, wire), (len(frame), len(frame) + 7))
                    self.assertEqual(block.octets[28:28 + captured], frame)
                self.assertTrue(ours(result[0]))

    def test_compressed_and_in_archives(self):
        octets = full("<")
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            for name in ("a", "b"):
                member = tarfile.TarInfo(f"{name}.pcapng.gz")
                packed = gzip.compress(octets)
                member.size = len(packed)
                tar.addfile(member, io.BytesIO(packed))
        path = self.folder.file("all.tar.gz", archive.getvalue())
        self.assertEqual(differences(octets, self.annotated(f"{path}!b.pcapng.gz")), [])
        result = self.annotated(f"{path}!a.pcapng.gz", f"{path}!b.pcapng.gz")
        self.assertEqual(differences(octets + octets, result), [])

    def test_several_files_tell_where_packets_were(self):
        frames = connection()
        paths = [self.folder.file(name, pcap(part)) for name, part in (("a.pcap", frames[:4]), ("b.pcap", frames[4:]))]
        result = [ours(block) for block in blocks(self.annotated(*paths)) if block.kind == ENHANCED]
        self.assertEqual(len(result), len(frames))
        self.assertEqual(result[0][0], f"tcpautopsy: frame 1 of {paths[0]}")
        fin = [texts for texts in result[4:] if texts][0]
        self.assertEqual(fin[0], f"tcpautopsy: frame {result[4:].index(fin) + 1} of {paths[1]}")

    def test_damage_ends_the_copy_where_reading_ended(self):
        octets = full("<")
        whole = blocks(octets)
        at = [i for i, block in enumerate(whole) if block.kind == ENHANCED][5]
        before = b"".join(block.octets for block in whole[:at])
        for broken in (before + whole[at].octets[:-9], before + struct.pack("<III", 6, 13, 0),
                       before + whole[at].octets[:8] + struct.pack("<I", 77) + whole[at].octets[12:] + octets):
            result = self.annotated(self.folder.file("broken.pcapng", broken), status=1)
            self.assertEqual(differences(before, result), [])

    def test_selection(self):
        path = self.folder.file("in.pcapng", full("<"))
        result = self.annotated(path, options=("--flow", "1"))
        self.assertEqual(differences(full("<"), result), [])
        texts = [text for block in blocks(result)[1:] for text in ours(block)]
        self.assertTrue(texts)
        self.assertEqual([text for text in texts if ": flow 1: " not in text], [])

    def test_findings_that_are_part_of_a_hosts(self):
        refusals = [packet for port in range(12) for packet in refused(port=50001 + port, start=port)]
        texts = [t for b in blocks(self.annotated(self.folder.file("refused.pcap", pcap(refusals)))) for t in ours(b)]
        parts = [t for t in texts if "info connection_refused: " in t]
        self.assertTrue(parts)
        self.assertEqual([t for t in parts if "(part of service_refusing)" not in t], [])
        self.assertTrue(any(t.startswith("tcpautopsy: host 10.0.0.2:81: error service_refusing: ") for t in texts))

    def test_nothing_is_written_without_a_capture(self):
        path = self.folder.file("in.pcap", pcap(connection()))
        for arguments, says in (((path,), "-o"), (("-o", self.out, "-"), "standard input"), (("-o", self.out, self.folder.path("none")), "none"),
                                (("-o", path, path), "not overwritten")):
            code, _, err = run("annotate", *arguments)
            self.assertEqual(code, 2)
            self.assertIn(says, err)
        self.assertFalse(os.path.exists(self.out))
        self.assertEqual(run("extract", "--annotate", "--flow", "0", "-o", self.out, "-")[0], 2)

    def test_a_capture_without_packets(self):
        for name, octets in (("none.pcap", pcap([])), ("none.pcapng", Section().interface().octets)):
            result = self.annotated(self.folder.file(name, octets))
            self.assertIn("nothing was examined", comments(blocks(result)[0])[0].lower())

    def test_extract(self):
        octets = full("<")
        path = self.folder.file("in.pcapng", octets)
        self.assertEqual(run("extract", "--annotate", "--flow", "1", "-o", self.out, path)[0], 0)
        with open(self.out, "rb") as file:
            result = [block for block in blocks(file.read()) if block.kind == ENHANCED]
        self.assertEqual([ours(block)[0] for block in result], [f"tcpautopsy: frame {n} of {path}" for n in (10, 11)])
        self.assertTrue(any("connection_refused" in text for block in result for text in ours(block)))
        self.assertIn("seen at the tap — ä", [text for block in result for text in comments(block)])

    def test_extract_from_files_that_are_merged(self):
        frames = connection()
        paths = [self.folder.file(name, pcap(part)) for name, part in (("a.pcap", frames[0::2]), ("b.pcap", frames[1::2]))]
        self.assertEqual(run("extract", "--annotate", "--merge", "--flow", "0", "-o", self.out, *paths)[0], 0)
        with open(self.out, "rb") as file:
            told = [ours(block) for block in blocks(file.read()) if block.kind == ENHANCED]
        self.assertEqual([texts[0] for texts in told],
                         [f"tcpautopsy: frame {i // 2 + 1} of {paths[i % 2]}" for i in range(len(frames))])
        self.assertIn(f"confirmed by frame 1 of {paths[1]}", told[0][1])

    @unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
    def test_tshark_reads_it(self):
        for name, octets in (("in.pcapng", full("<")), ("big.pcapng", full(">")), ("in.pcap", pcap(connection() + refused()))):
            path = self.folder.file(name, octets)
            result = self.annotated(path)
            fields = ("frame.number", "frame.time_epoch", "frame.cap_len", "frame.len", "tcp.seq_raw", "tcp.checksum")
            if name != "in.pcap":
                fields += ("frame.interface_id", "frame.interface_name")
            self.assertEqual(tshark_rows(path, *fields), tshark_rows(self.out, *fields))
            told = [row[0] for row in tshark_rows(self.out, "frame.comment")]
            expected = [comments(block) for block in blocks(result) if block.kind in PACKETS]
            # It shows a custom block as a record too.
            self.assertEqual("".join(told[len(expected):]), "")
            for line, texts in zip(told, expected):
                for text in texts:
                    self.assertIn(text.replace(",", "\\,") if "\\," in line else text, line)


if __name__ == "__main__":
    unittest.main()
