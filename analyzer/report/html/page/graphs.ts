// The graphs of one connection: time and sequence, octets in flight against the window, round trips.
import uPlot from "uplot";
import { Chart, Link, colour, type Key } from "./chart";
import type { Detail } from "./data";
import { count, el, octets, plural, span } from "./dom";
import { causes, flagText, kAck, kFin, kRst, kSyn, points, type Point } from "./series";

const causeColours = ["--resent", "--timeout", "--fast", "--probe", "--prompt"];
const ends = ["client", "server"];
const seconds = (s: number): string => `${Number(s.toPrecision(7))} s`;
const stepped = uPlot.paths.stepped!({ align: 1 });

function told(p: Point): string {
  const end = p.seq + p.payload;
  const parts = [
    `frame ${p.frame}`,
    `${p.t.toFixed(6)} s`,
    `${ends[p.end]} ${flagText(p.flags)}`,
    p.payload > 0 || p.flags & (kSyn | kFin) ? `seq ${count(p.seq)} to ${count(end)} (${octets(p.payload)})` : `seq ${count(p.seq)}`,
  ];
  if (p.ack != null) parts.push(`ack ${count(p.ack)}`);
  parts.push(p.windowKnown ? `window ${count(p.window)}` : `window ${count(p.window)}, scale not known`);
  if (p.sacks.length) parts.push(`SACK ${p.sacks.map(([l, r]) => `${count(l)} to ${count(r)}`).join(", ")}`);
  if (p.payload > 0) parts.push(`${octets(p.inFlight)} in flight`);
  if (p.rtt > 0) parts.push(`round trip ${span(p.rtt)}`);
  if (p.resent) parts.push(causes[p.cause].name + (p.inVain ? ", in vain" : ""));
  if (p.late) parts.push("fills a gap");
  if (p.probe) parts.push("probe");
  return parts.join(" · ");
}

// Of what one end sends: its segments and the acknowledgments of the other.
class Direction {
  constructor(
    readonly all: Point[],
    readonly from: 0 | 1,
  ) {}
  readonly sends = (p: Point): boolean => p.end === this.from && (p.payload > 0 || (p.flags & (kSyn | kFin)) !== 0);
  readonly acks = (p: Point): boolean => p.end !== this.from && (p.flags & (kAck | kRst)) === kAck && p.ack != null;
  readonly opens = (p: Point): boolean => this.acks(p) && p.windowKnown;
  column(of: (p: Point) => boolean, value: (p: Point) => number): (number | null)[] {
    return this.all.map((p) => (of(p) ? value(p) : null));
  }
  // What holds until another value comes: up to the last segment, so that a stall is seen as one.
  held(of: (p: Point) => boolean, value: (p: Point) => number): (number | null)[] {
    const all = this.column(of, value);
    if (all.length > 0) all[all.length - 1] ??= [...all].reverse().find((v) => v != null) ?? null;
    return all;
  }
}

function paintSequence(of: Direction, plot: uPlot, c: CanvasRenderingContext2D): void {
  const x = (v: number): number => plot.valToPos(v, "x", true);
  const y = (v: number): number => plot.valToPos(v, "y", true);
  const min = plot.scales.x.min ?? 0;
  const max = plot.scales.x.max ?? 0;
  const thick = 2 * devicePixelRatio;
  // By colour and width: a stroke each would take long.
  const lines = new Map<string, Map<number, Path2D>>();
  const line = (kind: string, at: number, from: number, to: number, width = thick): void => {
    let widths = lines.get(kind);
    if (!widths) lines.set(kind, (widths = new Map()));
    let path = widths.get(width);
    if (!path) widths.set(width, (path = new Path2D()));
    path.moveTo(at, from);
    path.lineTo(at, Math.abs(to - from) < width ? from - width : to);
  };
  const closed = new Path2D();
  for (const p of of.all) {
    if (p.t < min || p.t > max) continue;
    const at = x(p.t);
    if (of.acks(p)) {
      for (const [left, right] of p.sacks) line("--sack", at, y(left), y(right), devicePixelRatio);
      if (p.window === 0) {
        const size = 5 * devicePixelRatio;
        const top = y(p.ack!);
        closed.moveTo(at, top - size * 2);
        closed.lineTo(at - size, top - size * 3.5);
        closed.lineTo(at + size, top - size * 3.5);
      }
    }
    if (!of.sends(p)) continue;
    const kind = p.resent ? causeColours[p.cause] : p.late ? "--late" : p.probe ? "--probed" : "--segment";
    line(kind, at, y(p.seq), y(p.seq + p.payload + (p.flags & (kSyn | kFin) ? 1 : 0)), p.resent || p.late ? thick * 1.5 : thick);
  }
  // What was sent again above what was sent once.
  for (const [kind, widths] of [...lines].sort(([a], [b]) => Number(b === "--segment") - Number(a === "--segment"))) {
    c.strokeStyle = colour(kind);
    for (const [width, path] of widths) {
      c.lineWidth = width;
      c.stroke(path);
    }
  }
  c.fillStyle = colour("--zero");
  c.fill(closed);
}

