#!/usr/bin/env python3
"""Makes an archive of thousands of files from folders of captures (rotated, compressed, tarred, some corrupted) and shows what `batch` does
with it. Usage: batch_archive.py TOOL SHARED [--part NAME]... [--work DIR]; SHARED has truth/ and corpus/ (see RESULTS.md)."""
import argparse
import bz2
import contextlib
import gzip
import hashlib
import io
import lzma
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

PCAP = {b"\xa1\xb2\xc3\xd4": ">", b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">", b"\x4d\x3c\xb2\xa1": "<"}


def captures(shared):
    for top in ("truth", "corpus"):
        for folder, _, names in sorted(os.walk(os.path.join(shared, top))):
            for name in sorted(names):
                if not name.endswith((".json", ".md", ".csv", ".ndjson", ".py", ".ndjson.zst")):
                    yield os.path.join(folder, name)


def records(data):
    """Header and whole records of a pcap; none for anything else."""
    order = PCAP.get(data[:4])
    if order is None or len(data) < 24:
        return None
    found, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        if at + 16 + length > len(data):
            return None
        found.append(data[at:at + 16 + length])
        at += 16 + length
    return (data[:24], found) if at == len(data) else None


def cut(data, count):
    header, found = records(data)
    edges = [len(found) * i // count for i in range(count + 1)]
    return [header + b"".join(found[a:b]) for a, b in zip(edges, edges[1:]) if b > a]


def folder_of(path):
    return os.path.normpath(path) + "/"


class Archive:
    """Captures in every dress; `readable` counts the packets that are to be found."""

    def __init__(self, folder, shared):
        self.folder, self.dice, self.files, self.readable, self.odd = folder, random.Random(6), 0, 0, []
        for i, path in enumerate(captures(shared)):
            with open(path, "rb") as source:
                self.dress(i, path, source.read())

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(data)
        self.files += 1

    def dress(self, i, path, data):
        split = records(data)
        count = len(split[1]) if split else 0
        where = f"{i % 17:02}/{i:03}"
        if count >= 50:
            self.readable += count
            pieces = cut(data, min(50, count // 10))
            (self.rotated, self.packed, self.tarred, self.zipped)[i % 4](where, pieces)
        elif count > 1 and i % 5 == 0:
            # The last packet is cut off in its middle.
            self.readable += count - 1
            self.write(f"{where}-cut.pcap", data[:-max(1, (len(split[1][-1]) - 16) // 2)])
        else:
            self.readable += count
            self.write(f"{where}-plain", data)
            if not split:
                self.odd.append(f"{folder_of(self.folder)}{where}-plain")
        if i % 11 == 0:
            self.write(f"{where}-broken.pcap", self.dice.randbytes(300))
            self.write(f"{where}-notes.txt", b"Taken on the morning it all went wrong.\n")

    def rotated(self, where, pieces):
        for i, piece in enumerate(pieces):
            self.write(f"{where}/eth0.pcap{i:02}", piece)

    def packed(self, where, pieces):
        packers = (gzip.compress, bz2.compress, lzma.compress, lambda piece: piece)
        endings = (".gz", ".bz2", ".xz", "")
        for i, piece in enumerate(pieces):
            self.write(f"{where}/eth0_{i + 1:05}_20261121{i:06}.pcap{endings[i % 4]}", packers[i % 4](piece))

    def tarred(self, where, pieces):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for i, piece in enumerate(pieces):
                member = tarfile.TarInfo(f"var/eth0.pcap{i:02}")
                member.size = len(piece)
                tar.addfile(member, io.BytesIO(piece))
                self.files += 1
        self.write(f"{where}.tar.gz", out.getvalue())

    def zipped(self, where, pieces):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for i, piece in enumerate(pieces):
                packed.writestr(f"eth0-{i:04}.pcap", piece)
                self.files += 1
        self.write(f"{where}.zip", out.getvalue())


def rows(store, query):
    with contextlib.closing(sqlite3.connect(store)) as database:
        return database.execute(query).fetchall()


def dump(store):
    digest = hashlib.sha256()
    with contextlib.closing(sqlite3.connect(store)) as database:
        for line in database.iterdump():
            digest.update(line.encode() + b"\n")
    return digest.hexdigest()


class Show:
    def __init__(self, tool, shared, work):
        self.tool, self.shared, self.work = os.path.abspath(tool), shared, work
        self.archive = os.path.join(work, "archive")

    def path(self, name):
        return os.path.join(self.work, name)

    def anew(self, out, *more):
        """Seconds that a whole run takes."""
        if os.path.exists(self.path(out)):
            os.remove(self.path(out))
        return self.batch(out, *more)

    def batch(self, out, *more, status=(0, 1)):
        begun = time.monotonic()
        done = subprocess.run([self.tool, "batch", self.archive, "--out", self.path(out), "-q", *more], capture_output=True, text=True)
        assert done.returncode in status, (done.returncode, done.stderr)
        return time.monotonic() - begun

    def made(self):
        if not os.path.exists(self.archive):
            made = Archive(self.archive, self.shared)
            with open(self.path("counts"), "w") as out:
                out.write("\n".join([str(made.files), str(made.readable), *made.odd]))
        if not os.path.exists(self.path("one.db")):
            self.batch("one.db", "-j", "1")

    def accounts(self):
        """Every readable packet is accounted for."""
        self.made()
        with open(self.path("counts")) as counts:
            files, readable, *odd = counts.read().split("\n")
        files, readable = int(files), int(readable)
        units, held, packets, flows = rows(self.path("one.db"), "SELECT COUNT(*), SUM(files), SUM(packets), SUM(flows) FROM units")[0]
        # What is no whole pcap, and so was put there as it was, is counted by the store's own word only.
        counted = dict(rows(self.path("one.db"), "SELECT path, packets FROM files"))
        others = sum(counted.get(path, 0) for path in odd)
        broken = rows(self.path("one.db"), "SELECT COUNT(*) FROM broken_files")[0][0]
        print(f"{files} files; {held} captures in {units} units, {packets} packets, {flows} flows; {broken} broken files")
        missing = readable - (packets - others)
        print(f"{readable} packets in whole pcap records: {missing} not accounted for; {others} more in other formats and damaged files")
        assert files >= 2000 and missing == 0

    def kills(self, times=30):
        """SIGKILL at random moments, taken up again."""
        self.made()
        whole, lasts, dice, caught = dump(self.path("one.db")), self.anew("timing.db"), random.Random(1), []
        for i in range(times):
            store = f"killed{i}.db"
            tool = subprocess.Popen([self.tool, "batch", self.archive, "--out", self.path(store), "-q"], stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0, lasts))
            ended = tool.poll()
            tool.send_signal(signal.SIGKILL)
            tool.wait()
            done = rows(self.path(store), "SELECT COUNT(*) FROM units")[0][0] if os.path.exists(self.path(store)) and ended is None and \
                rows(self.path(store), "SELECT COUNT(*) FROM sqlite_master")[0][0] else 0
            caught.append(done)
            self.batch(store)
            assert dump(self.path(store)) == whole, store
            os.remove(self.path(store))
        units = rows(self.path("one.db"), "SELECT COUNT(*) FROM units")[0][0]
        print(f"killed {times} times, with {min(caught)} to {max(caught)} of {units} units done: the same store each time")

    def full(self):
        """A disk that fills up."""
        self.made()
        small = self.path("small")
        os.makedirs(small, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", small], check=True)
        try:
            store = os.path.join(small, "store.db")
            done = subprocess.run([self.tool, "batch", self.archive, "--out", store, "-q"], capture_output=True, text=True)
            print(f"full disk: exit status {done.returncode}, \"{done.stderr.strip().splitlines()[-1]}\"")
            assert done.returncode == 2 and "the disk is full" in done.stderr
            with contextlib.closing(sqlite3.connect(store)) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                kept = database.execute("SELECT COUNT(*) FROM units").fetchone()[0]
            subprocess.run(["mount", "-o", "remount,size=4g", small], check=True)
            subprocess.run([self.tool, "batch", self.archive, "--out", store, "-q"], capture_output=True)
            assert dump(store) == dump(self.path("one.db"))
            print(f"store intact with {kept} units; with room again, the same command ended in the same store")
        finally:
            subprocess.run(["umount", small], check=True)

    def jobs(self):
        """Two jobs against one."""
        self.made()
        best = {}
        for _ in range(3):
            for jobs in ("1", "2"):
                best[jobs] = min(best.get(jobs, 1e9), self.anew("jobs.db", "-j", jobs))
                assert dump(self.path("jobs.db")) == dump(self.path("one.db"))
        packets = rows(self.path("one.db"), "SELECT SUM(packets) FROM units")[0][0]
        print(f"1 job {best['1']:.2f} s, 2 jobs {best['2']:.2f} s: {best['1'] / best['2']:.2f} times; {packets / best['2']:.0f} packets/s; same store")

    def tiny(self):
        """What a file costs."""
        folder = self.path("tiny")
        if os.path.exists(self.path("tiny.db")):
            os.remove(self.path("tiny.db"))
        os.makedirs(folder, exist_ok=True)
        with open(next(p for p in captures(self.shared) if p.endswith("/clean/client.pcap")), "rb") as source:
            header, found = records(source.read())
        for i in range(10000):
            with open(f"{folder}/{i % 100:02}-{i}x.pcap", "wb") as out:
                out.write(header + b"".join(found[i % 500:i % 500 + 10]))
        for what in ("all new", "none changed"):
            begun = time.monotonic()
            subprocess.run([self.tool, "batch", folder, "--out", self.path("tiny.db"), "-q"], check=True)
            spent = time.monotonic() - begun
            print(f"10,000 files of 10 packets, {what}: {spent:.2f} s, {spent / 10000 * 1e6:.0f} us a file")

    def shards(self):
        """Split and merged."""
        self.made()
        whole = dump(self.path("one.db"))
        for count in (2, 7):
            plan = self.path(f"plan{count}")
            subprocess.run([self.tool, "batch", "plan", self.archive, "--shards", str(count), "--plan", plan, "-q"], capture_output=True)
            for shard in range(count):
                subprocess.run([self.tool, "batch", "run", "--plan", plan, "--shard", str(shard), "-q"], check=True)
            subprocess.run([self.tool, "batch", "merge", "--plan", plan, "--out", self.path("merged.db"), "-q"], capture_output=True)
            assert dump(self.path("merged.db")) == whole
            os.remove(self.path("merged.db"))
            print(f"{count} shards, merged: the same store")


def main():
    parts = ("accounts", "kills", "full", "jobs", "tiny", "shards")
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("tool")
    arguments.add_argument("shared")
    arguments.add_argument("--part", action="append", choices=parts)
    arguments.add_argument("--work", help="kept; else a temporary folder")
    given = arguments.parse_args()
    work = os.path.abspath(given.work) if given.work else tempfile.mkdtemp(prefix="tcpautopsy-batch-")
    os.makedirs(work, exist_ok=True)
    try:
        show = Show(given.tool, given.shared, work)
        for part in given.part or parts:
            getattr(show, part)()
            sys.stdout.flush()
    finally:
        if not given.work:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
