#!/usr/bin/env python3
"""Input that is larger inside than outside: holes, zeros, compressed again and again; and archives that have a name twice."""
import contextlib
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import time
import unittest
import zipfile
import zlib

from captures import Folder, connection, ndjson, pcap, pcapng, refused, run

EIB = 1 << 60


def sparse_tar(name, stored, size):
    """As GNU tar writes a sparse file whose data all stands at its start."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("GNUSparseFile.0/" + name)
        info.size = len(stored)
        info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": name, "GNU.sparse.size": str(size),
                            "GNU.sparse.numblocks": "2", "GNU.sparse.map": f"0,{len(stored)},{size},0"}
        tar.addfile(info, io.BytesIO(stored))
        after = pcap(refused())
        info = tarfile.TarInfo("after.pcap")
        info.size = len(after)
        tar.addfile(info, io.BytesIO(after))
    return out.getvalue()


def with_zeros(start, mib):
    """gzip of `start` and so many MiB of zeros, made without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = packer.compress(start)
    for _ in range(mib):
        out += packer.compress(bytes(1 << 20))
    return out + packer.flush()


class Expansion(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.began = time.monotonic()

    def quick(self):
        self.assertLess(time.monotonic() - self.began, 60)

    def test_a_hole_of_an_exbibyte(self):
        whole = pcap(connection())
        tar = self.folder.file("sparse.tar", sparse_tar("x.pcap", whole, EIB))
        code, out, err = run("flows", "--format", "ndjson", tar + "!x.pcap")
        self.assertEqual((code, len(out.splitlines())), (1, 1), err)
        self.assertIn(f"after packet 9: the member has a hole of {EIB - len(whole)} bytes", err)
        # What lies behind it in the archive is not lost.
        store = self.folder.path("s.db")
        code, _, err = run("batch", tar, "--out", store)
        self.assertEqual(code, 1, err)
        with contextlib.closing(sqlite3.connect(store)) as database:
            self.assertEqual([(9, "damaged"), (2, "done")],
                             sorted(database.execute("SELECT packets, state FROM files"), reverse=True))
        self.quick()

    def test_small_holes_are_zeros(self):
        frame = connection()[0][1] + bytes(60_000)
        whole = pcap([(0.0, frame)])
        tar = self.folder.file("sparse.tar", sparse_tar("x.pcap", whole[:-50_000], len(whole)))
        code, _, err = run("flows", tar + "!x.pcap")
        self.assertEqual((code, err), (0, ""))

    def test_zeros_are_no_packets(self):
        for name, octets in (("plain", pcap(connection()) + bytes(50_000)), ("end", pcap(connection()) + bytes(64)),
                             ("packed", with_zeros(pcap(connection()), 256)), ("twice", gzip.compress(with_zeros(pcap(connection()), 256)))):
            path = self.folder.file(name, octets)
            code, out, err = run("flows", "--format", "ndjson", path)
            self.assertEqual((code, len(out.splitlines())), (1, 1), (name, err))
            self.assertIn(f"byte offset {len(pcap(connection()))}, after packet 9: zeros stand where records should", err)
        only = self.folder.file("only.gz", gzip.compress(with_zeros(pcap([]), 256)))
        self.assertLess(len(gzip.compress(with_zeros(pcap([]), 256))), 2000)
        self.assertEqual(run("report", only)[0], 1)
        ng = self.folder.file("zeros.pcapng", pcapng(connection()) + bytes(50_000))
        self.assertEqual(run("flows", ng)[0], 1)
        self.quick()

    def test_one_empty_record_is_read_over(self):
        empty = self.folder.file("one", pcap(connection()[:4]) + bytes(16) + pcap(connection()[4:])[24:])
        code, out, err = run("flows", "--format", "ndjson", "-q", empty)
        self.assertEqual((code, err, json.loads(out)["packets"]), (0, "", {"client": 6, "server": 3}))

    def bomb(self):
        """100 MiB of one packet of zeros after another."""
        record = pcap([(1.0, bytes(1 << 16))])[24:]
        return pcap(connection()) + record * 1600

    def test_the_limit_is_told_and_may_be_raised(self):
        packed = lzma.compress(self.bomb(), preset=0)
        self.assertGreater(len(self.bomb()) / len(packed), 2000)
        for name, octets in (("bomb.xz", packed), ("bomb.gz", gzip.compress(gzip.compress(self.bomb(), 6), 9))):
            path = self.folder.file(name, octets)
            code, out, err = run("flows", "--format", "ndjson", path)
            self.assertEqual((code, len(out.splitlines())), (1, 1), err)
            self.assertIn("it expands to more than 2000 times its size", err)
            self.assertIn("--expansion", err)
            code, _, err = run("flows", "-q", "--expansion", "1000000", path)
            self.assertEqual((code, err), (0, ""))
        self.quick()

    def test_members_are_measured_too(self):
        tar, zipped = io.BytesIO(), io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w:xz", preset=0) as archive:
            for name, octets in (("bomb.pcap", self.bomb()), ("good.pcap", pcap(refused()))):
                info = tarfile.TarInfo(name)
                info.size = len(octets)
                archive.addfile(info, io.BytesIO(octets))
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("bomb.pcap.xz", lzma.compress(self.bomb(), preset=0))
            archive.writestr("good.pcap", pcap(refused()))
        for name, octets in (("all.tar.xz", tar.getvalue()), ("all.zip", zipped.getvalue())):
            path, store = self.folder.file(name, octets), self.folder.path(name + ".db")
            code, _, err = run("batch", path, "--out", store)
            self.assertEqual(code, 1, err)
            self.assertIn("expands", err)
            code, _, err = run("batch", path, "--out", store, "--expansion", "1000000")
            self.assertEqual(code, 0, err)
        self.quick()

    def test_a_plan_keeps_the_limit(self):
        self.folder.file("bomb.pcap.xz", lzma.compress(self.bomb(), preset=0))
        plan, store = self.folder.path("plan"), self.folder.path("s.db")
        self.assertEqual(run("batch", "plan", self.folder.path(""), "--shards", "1", "--plan", plan, "--expansion", "1000000")[0], 0)
        self.assertEqual(run("batch", "run", "--plan", plan, "--shard", "0")[0], 0)
        code, _, err = run("batch", "merge", "--plan", plan, "--out", store)
        self.assertEqual(code, 0, err)


class SameName(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)

    def archive(self, members):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name, octets in members:
                info = tarfile.TarInfo(name)
                info.size = len(octets)
                tar.addfile(info, io.BytesIO(octets))
        return out.getvalue()

    def packets(self, store):
        with contextlib.closing(sqlite3.connect(store)) as database:
            return dict(database.execute("SELECT path, packets FROM files"))

    def test_both_are_kept(self):
        path = self.folder.file("same.tar", self.archive([
            ("a.pcap", pcap(connection())), ("a.pcap", pcap(refused())), ("a.pcap@2", pcap(connection()[:3])), ("a.pcap", pcap(connection()[:4]))]))
        expected = {"a.pcap": 9, "a.pcap@2": 2, "a.pcap@2@2": 3, "a.pcap@3": 4}
        store = self.folder.path("s.db")
        for _ in range(3):
            code, _, err = run("batch", path, "--out", store)
            self.assertEqual(code, 0, err)
            self.assertEqual(self.packets(store), {f"{path}!{name}": count for name, count in expected.items()})
        for name, count in expected.items():
            flow = ndjson("flows", f"{path}!{name}")
            self.assertEqual(sum(flow[0]["packets"].values()), count)

    def test_inner_archives_of_one_name(self):
        inner = [self.archive([("x.pcap", pcap(connection()))]), self.archive([("x.pcap", pcap(refused()))])]
        path = self.folder.file("outer.tar", self.archive([("i.tar", inner[0]), ("i.tar", inner[1])]))
        store = self.folder.path("s.db")
        for _ in range(2):
            self.assertEqual(run("batch", path, "--out", store)[0], 0)
            self.assertEqual(self.packets(store), {f"{path}!i.tar!x.pcap": 9, f"{path}!i.tar@2!x.pcap": 2})


if __name__ == "__main__":
    unittest.main()
