"""Kinds of connections: what their ends do, and what befalls their packets on the way (rules of middlebox.py).

`expect` are findings that must be told from the middle of the path; `clean` kinds must have none above info.
"""
import contextlib
import os
import queue
import select
import socket
import struct
import threading
import time

KINDS = {}
TCP_USER_TIMEOUT = 18
TCP_REPAIR = 19
TCP_FASTOPEN_CONNECT = 30
IPPROTO_MPTCP = 262
LINGER = struct.Struct("ii")


class Kind:
    def __init__(self, name, run, rules, clean, expect, own_listener):
        self.name, self.run, self.rules, self.clean, self.expect = name, run, rules, clean, expect
        self.own_listener = own_listener


def kind(rules=(), clean=False, expect=(), own_listener=False):
    def register(run):
        KINDS[run.__name__] = Kind(run.__name__, run, rules, clean, list(expect), own_listener)
        return run

    return register


class Listener:
    """Hands accepted sockets to the cases that wait for them, by their client's port."""

    def __init__(self, lab, family, port, backlog=128, protocol=0, fast_open=0):
        self.socket = lab.socket(lab.server, family, protocol)
        if fast_open:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, fast_open)
        self.socket.bind((lab.server.address(family), port))
        self.socket.listen(backlog)
        self.waiting, self.lock = {}, threading.Lock()
        threading.Thread(target=self.accept_all, daemon=True).start()

    def accept_all(self):
        with contextlib.suppress(OSError):
            while True:
                taken, peer = self.socket.accept()
                self.queue_of(peer[1]).put(taken)

    def queue_of(self, port):
        with self.lock:
            return self.waiting.setdefault(port, queue.Queue())


class Case:
    """One connection to be: sockets are made on demand and closed at the end unless `left` says otherwise."""

    def __init__(self, lab, family, port, server_port, listener, rng):
        self.lab, self.family, self.port, self.server_port, self.listener, self.rng = lab, family, port, server_port, listener, rng
        self.sockets = []

    def ends(self):
        return (self.lab.client.address(self.family), self.port), (self.lab.server.address(self.family), self.server_port)

    def client(self, **options):
        s = self.lab.socket(self.lab.client, self.family)
        self.prepare(s, **options)
        s.bind(self.ends()[0])
        self.sockets.append(s)
        return s

    @staticmethod
    def prepare(s, nodelay=False, rcvbuf=0, user_timeout=0, keepalive=None):
        if nodelay:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if rcvbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if user_timeout:
            s.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout)
        if keepalive:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in zip((socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT), keepalive):
                s.setsockopt(socket.IPPROTO_TCP, option, value)

    def connect(self, s, timeout=20):
        s.settimeout(timeout)
        s.connect(self.ends()[1])
        return s

    def accept(self, timeout=20, **options):
        s = self.listener.queue_of(self.port).get(timeout=timeout)
        s.settimeout(20)
        self.prepare(s, **options)
        self.sockets.append(s)
        return s

    def pair(self, client=None, server=None):
        c = self.connect(self.client(**(client or {})))
        return c, self.accept(**(server or {}))

    def pause(self, least_ms, most_ms=None):
        time.sleep(self.rng.uniform(least_ms, most_ms or least_ms * 1.5) / 1e3)

    def size(self, least, most):
        return self.rng.randrange(least, most)


def read(s, count):
    got = 0
    while got < count:
        block = s.recv(min(65536, count - got))
        if not block:
            return got
        got += len(block)
    return got


def read_all(s):
    return read(s, 1 << 40)


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER.pack(1, 0))
    s.close()


def send_and_close(s, count):
    """Meanwhile, whatever becomes of it."""

    def run():
        with contextlib.suppress(OSError):
            s.sendall(bytes(count))
        s.close()

    threading.Thread(target=run, daemon=True).start()


def exchange(c, s, request=200, answer=800):
    c.sendall(bytes(request))
    read(s, request)
    s.sendall(bytes(answer))
    read(c, answer)


def orderly(first, second):
    """The first closes, the other reads to the end and closes too."""
    first.shutdown(socket.SHUT_WR)
    read_all(second)
    second.close()
    read_all(first)
    first.close()


