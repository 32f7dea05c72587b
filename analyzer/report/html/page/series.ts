// The points of a connection, out of their columns (series_json.h), in order of time.
import { sumUp, type SeriesColumns } from "./data";

export interface Point {
  t: number; // seconds since the connection's first packet
  frame: number;
  file: number;
  end: 0 | 1; // who sent it: 0 the client
  flags: number;
  seq: number;
  payload: number;
  ack: number | null;
  window: number;
  windowKnown: boolean;
  inFlight: number;
  congestion: number;
  rtt: number; // ns, 0 for none
  resent: boolean;
  late: boolean;
  probe: boolean;
  inVain: boolean;
  cause: number;
  sacks: [number, number][];
}

export const kFin = 1;
export const kSyn = 2;
export const kRst = 4;
export const kAck = 16;

const flagNames: [number, string][] = [
  [kSyn, "SYN"], [kFin, "FIN"], [kRst, "RST"], [8, "PSH"], [kAck, "ACK"], [32, "URG"], [64, "ECE"], [128, "CWR"], [256, "AE"],
];
export const flagText = (flags: number): string =>
  flagNames.filter(([bit]) => flags & bit).map(([, name]) => name).join("+") || "none";

// By cause, from 0: how a segment sent again is told and coloured.
export const causes = [
  { name: "retransmitted, cause not kept (middle of a very long series)", kind: "resent" },
  { name: "timeout", kind: "timeout" },
  { name: "fast retransmission", kind: "fast" },
  { name: "tail loss probe", kind: "probe" },
  { name: "retransmitted at once", kind: "prompt" },
];

export function points(series: SeriesColumns): Point[] {
  const t = sumUp(series.t);
  const n = sumUp(series.n);
  const f = series.f ? sumUp(series.f) : null;
  const sentTo = [0, 0];
  const acked = [0, 0];
  const window = [0, 0];
  const all = t.map((time, i): Point => {
    const bits = series.k[i];
    const end = (bits & 1) as 0 | 1;
    const seq = sentTo[end] + series.s[i];
    sentTo[end] = seq + series.l[i];
    acked[end] += series.a[i];
    window[end] += series.w[i];
    return {
      t: time / 1e9,
      frame: n[i],
      file: f ? f[i] : 0,
      end,
      flags: series.g[i],
      seq,
      payload: series.l[i],
      ack: series.g[i] & kAck ? acked[end] : null,
      window: window[end],
      windowKnown: Boolean(bits & 16),
      inFlight: series.p[i],
      congestion: series.c[i],
      rtt: series.r[i],
      resent: Boolean(bits & 2),
      late: Boolean(bits & 8),
      probe: Boolean(bits & 4),
      inVain: Boolean(bits & 32),
      cause: bits >> 6,
      sacks: [],
    };
  });
  for (const [i, ...edges] of series.sack)
    for (let k = 0; k + 1 < edges.length; k += 2)
      all[i].sacks.push([all[i].ack! + edges[k], all[i].ack! + edges[k + 1]]);
  return all.sort((a, b) => a.t - b.t);
}
