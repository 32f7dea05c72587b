#!/usr/bin/env python3
"""Drives Wireshark's window with the plugin: opens a capture, ignores its last and its first packet, reloads, filters; opens the tables, the report
and a ladder, goes to a connection by its number; then captures live from a pipe, and stops. After each step the states of all packets are those of the command line on the same packets.

    TCPAUTOPSY=... WSPLUGINS=... tests/plugin/window.py

Needs wireshark, Xvfb and xdotool; keys go to a display of its own. A plugin without sanitizers: see .ci/window.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from test_samples import records, sample
from wireshark import AS_NOBODY, HOME, PRELOAD, cli, environment

PATIENCE = 60  # seconds for a step
LUA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "window_states.lua")
FILTER = "frame or tcpautopsy"  # all packets; with our name, so that the window filters again when all is concluded


def expected(path, provisional="false"):
    """Lines as window_states.lua writes them, without frame numbers."""
    states = {}
    for flow in cli("flows", path):
        for history in cli("history", path, "--flow", str(flow["flow"])):
            for part in history["segments"] + history["icmp"]:
                states[part["frame"]] = f"{part['state']['client']} {part['state']['server']} {provisional}"
    return [states[f] for f in sorted(states)]


class Display:
    """An X server of its own."""

    def __enter__(self):
        read, write = os.pipe()
        # Without -noreset it starts anew when one window has gone, and the next may meet nobody.
        self.server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x1000x24", "-nolisten", "tcp", "-noreset"], pass_fds=[write],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as told:
            self.name = ":" + told.readline().strip()
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()

    def xdotool(self, *arguments):
        return subprocess.run(["xdotool", *arguments], env={**os.environ, "DISPLAY": self.name}, capture_output=True, text=True, check=False).stdout.split()


class Window:
    def __init__(self, display, *arguments):
        self.display = display
        self.states = os.path.join(HOME, "states")
        runtime = os.path.join(HOME, "runtime")
        self.said = tempfile.TemporaryFile("w+")
        shutil.rmtree(runtime, ignore_errors=True)
        if os.path.exists(self.states):
            os.remove(self.states)
        own = ["DISPLAY=" + display.name, "QT_QPA_PLATFORM=xcb", "LIBGL_ALWAYS_SOFTWARE=1", "XDG_RUNTIME_DIR=" + runtime, "TCPAUTOPSY_WINDOW_STATES=" + self.states]
        subprocess.run([*AS_NOBODY, "mkdir", "-m", "700", runtime], check=True)
        self.program = subprocess.Popen([*AS_NOBODY, *environment(), *own, "wireshark", "-X", "lua_script:" + LUA, "-o", "tap_update_interval:500", "-o",
                                         "gui.ask_unsaved:FALSE", "-Y", FILTER, *arguments], stdout=subprocess.DEVNULL, stderr=self.said, start_new_session=True)
        self.id = self.wait("a window", self.find)

    def find(self):
        # The main window is the largest.
        best, size = None, 300 * 300
        for window in self.display.xdotool("search", "--onlyvisible", "--name", "."):
            shape = dict(line.split("=") for line in self.display.xdotool("getwindowgeometry", "--shell", window) if "=" in line)
            area = int(shape.get("WIDTH", 0)) * int(shape.get("HEIGHT", 0))
            if area > size:
                best, size = window, area
        return best

    def wait(self, what, ask):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.program.poll() is not None:
                self.said.seek(0)
                raise AssertionError(f"Wireshark ended with {self.program.returncode}: {self.said.read()[-2000:]}")
            found = ask()
            if found:
                return found
            time.sleep(0.2)
        raise AssertionError(f"{what}: not within {PATIENCE} s")

    def rows(self):
        if not os.path.exists(self.states):
            return []
        with open(self.states, encoding="ascii") as file:
            return [line.split(" ", 1)[1].strip() for line in file if " - " not in line]

    def shows(self, what, wanted):
        try:
            self.wait(what, lambda: self.rows() == wanted)
        except AssertionError as error:
            raise AssertionError(f"{error}: the window shows {self.rows()}, the command line {wanted}") from None
        print(f"{what}: {len(wanted)} packets alike", flush=True)

    def keys(self, *keys):
        self.display.xdotool("windowfocus", "--sync", self.id)
        for key in keys:
            self.display.xdotool("key", "--clearmodifiers", key)

    def choose(self, place):
        """The entry of Tools > TCP Autopsy at this place, from 0; the submenu is the last."""
        self.keys("alt+t", "Up", "Right", *["Down"] * place, "Return")

    def dialog(self, title):
        """Waits for a window with this title; returns its number, having focused it."""
        number = self.wait(title, lambda: self.display.xdotool("search", "--onlyvisible", "--name", title))[0]
        self.display.xdotool("windowfocus", "--sync", number)
        return number

    def packets(self):
        """The focus on the list of packets."""
        self.display.xdotool("windowfocus", "--sync", self.id)
        self.display.xdotool("mousemove", "--window", self.id, "400", "150", "click", "1")

    def filter(self, text):
        """Returns when the window has gone through its packets again."""
        self.keys("ctrl+slash", "ctrl+a")
        self.display.xdotool("type", "--delay", "5", text)
        os.remove(self.states)
        self.keys("Return")
        self.wait("filtering", self.rows)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # With what it started: dumpcap would go on waiting.
        os.killpg(self.program.pid, signal.SIGKILL)
        self.program.wait()
        self.said.close()


def without(path, *left_out):
    """A copy without these packets, by their place."""
    header, found = records(path)
    with tempfile.NamedTemporaryFile(suffix=".pcap", dir=HOME, delete=False) as file:
        file.write(header + b"".join(r for i, r in enumerate(found) if i not in [n % len(found) for n in left_out]))
    os.chmod(file.name, 0o644)
    return file.name


def check_file(display):
    path = without(sample("lost_final_ack"), -1)  # without its mark of the end, which is no TCP
    with Window(display, "-r", path) as window:
        everything = expected(path)
        window.shows("opened", everything)
        window.packets()
        window.keys("ctrl+End", "ctrl+d")
        window.shows("last packet ignored", expected(without(path, -1)))
        window.packets()
        window.keys("ctrl+Home", "ctrl+d")
        window.shows("first and last packet ignored", expected(without(path, 0, -1)))
        window.keys("ctrl+r")
        window.shows("reloaded", everything)
        window.filter('tcpautopsy.client.state == "TIME-WAIT"')
        window.keys("ctrl+shift+d")  # Ignore All Displayed: what does not pass is left
        passed = [i for i, row in enumerate(everything) if row.startswith("TIME-WAIT")]
        window.shows("filtered", expected(without(path, *passed)))
        if window.display.xdotool("search", "--name", "Warning|Error"):
            raise AssertionError("a message box")


def check_tables(display):
    """The tables of statistics open beside the capture, as from the menu."""
    for statistic, title in (("tcpautopsy_connections,stat", "Table of connections"), ("tcpautopsy_findings,stat", "Table of findings")):
        path = without(sample("lost_final_ack"), -1)
        with Window(display, "-r", path, "-z", statistic) as window:
            window.wait(title, lambda title=title: display.xdotool("search", "--onlyvisible", "--name", title))
            window.shows("with " + title, expected(path))
            if display.xdotool("search", "--name", "Warning|Error"):
                raise AssertionError("a message box")


def check_menus(display):
    """The report and the ladder open; going to a connection leaves its packets alone, which are ignored to be seen to be those."""
    path = without(sample("kernel_closing"), -1)
    flow = cli("flows", path)[2]
    history, = cli("history", path, "--flow", str(flow["flow"]))
    own = [part["frame"] - 1 for part in history["segments"] + history["icmp"]]
    with Window(display, "-r", path) as window:
        window.shows("opened", expected(path))
        for place, title in ((0, "TCP Autopsy: connection 0"), (2, "TCP Autopsy: report")):
            window.packets()
            window.keys("ctrl+Home")
            window.choose(place)
            window.dialog(title)
            display.xdotool("key", "Escape")
        window.choose(1)
        window.dialog("go to a connection")
        display.xdotool("key", "--clearmodifiers", "shift+Tab", "ctrl+a", str(flow["flow"]), "Return")  # from OK back to the field
        window.wait("the dialog to close", lambda: not display.xdotool("search", "--onlyvisible", "--name", "go to a connection"))
        time.sleep(1)  # for the filter
        window.packets()
        window.keys("ctrl+shift+d")
        window.shows("without the connection gone to", expected(without(path, *own)))


def check_live(display):
    path = sample("lost_final_ack")
    header, found = records(path)
    half = len(found) // 2
    pipe = os.path.join(HOME, "pipe")
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)

    def opened():
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return None  # nobody reads yet

    with Window(display, "-k", "-i", pipe) as window, os.fdopen(window.wait("a live capture", opened), "wb", buffering=0) as out:
        out.write(header + b"".join(found[:half]))
        window.wait("packets of a live capture", lambda: len(window.rows()) == half)
        if any(not row.endswith("true") for row in window.rows()):
            raise AssertionError(f"states of a live capture are provisional, but the window shows {window.rows()}")
        print(f"live: {half} packets, provisional", flush=True)
        out.write(b"".join(found[half:]))
        out.close()
        window.shows("capture stopped", expected(path))


MISSING = 77  # ctest shows the test as skipped


def main():
    if PRELOAD:
        sys.exit("a sanitizer's runtime cannot be loaded into dumpcap: build the plugin without")
    missing = [program for program in ("wireshark", "Xvfb", "xdotool") if shutil.which(program) is None]
    if missing:
        print("skipped: there is no", ", ".join(missing))
        return MISSING
    with Display() as display:
        check_file(display)
        check_tables(display)
        check_menus(display)
        check_live(display)


if __name__ == "__main__":
    sys.exit(main())