# What works.


@kind(clean=True)
def plain(k):
    c, s = k.pair()
    for _ in range(k.size(1, 5)):
        exchange(c, s, k.size(1, 4000), k.size(1, 20000))
    orderly(*k.rng.choice([(c, s), (s, c)]))


@kind(clean=True)
def download(k):
    c, s = k.pair()
    c.sendall(b"GET")
    read(s, 3)
    send_and_close(s, 300_000)
    read_all(c)
    c.close()


@kind(clean=True)
def half_closed_long(k):
    c, s = k.pair()
    c.sendall(bytes(500))
    c.shutdown(socket.SHUT_WR)
    read_all(s)
    for _ in range(4):
        k.pause(300)
        s.sendall(bytes(k.size(10, 3000)))
    s.close()
    read_all(c)
    c.close()


@kind(clean=True)
def left_open(k):
    c, s = k.pair()
    exchange(c, s)


@kind(clean=True)
def server_speaks_first(k):
    c, s = k.pair()
    s.sendall(b"220 ready\r\n")
    read(c, 11)
    exchange(c, s, 20, 40)
    orderly(c, s)


@kind(clean=True)
def kept_alive(k):
    c, s = k.pair(client={"keepalive": (1, 1, 5)})
    exchange(c, s)
    k.pause(4500, 5500)
    exchange(c, s)
    orderly(c, s)


@kind(clean=True)
def kept_alive_by_both(k):
    c, s = k.pair(client={"keepalive": (1, 1, 5)}, server={"keepalive": (1, 1, 5)})
    exchange(c, s)
    k.pause(4500, 5500)
    orderly(s, c)


@kind(clean=True)
def closed_at_once(k):
    c, s = k.pair()
    c.close()
    read_all(s)
    s.close()


@kind(clean=True)
def both_close(k):
    c, s = k.pair()
    exchange(c, s)
    k.pause(100)
    c.close()
    s.close()


@kind(clean=True)
def corked(k):
    c, s = k.pair()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    c.sendall(b"get")
    read(s, 3)
    s.sendall(bytes(100))
    s.sendall(bytes(5000))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    read(c, 5100)
    orderly(c, s)


@kind(clean=True)
def defer_accept(k):
    k.listener.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
    c = k.connect(k.client())
    k.pause(200)
    c.sendall(b"late")
    s = k.accept()
    read(s, 4)
    orderly(c, s)


defer_accept_kind = KINDS["defer_accept"]
defer_accept_kind.own_listener = True


@kind(own_listener=True)
def defer_accept_silent(k):
    """The client says nothing: the server sends its SYN-ACK again, and lets it in at last."""
    k.listener.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 2)
    c = k.connect(k.client())
    s = k.accept()
    exchange(c, s)
    orderly(c, s)


@kind()
def urgent(k):
    c, s = k.pair()
    exchange(c, s)
    c.send(b"!", socket.MSG_OOB)
    k.pause(50)
    exchange(c, s)
    orderly(c, s)


# How it begins.


@kind(rules=[{"dir": "cs", "flags": "S", "nth": (1, 2), "at": 1, "do": "drop"}])
def syn_lost_early(k):
    plain(k)


@kind(rules=[{"dir": "cs", "flags": "S", "nth": [1], "do": "drop"}], expect=["syn_unanswered"])
def syn_lost_late(k):
    plain(k)


@kind(rules=[{"dir": "sc", "flags": "SA", "nth": [1], "at": 1, "do": "drop"}], expect=["syn_ack_lost"])
def syn_ack_lost(k):
    plain(k)


@kind(rules=[{"dir": "sc", "flags": "SA", "nth": (1, 3), "at": 1, "do": "drop"}])
def syn_acks_lost(k):
    plain(k)


@kind(rules=[{"dir": "cs", "flags": "A", "without": "S", "nth": [1], "do": "drop"}])
def handshake_ack_lost(k):
    plain(k)


@kind(rules=[{"dir": "cs", "flags": "A", "without": "S", "nth": [1], "do": "drop"}])
def handshake_ack_lost_idle(k):
    c = k.connect(k.client())
    k.pause(3000)
    s = k.accept()
    exchange(c, s)
    orderly(s, c)


