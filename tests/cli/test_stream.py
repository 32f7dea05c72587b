#!/usr/bin/env python3
"""tcpautopsy stream: what a connection's applications got, in every format."""
import base64
import json
import subprocess
import unittest

from captures import ACK, FIN, PSH, SYN, TOOL, Folder, connection, pcap, refused, run, run_on_terminal, segment

CLIENT, SERVER = ((10, 0, 0, 1), 50000), ((10, 0, 0, 2), 80)
MSS = bytes((2, 4, 5, 180))


def transfer(*data, acks=(), syn=True, fin=True, isn=1000):
    """A connection whose client sends (offset, payload) pairs, some of it acknowledged: (after which of them, offset) pairs."""
    frames = []

    def add(source, destination, flags, seq, ack, payload=b""):
        frames.append((len(frames) * 0.01, segment(source, destination, flags, seq, ack, payload, MSS if flags & SYN else b"",
                                                   ip_id=len(frames) + 1)))
    if syn:
        add(CLIENT, SERVER, SYN, isn, 0)
        add(SERVER, CLIENT, SYN | ACK, 500, isn + 1)
        add(CLIENT, SERVER, ACK, isn + 1, 501)
    for i, (offset, payload) in enumerate(data):
        add(CLIENT, SERVER, PSH | ACK, isn + 1 + offset, 501, payload)
        for after, ack in acks:
            if after == i:
                add(SERVER, CLIENT, ACK, 501, isn + 1 + ack)
    if fin:
        end = max(offset + len(payload) for offset, payload in data)
        add(CLIENT, SERVER, FIN | ACK, isn + 1 + end, 501)
        add(SERVER, CLIENT, FIN | ACK, 501, isn + 2 + end)
        add(CLIENT, SERVER, ACK, isn + 2 + end, 502)
    return frames


def raw(*arguments, stdin=b""):
    """Exit status, octets, standard error."""
    done = subprocess.run([TOOL, "stream", "--raw", *arguments], capture_output=True, input=stdin, timeout=60)
    return done.returncode, done.stdout, done.stderr.decode()


def lines(*arguments):
    status, out, err = run("stream", "--format", "ndjson", *arguments)
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]


