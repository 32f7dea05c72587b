#!/usr/bin/env python3
"""Real Slurm: an array of shards and the merge that waits for it give the store of one machine; so they do when a node is
killed in the middle and its work is requeued. Needs root, slurmctld, slurmd, sbatch and munged."""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "cli")]
from captures import TOOL, pcap  # noqa: E402
from cluster import Cluster  # noqa: E402
from test_batch import dump, many, pieces  # noqa: E402

SUBMIT = os.path.join(os.path.dirname(__file__), "..", "..", "cli", "slurm", "submit")
SHARDS = 6

# Ends half done and hangs on the node that will be killed, the first time it is tried there.
STUMBLING = """#!/bin/bash
if [ "$1 $2" = "batch run" ] && [ "$SLURMD_NODENAME" = n1 ] && [ -z "${SLURM_RESTART_COUNT:-}" ]; then
  timeout -s KILL 0.1 "$REAL_TOOL" "$@"
  touch "$STARTED/$SLURM_ARRAY_TASK_ID"
  sleep 600
fi
exec "$REAL_TOOL" "$@"
"""


def missing():
    wanted = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
    absent = [name for name in wanted if shutil.which(name) is None]
    if os.geteuid() != 0:
        absent.append("root")
    return absent


@unittest.skipIf(missing() and "TCPAUTOPSY_SLURM" not in os.environ, f"needs {', '.join(missing())}")
class Slurm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tcpautopsy-slurm-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        os.mkdir(cls.path("in"))
        contents = {"large.pcap": pcap(many(1500, 1))}
        contents.update({f"small{i}x.pcap": pcap(many(20, i + 2)) for i in range(40)})
        contents.update({f"e.pcap{i}": pcap(part) for i, part in enumerate(pieces(many(60, 70), 6))})
        contents["cut.pcap"] = contents["large.pcap"][:100_003]
        for name, content in contents.items():
            with open(cls.path("in/" + name), "wb") as out:
                out.write(content)
        done = subprocess.run([TOOL, "batch", cls.path("in"), "--out", cls.path("one.db"), "-q"])
        assert done.returncode == 1, done.returncode
        cls.cluster = Cluster(cls.path("cluster")).__enter__()
        cls.addClassCleanup(cls.cluster.__exit__)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def submit(self, name, tool, **more):
        self.cluster.run(SUBMIT, "--shards", str(SHARDS), "--plan", self.path(name), "--out", self.path(name + ".db"),
                         "--report", self.path(name + ".md"), self.path("in"), TCPAUTOPSY=tool, **more)

    def finished(self, name):
        self.cluster.wait_for("all jobs to be over", lambda: not self.cluster.jobs(), 240)
        logs = ""
        for log in sorted(os.listdir(self.path(name))):
            if log.endswith(".log"):
                with open(os.path.join(self.path(name), log)) as text:
                    logs += f"{log}: {text.read()}"
        self.assertTrue(os.path.exists(self.path(name + ".db")), logs)
        self.assertEqual(dump(self.path(name + ".db")), dump(self.path("one.db")))
        with open(self.path(name + ".md")) as report:
            self.assertIn("connection_refused", report.read())

    def test_array_and_merge(self):
        self.submit("plain", os.path.abspath(TOOL))
        self.finished("plain")

    def test_node_killed_in_the_middle(self):
        stumbling = self.path("stumbling")
        with open(stumbling, "w") as script:
            script.write(STUMBLING)
        os.chmod(stumbling, 0o755)
        started = self.path("started")
        os.mkdir(started)
        self.submit("killed", stumbling, REAL_TOOL=os.path.abspath(TOOL), STARTED=started)
        self.cluster.wait_for("a shard to be half done on n1", lambda: os.listdir(started))
        shard = os.listdir(started)[0]
        self.cluster.kill_node("n1")
        self.cluster.wait_for("its shard to be queued again", lambda: any(state == "PENDING" and f"_{shard}" in job
                                                                          for job, state in self.cluster.jobs()))
        # Slurm waits two minutes before it starts a job again.
        job = next(job for job, _ in self.cluster.jobs() if job.endswith(f"_{shard}"))
        self.cluster.run("scontrol", "update", f"JobId={job}", "StartTime=now")
        self.finished("killed")
        self.assertTrue(any(s.startswith("down") for s in self.cluster.states()), self.cluster.states())
        with open(os.path.join(self.path("killed"), f"shard-{shard}.log")) as log:
            self.assertIn("done before", log.read())


if __name__ == "__main__":
    unittest.main()