@kind(rules=[{"dir": "cs", "flags": "S", "nth": [1], "do": "delay", "ms": 1300}])
def syn_late(k):
    plain(k)


@kind(rules=[{"dir": "sc", "flags": "SA", "nth": [1], "do": "delay", "ms": 1400}])
def syn_ack_late(k):
    plain(k)


@kind(expect=["connection_refused"])
def refused(k):
    with contextlib.suppress(ConnectionError):
        k.connect(k.client())


refused_kind = KINDS["refused"]
refused_kind.own_listener = None  # nobody listens


@kind(rules=[{"dir": "cs", "do": "drop"}], expect=["syn_unanswered"])
def black_hole(k):
    with contextlib.suppress(OSError):
        k.connect(k.client(), timeout=12)
    k.sockets[-1].close()


@kind(rules=[{"dir": "cs", "flags": "S", "do": "reject"}])
def icmp_refused(k):
    with contextlib.suppress(OSError):
        k.connect(k.client(), timeout=6)


@kind(rules=[{"dir": "sc", "do": "drop", "at": 1}])
def answers_lost(k):
    with contextlib.suppress(OSError):
        k.connect(k.client(), timeout=6)


@kind(rules=[{"dir": "sc", "do": "delay", "ms": 1500}])
def abandoned(k):
    """It gives up before the answer comes."""
    with contextlib.suppress(OSError):
        k.connect(k.client(), timeout=0.7)
    k.sockets[-1].close()


@kind(rules=[{"dir": "cs", "flags": "S", "do": "reset", "at": 2}])
def refused_by_firewall(k):
    with contextlib.suppress(OSError):
        k.connect(k.client(), timeout=3)


@kind(rules=[{"dir": "cs", "flags": "S", "kind": 3, "do": "strip"}, {"dir": "sc", "flags": "S", "kind": 3, "do": "strip"}])
def no_window_scale(k):
    download(k)


@kind(rules=[{"dir": "cs", "flags": "S", "kind": 4, "do": "strip"}, {"dir": "sc", "data": True, "nth": [30, 60, 61], "do": "drop"}])
def no_sack(k):
    download(k)


@kind(rules=[{"dir": "cs", "flags": "S", "kind": 8, "do": "strip"}], clean=True)
def no_timestamps(k):
    plain(k)


@kind(rules=[{"dir": "cs", "by": 123456789, "do": "shift"}, {"dir": "sc", "by": 123456789, "do": "shift"}], clean=True)
def isn_rewritten(k):
    plain(k)


@kind()
def simultaneous_open(k):
    c = k.client()
    s = k.lab.socket(k.lab.server, k.family)
    s.bind(k.ends()[1])
    k.sockets.append(s)
    for one, to in ((c, k.ends()[1]), (s, k.ends()[0])):
        one.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            one.connect(to)
    select.select([], [c], [], 5)
    select.select([], [s], [], 5)
    for one in (c, s):
        one.settimeout(10)
    exchange(c, s)
    orderly(c, s)


KINDS["simultaneous_open"].own_listener = None


@kind(own_listener=True)
def accept_queue_full(k):
    """Nobody accepts; the queue holds but one."""
    k.pause(500)


# Its data.


def lossy(name, rules, body=None, **more):
    def run(k):
        (body or download)(k)

    run.__name__ = name
    kind(rules=rules, **more)(run)


