#!/usr/bin/env python3
"""No output of any command goes onto what a run reads, nor takes its place before it is whole."""
import os
import subprocess
import tarfile
import unittest

from captures import Folder, TOOL, connection, pcap, refused, run

SINGLE = {"report": [], "flows": [], "findings": [], "history": ["--flow", "0"], "ss": ["--at", "end"],
          "stream": ["--flow", "0"], "extract": ["--flow", "0"], "annotate": []}


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Overwriting(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.capture = self.folder.file("in.pcap", pcap(connection() + refused()))
        self.path = self.folder.path

    def spellings(self, path):
        """The file itself, a roundabout way, links, a link to a link, a second name."""
        folder, name = os.path.split(path)
        soft, twice, hard = (self.path(f"{kind}-{name}") for kind in ("soft", "twice", "hard"))
        for make, source, link in ((os.symlink, name, soft), (os.symlink, soft, twice), (os.link, path, hard)):
            if not os.path.lexists(link):
                make(source, link)
        return [path, f"{folder}/./../{os.path.basename(folder)}//{name}", soft, twice, hard]

    def refuses(self, target, *arguments, untouched):
        """Exit status 2, both named, nothing changed."""
        before = {path: content(path) for path in untouched}
        code, _, err = run(*arguments)
        self.assertEqual(code, 2, (arguments, err))
        self.assertIn(os.path.basename(target), err)
        self.assertIn("not overwritten", err)
        for path, octets in before.items():
            self.assertEqual(content(path), octets, arguments)
        return err

    def store(self, name="store.db"):
        path = self.path(name)
        self.assertEqual(run("batch", self.capture, "--out", path)[0], 0)
        return path

    def plan(self):
        folder = self.path("plan")
        self.assertEqual(run("batch", "plan", self.capture, "--shards", "1", "--plan", folder)[0], 0)
        self.assertEqual(run("batch", "run", "--plan", folder, "--shard", "0")[0], 0)
        return folder

    def nothing_left_over(self):
        left = [name for _, _, names in os.walk(self.path("")) for name in names
                if name.endswith((".part", ".merging", "-journal"))]
        self.assertEqual(left, [])

    def test_single_commands_onto_their_input(self):
        for command, more in SINGLE.items():
            for target in self.spellings(self.capture):
                err = self.refuses(target, command, *more, "-o", target, self.capture, untouched=[self.capture])
                self.assertIn(self.capture, err)

    def test_onto_one_of_several_inputs(self):
        other = self.folder.file("other.pcap", pcap(refused(start=9)))
        self.refuses(other, "flows", "-o", other, self.capture, other, untouched=[self.capture, other])

    def test_onto_an_archive_whose_member_is_read(self):
        archive = self.path("all.tar")
        with tarfile.open(archive, "w") as tar:
            tar.add(self.capture, "in.pcap")
        for target in self.spellings(archive):
            self.refuses(target, "report", "-o", target, archive + "!in.pcap", untouched=[archive])

    def test_onto_the_store_that_names_the_input(self):
        store = self.store()
        for target in (store, self.capture):
            self.refuses(target, "flows", "-o", target, f"{store}#{self.capture}", untouched=[store, self.capture])

    def test_onto_settings(self):
        settings = self.folder.file("settings", b"[zero_window]\n")
        for command, more in {**SINGLE, "explain": []}.items():
            files = [] if command == "explain" else [self.capture]
            self.refuses(settings, command, *more, "--config", settings, "-o", settings, *files, untouched=[settings])

    def test_onto_the_users_own_settings(self):
        home = self.path("home")
        os.makedirs(home + "/tcpautopsy")
        own = self.folder.file("home/tcpautopsy/config", b"")
        code, _, err = run("flows", "-o", own, self.capture, env={"XDG_CONFIG_HOME": home})
        self.assertEqual((code, content(own)), (2, b""), err)

    def test_standard_streams(self):
        before = content(self.capture)
        with open(self.capture, "ab") as out:
            done = subprocess.run([TOOL, "flows", self.capture], stdout=out, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        with open(self.capture, "rb") as in_:
            done = subprocess.run([TOOL, "flows", "-", "-o", self.capture], stdin=in_, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(content(self.capture), before)

    def test_batch_report_onto_a_store(self):
        store, baseline = self.store(), self.store("baseline.db")
        for target in self.spellings(store) + [store + "-journal", baseline]:
            self.refuses(target, "batch", "report", "--baseline", baseline, "-o", target, store, untouched=[store, baseline])

    def test_batch_onto_what_it_reads(self):
        store, baseline = self.path("new.db"), self.store("baseline.db")
        for target in self.spellings(self.capture):
            self.refuses(target, "batch", self.capture, "--out", store, "--report", target, untouched=[self.capture])
            self.refuses(target, "batch", self.capture, "--out", target, untouched=[self.capture])
            # Found below a folder, not named.
            self.refuses(target, "batch", self.path(""), "--out", store, "--report", target, untouched=[self.capture])
        for option in ("--out", "--report"):
            others = [] if option == "--out" else ["--out", store]
            self.refuses(baseline, "batch", self.capture, *others, "--baseline", baseline, option, baseline, untouched=[baseline])
        self.refuses(self.capture, "batch", self.capture, "--dry-run", "-o", self.capture, untouched=[self.capture])
        self.nothing_left_over()

    def test_batch_report_onto_its_own_store(self):
        store = self.path("not-yet.db")
        link = self.path("link")
        os.symlink("not-yet.db", link)
        # Neither is there yet: folder and name tell.
        for target in (store, link, self.path("./not-yet.db"), store + "-journal"):
            self.refuses(target, "batch", self.capture, "--out", store, "--report", target, untouched=[])
        self.store("not-yet.db")
        for target in self.spellings(store):
            self.refuses(target, "batch", self.capture, "--out", store, "--report", target, untouched=[store])

    def test_a_report_below_the_folder_is_renewed(self):
        os.makedirs(self.path("sub"))
        inside = self.folder.file("sub/a.pcap", pcap(connection()))
        for _ in range(2):
            code, _, err = run("batch", os.path.dirname(inside), "--out", self.path("sub/s.db"), "--report", self.path("sub/report.md"))
            self.assertEqual(code, 0, err)
        self.assertIn(b"#", content(self.path("sub/report.md")))

    def test_plans(self):
        folder = self.plan()
        plan, shard = folder + "/plan.db", folder + "/shard-000000.db"
        for target in (plan, shard):
            self.refuses(target, "batch", "merge", "--plan", folder, "--out", target, untouched=[plan, shard])
            self.refuses(target, "batch", "merge", "--plan", folder, "--out", self.path("m.db"), "--report", target, untouched=[plan, shard])
        self.refuses(self.path("m.db"), "batch", "merge", "--plan", folder, "--out", self.path("m.db"), "--report", self.path("m.db"), untouched=[plan])
        # What a job says goes to a log beside them, as cli/slurm/submit has it.
        with open(folder + "/shard-0.log", "wb") as log:
            job = subprocess.run([TOOL, "batch", "run", "--plan", folder, "--shard", "0"], stdout=log, stderr=subprocess.PIPE, check=False)
        self.assertEqual(job.returncode, 0, job.stderr)
        # A capture that is called as the plan is.
        os.makedirs(self.path("odd"))
        odd = self.folder.file("odd/plan.db", pcap(connection()))
        for source in (odd, self.path("odd")):
            self.refuses(odd, "batch", "plan", source, "--shards", "1", "--plan", self.path("odd"), untouched=[odd])

    def test_only_a_plan_is_replaced_by_a_plan(self):
        os.makedirs(self.path("stores"))
        store = self.store("stores/plan.db")
        before = content(store)
        code, _, err = run("batch", "plan", self.capture, "--shards", "1", "--plan", self.path("stores"))
        self.assertEqual(code, 2)
        self.assertIn("plan.db", err)
        self.assertEqual(content(store), before)
        folder = self.plan()
        self.assertEqual(run("batch", "plan", self.capture, "--shards", "2", "--plan", folder)[0], 0)

    def test_a_store_is_no_place_for_what_is_none(self):
        for octets in (pcap(connection()), b"words\n" * 400):
            other = self.folder.file("other", octets)
            self.assertEqual(run("batch", self.capture, "--out", other)[0], 2)
            self.assertEqual(content(other), octets)

    def test_merging_through_a_link_keeps_the_link(self):
        folder, real, link = self.plan(), self.path("real.db"), self.path("link.db")
        os.symlink("real.db", link)
        for _ in range(2):
            self.assertEqual(run("batch", "merge", "--plan", folder, "--out", link)[0], 0)
            self.assertTrue(os.path.islink(link))
            self.assertEqual(run("batch", "report", real)[0], 0)
        self.nothing_left_over()

    def test_a_merge_that_fails_leaves_the_store(self):
        folder, store = self.plan(), self.store()
        before = content(store)
        with open(folder + "/shard-000000.db", "r+b") as shard:
            shard.seek(32768 * 2)
            shard.write(bytes(32768 * 3))
        self.assertEqual(run("batch", "merge", "--plan", folder, "--out", store)[0], 2)
        self.assertEqual(content(store), before)
        self.nothing_left_over()

    def test_a_run_that_fails_leaves_the_old_result(self):
        target = self.folder.file("result", b"yesterday's")
        missing, text = self.path("missing.pcap"), self.folder.file("text", b"no capture " * 9)
        for command, more in SINGLE.items():
            for source in (missing, text, self.path("")):
                code, _, err = run(command, *more, "-o", target, source)
                self.assertEqual((code, content(target)), (2, b"yesterday's"), (command, err))
        for command in ("history", "stream", "extract"):
            code, _, err = run(command, "--flow", "77", "-o", target, self.capture)
            self.assertEqual((code, content(target)), (2, b"yesterday's"), (command, err))
        self.assertEqual(run("explain", "no_such", "-o", target)[0], 2)
        self.assertEqual(run("batch", "report", text, "-o", target)[0], 2)
        self.assertEqual(run("batch", missing, "--out", self.path("s.db"), "--report", target)[0], 2)
        self.assertEqual(content(target), b"yesterday's")
        # And makes none where there was none.
        self.assertEqual(run("flows", "-o", self.path("fresh"), missing)[0], 2)
        self.assertFalse(os.path.exists(self.path("fresh")))
        self.nothing_left_over()

    def test_a_result_replaces_the_old_one(self):
        target = self.folder.file("result", b"x" * 100_000)
        os.chmod(target, 0o640)
        os.symlink("result", self.path("link"))
        for command, more in {**SINGLE, "explain": None}.items():
            arguments = [] if more is None else [*more, self.capture]
            whole = subprocess.run([TOOL, command, *arguments, *(["-o", "-"] if command in ("extract", "annotate") else [])],
                                   capture_output=True, check=True, timeout=60)
            self.assertEqual(run(command, *arguments, "-o", self.path("link"))[0], 0)
            self.assertEqual(content(target), whole.stdout, command)
            self.assertTrue(os.path.islink(self.path("link")))
            self.assertEqual(os.stat(target).st_mode & 0o777, 0o640)
        self.nothing_left_over()

    def test_devices_and_open_files_are_written_as_they_are(self):
        _, expected, _ = run("flows", self.capture)
        self.assertEqual(run("flows", "-o", "/dev/null", self.capture)[0], 0)
        self.assertEqual(run("flows", "-o", "/dev/stdout", self.capture)[1], expected)
        log = self.folder.file("log", b"before\n")
        with open(log, "ab") as out:
            subprocess.run([TOOL, "flows", "-o", "/dev/stdout", self.capture], stdout=out, check=True, timeout=60)
        self.assertEqual(content(log).decode(), "before\n" + expected)

    def test_where_nothing_can_be_made(self):
        for target in (self.path("no/such/folder/x"), self.path("")):
            code, _, err = run("flows", "-o", target, self.capture)
            self.assertEqual(code, 2, err)
            self.assertIn(target.rstrip("/"), err)


if __name__ == "__main__":
    unittest.main()
