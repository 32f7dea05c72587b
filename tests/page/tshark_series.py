#!/usr/bin/env python3
"""The points of the time-sequence graph against tshark's fields: time, sequence number, acknowledgment, window, SACK blocks.
Usage: TCPAUTOPSY=TOOL tshark_series.py [CAPTURE...]; by default ten of the captures in ../shared/corpus, which is not in the repository.
Of each capture the connection with most packets is compared, packet by packet."""
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/cli"))
from captures import TOOL  # noqa: E402
from series import data_of, points_of  # noqa: E402

FIELDS = ("frame.number", "frame.time_epoch", "tcp.seq_raw", "tcp.ack_raw", "tcp.window_size_value", "tcp.window_size", "tcp.len",
          "tcp.options.sack_le", "tcp.options.sack_re", "tcp.flags", "tcp.window_size_scalefactor")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600).stdout


def longest(capture):
    flows = [json.loads(line) for line in run(TOOL, "flows", "--format", "ndjson", capture).splitlines()]
    flows = [flow for flow in flows if flow["server"] and not flow["tunnel"]]
    return max(flows, key=lambda flow: sum(n or 0 for n in flow["packets"].values()), default=None)


def of_tshark(capture, frames):
    """By frame: the outermost TCP header, since connections in tunnels are left out; not of what tshark takes for no TCP, or for broken."""
    out = run("tshark", "-n", "-r", capture, "-o", "tcp.relative_sequence_numbers:FALSE", "-Y", f"tcp && frame.number >= {min(frames)} && frame.number <= {max(frames)}",
              "-T", "fields", "-E", "separator=/t", *(part for field in FIELDS for part in ("-e", field)))
    packets = {}
    for line in out.splitlines():
        values = line.split("\t")
        if values[2] and values[6]:
            packets[int(values[0])] = values
    return packets


def numbers(text):
    return [int(number, 0) for number in text.split(",") if number]


def differences(point, packet, first_ns):
    _, time, seq, ack, value, scaled, length, left, right, flags, factor = packet
    seconds, fraction = time.split(".")
    time_ns = int(seconds) * 10**9 + int(fraction.ljust(9, "0")[:9])
    if time_ns - first_ns != point["time_ns"]:
        yield "time", point["time_ns"], time_ns - first_ns
    pairs = [("seq", point["seq"], numbers(seq)[0]), ("payload", point["payload"], numbers(length)[0]),
             ("flags", point["flags"], numbers(flags)[0] & 0x1FF), ("sack", point["sack"], list(zip(numbers(left), numbers(right))))]
    if point["ack"] is not None:
        pairs.append(("ack", point["ack"], numbers(ack)[0]))
    # Where one of us does not know the scale, both are to have the window as it was sent.
    alike = point["window_known"] and numbers(factor)[:1] != [-1]
    pairs.append(("window", point["window"], numbers(scaled)[0] if alike else numbers(value)[0]))
    yield from (pair for pair in pairs if pair[1] != pair[2])


def compare(capture, page):
    flow = longest(capture)
    if flow is None:
        return None
    subprocess.run([TOOL, "history", "--flow", str(flow["flow"]), "--format", "html", "-o", page, "--quiet", capture], check=False, timeout=600)
    points = points_of(next(iter(data_of(pathlib.Path(page).read_text(encoding="utf-8"))[1]["details"].values())))
    packets = of_tshark(capture, [point["frame"] for point in points])
    wrong = 0
    unread = [point["frame"] for point in points if point["frame"] not in packets]
    for point in points:
        if point["frame"] not in packets:
            continue
        for name, ours, theirs in differences(point, packets[point["frame"]], flow["first_ns"]):
            wrong += 1
            print(f"  frame {point['frame']}: {name} {ours}, tshark {theirs}", file=sys.stderr)
    otherwise = f", {len(unread)} frames that tshark does not read" if unread else ""
    sacks = sum(len(point["sack"]) for point in points)
    print(f"{pathlib.Path(capture).name}, flow {flow['flow']}: {len(points)} points, {sacks} SACK blocks, {wrong} differences{otherwise}", flush=True)
    return wrong


def main():
    captures = sys.argv[1:]
    if not captures:
        corpus = ROOT.parent / "shared/corpus"
        if not corpus.is_dir():
            sys.exit("needs ../shared/corpus, or captures to compare")
        largest = sorted((p for p in corpus.rglob("*.pcap*") if p.is_file()), key=lambda p: -p.stat().st_size)
        captures = [str(path) for path in largest if path.stat().st_size < 40_000_000]
    compared = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for capture in captures:
            found = compare(capture, str(pathlib.Path(folder, "page.html")))
            compared += found is not None
            wrong += found or 0
            if not sys.argv[1:] and compared == 10:
                break
    print(f"{compared} connections, {wrong} differences")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
