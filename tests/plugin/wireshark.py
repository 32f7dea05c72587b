"""Runs tshark with the plugin from the build, as a user who may load it, and the command line beside it.

TSHARK, WSPLUGINS and TCPAUTOPSY name the programs and the folder that holds <version>/epan/tcpautopsy.so; PRELOAD the runtime of the
sanitizer that the plugin was built with, if any: what it says of the plugin is an error then.
"""
import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile

TSHARK = os.environ.get("TSHARK", "tshark")
WSPLUGINS = os.environ.get("WSPLUGINS", "")
PRELOAD = os.environ.get("PRELOAD", "")
TCPAUTOPSY = os.environ.get("TCPAUTOPSY", "tcpautopsy")
NOBODY = 65534
HOME = tempfile.mkdtemp(prefix="tcpautopsy_tshark_")
os.chmod(HOME, 0o777)
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
# As root Wireshark ignores every plugin folder but the system's.
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []


def open_to_all(path):
    """The path, or a copy of the file or folder where another user cannot reach it."""
    path = os.path.realpath(path)
    parents = [path[:i] for i in range(1, len(path)) if path[i] == "/"]
    if not AS_NOBODY or (all(os.stat(p).st_mode & 1 for p in parents) and os.stat(path).st_mode & 4):
        return path
    copy = os.path.join(HOME, path.strip("/").replace("/", "_"))
    if os.path.isdir(path):
        shutil.copytree(path, copy, dirs_exist_ok=True)
        subprocess.run(["chmod", "-R", "a+rX", copy], check=True)
    else:
        shutil.copy(path, copy)
        os.chmod(copy, 0o644)
    return copy


def environment():
    preload = ["LD_PRELOAD=" + PRELOAD, "ASAN_OPTIONS=detect_leaks=1", "LSAN_OPTIONS=exitcode=0", "UBSAN_OPTIONS=print_stacktrace=1"]
    return ["env", "HOME=" + HOME, "LC_ALL=C.UTF-8", "WIRESHARK_PLUGIN_DIR=" + open_to_all(WSPLUGINS)] + (preload if PRELOAD else [])


def complaints(said):
    """What a sanitizer said of the plugin; what Wireshark itself forgets to free is its own."""
    reports = re.split(r"\n(?=Direct leak|Indirect leak|SUMMARY)", said)
    return [r for r in reports if "runtime error:" in r or "ERROR: AddressSanitizer" in r or ("leak of" in r and "tcpautopsy" in r)]


def tshark(*arguments, timeout=300):
    arguments = [open_to_all(a) if before == "-r" else a for before, a in zip(("", *arguments), arguments)]
    done = subprocess.run([*AS_NOBODY, *environment(), TSHARK, *arguments], capture_output=True, text=True, timeout=timeout, errors="replace")
    if complaints(done.stderr):
        raise AssertionError("\n".join(complaints(done.stderr))[:4000])
    return done


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


