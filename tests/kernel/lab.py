"""Two hosts and the path between them, as network namespaces of this machine.

client -- c0 | mc .. ms | s0 -- server: what passes `mc` and `ms` is carried by middlebox.py. Needs root. Everything is
taken down by close(), whatever happened.
"""
import array
import contextlib
import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess

CLONE_NEWNET = 0x40000000
SIOCETHTOOL = 0x8946
# What a network card would do for the host: checksums, segmentation, reassembly (linux/ethtool.h).
OFFLOADS = {"rx": 0x15, "tx": 0x17, "sg": 0x19, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}

LIBC = ctypes.CDLL(None, use_errno=True)


def sh(*command):
    """Runs a command; its output is part of the error."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def possible():
    """None, or in one sentence why this machine cannot do it."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "sysctl", "dumpcap"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    try:
        name = f"tcpautopsy-try{os.getpid()}"
        sh("ip", "netns", "add", name)
        sh("ip", "netns", "del", name)
        with trace_folder() as folder:
            if not os.path.isdir(f"{folder}/events/sock/inet_sock_set_state"):
                return "this kernel does not trace the states of sockets"
    except (RuntimeError, OSError) as error:
        return str(error)
    return None


@contextlib.contextmanager
def trace_folder():
    """Where tracefs is mounted; mounted for the time being where it is not."""
    for folder in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing"):
        if os.path.isdir(f"{folder}/events"):
            yield folder
            return
    folder = "/run/tcpautopsy-tracing"
    os.makedirs(folder, exist_ok=True)
    sh("mount", "-t", "tracefs", "none", folder)
    try:
        yield folder
    finally:
        sh("umount", "-l", folder)
        os.rmdir(folder)


class Host:
    """One end of the path: a namespace with one interface and several addresses."""

    def __init__(self, name, device, mac, v4, v6):
        self.name, self.device, self.mac, self.v4, self.v6 = name, device, mac, v4, v6

    def address(self, family):
        return self.v4 if family == socket.AF_INET else self.v6


class Lab:
    def __init__(self, tag, sysctls=(), offload=False, congestion=None):
        self.offload, self.congestion = offload, congestion
        # Of each run its own: sockets of the run before may still be going.
        high, low = os.getpid() >> 8 & 255, os.getpid() & 255
        v4, v6 = f"10.{high}.{low}", f"fd77:{high:x}:{low:x}:"
        self.client = Host(f"{tag}-c", "c0", "02:00:0a:4d:00:01", f"{v4}.1", f"{v6}:1")
        self.server = Host(f"{tag}-s", "s0", "02:00:0a:4d:00:02", f"{v4}.2", f"{v6}:2")
        self.middle = f"{tag}-m"
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            self.build()
            for which, name, value in sysctls:
                for host in (self.client, self.server):
                    if which in ("both", "client" if host is self.client else "server"):
                        self.sysctl(host, name, value)
        except BaseException:
            self.close()
            raise

    def build(self):
        for name in (self.client.name, self.server.name, self.middle):
            sh("ip", "netns", "add", name)
            sh("ip", "-n", name, "link", "set", "lo", "up")
        for host, peer, end in ((self.client, self.server, "mc"), (self.server, self.client, "ms")):
            ip = ("ip", "-n", host.name)
            sh("ip", "link", "add", host.device, "netns", host.name, "address", host.mac, "type", "veth", "peer", "name", end,
               "netns", self.middle)
            for netns, device in ((host.name, host.device), (self.middle, end)):
                sh("ip", "-n", netns, "link", "set", device, "addrgenmode", "none", "up")
                if not (self.offload and netns == host.name):  # the middlebox takes what comes as it is
                    self.no_offload(netns, device)
            sh(*ip, "addr", "add", f"{host.v4}/24", "dev", host.device)
            sh(*ip, "addr", "add", f"{host.v6}/64", "dev", host.device, "nodad")
            for address in (peer.v4, peer.v6):
                sh(*ip, "neigh", "add", address, "lladdr", peer.mac, "dev", host.device, "nud", "permanent")

    def no_offload(self, netns, device):
        with self.inside(netns), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for command in OFFLOADS.values():
                value = array.array("B", struct.pack("II", command, 0))
                request = struct.pack("16sP", device.encode(), value.buffer_info()[0])
                with contextlib.suppress(OSError):  # not every device has all of them
                    fcntl.ioctl(s, SIOCETHTOOL, request)

    def sysctl(self, host, name, value):
        sh("ip", "netns", "exec", host.name, "sysctl", "-q", "-w", f"{name}={value}")

    @contextlib.contextmanager
    def inside(self, name):
        """Sockets that this thread makes meanwhile belong to that namespace."""
        fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            if LIBC.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            LIBC.setns(self.home, CLONE_NEWNET)
            os.close(fd)

    def socket(self, host, family=socket.AF_INET, protocol=0):
        with self.inside(host.name):
            s = socket.socket(family, socket.SOCK_STREAM, protocol)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.congestion:  # of a namespace that is not the machine's own only unrestricted ones can be the default
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, self.congestion.encode())
        return s

    def close(self):
        for name in (self.client.name, self.server.name, self.middle):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        os.close(self.home)
