#!/usr/bin/env python3
"""`tcpautopsy batch`: sets of rotated files, archives in archives' clothing, taking up again, deterministic stores, reports."""
import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tarfile
import time
import unittest
import zipfile

from captures import Folder, START, TOOL, connection, ndjson, pcap, pcapng, refused, run, segment
from series import data_of


def many(count, seed=1, spread=20.0):
    """Connections that overlap in time, some of them refused; (seconds, frame) pairs by time."""
    dice = random.Random(seed)
    frames = []
    for i in range(count):
        start = dice.uniform(0, spread)
        if i % 7 == 3:
            frames += refused(port=40000 + i, start=start)
        else:
            steps = connection(client=((10, 0, 0, 1 + i % 5), 30000 + i), isn=dice.randrange(1 << 32))
            stretch = dice.uniform(1, 60)
            frames += [(start + (t * stretch), frame) for t, frame in steps]
    return sorted(frames, key=lambda f: f[0])


def unanswered(port=51001, service=81):
    """SYNs that nobody answers until the client gives up: connect_timeout, an error."""
    syn = segment(((10, 0, 0, 1), port), ((10, 0, 0, 2), service), 2, 1, options=bytes((2, 4, 5, 180)))
    later = connection(server=((10, 0, 0, 4), 80), start=200)
    return [(t, syn) for t in (0, 1, 3, 7, 15, 31, 63)] + later


def dump(store):
    with contextlib.closing(sqlite3.connect(store)) as database:
        return "\n".join(database.iterdump())


def rows(store, query):
    with contextlib.closing(sqlite3.connect(store)) as database:
        return database.execute(query).fetchall()