lossy("one_lost_late", [{"dir": "sc", "data": True, "nth": [40], "do": "drop"}])
lossy("one_lost_early", [{"dir": "sc", "data": True, "nth": [40], "at": 1, "do": "drop"}])
lossy("resend_lost", [{"dir": "sc", "data": True, "nth": [40, 60, 61, 62], "do": "drop"}])
lossy("tail_lost", [{"dir": "sc", "data": True, "nth": (205, 207), "at": 1, "do": "drop"}])
lossy("acks_lost", [{"dir": "cs", "without": "S", "data": False, "nth": list(range(5, 90, 3)), "do": "drop"}])
lossy("reordered", [{"dir": "sc", "data": True, "nth": [20, 50, 80, 81], "do": "delay", "ms": 6}])
lossy("reordered_far", [{"dir": "sc", "data": True, "nth": [50], "do": "delay", "ms": 60}])
lossy("doubled_on_the_way", [{"dir": "sc", "nth": list(range(10, 60, 7)), "do": "double", "ms": 2}])
lossy("damaged", [{"dir": "sc", "data": True, "nth": [30, 31], "at": 2, "do": "corrupt"}])
lossy("delayed_once", [{"dir": "sc", "data": True, "nth": (60, 75), "do": "delay", "ms": 700}])
lossy("stalled", [{"dir": "sc", "data": True, "after_ms": 60, "before_ms": 2500, "do": "drop"}])
lossy("path_mtu", [{"dir": "sc", "least": 1300, "do": "too_big", "mtu": 1300}])
lossy("path_mtu_silent", [{"dir": "sc", "least": 1300, "do": "drop", "nth": (1, 14)}])


def lossy_bits(least):
    return [{"dir": d, "without": "S", "nth": list(range(least + i, 400, 17)), "at": 1 + i % 2, "do": "drop"} for i, d in enumerate(("cs", "sc"))]


lossy("bad_path", lossy_bits(6))


@kind()
def window_closed(k):
    c, s = k.pair(client={"rcvbuf": 8192})
    c.sendall(b"get")
    read(s, 3)
    s.settimeout(20)
    send_and_close(s, 400_000)
    k.pause(1500, 2500)
    read_all(c)
    c.close()


@kind()
def window_closed_at_the_end(k):
    c, s = k.pair(client={"rcvbuf": 8192})
    s.settimeout(3)
    with contextlib.suppress(OSError):
        s.sendall(bytes(4_000_000))


@kind()
def window_closed_and_closed(k):
    """close() with data that the closed window holds back: the FIN stands behind them."""
    c, s = k.pair(client={"rcvbuf": 8192})
    s.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(100):
            s.send(bytes(20_000))
    s.close()
    k.pause(2000)
    read_all(c)
    c.close()


@kind()
def killed_window(k):
    c, s = k.pair(client={"rcvbuf": 8192})
    s.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(100):
            s.send(bytes(20_000))
    k.pause(1500)
    reset(s)


@kind()
def two_small_writes(k):
    c, s = k.pair()
    for _ in range(6):
        c.sendall(bytes(60))
        c.sendall(bytes(70))
        read(s, 130)
        s.sendall(bytes(20))
        read(c, 20)
    orderly(c, s)


@kind()
def slow_server(k):
    c, s = k.pair()
    c.sendall(bytes(100))
    read(s, 100)
    k.pause(2600)
    s.sendall(bytes(400))
    read(c, 400)
    orderly(c, s)


@kind()
def never_answered(k):
    c, s = k.pair()
    c.sendall(bytes(100))
    read(s, 100)
    k.pause(4000)
    c.close()
    read_all(s)
    s.close()


# How it ends.


@kind(rules=[{"dir": "cs", "flags": "F", "nth": [1], "at": 1, "do": "drop"}])
def fin_lost_early(k):
    c, s = k.pair()
    exchange(c, s)
    orderly(c, s)


@kind(rules=[{"dir": "cs", "flags": "F", "nth": (1, 2), "do": "drop"}], expect=["fin_retransmitted"])
def fin_lost_late(k):
    c, s = k.pair()
    exchange(c, s)
    orderly(c, s)


@kind(rules=[{"dir": "sc", "flags": "F", "nth": [1], "do": "drop"}])
def second_fin_lost(k):
    c, s = k.pair()
    exchange(c, s)
    orderly(c, s)


@kind(rules=[{"dir": "cs", "flags": "A", "without": "SPF", "after_ms": 300, "nth": [1], "do": "drop"}], expect=["lost_final_ack"])
def last_ack_lost(k):
    c, s = k.pair()
    exchange(c, s)
    c.close()
    read_all(s)
    k.pause(350)
    s.close()


@kind(rules=[{"dir": "cs", "after_ms": 400, "do": "drop"}])
def last_acks_never_come(k):
    c, s = k.pair()
    exchange(c, s)
    c.shutdown(socket.SHUT_WR)
    read_all(s)
    k.pause(450)
    s.close()
    read_all(c)
    c.close()