class Stream(unittest.TestCase):
    def setUp(self):
        self.folder = Folder().__enter__()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.file("plain.pcap", pcap(connection() + refused()))

    def capture(self, frames, name="made.pcap"):
        return self.folder.file(name, pcap(frames))

    def test_text(self):
        status, out, err = run("stream", "--flow", "0", self.path)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, """Flow 0: 10.0.0.1:50000 (client) to 10.0.0.2:80 (server)

client  0.030000 s  offset 0  7 bytes  frame 4
  GET /

server  0.040000 s  offset 0  6 bytes  frame 5
  answer

client: 7 bytes, ended by FIN in frame 7
server: 6 bytes, ended by FIN in frame 8
""")

    def test_hex(self):
        out = run("stream", "--flow", "0", "--hex", "--direction", "client", self.path)[1]
        self.assertIn("  00000000  47 45 54 20 2f 0d 0a" + " " * 30 + "|GET /..|\n", out)
        self.assertNotIn("server  ", out)

    def test_raw(self):
        self.assertEqual(raw("--flow", "0", self.path)[:2], (0, b"GET /\r\nanswer"))
        self.assertEqual(raw("--flow", "0", "--direction", "server", self.path)[1], b"answer")
        self.assertEqual(raw("--flow", "0", "-q", self.path)[2], "")
        self.assertEqual(raw("--flow", "1", self.path)[:2], (0, b""))
        with open(self.path, "rb") as stdin:
            self.assertEqual(raw("--flow", "0", "-", stdin=stdin.read())[:2], (0, b"GET /\r\nanswer"))
        out = self.folder.path("out")
        self.assertEqual(raw("--flow", "0", "-o", out, self.path)[:2], (0, b""))
        with open(out, "rb") as written:
            self.assertEqual(written.read(), b"GET /\r\nanswer")

    def test_ndjson(self):
        told = lines("--flow", "0", self.path)
        self.assertEqual([(line["type"], line["endpoint"]) for line in told],
                         [("data", "client"), ("data", "server"), ("end", "client"), ("end", "server")])
        for line in told:
            self.assertEqual((line["schema"], line["flow"]), (1, 0))
        self.assertEqual({k: told[0][k] for k in ("offset", "length", "frame", "time", "delivered_frame")},
                         {"offset": 0, "length": 7, "frame": 4, "time": "2024-05-01T10:00:00.030000000Z", "delivered_frame": 4})
        self.assertEqual(base64.b64decode(told[0]["base64"]), b"GET /\r\n")
        self.assertEqual((told[2]["delivered"], told[2]["fin_frame"], told[2]["rst_frame"]), (7, 7, None))

    def test_base64_of_every_length(self):
        for length in range(1, 8):
            payload = bytes(range(250 - length, 250))
            told = lines("--flow", "0", "--direction", "client", self.capture(transfer((0, payload))))
            self.assertEqual(base64.b64decode(told[0]["base64"], validate=True), payload)

    def test_out_of_order_and_wrap(self):
        path = self.capture(transfer((3, b"def"), (0, b"abc"), (3, b"def"), (6, b"ghi"), isn=2**32 - 4))
        self.assertEqual(raw("--flow", "0", path)[:2], (0, b"abcdefghi"))
        out = run("stream", "--flow", "0", path)[1]
        self.assertIn("frame 4, in order with frame 5\n  def\n", out)

    def test_gap_is_said_and_not_filled(self):
        path = self.capture(transfer((0, b"abc"), (10, b"klm"), acks=[(1, 13)]))
        status, octets, err = raw("--flow", "0", path)
        self.assertEqual((status, octets), (0, b"abcklm"))
        self.assertIn("client: 7 bytes at offset 3 are not in the capture, as frame 6 shows", err)
        status, octets, err = raw("--flow", "0", "-q", path)
        self.assertEqual((status, octets), (0, b"abcklm"))
        self.assertEqual(err.count("\n"), 1)
        self.assertIn("7 bytes missing in 1 gap", err)
        self.assertIn("\nclient: 7 bytes at offset 3 are not in the capture", run("stream", "--flow", "0", path)[1])
        gap = [line for line in lines("--flow", "0", path) if line["type"] == "gap"]
        self.assertEqual([(g["offset"], g["length"], g["reason"], g["frame"]) for g in gap], [(3, 7, "not_captured", 6)])

    def test_conflict(self):
        path = self.capture(transfer((3, b"DEF"), (3, b"def"), (0, b"abc")))
        status, octets, err = raw("--flow", "0", path)
        self.assertEqual((status, octets), (0, b"abcDEF"))
        self.assertIn("client: 3 bytes at offset 3 differ from frame 4 to frame 5; the former was taken", err)
        self.assertEqual(raw("--flow", "0", "--overlap", "last", path)[1], b"abcdef")

    def test_limit(self):
        path = self.capture(transfer(*((i * 1000, b"x" * 1000) for i in range(1, 2000)), fin=False))
        _, octets, err = raw("--flow", "0", "--hold", "1", path)
        self.assertEqual(len(octets), 1999 * 1000)
        self.assertIn("client: 1,000 bytes at offset 0 were given up", err)
        self.assertEqual(raw("--flow", "0", "--hold", "0", path)[0], 0)

    def test_rotated_files(self):
        frames = transfer((0, b"abc"), (3, b"def"))
        first, second = self.capture(frames[:4], "1.pcap"), self.capture(frames[4:], "2.pcap")
        self.assertEqual(raw("--flow", "0", second, first)[:2], (0, b"abcdef"))
        self.assertIn(f"3 bytes  frame 1 of {second}", run("stream", "--flow", "0", first, second)[1])
        self.assertEqual([line.get("file") for line in lines("--flow", "0", first, second)[:2]], [None, second])

    def test_nothing_of_it_acts_on_a_terminal(self):
        payload = bytes(range(256)) + b"\x1b]0;title\x07\n\nclient  9.9 s  offset 9\r\nend"
        path = self.capture(transfer((0, payload)))
        for arguments in (["--color", "never"], ["--color", "never", "--hex"]):
            shown = run_on_terminal("stream", "--flow", "0", *arguments, path)
            self.assertTrue(all(c in "\n\t" or " " <= c <= "~" for c in shown), shown)
            self.assertNotIn("\nclient  9.9", shown)

    def test_raw_to_a_terminal(self):
        self.assertEqual(run_on_terminal("stream", "--flow", "0", "--raw", self.path), "")
        self.assertIn("answer", run_on_terminal("stream", "--flow", "0", "--raw", "-o", "-", self.path))

    def test_wrong_arguments(self):
        for arguments in ([], ["--flow", "0,1"], ["--flow", "0", "--raw", "--hex"], ["--flow", "0", "--raw", "--format", "hex"],
                          ["--flow", "0", "--direction", "up"], ["--flow", "0", "--overlap", "best"], ["--flow", "0", "--hold", "-1"]):
            status, out, err = run("stream", *arguments, self.path)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertTrue(err)
        status, _, err = run("stream", "--flow", "9", self.path)
        self.assertEqual(status, 2)
        self.assertIn("flows 0 to 1", err)
        self.assertEqual(run("stream", "--flow", "0", "--raw", "--format", "raw", self.path)[0], 0)

    def test_damaged_capture(self):
        cut = self.folder.file("cut.pcap", pcap(connection())[:-20])
        self.assertEqual(raw("--flow", "0", cut)[:2], (1, b"GET /\r\nanswer"))

    def test_syn_within_a_living_connection(self):
        """A forged SYN, and data before it is known to be forged: that data is the old connection's."""
        frames = transfer((0, b"abc"), (3, b"def"), (6, b"ghi"), fin=False)
        answer = segment(SERVER, CLIENT, PSH | ACK, 501, 1004, b"from the server", ip_id=90)
        forged = segment(CLIENT, SERVER, SYN, 77_000_000, 0, b"", MSS, ip_id=91)
        frames[4:4] = [(0.034, forged), (0.036, answer)]
        path = self.capture(frames)
        self.assertEqual(raw("--flow", "0", path)[:2], (0, b"abcfrom the serverdefghi"))


if __name__ == "__main__":
    unittest.main()
