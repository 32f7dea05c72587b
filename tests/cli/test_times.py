#!/usr/bin/env python3
"""Captures whose times jump: the work is done, no arithmetic of times overflows (with sanitizers), and impossible times are told.

With a number of captures it makes so many, of other seeds, and runs all commands over each."""
import os
import random
import struct
import sys
import unittest

from captures import Folder, START, connection, pcap, pcapng_block, refused, run

COMMANDS = (["report"], ["report", "--format", "json"], ["flows", "--format", "ndjson"], ["findings", "--format", "ndjson"],
            ["ss", "--at", "end"], ["history", "--flow", "0"], ["stream", "--flow", "0"])
RUNS = int(sys.argv.pop()) if len(sys.argv) > 1 and sys.argv[-1].isdigit() else 12
LAST = 2**32 - 1


def conversations(dice):
    """Frames in order, without their times: several connections interleaved, some with segments sent again and again."""
    flows = []
    for i in range(dice.randrange(1, 6)):
        frames = [frame for _, frame in (refused(port=40000 + i) if dice.random() < 0.2 else connection(
            client=((10, 0, 0, 1 + i), 40000 + i), isn=dice.randrange(1 << 32)))]
        for _ in range(dice.randrange(0, 30)):
            at = dice.randrange(len(frames))
            frames[at + 1:at + 1] = [frames[dice.randrange(at + 1)]] * dice.randrange(1, 4)
        flows.append(frames)
    out = []
    while flows:
        flow = dice.choice(flows)
        out.append(flow.pop(0))
        if not flow:
            flows.remove(flow)
    return out


def jumping(dice, count):
    """Times in nanoseconds: quiet stretches, jumps to either end of what can be told, steps back, repeats."""
    now, out = START * 10**9, []
    jump = dice.choice((0.02, 0.2, 0.9))
    for _ in range(count):
        if dice.random() < jump:
            now = dice.choice((0, 1, LAST * 10**9 + 999_999_999, START * 10**9, dice.randrange(LAST * 10**9),
                               now + dice.randrange(-10**18, 10**18), now + 10**9 * 2**31))
        else:
            now += dice.choice((0, 1, 1000, 10**6, 10**9, dice.randrange(10**10)))
        now = min(max(now, 0), LAST * 10**9 + 999_999_999)
        out.append(now)
    return out


def classic(frames, times):
    out = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
    for frame, ns in zip(frames, times):
        out += struct.pack("<IIII", ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame
    return out


def next_generation(frames, times, offset=0):
    """pcapng in nanoseconds; `offset` in seconds goes to each time, and what it makes may be impossible."""
    out = pcapng_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += pcapng_block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHB3x", 9, 1, 9) + struct.pack("<HHq", 14, 8, offset)
                        + struct.pack("<HH", 0, 0))
    for frame, ns in zip(frames, times):
        out += pcapng_block(6, struct.pack("<IIIII", 0, ns >> 32, ns & 0xFFFFFFFF, len(frame), len(frame)) + frame)
    return out


class Times(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)

    def done(self, path, *arguments):
        code, out, err = run(*arguments, path)
        self.assertIn(code, (0, 1), (arguments, err[-2000:]))
        self.assertNotIn("runtime error", err)
        return out, err

    def test_jumping_times(self):
        for seed in range(RUNS):
            dice = random.Random(seed)
            frames = conversations(dice)
            times = jumping(dice, len(frames))
            octets = classic(frames, times) if seed % 2 else next_generation(frames, times, dice.choice((0, 0, 2**62, -2**40)))
            path = self.folder.file(f"jumping-{seed}.pcap", octets)
            for command in COMMANDS:
                with self.subTest(seed=seed, command=command):
                    self.done(path, *command)
            os.unlink(path)

    def test_one_packet_out_of_its_century(self):
        frames = connection()
        for bad in (0, LAST):
            for at in range(len(frames)):
                times = [START * 10**9 + round(seconds * 1e9) for seconds, _ in frames]
                times[at] = bad * 10**9
                path = self.folder.file("bad.pcap", classic([frame for _, frame in frames], times))
                for command in COMMANDS[:3]:
                    self.done(path, *command)

    def test_impossible_times_are_told_once(self):
        frames = [frame for _, frame in connection()]
        times = [START * 10**9 + i for i in range(len(frames))]
        path = self.folder.file("late.pcapng", next_generation(frames, times, 2**40))
        for command in COMMANDS:
            _, err = self.done(path, *command)
            self.assertEqual(err.count(f"{len(frames)} packets with times before 1970 or after 2106"), 1, (command, err))
        path = self.folder.file("good.pcapng", next_generation(frames, times))
        self.assertEqual(self.done(path, "flows")[1], "")

    def test_times_from_the_command_line(self):
        path = self.folder.file("good.pcap", pcap(connection() + refused()))
        for time in ("9223372035", "2261-12-31T23:59:59Z", "+9223372035", "0"):
            for option in ("--capture-end", "--since", "--until"):
                self.done(path, "report", option, time)
            self.done(path, "ss", "--at", time)
        self.done(path, "flows", "--since", "-1000000000", "--until", "-0.5s")
        for option in ("--time-wait", "--minimum-rto"):
            code, _, err = run("report", option, "9223372036", path)
            self.assertEqual(code, 2)
            self.assertIn("is not a number of seconds up to 1000000000", err)
            self.done(path, "report", option, "1000000000")


if __name__ == "__main__":
    unittest.main()
