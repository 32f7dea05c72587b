"""Small captures made on the spot, and running the tool on them."""
import json
import os
import struct
import subprocess
import tempfile

TOOL = os.environ["TCPAUTOPSY"]
START = 1_714_557_600  # 2024-05-01T10:00:00Z
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, destination, flags, seq, ack=0, payload=b"", options=b"", ip_id=0):
    """An Ethernet frame; the ends are (address as four numbers, port)."""
    a, b = bytes(source[0]), bytes(destination[0])
    header = struct.pack("!HHIIBBHHH", source[1], destination[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                         (5 + len(options) // 4) << 4, flags, 64240, 0, 0) + options
    pseudo = a + b + struct.pack("!BBH", 0, 6, len(header) + len(payload))
    tcp = header[:16] + struct.pack("!H", checksum(pseudo + header + payload)) + header[18:] + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), ip_id, 0x4000, 64, 6, 0) + a + b
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return bytes(12) + b"\x08\x00" + ip + tcp


def connection(client=((10, 0, 0, 1), 50000), server=((10, 0, 0, 2), 80), start=0.0, isn=1000, peer=500_000):
    """Handshake, a request, a response, a clean close: (seconds, frame) pairs."""
    mss = bytes((2, 4, 5, 180))
    steps = [
        (client, server, SYN, 0, None, b""), (server, client, SYN | ACK, 0, 1, b""), (client, server, ACK, 1, 1, b""),
        (client, server, PSH | ACK, 1, 1, b"GET /\r\n"), (server, client, PSH | ACK, 1, 8, b"answer"),
        (client, server, ACK, 8, 7, b""), (client, server, FIN | ACK, 8, 7, b""), (server, client, FIN | ACK, 7, 9, b""),
        (client, server, ACK, 9, 8, b"")]
    frames = []
    for i, (source, destination, flags, seq, ack, payload) in enumerate(steps):
        own, other = (isn, peer) if source == client else (peer, isn)
        frames.append((start + i * 0.01, segment(source, destination, flags, own + seq, 0 if ack is None else other + ack,
                                                 payload, mss if flags & SYN else b"", ip_id=i + 1)))
    return frames


def refused(port=50001, start=1.0, service=81):
    """A SYN answered by RST: connection_refused, a warning."""
    client, server = ((10, 0, 0, 1), port), ((10, 0, 0, 2), service)
    return [(start, segment(client, server, SYN, 1, options=bytes((2, 4, 5, 180)))),
            (start + 0.01, segment(server, client, RST | ACK, 0, 2))]


def pcap(frames, start=START):
    out = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
    for seconds, frame in sorted(frames, key=lambda f: f[0]):
        ns = round(seconds * 1e9)
        out += struct.pack("<IIII", start + ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame
    return out


def pcapng_block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng(frames, comment=None, start=START, end_ns=None):
    out = pcapng_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    resolution = struct.pack("<HHB3x", 9, 1, 9) + struct.pack("<HH", 0, 0)
    out += pcapng_block(1, struct.pack("<HHI", 1, 0, 0) + resolution)
    for seconds, frame in frames:
        ns = start * 10**9 + round(seconds * 1e9)
        body = struct.pack("<IIIII", 0, ns >> 32, ns & 0xFFFFFFFF, len(frame), len(frame)) + frame + bytes(-len(frame) % 4)
        if comment:
            text = comment.encode()
            body += struct.pack("<HH", 1, len(text)) + text + bytes(-len(text) % 4) + struct.pack("<HH", 0, 0)
        out += pcapng_block(6, body)
    if end_ns is not None:
        out += pcapng_block(5, struct.pack("<III", 0, end_ns >> 32, end_ns & 0xFFFFFFFF)
                            + struct.pack("<HHII", 3, 8, end_ns >> 32, end_ns & 0xFFFFFFFF) + struct.pack("<HH", 0, 0))
    return out


def surroundings(more):
    """The environment, without what a user may have set."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LESS", "LV")}
    return {**kept, "XDG_CONFIG_HOME": "/nonexistent", "PAGER": "", **(more or {})}


def run(*arguments, env=None, stdin=b"", cwd=None):
    """Exit status, standard output, standard error."""
    done = subprocess.run([TOOL, *arguments], capture_output=True, input=stdin, timeout=120, env=surroundings(env), cwd=cwd)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def ndjson(*arguments, **more):
    status, out, err = run(*arguments, "--format", "ndjson", **more)
    assert status in (0, 1), (status, err)
    return [json.loads(line) for line in out.splitlines()]


def run_on_terminal(*arguments, width=100, env=None, with_errors=False, status=None):
    """What a terminal of that width is shown, standard error on it too or not; `status` gets the exit status appended."""
    import fcntl
    import pty
    import termios
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    tool = subprocess.Popen([TOOL, *arguments], stdout=terminal, stderr=terminal if with_errors else subprocess.DEVNULL,
                            env=surroundings({"TERM": "xterm", **(env or {})}))
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(screen, 65536)
        except OSError:  # how Linux tells that the other end is closed
            part = b""
        if not part:
            break
        shown += part
    os.close(screen)
    tool.wait()
    if status is not None:
        status.append(tool.returncode)
    return shown.decode().replace("\r\n", "\n")


class Folder:
    """Files by content, gone in the end."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def path(self, name):
        return os.path.join(self._folder.name, name)

    def file(self, name, content):
        with open(self.path(name), "wb") as out:
            out.write(content)
        return self.path(name)