@kind(rules=[{"dir": "cs", "flags": "F", "nth": [1], "do": "delay", "ms": 30}, {"dir": "sc", "flags": "F", "nth": [1], "do": "delay", "ms": 30}])
def simultaneous_close(k):
    c, s = k.pair()
    exchange(c, s)
    gate = threading.Barrier(2)

    def end(one):
        gate.wait()
        one.shutdown(socket.SHUT_WR)
        read_all(one)
        one.close()

    other = threading.Thread(target=end, args=(s,))
    other.start()
    end(c)
    other.join()


@kind()
def reset_after_answer(k):
    c, s = k.pair()
    exchange(c, s)
    reset(c)


@kind()
def reset_by_server(k):
    c, s = k.pair()
    exchange(c, s)
    k.pause(30)
    reset(s)


@kind()
def unread(k):
    c, s = k.pair()
    c.sendall(bytes(5000))
    k.pause(100)
    s.recv(100)
    s.close()


@kind()
def closed_while_data_come(k):
    c, s = k.pair()
    c.sendall(bytes(100))
    read(s, 100)
    s.close()
    k.pause(50)
    for _ in range(3):
        with contextlib.suppress(OSError):
            c.sendall(bytes(100))
        k.pause(50)
    c.close()


@kind()
def data_after_half_close_refused(k):
    """It half-closes and is closed for good while the other still speaks."""
    c, s = k.pair()
    exchange(c, s)
    c.shutdown(socket.SHUT_WR)
    read_all(s)
    s.sendall(bytes(3000))
    k.pause(30)
    c.close()
    k.pause(30)
    with contextlib.suppress(OSError):
        s.sendall(bytes(3000))
        k.pause(30)
        s.sendall(bytes(3000))
    s.close()


@kind()
def close_wait(k):
    c, s = k.pair()
    exchange(c, s)
    c.close()
    read_all(s)


@kind()
def fin_wait_2_runs_out(k):
    """A closed end waits for a FIN no longer than it was asked to; what comes later is answered with RST."""
    c, s = k.pair()
    exchange(c, s)
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 2)
    c.close()
    read_all(s)
    k.pause(3500)
    with contextlib.suppress(OSError):
        s.sendall(bytes(10))
    k.pause(100)
    s.close()


@kind()
def lingers(k):
    """close() that waits, with nothing to wait for."""
    c, s = k.pair()
    exchange(c, s)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER.pack(1, 5))
    other = threading.Thread(target=lambda: (read_all(s), s.close()))
    other.start()
    c.close()
    other.join()


@kind(rules=[{"dir": "cs", "after_ms": 300, "at": 1, "do": "drop"}, {"dir": "sc", "after_ms": 300, "at": 1, "do": "drop"}])
def cable_cut(k):
    c, s = k.pair()
    exchange(c, s)
    k.pause(350)
    s.sendall(bytes(2000))
    k.pause(4000)


@kind(rules=[{"dir": "cs", "after_ms": 300, "at": 1, "do": "drop"}, {"dir": "sc", "after_ms": 300, "at": 1, "do": "drop"}])
def cable_cut_user_timeout(k):
    c, s = k.pair(server={"user_timeout": 2500})
    exchange(c, s)
    k.pause(350)
    s.sendall(bytes(2000))
    k.pause(6000)


@kind(rules=[{"dir": "cs", "after_ms": 300, "at": 1, "do": "drop"}, {"dir": "sc", "after_ms": 300, "at": 1, "do": "drop"}], expect=["keepalive_timeout"])
def keep_alive_dead(k):
    c, s = k.pair(server={"keepalive": (1, 1, 3)})
    exchange(c, s)
    k.pause(6000)


@kind()
def destroyed(k):
    """An administrator ends it (ss -K)."""
    c, s = k.pair()
    exchange(c, s)
    address, port = k.ends()[0]
    os.system(f"ip netns exec {k.lab.client.name} ss -K src '[{address}]:{port}' >/dev/null 2>&1" if ":" in address else
              f"ip netns exec {k.lab.client.name} ss -K src {address}:{port} >/dev/null 2>&1")
    k.pause(50)


