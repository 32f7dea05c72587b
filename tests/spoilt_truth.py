#!/usr/bin/env python3
"""spoilt_truth.py TOOL SHARED [--kind K]... [-v]: the truth captures of SHARED/truth, spoilt further than SHARED/cut_truth.py does:

  asym    each direction begins at a moment of its own, as where two taps are joined
  clock   the clock of the capture is set three times, by up to 5 ms forward or back
  tunnel  both sides of a tunnel: each packet is there again, 40 us later, in GRE between two routers

Figures as cut_truth.py has them: the true state is among the possible (sound), states known, claims true, clean connections quiet."""
import argparse, collections, json, os, random, socket, struct, sys, tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('tool')
parser.add_argument('shared')
parser.add_argument('--kind', action='append', choices=['asym', 'clock', 'tunnel'])
parser.add_argument('--scenario', action='append')
parser.add_argument('-v', action='store_true')
options = parser.parse_args()
sys.path.insert(0, options.shared)
import cut_truth  # noqa: E402
from score_truth import Tally  # noqa: E402


def begun_apart(link, rng, packets, servers):
    first, last = packets[0][0], packets[-1][0]
    begins = {True: rng.uniform(first, last), False: rng.uniform(first, last)}
    return [p for p in packets if p[0] >= begins[cut_truth.source(link, p[2]) in servers]]


def clock_set(link, rng, packets, servers):
    jumps = sorted((rng.uniform(packets[0][0], packets[-1][0]), rng.uniform(-5e6, 5e6)) for _ in range(3))
    return [(int(t + sum(by for at, by in jumps if t >= at)), n, b) for t, n, b in packets]


def in_gre(link, b):
    at = cut_truth.ip_at(link, b)
    v6 = b[at] >> 4 == 6
    inner = cut_truth.less_ttl(link, b)[at:]
    head = bytearray(b[:at])
    place = {1: 12, 276: 0, 113: 14}.get(link)
    if place is not None:
        struct.pack_into('>H', head, place, 0x0800)
    gre = struct.pack('>HH', 0, 0x86dd if v6 else 0x0800)
    outer = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 24 + len(inner), 0, 0x4000, 62, 47, 0, bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))
    return bytes(head) + outer + gre + inner


def tunnelled(link, rng, packets, servers):
    both = [q for t, n, b in packets for q in ((t, n, b), (t + 40000, n + 24, in_gre(link, b)))]
    return sorted(both, key=lambda q: q[0])


KINDS = {'asym': begun_apart, 'clock': clock_set, 'tunnel': tunnelled}


def captures():
    for folder, _, files in sorted(os.walk(os.path.join(options.shared, 'truth'))):
        if 'truth.json' not in files or (options.scenario and os.path.basename(folder) not in options.scenario):
            continue
        truth = json.load(open(os.path.join(folder, 'truth.json')))
        if len(truth['connections']) > 4000 or any(c.get('cookie') for c in truth['connections'][:50]):
            continue
        for vantage in ('client', 'middle'):
            path = os.path.join(folder, vantage + '.pcap')
            if os.path.exists(path):
                yield truth, os.path.basename(folder) + ' ' + vantage, path


def address(ip):
    return socket.inet_pton(socket.AF_INET6 if ':' in ip else socket.AF_INET, ip)


def main():
    say = print if options.v else (lambda *_: None)
    for kind in options.kind or KINDS:
        total, per, rng = Tally(), collections.Counter(), random.Random(7)
        for truth, where, path in captures():
            head, nano, packets = cut_truth.read(path)
            if len(packets) < 4:
                continue
            link = struct.unpack('<I', head[20:24])[0] & 0xffff
            spoilt = KINDS[kind](link, rng, packets, {address(c['server']['ip']) for c in truth['connections']})
            if not spoilt:
                continue
            with tempfile.NamedTemporaryFile(suffix='.pcap') as f:
                cut_truth.write(f.name, head, nano, spoilt)
                cut_truth.judge(options.tool, f.name, truth, truth['capture_end_ns'], total, per, say, f'{kind} {where}')
        print(f"{kind:6} sound {total.rate('sound')}  known {total.rate('known')}  claims true {total.rate('claims')}  "
              f"clean and quiet {total.rate('quiet')}")
        for k, n in per.most_common(8):
            print('       ', n, *k)


if __name__ == '__main__':
    main()
