"""Runs tshark with the plugin from the build, as a user who may load it, and the command line beside it.

TSHARK, WSPLUGINS and TCPAUTOPSY name the programs and the folder that holds <version>/epan/tcpautopsy.so.
"""
import json
import os
import subprocess
import tempfile

TSHARK = os.environ.get("TSHARK", "tshark")
WSPLUGINS = os.environ.get("WSPLUGINS", "")
TCPAUTOPSY = os.environ.get("TCPAUTOPSY", "tcpautopsy")
NOBODY = 65534
HOME = tempfile.mkdtemp(prefix="tcpautopsy_tshark_")
os.chmod(HOME, 0o777)


def tshark(*arguments, timeout=300, preload=None):
    # As root Wireshark ignores every plugin folder but the system's.
    command = []
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    command += ["env", "HOME=" + HOME, "WIRESHARK_PLUGIN_DIR=" + WSPLUGINS]
    if preload:
        command += preload
    return subprocess.run(command + [TSHARK, *arguments], capture_output=True, text=True, timeout=timeout, errors="replace")


def rows(path, fields, *arguments):
    """A list for each packet with a value list for each field."""
    options = [o for f in fields for o in ("-e", f)]
    done = tshark("-r", path, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=\x1f", *options, *arguments)
    if done.returncode not in (0, 2):
        raise RuntimeError(f"tshark ended with {done.returncode}: {done.stderr[-300:]}")
    return [[cell.split("\x1f") if cell else [] for cell in line.split("\t")] for line in done.stdout.split("\n") if line]


def cli(command, path, *arguments):
    done = subprocess.run([TCPAUTOPSY, command, "--format", "ndjson", *arguments, path], capture_output=True, text=True, timeout=300)
    if done.returncode not in (0, 1):
        return []
    return [json.loads(line) for line in done.stdout.splitlines()]
