#!/usr/bin/env python3
"""Completion tried at the prompts of real bash, zsh and fish. A shell that is not installed is named, and fails the test:
.ci/install-packages test installs all three."""
import os
import pathlib
import pty
import select
import shutil
import subprocess
import tempfile
import time
import unittest

TOOL = os.environ["TCPAUTOPSY"]
SCRIPTS = pathlib.Path(os.environ["TCPAUTOPSY_MANUAL"]).parent
# Tells the words of the command line, once completed, instead of running it.
TELL = 'tcpautopsy() { case $1 in --complete*) command tcpautopsy "$@";; *) printf "GOT"; printf "<%s>" "$@"; echo DONE;; esac; }\n'
PATIENCE = 60


class Prompt:
    """An interactive shell on a terminal of its own."""

    def __init__(self, command, setup):
        environment = {"PATH": f"{os.path.dirname(TOOL)}:{os.environ['PATH']}", "HOME": tempfile.gettempdir(), "TERM": "dumb", "LANG": "C.UTF-8"}
        self.screen, terminal = pty.openpty()
        self.shell = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment, start_new_session=True)
        os.close(terminal)
        self.shown = ""
        self.send(setup + "echo READ''Y\n")
        self.until("READY")

    def send(self, text):
        os.write(self.screen, text.encode())

    def until(self, wanted):
        """What is shown up to it and after what was taken before."""
        end = time.monotonic() + PATIENCE
        while wanted not in self.shown:
            if not select.select([self.screen], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"no '{wanted}' in {self.shown!r}")
            self.shown += os.read(self.screen, 65536).decode(errors="replace")
        taken, self.shown = self.shown.split(wanted, 1)
        return taken

    def words(self, typed):
        """The arguments, as the shell has them once `typed`, with tabs, was entered."""
        self.send(typed + "\n")
        self.until("GOT<")
        return self.until(">DONE").split("><")

    def close(self):
        self.shell.kill()
        self.shell.wait()
        os.close(self.screen)


def needs(shell):
    path = shutil.which(shell)
    assert path, f"{shell} is not installed: .ci/install-packages test"
    return path


class AtThePrompt:
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        pathlib.Path(self.folder.name, "morning.pcap").touch()
        self.prompt = self.started(f"cd {self.folder.name}\n")
        self.addCleanup(self.prompt.close)

    def test_words_are_completed(self):
        self.assertEqual(self.prompt.words("tcpautopsy fl\t--form\tnd\t"), ["flows", "--format", "ndjson"])
        self.assertEqual(self.prompt.words("tcpautopsy explain zero_window_st\t"), ["explain", "zero_window_stuck"])
        self.assertEqual(self.prompt.words("tcpautopsy batch me\t--pl\tx"), ["batch", "merge", "--plan", "x"])

    def test_files_are_completed(self):
        self.assertEqual(self.prompt.words("tcpautopsy flows morn\t"), ["flows", "morning.pcap"])

    def test_what_wants_more_gets_no_space(self):
        self.assertEqual(self.prompt.words("tcpautopsy --set syn_flood.min_half\t5"), ["--set", "syn_flood.min_half_open=5"])


class Bash(AtThePrompt, unittest.TestCase):
    def started(self, setup):
        return Prompt([needs("bash"), "--norc", "--noprofile", "-i"], f"{setup}source {SCRIPTS}/tcpautopsy.bash\n{TELL}")


class Zsh(AtThePrompt, unittest.TestCase):
    def started(self, setup):
        functions = tempfile.TemporaryDirectory()
        self.addCleanup(functions.cleanup)
        shutil.copy(SCRIPTS / "tcpautopsy.zsh", pathlib.Path(functions.name, "_tcpautopsy"))
        return Prompt([needs("zsh"), "-f", "-i"], f"unsetopt zle_bracketed_paste 2>/dev/null; unset zle_bracketed_paste\nfpath=({functions.name} $fpath)\n"
                      f"autoload -Uz compinit && compinit -D -u\n{setup}{TELL}")


class Fish(unittest.TestCase):
    """Fish tells without a terminal what its prompt would offer."""

    def offered(self, typed):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "morning.pcap").touch()
            done = subprocess.run(
                [needs("fish"), "--no-config", "-c", f"source {SCRIPTS}/tcpautopsy.fish; complete -C '{typed}'"], capture_output=True, text=True,
                cwd=folder, check=True, timeout=PATIENCE,
                env={"PATH": f"{os.path.dirname(TOOL)}:{os.environ['PATH']}", "HOME": folder, "TERM": "dumb", "LANG": "C.UTF-8"})
        return done.stdout.splitlines()

    def test_words_are_completed(self):
        self.assertEqual(self.offered("tcpautopsy fl"), ["flows\ta line for each connection"])
        self.assertEqual(self.offered("tcpautopsy flows --format nd"), ["ndjson"])
        self.assertIn("--state\t", self.offered("tcpautopsy ss --sta")[0] )
        self.assertEqual([line.split("\t")[0] for line in self.offered("tcpautopsy explain zero_window_s")], ["zero_window_stuck"])

    def test_files_are_completed(self):
        self.assertEqual([line.split("\t")[0] for line in self.offered("tcpautopsy flows morn")], ["morning.pcap"])


if __name__ == "__main__":
    unittest.main()