def pieces(frames, count):
    edges = [len(frames) * i // count for i in range(count + 1)]
    return [frames[a:b] for a, b in zip(edges, edges[1:])]


def strip(value):
    """Without what names files and frames."""
    if isinstance(value, dict):
        return {k: strip(v) for k, v in value.items()
                if "frame" not in k and "file" not in k and k not in ("proved_by", "filter", "summary")}
    return [strip(v) for v in value] if isinstance(value, list) else value


class Batch(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__, None, None, None)
        self.path = self.folder.path
        os.mkdir(self.path("in"))

    def put(self, name, content):
        os.makedirs(os.path.dirname(self.path("in/" + name)), exist_ok=True)
        return self.folder.file("in/" + name, content)

    def batch(self, *more, out="store", status=0, **extra):
        got, text, err = run("batch", self.path("in"), "--out", self.path(out), *more, **extra)
        self.assertEqual(got, status, err)
        return self.path(out)

    def test_pieces_are_as_the_whole(self):
        frames = many(150)
        whole = self.folder.file("whole.pcap", pcap(frames))
        namings = {"C": lambda i: "eth0.pcap" + (str(i) if i else ""), "W": lambda i: f"eth0.pcap{i:02}",
                   "G": lambda i: f"eth0-20240501-{1000 + i}.pcap", "dumpcap": lambda i: f"eth0_{i:05}_20240501{100000 + i}.pcapng"}
        flows = [strip(f) for f in ndjson("flows", whole)]
        status, _, err = run("batch", whole, "--out", self.path("whole"))
        self.assertEqual(status, 0, err)
        findings = [strip(json.loads(r[0])) for r in rows(self.path("whole"), "SELECT record FROM findings")]
        key = lambda finding: json.dumps(finding, sort_keys=True)
        self.assertEqual(sorted(findings, key=key), sorted(map(strip, ndjson("findings", whole)), key=key))
        self.assertGreater(len(findings), 10)
        status, out, err = run("report", whole, "--format", "json")
        self.assertEqual(status, 0, err)
        incidents = [dict(incident, schema=1) for incident in json.loads(out)["incidents"]]
        stored = lambda store: [json.loads(r[0]) for r in rows(store, "SELECT record FROM incidents ORDER BY incident")]
        self.assertEqual(stored(self.path("whole")), incidents)
        self.assertGreater(len(incidents), 1)
        for how, name in namings.items():
            shutil.rmtree(self.path("in"))
            os.mkdir(self.path("in"))
            for i, part in enumerate(pieces(frames, 50)):
                self.put(name(i), pcapng(part) if how == "dumpcap" else pcap(part))
            store = self.batch(out=how)
            self.assertEqual(rows(store, "SELECT files, state FROM units"), [(50, "done")], how)
            got = [json.loads(r[0]) for r in rows(store, "SELECT record FROM flows ORDER BY flow")]
            self.assertEqual([strip(f) for f in got], flows, how)
            got = [strip(json.loads(r[0])) for r in rows(store, "SELECT record FROM findings")]
            self.assertEqual(got, findings, how)
            self.assertEqual(stored(store), incidents, how)

    def test_what_is_no_set(self):
        self.put("a/host1.pcap", pcap(many(5)))
        self.put("a/host2.pcap", pcap(many(5, 2), START + 100))
        self.put("b/x-1.pcap", pcap(many(5, 3)))  # these overlap
        self.put("b/x-2.pcap", pcap(many(5, 4)))
        self.assertEqual(len(rows(self.batch(), "SELECT 1 FROM units")), 4)
        self.assertEqual(len(rows(self.batch("--set-by", "dir", out="dir"), "SELECT 1 FROM units")), 2)
        self.assertEqual(len(rows(self.batch("--set-by", "time", out="time"), "SELECT 1 FROM units")), 4)

    def test_contiguous_times(self):
        frames = many(30)
        for i, part in enumerate(pieces(frames, 5)):
            self.put("abcde"[i] + "x.pcap", pcap(part))
        self.assertEqual(rows(self.batch("--set-by", "time", out="time"), "SELECT files FROM units"), [(5,)])
        self.assertEqual(len(rows(self.batch("--set-by", "none", out="none"), "SELECT 1 FROM units")), 5)

    def test_by_content_however_packed(self):
        plain = pcap(many(20))
        self.put("no name", plain)
        self.put("a.gz", gzip.compress(plain))
        self.put("b.xz", lzma.compress(plain))
        self.put("c.bz2", bz2.compress(plain))
        for packer, ending in (("zstd", "zst"), ("lz4", "lz4")):
            if shutil.which(packer):
                packed = subprocess.run([packer, "-c"], input=plain, capture_output=True, check=True).stdout
                self.put("d." + ending, packed)
        with tarfile.open(self.put("e.tar.xz", b""), "w:xz") as tar:
            for name, content in (("x/one.pcap", plain), ("readme", b"no capture"), ("two.pcap.gz", gzip.compress(plain))):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        with zipfile.ZipFile(self.put("f.zip", b""), "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("three.pcap", plain)
        self.put("notes.txt", b"nothing here\n")
        store = self.batch()
        count = 8 if shutil.which("zstd") and shutil.which("lz4") else None
        units = rows(store, "SELECT flows, packets, state FROM units")
        self.assertEqual(len(set(units)), 1, units)
        self.assertTrue(count is None or len(units) == count + 1, units)
        member = self.path("in/e.tar.xz") + "!x/one.pcap"
        self.assertIn((member,), rows(store, "SELECT path FROM files"))
        self.assertEqual(len(ndjson("flows", member)), 20)
        self.assertEqual([r[0].rsplit("/", 1)[1] for r in rows(store, "SELECT path FROM unread")],
                         ["e.tar.xz!readme", "notes.txt"])
        before = dump(store)
        status, _, err = run("batch", self.path("in"), "--out", store)
        self.assertEqual(status, 0)
        self.assertIn("0 units analysed", err)
        self.assertEqual(dump(store), before)

    def test_archives_in_archives(self):
        plain = pcap(many(20))

        def tarred(mode, **members):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w:" + mode) as tar:
                for name, content in members.items():
                    member = tarfile.TarInfo(name)
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
            return out.getvalue()

        def zipped(**members):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
                for name, content in members.items():
                    packed.writestr(name, content)
            return out.getvalue()

        deepest = tarred("gz", deep=plain)
        cut = tarred("", first=plain, second=plain)
        day = tarred("xz", a=zipped(one=plain, two=gzip.compress(plain), note=b"none"), b=plain, c=tarred("bz2", three=bz2.compress(plain)),
                     d=zipped(x=tarred("", y=deepest, four=plain)), e=cut[:len(plain) * 3 // 2], f=plain, g=zipped())
        self.put("day.tar.xz", day)
        store = self.batch(status=1)
        name = self.path("in/day.tar.xz")
        units = rows(store, "SELECT name, flows, state FROM units ORDER BY name")
        good = ["a!one", "a!two", "b", "c!three", "d!x!four", "e!first", "e!second", "f"]
        self.assertEqual([u for u in units if u[0] != f"{name}!e!second"], [(f"{name}!{member}", 20, "done") for member in good if member != "e!second"])
        self.assertEqual(units[6][2], "damaged")
        self.assertGreater(units[6][1], 5)
        unread = dict(rows(store, "SELECT path, reason FROM unread WHERE broken"))
        self.assertIn("is not read", unread[f"{name}!d!x!y"])
        self.assertIn("is broken", unread[f"{name}!e"])
        self.assertEqual(len(ndjson("flows", f"{name}!d!x!four")), 20)
        self.assertEqual(len(ndjson("flows", f"{name}!f")), 20)
        before = dump(store)
        self.batch(status=1)
        self.assertEqual(dump(store), before)
        self.assertEqual(dump(self.batch("-j", "3", out="again", status=1)), before)

    def test_what_is_not_there_is_told_and_not_kept(self):
        self.put("a.pcap", pcap(many(3)))
        broken = self.put("b.pcap", b"random octets, no capture")
        store = self.path("store")
        status, _, err = run("batch", self.path("in"), self.path("typo"), "--out", store)
        self.assertEqual(status, 1)
        self.assertIn("typo: No such file", err)
        self.assertEqual(rows(store, "SELECT COUNT(*) FROM broken_files"), [(1,)])
        os.remove(broken)
        self.assertEqual(dump(self.batch()), dump(self.batch(out="fresh")))
        os.mkdir(self.path("empty"))
        status, _, err = run("batch", self.path("empty"), "--out", store)
        self.assertEqual(status, 2)
        self.assertIn("no captures were found", err)

    @unittest.skipIf(os.geteuid() == 0, "root may look anywhere")
    def test_a_folder_that_cannot_be_looked_into_is_told(self):
        self.put("a.pcap", pcap(many(3)))
        self.put("locked/b.pcap", pcap(many(3, 2)))
        os.chmod(self.path("in/locked"), 0)
        self.addCleanup(os.chmod, self.path("in/locked"), 0o755)
        store = self.batch(status=1)
        self.assertEqual(rows(store, "SELECT path, error FROM broken_files"), [(self.path("in/locked"), "Permission denied")])
        os.chmod(self.path("in/locked"), 0o755)
        self.assertEqual(dump(self.batch()), dump(self.batch(out="fresh")))

    def test_a_baseline_is_looked_at_first(self):
        self.put("a.pcap", pcap(many(3)))
        for more in (("--baseline", self.path("none")), ("--fail-on-new",)):
            status, _, err = run("batch", self.path("in"), "--out", self.path("store"), *more)
            self.assertEqual(status, 2, err)
            self.assertFalse(os.path.exists(self.path("store")))

    def test_names_globs_and_lists(self):
        a, b = self.put("a.pcap", pcap(many(3))), self.put("b.pcap", pcap(many(3, 2)))
        self.put("c.txt", b"x")
        first = self.path("first")
        status, _, err = run("batch", self.path("in/*.pcap"), "--out", first)
        self.assertEqual(status, 0, err)
        second = self.path("second")
        status, _, err = run("batch", "-", "--out", second, stdin=f"{b}\n{a}\n{a}\n".encode())
        self.assertEqual(status, 0, err)
        self.assertEqual(dump(first), dump(second))

    def test_broken_files_do_not_stop_the_rest(self):
        good = pcap(many(20))
        self.put("good.pcap", good)
        self.put("cut.pcap", good[:-7])
        self.put("cut.pcap.gz", gzip.compress(good)[:-500])
        self.put("zeros.pcap", bytes(1000))
        self.put("empty.pcap", b"")
        os.symlink("/nowhere", self.path("in/gone.pcap"))
        store = self.batch(status=1)
        broken = {os.path.basename(path): error for path, error in rows(store, "SELECT path, error FROM broken_files")}
        self.assertEqual(set(broken), {"cut.pcap", "cut.pcap.gz", "zeros.pcap", "empty.pcap", "gone.pcap"})
        self.assertIn("after packet", broken["cut.pcap"])
        states = dict(rows(store, "SELECT path, state FROM files"))
        self.assertEqual(states[self.path("in/good.pcap")], "done")
        self.assertGreater(rows(store, "SELECT packets FROM files WHERE path LIKE '%cut.pcap'")[0][0], 100)

    def test_nothing_to_read(self):
        self.put("notes.txt", b"x")
        self.batch(status=2)
        self.assertEqual(run("batch", self.path("in"))[0], 2)
        self.assertEqual(run("batch", self.path("nowhere"), "--out", self.path("s"))[0], 2)

    def test_only_what_changed_is_read_again(self):
        for i in range(6):
            self.put(f"{'abcdef'[i]}.pcap", pcap(many(5, i)))
        store = self.batch()
        self.put("c.pcap", pcap(many(9, 77)))
        self.put("new.pcap", pcap(many(4, 78)))
        status, _, err = run("batch", self.path("in"), "--out", store)
        self.assertEqual(status, 0)
        self.assertIn("2 units analysed", err)
        self.assertIn("5 unchanged", err)
        self.assertEqual(dump(store), dump(self.batch(out="fresh")))
        os.utime(self.path("in/a.pcap"), ns=(1, 1))
        self.assertIn("1 unit analysed", run("batch", self.path("in"), "--out", store)[2])
        self.assertIn("7 units analysed", run("batch", self.path("in"), "--out", store, "--time-wait", "30")[2])

    def test_a_set_that_grows(self):
        parts = pieces(many(60), 8)
        for i in range(4):
            self.put(f"eth0_{i:05}_20240501{100000 + i}.pcap", pcap(parts[i]))
        store = self.batch()
        for i in range(4, 8):
            self.put(f"eth0_{i:05}_20240501{100000 + i}.pcap", pcap(parts[i]))
        self.batch()
        self.assertEqual(rows(store, "SELECT files FROM units"), [(8,)])
        self.assertEqual(dump(store), dump(self.batch(out="fresh")))

    def test_same_store_whatever_the_jobs(self):
        for i in range(30):
            self.put(f"{'xyz'[i % 3]}/c{i}c.pcap", pcap(many(10, i)))
        self.assertEqual(dump(self.batch("--jobs", "1", out="one")), dump(self.batch("--jobs", "4", out="four")))

    def test_killed_and_taken_up_again(self):
        for i in range(40):
            self.put(f"c{i}c.pcap", pcap(many(60, i)))
        begun = time.monotonic()
        whole = dump(self.batch("-q", out="whole"))
        lasts = time.monotonic() - begun
        dice = random.Random(5)
        halfway = 0
        for i in range(8):
            store = self.path(f"killed{i}")
            tool = subprocess.Popen([TOOL, "batch", self.path("in"), "--out", store, "-q"])
            time.sleep(dice.uniform(0, lasts))
            tool.send_signal(signal.SIGKILL)
            tool.wait()
            self.batch("-q", out=f"killed{i}")
            self.assertEqual(dump(store), whole)

    def test_two_runs_at_once(self):
        self.put("a.pcap", pcap(many(3)))
        store = self.batch()
        with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN IMMEDIATE")
            status, _, err = run("batch", self.path("in"), "--out", store)
            self.assertEqual(status, 2)
            self.assertIn("another run (or program) is using this store", err)
            other.execute("ROLLBACK")

    def test_no_store(self):
        self.put("a.pcap", pcap(many(3)))
        other = self.folder.file("other", b"this is no database at all, but it is long enough " * 20)
        status, _, err = run("batch", self.path("in"), "--out", other)
        self.assertEqual(status, 2)
        self.assertIn("is not a tcpautopsy store", err)
        with contextlib.closing(sqlite3.connect(self.path("theirs"))) as theirs:
            theirs.execute("CREATE TABLE t(x)")
        self.assertIn("is not a tcpautopsy store", run("batch", self.path("in"), "--out", self.path("theirs"))[2])

    def test_a_severity_that_there_is_none_of(self):
        self.put("a.pcap", pcap(refused() + unanswered()))
        store = self.batch()
        with contextlib.closing(sqlite3.connect(store)) as damaged:
            damaged.execute("UPDATE findings SET level = 114")
            damaged.commit()
        status, _, err = run("batch", "report", store)
        self.assertEqual((status, err), (2, f"tcpautopsy: {store}: the store is damaged\n"))

    def test_dry_run(self):
        for i, part in enumerate(pieces(many(20), 4)):
            self.put(f"eth0.pcap{i}", pcap(part))
        self.put("other.txt", b"x")
        status, out, _ = run("batch", self.path("in"), "--dry-run")
        self.assertEqual(status, 0)
        self.assertIn("eth0.pcap0  4 files", out)
        self.assertIn("4 captures", out)
        self.assertIn("in 1 unit; 1 that are no captures, 0 broken", out)

    def test_lines_by_day(self):
        self.put("a.pcap", pcap(many(20)))
        self.put("b.pcap", pcap(many(20, 2), START + 86400))
        lines = self.path("lines")
        store = self.batch("--ndjson", lines)
        self.assertEqual(sorted(os.listdir(lines + "/flows")), ["day=2024-05-01", "day=2024-05-02"])

        def all_of(table):
            found = []
            for day, _, names in os.walk(f"{lines}/{table}"):
                for name in names:
                    with open(os.path.join(day, name)) as text:
                        found += [line.rstrip("\n") for line in text]
            return sorted(found)

        for table in ("flows", "findings", "incidents"):
            self.assertEqual(all_of(table), sorted(r[0] for r in rows(store, f"SELECT record FROM {table}")))
        self.put("b.pcap", pcap(many(5, 9), START + 2 * 86400))
        self.batch("--ndjson", lines)
        self.assertEqual(all_of("flows"), sorted(r[0] for r in rows(store, "SELECT record FROM flows")))


class Shards(unittest.TestCase):
    """Split over machines and merged, the store is that of one machine."""

    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__, None, None, None)
        self.path = self.folder.path
        os.mkdir(self.path("in"))
        self.folder.file("in/large.pcap", pcap(many(400, 1)))  # more than a shard
        for i in range(12):
            self.folder.file(f"in/small{i}x.pcap", pcap(many(5, i + 2)))
        for i, part in enumerate(pieces(many(40, 50), 5)):
            self.folder.file(f"in/e.pcap{i}", pcap(part))
        self.folder.file("in/broken.pcap", b"x" * 500)
        self.assertEqual(run("batch", self.path("in"), "--out", self.path("one"), "-q")[0], 1)
        self.one = dump(self.path("one"))

    def plan(self, shards, *more):
        folder = self.path(f"plan{shards}")
        status, _, err = run("batch", "plan", self.path("in"), "--shards", str(shards), "--plan", folder, *more)
        self.assertEqual(status, 1, err)
        return folder

    def merged(self, folder, out="merged"):
        status, _, err = run("batch", "merge", "--plan", folder, "--out", self.path(out))
        self.assertEqual(status, 1, err)
        return dump(self.path(out))

    def shard(self, folder, shard):
        status, _, err = run("batch", "run", "--plan", folder, "--shard", str(shard), "-q")
        self.assertEqual(status, 0, err)

    def test_merged_is_as_of_one_machine(self):
        for shards in (1, 2, 5, 40):
            folder = self.plan(shards)
            order = list(range(shards))
            random.Random(shards).shuffle(order)
            for shard in order:
                self.shard(folder, shard)
            self.assertEqual(self.merged(folder, f"of{shards}"), self.one, shards)

    def test_a_large_capture_is_split(self):
        folder = self.plan(4)
        flows = []
        for shard in range(4):
            self.shard(folder, shard)
            flows.append(rows(f"{folder}/shard-{shard:06}.db", "SELECT COUNT(*) FROM flows")[0][0])
        self.assertGreater(min(flows), 50, flows)

    def test_settings_go_with_the_plan(self):
        options = ("--profile", "rfc9293", "--fin-wait-2", "7", "--set", "syn_flood.min_half_open=3", "-f", "port 81")
        folder = self.plan(2, *options)
        for shard in range(2):
            self.shard(folder, shard)
        run("batch", self.path("in"), "--out", self.path("own"), "-q", *options)
        self.assertEqual(self.merged(folder), dump(self.path("own")))

    def test_merging_waits_for_all(self):
        folder = self.plan(3)
        self.shard(folder, 1)
        status, _, err = run("batch", "merge", "--plan", folder, "--out", self.path("early"))
        self.assertEqual(status, 2)
        self.assertIn("2 of 3 shards not finished: 0, 2", err)
        self.assertFalse(os.path.exists(self.path("early")))
        self.assertEqual(run("batch", "run", "--plan", folder, "--shard", "3")[0], 2)
        self.assertEqual(run("batch", "run", "--plan", self.path("nowhere"), "--shard", "0")[0], 2)

    def test_a_shard_killed_is_taken_up(self):
        folder = self.plan(2)
        for shard in range(2):
            tool = subprocess.Popen([TOOL, "batch", "run", "--plan", folder, "--shard", str(shard), "-q", "-j", "1"])
            time.sleep(0.05)
            tool.kill()
            tool.wait()
            self.shard(folder, shard)
        self.assertEqual(self.merged(folder), self.one)

    def test_into_a_store_that_is_there(self):
        shutil.copy(self.path("one"), self.path("there"))
        self.folder.file("in/small3x.pcap", pcap(many(9, 99)))
        folder = self.plan(2)
        for shard in range(2):
            self.shard(folder, shard)
        run("batch", self.path("in"), "--out", self.path("fresh"), "-q")
        self.assertEqual(self.merged(folder, "there"), dump(self.path("fresh")))


class Reports(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__, None, None, None)
        self.path = self.folder.path
        for day, count in (("old", 1), ("new", 3)):
            os.mkdir(self.path(day))
            frames = connection() + [f for i in range(count) for f in refused(port=50001 + i, start=1 + i)]
            self.folder.file(day + "/a.pcap", pcap(frames))
            status, _, err = run("batch", self.path(day), "--out", self.path(day + ".db"))
            self.assertEqual(status, 0, err)
        self.new, self.old = self.path("new.db"), self.path("old.db")

    def test_a_page(self):
        os.mkdir(self.path("more"))
        later = [(seconds + 7200, frame) for seconds, frame in refused(port=50009) + refused(port=50010, service=82)]
        self.folder.file("more/a.pcap", pcap(refused()))
        self.folder.file("more/b.pcap", pcap(later))
        run("batch", self.path("more"), "--set-by", "none", "--out", self.path("more.db"))
        status, out, err = run("batch", "report", self.path("more.db"), "--baseline", self.old, "--format", "html")
        self.assertEqual(status, 0, err)
        data = data_of(out)[1]
        self.assertEqual(data["kind"], "batch")
        _, told, _ = run("batch", "report", self.path("more.db"), "--baseline", self.old, "--format", "json")
        self.assertEqual(data["batch"], json.loads(told))
        heat = data["heat"]
        self.assertEqual([time - START for time in heat["slots"]], [0, 3600, 7200])
        cells = {(heat["places"][cell["place"]], cell["slot"]): (cell["incidents"], cell["level"]) for cell in heat["cells"]}
        self.assertEqual(cells, {("10.0.0.2:81", 0): (1, 2), ("10.0.0.2:81", 2): (1, 2), ("10.0.0.2:82", 2): (1, 2)})
        run("batch", self.path("more"), "--out", self.path("more.db"), "--report", self.path("more.html"))
        with open(self.path("more.html")) as page:
            self.assertEqual(data_of(page.read())[1]["kind"], "batch")

    def test_each_line_leads_back(self):
        status, out, _ = run("batch", "report", self.new, "--format", "json")
        self.assertEqual(status, 0)
        report = json.loads(out)
        self.assertEqual(report["findings"][0]["id"], "connection_refused")
        self.assertEqual(report["services"][0]["service"], "10.0.0.2:81")
        self.assertEqual(report["times"][0]["warnings"], 3)
        for part in ("findings", "services", "hosts"):
            where = report[part][0]["where"]
            self.assertEqual((where["file"], where["flow"], where["frame"]), (self.path("new/a.pcap"), 1, 10))
            done = subprocess.run(where["command"].replace("tcpautopsy", TOOL, 1), shell=True, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("connection_refused", done.stdout)

    def test_a_set_is_named_by_its_store(self):
        os.mkdir(self.path("set"))
        for i, part in enumerate(pieces(many(40), 5)):
            self.folder.file(f"set/e.pcap{i}", pcap(part))
        store = self.path("set.db")
        self.assertEqual(run("batch", self.path("set"), "--out", store)[0], 0)
        flows = ndjson("flows", f"{store}#{self.path('set/e.pcap3')}")
        self.assertEqual(len(flows), 40)
        stored = [json.loads(r[0]) for r in rows(store, "SELECT record FROM flows ORDER BY flow")]
        self.assertEqual(flows, stored)
        self.assertEqual(run("flows", f"{store}#nothing")[0], 2)

    def test_trend(self):
        _, out, _ = run("batch", "report", self.new, "--baseline", self.old, "--format", "json")
        change = json.loads(out)["changes"]
        self.assertEqual([(c["change"], c["id"], c["before"], c["now"]) for c in change],
                         [("worse", "connection_refused", 1, 3)])
        _, out, _ = run("batch", "report", self.old, "--baseline", self.new, "--format", "markdown")
        self.assertIn("| better | warning | connection_refused | 10.0.0.2:81 | 3 | 1 |", out)

    def test_exit_status(self):
        report = lambda *more: run("batch", "report", self.new, *more)[0]
        self.assertEqual(report("--fail-on", "warning"), 3)
        self.assertEqual(report("--fail-on", "error"), 0)
        self.assertEqual(report("--alert", "connection_refused=2"), 3)
        self.assertEqual(report("--alert", "connection_refused=3"), 0)
        self.assertEqual(report("--baseline", self.old, "--fail-on-worse"), 3)
        self.assertEqual(report("--baseline", self.old, "--fail-on-new"), 0)
        self.assertEqual(report("--fail-on-new"), 2)
        self.assertEqual(run("batch", "report", self.path("nowhere"))[0], 2)

    def test_a_store_of_another_version_is_refused(self):
        for version, words in ((1, ("an earlier version", "make it anew")), (99, ("a later version", "with that version"))):
            with sqlite3.connect(self.old) as store:
                store.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(version),))
            for arguments in (("report", self.old), ("report", self.new, "--baseline", self.old), (self.path("new"), "--out", self.old)):
                status, out, err = run("batch", *arguments)
                self.assertEqual((status, out), (2, ""), err)
                for word in (self.old, "version %d" % version, *words):
                    self.assertIn(word, err)

    def test_findings_that_grew_graver_are_not_new(self):
        """The same finding, a note before and a warning now, at one service."""
        with sqlite3.connect(self.old) as store:
            store.execute("UPDATE findings SET level = 1, severity = 'note' WHERE id = 'connection_refused'")
        told = json.loads(run("batch", "report", self.new, "--baseline", self.old, "--format", "json")[1])
        trend = next(f["trend"] for f in told["findings"] if f["id"] == "connection_refused")
        self.assertEqual((trend["change"], trend["before_severity"]), ("worse", "note"))
        self.assertEqual([(c["change"], c["id"]) for c in told["changes"]], [("worse", "connection_refused")])
        self.assertEqual(run("batch", "report", self.new, "--baseline", self.old, "--fail-on-new")[0], 0)
        told = json.loads(run("batch", "report", self.old, "--baseline", self.new, "--format", "json")[1])
        self.assertEqual([(c["change"], c["id"]) for c in told["changes"]], [("better", "connection_refused")])
        self.assertEqual(next(f["trend"]["change"] for f in told["findings"] if f["id"] == "connection_refused"), "better")

    def test_a_run_is_judged_by_the_captures_it_names(self):
        os.mkdir(self.path("clean"))
        self.folder.file("clean/a.pcap", pcap(connection()))
        store = self.path("all.db")
        def batch(folder, *more):
            status, _, err = run("batch", self.path(folder), "--out", store, *more)
            return status, err
        self.assertEqual(batch("new", "--fail-on", "warning")[0], 3)
        status, err = batch("clean", "--fail-on", "warning")
        self.assertEqual(status, 0, err)
        self.assertIn("holds 3 warnings of captures that were not named now", err)
        self.assertNotIn("not named now", batch("new", "--quiet")[1])
        self.assertEqual(batch("new", "--fail-on", "warning")[0], 3)  # nothing has changed: the same answer
        self.assertEqual(batch("clean", "--alert", "connection_refused=2")[0], 0)
        self.assertEqual(batch("new", "--alert", "connection_refused=2")[0], 3)
        self.assertEqual(run("batch", "report", store, "--fail-on", "warning")[0], 3)
        with open(self.path("new/a.pcap"), "rb") as file:
            whole = file.read()
        os.mkdir(self.path("cut"))
        self.folder.file("cut/a.pcap", whole[:-5])
        self.assertEqual(batch("cut")[0], 1)
        status, err = batch("clean")
        self.assertEqual(status, 0, err)
        self.assertIn("1 broken file", err)
        self.assertEqual(batch("cut")[0], 1)

    def test_written_beside_the_run(self):
        for name, begins in (("r.txt", "Store "), ("r.md", "# TCP"), ("r.json", "{")):
            status, _, _ = run("batch", self.path("new"), "--out", self.new, "--report", self.path(name), "--fail-on", "warning")
            self.assertEqual(status, 3)
            with open(self.path(name)) as text:
                self.assertTrue(text.read().startswith(begins))

class Incidents(unittest.TestCase):
    """One cause at one service is one line, whatever files and hours it was met in."""

    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__, None, None, None)
        self.path = self.folder.path

    def store(self, name, **captures):
        """Of a folder with these captures, a list of frames each, an hour apart."""
        os.mkdir(self.path(name))
        for hour, (file, frames) in enumerate(sorted(captures.items())):
            self.folder.file(f"{name}/{file}.pcap", pcap(frames, START + 3600 * hour))
        status, _, err = run("batch", self.path(name), "--out", self.path(name + ".db"))
        self.assertEqual(status, 0, err)
        return self.path(name + ".db")

    def report(self, store, *more):
        status, out, err = run("batch", "report", store, "--format", "json", *more)
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def test_one_cause_in_several_files_is_one_line(self):
        store = self.store("day", a=refused(), b=refused(port=50002) + refused(port=50003, start=2), c=connection(), d=refused(port=50004))
        report = self.report(store)
        self.assertEqual(len(report["incidents"]), 1)
        line = report["incidents"][0]
        self.assertEqual((line["cause"], line["severity"], line["service"]), ("connection_refused", "warning", {"ip": "10.0.0.2", "port": 81}))
        self.assertEqual((line["incidents"], line["captures"], line["flows"]), (3, 3, 4))
        self.assertEqual(line["impact"]["connections_failed"], 4)
        self.assertIn("refused 4 attempts", line["headline"])
        self.assertEqual(line["first_time"][:16], "2024-05-01T10:00")
        self.assertEqual(line["last_time"][:16], "2024-05-01T13:00")
        done = subprocess.run(line["where"]["command"].replace("tcpautopsy", TOOL, 1), shell=True, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("connection_refused", done.stdout)
        self.assertEqual(line["where"]["file"], self.path("day/b.pcap"))
        self.assertEqual(rows(store, "SELECT COUNT(*) FROM findings n JOIN incidents i USING (unit, incident) WHERE n.id = i.cause"), [(4,)])

    def test_two_services_are_two_lines(self):
        report = self.report(self.store("day", a=refused(), b=refused(service=82)))
        self.assertEqual([(i["cause"], i["service"]["port"]) for i in report["incidents"]],
                         [("connection_refused", 81), ("connection_refused", 82)])

    def test_another_cause_at_the_service_is_another_line(self):
        report = self.report(self.store("day", a=refused(), b=unanswered(), c=refused()))
        self.assertEqual([(i["cause"], i["service"]["port"], i["incidents"]) for i in report["incidents"]],
                         [("connect_timeout", 81, 1), ("connection_refused", 81, 2)])

    def test_many_services_of_one_client_are_one_line(self):
        services = [f for i in range(5) for f in refused(port=50001 + i, service=81 + i)]
        report = self.report(self.store("day", a=services, b=services))
        self.assertEqual([(i["cause"], i["service"], i["client"], i["incidents"]) for i in report["incidents"]],
                         [("connection_refused", None, "10.0.0.1", 2)])

    def test_trend(self):
        once, more = self.store("once", a=refused()), self.store("more", a=refused(), b=refused(port=50002))
        trends = lambda now, then: [i["trend"] for i in self.report(now, "--baseline", then)["incidents"]]
        trend = lambda change, before, **more: {"change": change, "before": before, "before_severity": None, "before_cause": None, **more}
        self.assertEqual(trends(more, once), [trend("worse", 1)])
        self.assertEqual(trends(once, more), [trend("better", 2)])
        self.assertEqual(trends(once, once), [trend("same", 1)])
        self.assertEqual(trends(once, self.store("other", a=unanswered())), [trend("new", 0)])
        all_refused = self.store("all", a=[f for i in range(20) for f in refused(port=50001 + i, start=i)])
        self.assertEqual(trends(all_refused, more), [trend("worse", 2, before_severity="warning", before_cause="connection_refused")])
        self.assertIn("worse, was 2 of connection_refused as warning", " ".join(run("batch", "report", all_refused, "--baseline", more)[1].split()))
        self.assertEqual(run("batch", "report", all_refused, "--baseline", more, "--fail-on-worse")[0], 3)
        self.assertEqual(trends(more, all_refused), [trend("better", 20, before_severity="error", before_cause="service_refusing")])

    def test_first_in_text_and_markdown_within_the_width(self):
        services = [f for i in range(4) for f in refused(port=50001 + i, service=81 + i)]
        store = self.store("day", a=services, b=services)
        for width in (60, 80, 140):
            _, text, _ = run("batch", "report", store, "--limit", "3", "--width", str(width))
            incidents = text[text.index("Incidents"):text.index("\nBy finding")].splitlines()
            self.assertIn("Incidents, worst first: 4 warnings", incidents)
            self.assertEqual(sum("2 incidents in 2 captures | 2 failed" in line for line in incidents), 3)
            self.assertEqual(incidents[-1], "  1 more: --limit 4")
            for line in incidents:
                self.assertNotIn("...", line)
                self.assertTrue(len(line) <= width or self.path("") in line, line)
        _, text, _ = run("batch", "report", store, "--format", "markdown", "--limit", "3")
        self.assertLess(text.index("## Incidents"), text.index("## By finding"))
        self.assertEqual(text.count("| warning | 10.0.0.2:8"), 3)

    def test_without_trouble_there_are_none(self):
        store = self.store("day", a=connection())
        self.assertEqual(self.report(store)["incidents"], [])
        self.assertNotIn("Incidents", run("batch", "report", store)[1])


if __name__ == "__main__":
    unittest.main()