@kind(rules=[{"dir": "sc", "data": True, "nth": [3], "do": "reset", "goes_on": True}])
def reset_injected_at_server(k):
    """Somebody between resets the sender of the answer in the client's name."""
    with contextlib.suppress(OSError):
        download(k)


@kind(rules=[{"dir": "cs", "after_ms": 1500, "do": "reset", "without": "R"}, {"dir": "sc", "after_ms": 1500, "at": 1, "without": "R", "do": "reset"}])
def middlebox_forgot(k):
    c, s = k.pair()
    exchange(c, s)
    k.pause(1800)
    with contextlib.suppress(OSError):
        c.sendall(bytes(10))
        k.pause(100)
        c.sendall(bytes(10))
    k.pause(200)
    with contextlib.suppress(OSError):
        s.sendall(bytes(10))
    k.pause(100)


@kind()
def listener_closed_with_pending(k):
    """The listening socket is closed before anybody has accepted: those that wait are reset."""
    c = k.connect(k.client())
    k.pause(100)
    for waiting in list(k.listener.waiting.values()):
        with contextlib.suppress(queue.Empty):
            reset(waiting.get_nowait())
    k.pause(50)
    c.close()


KINDS["listener_closed_with_pending"].own_listener = True


@kind()
def shut_both_ways(k):
    c, s = k.pair()
    exchange(c, s)
    c.shutdown(socket.SHUT_RDWR)
    k.pause(20)
    with contextlib.suppress(OSError):
        s.sendall(bytes(100))
        k.pause(50)
        s.sendall(bytes(100))
    s.close()


@kind()
def fin_with_data(k):
    c, s = k.pair()
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    c.sendall(bytes(300))
    c.shutdown(socket.SHUT_WR)
    read_all(s)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    s.sendall(bytes(3000))
    s.close()
    read_all(c)
    c.close()


KINDS["fin_with_data"].clean = True


# More of how it goes wrong.


@kind(rules=[{"dir": "cs", "flags": "S", "nth": [1], "at": 1, "do": "double", "ms": 3}], clean=True)
def syn_doubled(k):
    plain(k)


@kind(rules=[{"dir": "sc", "flags": "SA", "nth": [1], "do": "double", "ms": 3}], clean=True)
def syn_ack_doubled(k):
    plain(k)


@kind(rules=[{"dir": "cs", "flags": "F", "nth": [1], "do": "double", "ms": 2}], clean=True)
def fin_doubled(k):
    c, s = k.pair()
    exchange(c, s)
    orderly(c, s)


@kind(rules=[{"dir": "cs", "flags": "F", "nth": [1], "do": "delay", "ms": 400}])
def fin_late(k):
    c, s = k.pair()
    exchange(c, s)
    orderly(c, s)


@kind(rules=[{"dir": "sc", "without": "SFP", "data": False, "after_ms": 200, "nth": [1], "at": 1, "do": "drop"}])
def ack_of_fin_lost(k):
    c, s = k.pair()
    exchange(c, s)
    k.pause(220)
    c.shutdown(socket.SHUT_WR)
    read_all(s)
    k.pause(500)
    s.close()
    read_all(c)
    c.close()


@kind(rules=[{"dir": "cs", "data": True, "nth": [2], "at": 1, "do": "drop"}])
def last_data_before_fin_lost(k):
    c, s = k.pair()
    exchange(c, s)
    c.sendall(bytes(700))
    c.shutdown(socket.SHUT_WR)
    read_all(s)
    s.close()
    read_all(c)
    c.close()


@kind()
def refused_then_opened(k):
    """Nobody listens yet; the next attempt, from the same port, finds a listener."""
    with contextlib.suppress(ConnectionError):
        k.connect(k.client())
    k.sockets[-1].close()
    k.listener = Listener(k.lab, k.family, k.server_port)
    k.pause(300)
    plain(k)


KINDS["refused_then_opened"].own_listener = None


@kind()
def half_open_after_crash(k):
    """The server forgets the connection without a word; the client goes on and is told by RST."""
    c, s = k.pair()
    exchange(c, s)
    with contextlib.suppress(OSError):
        s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)  # closed in repair mode it says nothing
    s.close()
    k.pause(300)
    with contextlib.suppress(OSError):
        c.sendall(bytes(50))
        k.pause(100)
        c.sendall(bytes(50))


