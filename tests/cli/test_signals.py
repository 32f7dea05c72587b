#!/usr/bin/env python3
"""SIGINT and SIGTERM end reading and what was read is told; a second one ends at once. Full disks are told."""
import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import time
import unittest

from captures import Folder, TOOL, connection, ndjson, pcap, refused, run, surroundings

SIGNALS = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}
COMMANDS = {"report": [], "flows": [], "findings": [], "history": ["--flow", "0"], "ss": ["--at", "end"],
            "stream": ["--flow", "0"], "extract": ["--flow", "0", "-o", "-"]}


def start(*arguments, **more):
    return subprocess.Popen([TOOL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings({}), **more)


def waits_for_input(process):
    """Until the tool sleeps in read(2)."""
    for _ in range(2000):
        with open(f"/proc/{process.pid}/stat") as stat:
            state = stat.read().rsplit(")", 1)[1].split()[0]
        with contextlib.suppress(OSError), open(f"/proc/{process.pid}/syscall") as call:
            if state == "S" and call.read().split()[0] == "0":
                return
        time.sleep(0.005)
    raise AssertionError("the tool does not read")


def signalled_after(process, number, octets):
    """Sends the signal once the tool has read so much, or not at all if it ends before."""
    while process.poll() is None:
        with contextlib.suppress(OSError), open(f"/proc/{process.pid}/io") as io:
            if int(io.readline().split()[1]) >= octets:
                process.send_signal(number)
                return
        time.sleep(0.001)


def several(count):
    frames = []
    for i in range(count):
        frames += connection(client=((10, 0, 1 + i // 250, 1 + i % 250), 40000 + i), start=i * 0.001, isn=i * 7919)
    return frames


class Signals(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path

    def ended(self, number, command, *more, octets):
        tool = start(command, *more, "-", stdin=subprocess.PIPE)
        tool.stdin.write(octets)
        tool.stdin.flush()
        waits_for_input(tool)
        tool.send_signal(number)
        out, err = tool.communicate(timeout=60)
        return tool.returncode, out.decode(errors="replace"), err.decode()

    def test_what_was_read_is_told(self):
        # Cut inside a packet: an end by a wish is no damage.
        octets = pcap(refused(start=0.001) + connection())[:-20]
        for number, (status, word) in SIGNALS.items():
            for command, more in COMMANDS.items():
                code, out, err = self.ended(number, command, *more, octets=octets)
                self.assertEqual(code, status, (command, err))
                self.assertIn(f"tcpautopsy: {word}; what is told is of the first 10 packets alone", err)
                self.assertNotIn("damaged", err)
                self.assertTrue(out, command)

    def test_the_result_is_that_of_what_was_read(self):
        whole = self.folder.file("part.pcap", pcap(several(3)))
        target = self.folder.file("result", b"old")
        code, _, err = self.ended(signal.SIGINT, "flows", "-o", target, "--format", "ndjson", octets=pcap(several(3)))
        self.assertEqual(code, 130, err)
        with open(target) as result:
            self.assertEqual(result.read().replace('"file":"-"', ""), run("flows", "--format", "ndjson", whole)[1].replace(f'"file":"{whole}"', ""))

    def test_before_anything_was_read(self):
        target = self.folder.file("result", b"old")
        for command, more in COMMANDS.items():
            output = [] if command == "extract" else ["-o", target]
            code, out, err = self.ended(signal.SIGTERM, command, *more, *output, octets=b"")
            self.assertEqual((code, out), (143, ""), (command, err))
            self.assertIn("terminated before a packet was analysed", err)
            with open(target) as result:
                self.assertEqual(result.read(), "old", command)

    def test_files_that_follow_are_left_out(self):
        fifo, good = self.path("fifo"), self.folder.file("good.pcap", pcap(connection()))
        os.mkfifo(fifo)
        tool = start("flows", "--format", "ndjson", fifo, good)
        with open(fifo, "wb") as pipe:
            pipe.write(pcap(refused()))
            pipe.flush()
            waits_for_input(tool)
            tool.send_signal(signal.SIGINT)
            out, err = tool.communicate(timeout=60)
        self.assertEqual((tool.returncode, len(out.splitlines())), (130, 1), err)
        self.assertIn(b"first 2 packets", err)

    def test_the_second_ends_at_once(self):
        target = self.folder.file("result", b"old")
        big = self.folder.file("big.pcap", pcap(several(800)))
        for number in SIGNALS:
            # Nobody takes what it writes: it waits in write(2).
            tool = start("flows", "--format", "ndjson", big)
            time.sleep(0.1)
            for _ in range(200):
                if tool.poll() is not None:
                    break
                tool.send_signal(number)
                time.sleep(0.02)
            tool.communicate(timeout=60)
            self.assertIn(tool.returncode, (-number, *(s for s, _ in SIGNALS.values())))
            tool = start("flows", "-o", target, "-", stdin=subprocess.PIPE)
            waits_for_input(tool)
            tool.kill()
            tool.communicate(timeout=60)
            with open(target) as result:
                self.assertEqual(result.read(), "old")
        self.assertEqual(sorted(os.listdir(self.path(""))), ["big.pcap", "result"])

    def test_ignored_signals_stay_ignored(self):
        tool = start("flows", "-", stdin=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        tool.stdin.write(pcap(connection()))
        tool.stdin.flush()
        waits_for_input(tool)
        tool.send_signal(signal.SIGINT)
        _, err = tool.communicate(timeout=60)
        self.assertEqual((tool.returncode, err), (0, b""))

    def dump(self, store):
        with contextlib.closing(sqlite3.connect(store)) as database:
            return "\n".join(database.iterdump())

    def test_a_batch_is_taken_up_again(self):
        os.makedirs(self.path("in"))
        octets = pcap(several(150))
        for i in range(60):
            self.folder.file(f"in/{i:03}.pcap", octets)
        for number, (status, word) in SIGNALS.items():
            store, report, told = self.path(f"{word}.db"), self.path("report"), 0
            for _ in range(40):
                tool = start("batch", self.path("in"), "--set-by", "none", "--jobs", "2", "--out", store, "--report", report)
                signalled_after(tool, number, 20 * len(octets))
                _, err = tool.communicate(timeout=120)
                if tool.returncode == 0:
                    break
                self.assertEqual(tool.returncode, status, err)
                self.assertIn(word.encode(), err)
                told += 1
            self.assertGreater(told, 0)
            self.assertEqual(run("batch", self.path("in"), "--set-by", "none", "--out", store)[0], 0)
            self.assertEqual(run("batch", self.path("in"), "--set-by", "none", "--out", self.path("whole.db"))[0], 0)
            self.assertEqual(self.dump(store), self.dump(self.path("whole.db")))

    def test_a_shard_is_taken_up_again(self):
        octets = pcap(several(150))
        for i in range(40):
            self.folder.file(f"{i:03}.pcap", octets)
        plan = self.path("plan")
        self.assertEqual(run("batch", "plan", self.path(""), "--set-by", "none", "--shards", "1", "--plan", plan)[0], 0)
        tool = start("batch", "run", "--plan", plan, "--shard", "0", "--jobs", "1")
        signalled_after(tool, signal.SIGINT, 10 * len(octets))
        _, err = tool.communicate(timeout=120)
        self.assertEqual(tool.returncode, 130, err)
        code, _, err = run("batch", "merge", "--plan", plan, "--out", self.path("s.db"))
        self.assertEqual(code, 2)
        self.assertIn("not finished", err)
        self.assertEqual(run("batch", "run", "--plan", plan, "--shard", "0")[0], 0)
        self.assertEqual(run("batch", "merge", "--plan", plan, "--out", self.path("s.db"))[0], 0)


class FullDisks(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        self.capture = self.folder.file("in.pcap", pcap(several(40) + refused()))

    def full(self, *arguments, says="No space left", **more):
        done = subprocess.run([TOOL, *arguments], stderr=subprocess.PIPE, env=surroundings({}), timeout=120, **more)
        self.assertEqual(done.returncode, 2, (arguments, done.stderr))
        self.assertIn(says, done.stderr.decode(), arguments)

    def test_device(self):
        store = self.path("store.db")
        self.assertEqual(run("batch", self.capture, "--out", store)[0], 0)
        commands = [[c, *more[:2], self.capture] for c, more in COMMANDS.items()]
        commands += [["flows", "--unordered", "--format", "csv", self.capture], ["flows", "--format", "csv", self.capture],
                     ["ss", "--at", "end", "--count", self.capture], ["report", "--format", "json", self.capture],
                     ["explain"], ["batch", "report", store], ["batch", self.capture, "--dry-run"]]
        for command in commands:
            self.full(*command, "-o", "/dev/full", stdout=subprocess.DEVNULL)
            with open("/dev/full", "wb") as out:
                self.full(*command, *(["-o", "-"] if command[0] == "extract" else []), stdout=out)
        for command in (["--help"], ["--version"], ["help", "flows"]):
            with open("/dev/full", "wb") as out:
                self.full(*command, stdout=out)
        self.full("batch", self.capture, "--out", self.path("new.db"), "--report", "/dev/full")

    def test_files_that_may_not_grow(self):
        target = self.folder.file("result", b"old")
        big = self.folder.file("big.pcap", pcap(several(600)))
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        for command, more in (("flows", ["--format", "ndjson"]), ("extract", ["--flow", "0-599"])):
            self.full(command, *more, "-o", target, big, says="File too large", preexec_fn=limit)
            with open(target) as result:
                self.assertEqual(result.read(), "old")
        store = self.path("store.db")
        for command in (["batch", big, "--out", store], ["batch", "plan", big, "--shards", "1", "--plan", self.path("plan")]):
            self.full(*command, says="", preexec_fn=limit)
        self.assertEqual(run("batch", big, "--out", store)[0], 0)
        with open(store, "rb") as file:
            before = file.read()
        self.full("batch", self.capture, "--out", store, says=store, preexec_fn=limit)
        self.assertEqual(run("batch", "report", store)[0], 0)
        self.assertNotIn(".part", " ".join(n for _, _, names in os.walk(self.path("")) for n in names))
        self.assertTrue(before)


if __name__ == "__main__":
    unittest.main()
