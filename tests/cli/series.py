"""Reading the data of an HTML page: analyzer/docs/contract.md, "The page"."""
import itertools
import json
import re

SYN, FIN, ACK = 2, 1, 16
CAUSES = ("", "timeout", "fast", "loss_probe", "prompt")


def data_of(page):
    """The one block of data of a page's text."""
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return block, json.loads(block)


def points_of(detail):
    """The points of a connection as they were captured, numbers as on the wire; `cause` of those sent again."""
    series = detail["series"]
    iss, end, ack, window = series["iss"], [0, 0], [0, 0], [0, 0]
    files = itertools.accumulate(series.get("f", [0] * len(series["t"])))
    sacks = {place: edges for place, *edges in series["sack"]}
    points = []
    for i, (time, frame, file) in enumerate(zip(itertools.accumulate(series["t"]), itertools.accumulate(series["n"]), files)):
        bits, flags, payload = series["k"][i], series["g"][i], series["l"][i]
        sender = bits & 1
        seq = end[sender] + series["s"][i]
        end[sender] = seq + payload
        ack[sender] += series["a"][i]
        window[sender] += series["w"][i]
        edges = [ack[sender] + edge + iss[1 - sender] & 0xFFFFFFFF for edge in sacks.get(i, ())]
        points.append({
            "time_ns": time, "frame": frame, "file": file, "server": sender == 1, "flags": flags,
            "seq": seq + iss[sender] & 0xFFFFFFFF, "payload": payload,
            "ack": ack[sender] + iss[1 - sender] & 0xFFFFFFFF if flags & ACK else None, "window": window[sender],
            "window_known": bool(bits & 16), "resent": bool(bits & 2), "probe": bool(bits & 4), "late": bool(bits & 8),
            "in_vain": bool(bits & 32), "cause": CAUSES[bits >> 6], "in_flight": series["p"][i], "congestion": series["c"][i],
            "rtt_ns": series["r"][i], "sack": list(zip(edges[::2], edges[1::2]))})
    return points