function sequenceKeys(of: Direction): Key[] {
  const keys: Key[] = [
    { name: "segment", colour: "--segment", mark: "bar" },
    { name: "acknowledged", colour: "--ack", mark: "line" },
    { name: "window edge (cut off where far beyond)", colour: "--edge", mark: "line" },
  ];
  if (of.all.some((p) => of.acks(p) && p.sacks.length > 0)) keys.push({ name: "SACK", colour: "--sack", mark: "bar" });
  causes.forEach((cause, i) => {
    if (of.all.some((p) => of.sends(p) && p.resent && p.cause === i)) keys.push({ name: cause.name, colour: causeColours[i], mark: "bar" });
  });
  if (of.all.some((p) => of.sends(p) && p.late)) keys.push({ name: "fills a gap", colour: "--late", mark: "bar" });
  if (of.all.some((p) => of.acks(p) && p.window === 0)) keys.push({ name: "zero window", colour: "--zero", mark: "dot" });
  return keys;
}

function draw(of: Direction, link: Link): HTMLElement[] {
  const t = of.all.map((p) => p.t);
  const tell = (at: number): string => told(of.all[at]);
  const places = of.all.map((_, i) => i);
  const stops = places.filter((i) => of.sends(of.all[i]) || of.acks(of.all[i]));
  const common = { heading: "h4" as const, time: seconds, tell, stops };
  const name = `${ends[of.from]} to ${ends[1 - of.from]}`;
  const sequence = new Chart(
    {
      ...common,
      id: `sequence-${of.from}`,
      title: `Time and sequence, ${name}`,
      height: 380,
      data: [
        t,
        of.held(of.acks, (p) => p.ack!),
        of.held(of.opens, (p) => p.ack! + p.window),
        of.column(of.sends, (p) => p.seq + p.payload),
      ] as uPlot.AlignedData,
      series: [
        { stroke: "--ack", width: 1.5, paths: stepped, spanGaps: true },
        { stroke: "--edge", width: 1.5, paths: stepped, spanGaps: true },
        { paths: () => null },
      ],
      leading: [1, 3],
      keys: sequenceKeys(of),
      axis: (v) => octets(v),
      paint: (plot, context) => paintSequence(of, plot, context),
    },
    link,
  );
  const flight = new Chart(
    {
      ...common,
      id: `flight-${of.from}`,
      title: `In flight against the window, ${name}`,
      height: 220,
      data: [
        t,
        of.column((p) => p.end === of.from ? p.payload > 0 : p.payload === 0, (p) => p.inFlight),
        of.held(of.opens, (p) => p.window),
        of.column((p) => of.sends(p) && p.congestion > 0, (p) => p.congestion),
      ] as uPlot.AlignedData,
      series: [
        { stroke: "--segment", fill: "--segment/33", width: 1.5, paths: stepped, spanGaps: true },
        { stroke: "--edge", width: 1.5, paths: stepped, spanGaps: true },
        { stroke: "--congestion", width: 1.5, dash: [6, 4], paths: stepped, spanGaps: true },
      ],
      leading: [1, 3],
      keys: [
        { name: "in flight", colour: "--segment", mark: "area" },
        { name: "window offered (cut off where far beyond)", colour: "--edge", mark: "line" },
        { name: "congestion window, estimated (at least the most in flight in two round trips)", colour: "--congestion", mark: "line" },
      ],
      axis: (v) => octets(v),
    },
    link,
  );
  const measured = of.column((p) => p.end !== of.from && p.rtt > 0, (p) => p.rtt / 1e6);
  if (measured.every((v) => v == null)) return [sequence.element, flight.element];
  const trips = new Chart(
    {
      ...common,
      id: `rtt-${of.from}`,
      title: `Round trip from the capture point to the ${ends[1 - of.from]}`,
      height: 180,
      data: [t, measured] as uPlot.AlignedData,
      series: [{ stroke: "--rtt", paths: () => null, points: { show: true, size: 5 } }],
      keys: [{ name: "round trip of a segment sent once", colour: "--rtt", mark: "dot" }],
      axis: (v) => `${Number(v.toPrecision(4))} ms`,
    },
    link,
  );
  return [sequence.element, flight.element, trips.element];
}

export function graphs(detail: Detail, links: Link[]): HTMLElement {
  if (!detail.series || detail.series.t.length === 0)
    return el("p", { class: "dim" }, "No graph: the connection is with itself, or none of its segments was followed.");
  const all = points(detail.series);
  const carried = [0, 1].map((end) => {
    const sent = all.filter((p) => p.end === end && p.payload > 0);
    return sent.reduce((most, p) => Math.max(most, p.seq + p.payload), -Infinity) - sent.reduce((least, p) => Math.min(least, p.seq), Infinity);
  }).map((n) => Math.max(0, n));
  const first = carried[1] > carried[0] ? 1 : 0;
  const left = detail.series.segments - all.length;
  const hint = el(
    "p",
    { class: "dim" },
    left > 0
      ? `${plural(all.length, "segment", "segments")} of ${count(detail.series.segments)} are shown: of runs the first, the last and the extremes. `
      : "",
    "Drag to zoom, Shift and drag to pan, double-click for all; Control and wheel zoom, Shift and wheel pan. With the keyboard: + and −, arrows, 0; comma and full stop go from point to point.",
  );
  const box = el("div", { class: "graphs" });
  const show = (from: 0 | 1): void => {
    const link = new Link();
    links.splice(0, links.length, link);
    box.replaceChildren(...draw(new Direction(all, from), link));
  };
  const choice = el("fieldset", { class: "choice" }, el("legend", {}, "Data sent by"));
  for (const from of [0, 1] as const) {
    const input = el("input", { type: "radio", name: "direction", value: from, checked: from === first, change: () => show(from) });
    choice.append(el("label", {}, input, ` ${ends[from]} (${octets(carried[from])})`));
  }
  show(first);
  return el("div", {}, choice, hint, box);
}