@kind(rules=[{"dir": "cs", "data": True, "after_ms": 150, "at": 1, "do": "drop"}])
def client_data_lost_for_good(k):
    c, s = k.pair(client={"user_timeout": 2500})
    exchange(c, s)
    k.pause(200)
    with contextlib.suppress(OSError):
        c.sendall(bytes(300))
        k.pause(6000)


@kind(rules=[{"dir": "sc", "without": "S", "after_ms": 150, "do": "drop", "at": 1}])
def one_way_dead(k):
    """What the server sends after the handshake never comes to the client."""
    c, s = k.pair()
    k.pause(200)
    c.sendall(bytes(300))
    read(s, 300)
    s.sendall(bytes(300))
    k.pause(4000)


@kind()
def many_turns(k):
    c, s = k.pair(client={"nodelay": True}, server={"nodelay": True})
    for _ in range(60):
        exchange(c, s, k.size(1, 60), k.size(1, 200))
    orderly(c, s)


KINDS["many_turns"].clean = True


@kind()
def upload_stopped_early(k):
    """The server answers before it has read all, and closes: its RST may overtake the answer."""
    c, s = k.pair()
    c.settimeout(3)
    c.sendall(bytes(100))
    read(s, 100)
    c.setblocking(False)
    with contextlib.suppress(OSError):
        for _ in range(20):
            c.send(bytes(20_000))
    s.sendall(bytes(120))
    s.close()
    k.pause(200)
    with contextlib.suppress(OSError):
        c.recv(1000)
        c.send(bytes(10))


@kind(rules=[{"dir": "cs", "flags": "S", "kind": 3, "do": "strip"}])
def window_scale_lost_one_way(k):
    download(k)


@kind(clean=True)
def multipath(k):
    k.listener = Listener(k.lab, k.family, k.server_port, protocol=IPPROTO_MPTCP)
    c = k.lab.socket(k.lab.client, k.family, IPPROTO_MPTCP)
    c.bind(k.ends()[0])
    k.connect(c)
    s = k.accept()
    exchange(c, s)
    orderly(c, s)


KINDS["multipath"].own_listener = None


@kind(clean=True)
def fast_open(k):
    """The first one asks for a cookie, from another port; the second sends data in its SYN."""
    k.listener = Listener(k.lab, k.family, k.server_port, fast_open=16)
    first = k.lab.socket(k.lab.client, k.family)
    first.bind((k.ends()[0][0], k.port + 1))
    first.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    c = k.client()
    c.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    for one, port in ((first, k.port + 1), (c, k.port)):
        one.settimeout(10)
        one.connect(k.ends()[1])
        one.sendall(bytes(300))
        taken = k.listener.queue_of(port).get(timeout=10)
        taken.settimeout(10)
        read(taken, 300)
        taken.sendall(bytes(200))
        read(one, 200)
        orderly(one, taken)


KINDS["fast_open"].own_listener = None


def wild_rules(rng):
    """Anything may befall any of its packets, now and then much at once."""
    rules = []
    for _ in range(rng.randrange(1, 5)):
        rule = {"dir": rng.choice(("cs", "sc")), "at": rng.choice((1, 2)), "do": rng.choice(("drop", "drop", "drop", "delay", "double", "corrupt"))}
        first = rng.choice((1, 2, 3, rng.randrange(1, 60)))
        rule["nth"] = (first, first + rng.choice((0, 0, 0, 1, 2, 5)))
        rule["flags"] = rng.choice(("", "", "", "S", "F", "A"))
        rule["ms"] = rng.choice((3, 20, 90, 350, 1200))
        if rng.random() < 0.3:
            rule["data"] = rng.random() < 0.5
        rules.append(rule)
    return rules


@kind(rules=wild_rules)
def wild(k):
    bodies = (plain, download, half_closed_long, both_close, reset_after_answer, unread, closed_while_data_come, shut_both_ways,
              data_after_half_close_refused, window_closed, closed_at_once, server_speaks_first, many_turns, upload_stopped_early)
    k.rng.choice(bodies)(k)
