"""A Slurm cluster of two nodes on this machine: its own munge, controller and node daemons, in a folder of its own."""
import os
import signal
import socket
import subprocess
import time

NODES = ("n1", "n2")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """As root: slurmd starts jobs as the user who submits them."""

    def __init__(self, folder):
        self.folder = folder
        self.running = {}
        host = socket.gethostname()
        ports = [free_port() for _ in range(4)]
        munge = os.path.join(folder, "munge")
        os.makedirs(munge, mode=0o755)
        for name in ("state", *(f"spool.{n}" for n in NODES)):
            os.makedirs(os.path.join(folder, name))
        self.environment = {**os.environ, "SLURM_CONF": self.path("slurm.conf")}
        with open(self.path("slurm.conf"), "w") as conf:
            conf.write(f"""ClusterName=tcpautopsy
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={munge}/socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={self.path("state")}
SlurmdSpoolDir={self.path("spool.%n")}
SlurmctldPidFile={self.path("ctld.pid")}
SlurmdPidFile={self.path("d.%n.pid")}
SlurmctldLogFile={self.path("ctld.log")}
SlurmdLogFile={self.path("d.%n.log")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
JobRequeue=1
SchedulerParameters=sched_interval=1,sched_min_interval=1000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""")
        # slurmd will not start without a plugin for cgroups, though nothing here uses them; it finds none by itself where no
        # hierarchy is mounted, as in a container or a chroot.
        with open(self.path("cgroup.conf"), "w") as conf:
            conf.write(f"CgroupPlugin=cgroup/v1\nCgroupMountpoint={self.path('cgroup')}\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, name, command):
        with open(self.path(name + ".out"), "wb") as log:
            self.running[name] = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)

    def __enter__(self):
        munge = self.path("munge")
        with open(munge + "/key", "wb") as key:
            key.write(os.urandom(128))
        os.chmod(munge + "/key", 0o400)
        self.start("munged", ["munged", "--foreground", "--force", f"--key-file={munge}/key", f"--socket={munge}/socket",
                              f"--log-file={munge}/log", f"--pid-file={munge}/pid", f"--seed-file={munge}/seed"])
        self.wait_for("munge to answer", lambda: os.path.exists(munge + "/socket"))
        self.start("slurmctld", ["slurmctld", "-D", "-i", "-f", self.path("slurm.conf")])
        for node in NODES:
            self.start_node(node)
        self.wait_for("both nodes to be idle", lambda: self.states().count("idle") == len(NODES))
        return self

    def __exit__(self, *_):
        if self.running.get("slurmctld"):
            subprocess.run(["scancel", "-u", "root"], env=self.environment, capture_output=True, timeout=30)
        for name, process in reversed(list(self.running.items())):
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for node in NODES:
            self.kill_steps(node)

    def start_node(self, node):
        self.start(node, ["slurmd", "-D", "-N", node, "-f", self.path("slurm.conf")])

    def kill_node(self, node):
        """As though its power were cut: its daemon and all that it started."""
        self.running[node].kill()
        self.running[node].wait()
        self.kill_steps(node)

    def kill_steps(self, node):
        """The keepers of steps first: they would tell the controller that the job failed by itself."""
        ours = (f"SLURM_CONF={self.path('slurm.conf')}".encode(), f"SLURMD_NODENAME={node}".encode())
        keepers, tasks = set(), set()
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                with open(f"/proc/{entry}/environ", "rb") as environ:
                    variables = environ.read().split(b"\0")
                if not all(v in variables for v in ours):
                    continue
                tasks.add(int(entry))
                with open(f"/proc/{entry}/stat") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
                with open(f"/proc/{parent}/comm") as comm:
                    if comm.read().startswith("slurmstepd"):
                        keepers.add(parent)
            except OSError:  # gone meanwhile
                continue
        for process in [*keepers, *(tasks - keepers)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def run(self, *command, **more):
        done = subprocess.run(command, env={**self.environment, **more}, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def states(self):
        done = subprocess.run(["sinfo", "-h", "-N", "-o", "%T"], env=self.environment, capture_output=True, text=True)
        return done.stdout.split()

    def jobs(self):
        """(job, state) of all that is not over."""
        return [tuple(line.split()) for line in self.run("squeue", "-h", "-r", "-o", "%i %T").splitlines()]

    def wait_for(self, what, condition, seconds=100):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if condition():
                return
            time.sleep(0.3)
        for log in ("ctld.log", "slurmctld.out", "munged.out", "d.n1.log", "n1.out"):
            if os.path.exists(self.path(log)):
                with open(self.path(log)) as text:
                    print(log, text.read()[-2000:])
        raise AssertionError(f"waited {seconds} s for {what}")
