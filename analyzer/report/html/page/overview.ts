// The sections about all connections: incidents, timeline, services.
import uPlot from "uplot";
import { Chart, Link, colour } from "./chart";
import type { Incident, PageData, Report, Timeline } from "./data";
import { badge, closeWords, copyable, count, el, endpoint, moment, octets, percent, plural, section, shares, span, svg, table, words } from "./dom";

const kPortion = 30;

function incident(one: Incident, detailed: (flow: number) => boolean): HTMLElement {
  const flows = el("p", { class: "flows" }, `${plural(one.flows, "flow", "flows")}: `);
  const sorted = [...one.sample_flows].sort((a, b) => Number(detailed(b)) - Number(detailed(a)));
  for (const flow of sorted) flows.append(el("a", { href: `#flow-${flow}` }, `flow ${flow}`), " ");
  if (one.flows > sorted.length) flows.append(el("a", { href: `#flows-incident-${one.incident}` }, "all of them"));
  const from = moment(one.first_ns / 1000);
  const until = moment(one.last_ns / 1000);
  return el(
    "article",
    { class: `card ${one.severity}`, id: `incident-${one.incident}`, tabindex: "-1" },
    el("h3", {}, el("span", { class: "dim" }, `${one.incident} `), badge(one.severity), ` ${one.verdict}`),
    el(
      "dl",
      {},
      el("dt", {}, "Where to look"), el("dd", {}, one.where === "unknown" ? "packets cannot tell the side" : words(one.where)),
      el("dt", {}, "How sure"), el("dd", {}, one.certainty),
      el("dt", {}, "What to do"), el("dd", {}, one.remedy),
      el("dt", {}, "When"), el("dd", {}, from === until ? `${from} UTC` : `${from} to ${until} UTC`),
      el("dt", {}, "Shown by"), el("dd", {}, Object.entries(one.findings).map(([id, n]) => `${id}${n > 1 ? ` ×${count(n)}` : ""}`).join(", ")),
      el("dt", {}, "For example"), el("dd", {}, one.example),
    ),
    one.sample_flows.length > 0 ? flows : null,
    one.see ? copyable("see", `tcpautopsy ${one.see} FILE`) : null,
  );
}

const endKinds: Record<string, string> = { open: "c2", both_fin: "c0", client_fin: "c4", server_fin: "c4", client_rst: "c3", server_rst: "c3", timeout: "c1" };

export function incidents(data: PageData): HTMLElement {
  const report = data.report!;
  const part = section("incidents", "Incidents");
  for (const [label, text] of data.short ?? []) part.append(el("p", {}, label ? el("b", {}, `${label}: `) : null, text));
  const ends = Object.entries(report.close).sort((a, b) => b[1] - a[1]);
  if (ends.length > 0)
    part.append(
      el("h3", {}, "How connections ended"),
      shares("How connections ended", ends.map(([name, n]) => ({ name: closeWords(name), value: n, text: count(n), kind: endKinds[name] ?? "c5" }))),
    );
  const cards = el("div", { class: "cards" });
  let shown = 0;
  const more = el("button", { type: "button", class: "more" });
  const detailed = (flow: number): boolean => String(flow) in data.details;
  const show = (): void => {
    for (const one of report.incidents.slice(shown, shown + kPortion)) cards.append(incident(one, detailed));
    shown = Math.min(report.incidents.length, shown + kPortion);
    more.hidden = shown >= report.incidents.length;
    more.textContent = `Show more of ${plural(report.incidents.length, "incident", "incidents")}`;
  };
  more.addEventListener("click", show);
  show();
  part.append(
    el("h3", {}, plural(report.incidents.length, "incident", "incidents")),
    report.incidents.length > 0 ? cards : el("p", {}, data.nothing_examined || "Nothing above info was found."),
    more,
  );
  const details = el("details", {}, el("summary", {}, "What was captured, and how connections opened"));
  const list = el("dl", {});
  for (const [label, text] of [...(data.capture ?? []), ...(data.outcome ?? [])]) list.append(el("dt", {}, label), el("dd", {}, text));
  details.append(list);
  part.append(details);
  return part;
}

const phases: [string, string][] = [["established", "--established"], ["opening", "--opening"], ["closing", "--closing"], ["unknown", "--unknown"]];

const kLanes = 12;
const kShaded = 3;

// From when to when, in seconds of the timeline.
const during = (line: Timeline, one: Incident): [number, number] =>
  [one.first_ns, one.last_ns].map((ns) => (ns / 1000 - line.from_us) / 1e6) as [number, number];

// The worst incidents as bands behind the plot.
function shade(line: Timeline, all: Incident[], plot: uPlot, c: CanvasRenderingContext2D): void {
  const { top, height } = plot.bbox;
  for (const one of all.slice(0, kShaded)) {
    const [from, until] = during(line, one).map((s) => plot.valToPos(s, "x", true));
    c.fillStyle = `${colour(`--${one.severity}`)}22`;
    c.fillRect(from, top, Math.max(3, until - from), height);
  }
}

// A lane for each of the first incidents.
function lanes(line: Timeline, all: Incident[], plot: uPlot, c: CanvasRenderingContext2D): void {
  const { top, height } = plot.bbox;
  const lane = height / Math.min(kLanes, all.length);
  c.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  c.textBaseline = "middle";
  all.slice(0, kLanes).forEach((one, i) => {
    const [from, until] = during(line, one).map((s) => plot.valToPos(s, "x", true));
    const wide = Math.max(4, until - from);
    c.fillStyle = colour(`--${one.severity}`);
    c.fillRect(from, top + i * lane + lane * 0.1, wide, lane * 0.8);
    // Before its bar, else within it, else behind it: wherever there is room.
    const room = 30 * devicePixelRatio;
    const before = from - plot.bbox.left > room;
    const within = !before && wide > room;
    c.fillStyle = colour(within ? "--back" : "--text");
    c.textAlign = before ? "right" : "left";
    const at = before ? from - 4 : within ? Math.max(from, plot.bbox.left) + 4 : from + wide + 4;
    c.fillText(String(one.incident), at, top + (i + 0.5) * lane);
  });
}

export function timeline(data: PageData, links: Link[]): HTMLElement {
  const line = data.timeline!;
  const all = data.report!.incidents;
  if (line.octets.length === 0) return section("timeline", "Timeline", el("p", { class: "dim" }, "No packet of TCP."));
  const step = line.step_us / 1e6;
  // A lone span is told as a step.
  const x = line.octets.map((_, i) => i * step);
  if (x.length === 1) x.push(step);
  const pad = (values: number[]): number[] => (values.length === x.length ? values : [...values, ...values.slice(-1)]);
  const bits = pad(line.octets).map((n) => (n * 8) / step);
  const resent = pad(line.resent);
  const link = new Link();
  links.push(link);
  const time = (s: number): string => `${Number(s.toPrecision(6))} s`;
  const at = (i: number): string =>
    `${moment(line.from_us + x[i] * 1e6)} UTC · ${span(step * 1e9)}: ${plural(pad(line.packets)[i], "packet", "packets")}, ${rate(bits[i])}, ${count(resent[i])} retransmitted`;
  const bars = uPlot.paths.bars!({ size: [0.9, 100], align: 1 });
  const stepped = uPlot.paths.stepped!({ align: 1 });
  const under = (plot: uPlot, c: CanvasRenderingContext2D): void => shade(line, all, plot, c);
  const told = (i: number): string => {
    const met = all.filter((one) => during(line, one)[0] <= x[i] + step && during(line, one)[1] >= x[i]);
    return `${moment(line.from_us + x[i] * 1e6)} UTC · ${met.length === 0 ? "no incident" : met.slice(0, 3).map((one) => `incident ${one.incident}: ${one.verdict}`).join(" ")}${met.length > 3 ? ` And ${count(met.length - 3)} more.` : ""}`;
  };
  const severities = [...new Set(all.slice(0, kLanes).map((one) => one.severity))];
  const bands = new Chart(
    { id: "bands", title: all.length > kLanes ? `Incidents, the worst ${kLanes}` : "Incidents", heading: "h3", height: 44 + 18 * Math.min(kLanes, all.length), time, tell: told, paint: (plot, c) => lanes(line, all, plot, c), data: [x, x.map(() => 0)] as uPlot.AlignedData, series: [{ paths: () => null }], keys: severities.map((one) => ({ name: one, colour: `--${one}`, mark: "area" as const })), axis: () => "" },
    link,
  );
  const throughput = new Chart(
    { id: "throughput", title: "Throughput", heading: "h3", height: 180, time, tell: at, under, data: [x, bits] as uPlot.AlignedData, series: [{ stroke: "--segment", fill: "--segment/40", width: 1.5, paths: stepped }], keys: [{ name: "on the wire", colour: "--segment", mark: "area" }], axis: rate },
    link,
  );
  const again = new Chart(
    { id: "retransmissions", title: "Retransmissions", heading: "h3", height: 120, time, tell: at, under, data: [x, resent] as uPlot.AlignedData, series: [{ stroke: "--timeout", fill: "--timeout", width: 0, paths: bars }], keys: [{ name: "retransmitted segments", colour: "--timeout", mark: "bar" }], axis: (v) => (Number.isInteger(v) ? count(v) : "") },
    link,
  );
  let sum = x.map(() => 0);
  const stacked = phases.map(([name]) => (sum = pad(line.phases[name] ?? []).map((n, i) => n + sum[i])));
  const states = new Chart(
    {
      id: "states",
      title: "Connections by state",
      heading: "h3",
      height: 200,
      time,
      tell: (i) => `${moment(line.from_us + x[i] * 1e6)} UTC · ${phases.map(([name]) => `${name} ${count(pad(line.phases[name] ?? [])[i] ?? 0)}`).join(", ")}`,
      under,
      data: [x, ...[...stacked].reverse()] as uPlot.AlignedData,
      series: [...phases].reverse().map(([, key]) => ({ stroke: key, fill: key, width: 1, paths: stepped })),
      keys: phases.map(([name, key]) => ({ name, colour: key, mark: "area" as const })),
      axis: (v) => (Number.isInteger(v) ? count(v) : ""),
    },
    link,
  );
  return section("timeline", "Timeline", el("p", { class: "dim" }, `From ${moment(line.from_us)} UTC; a step is ${span(step * 1e9)}.`), el("div", { class: "graphs" }, all.length > 0 ? bands.element : null, throughput.element, again.element, states.element));
}

const rate = (bits: number): string => `${octets(bits).replace("kB", "kbit").replace("MB", "Mbit").replace("GB", "Gbit").replace("TB", "Tbit").replace(/ B$/, " bit")}/s`;

function sparkline(values: number[]): SVGSVGElement {
  const most = Math.max(...values, 1);
  const points = values.map((v, i) => `${(i * 100) / Math.max(1, values.length - 1)},${22 - (v * 20) / most}`).join(" ");
  return svg("svg", { viewBox: "0 0 100 24", width: 100, height: 24, role: "img", "aria-label": `most at once ${count(most)}`, class: "spark" }, svg("polyline", { points }));
}

function troubled(report: Report): HTMLElement {
  return table(
    ["Service", "Connections", "Not opened", "Errors", "Warnings", "Findings"],
    report.services_in_trouble.map((s) => [
      endpoint(s.ip, s.port), count(s.connections), count(s.not_opened), count(s.errors), count(s.warnings),
      Object.entries(s.findings).sort((a, b) => b[1] - a[1]).slice(0, 4).map(([id, n]) => `${id} ×${count(n)}`).join(", "),
    ]),
    [1, 2, 3, 4],
  );
}

export function services(data: PageData): HTMLElement {
  const report = data.report!;
  const part = section("services", "Services and hosts");
  if (report.services_in_trouble.length > 0) part.append(el("h3", {}, "In trouble"), troubled(report));
  part.append(
    el("h3", {}, "Busiest"),
    report.services.length === 0
      ? el("p", { class: "dim" }, "None.")
      : table(
          ["Service", "Connections", "Failed", "Most half-open", "Most in TIME-WAIT", "Closed first by", "Load"],
          report.services.map((s) => [
            endpoint(s.ip, s.port),
            count(s.connections),
            s.failure_rate == null ? "–" : percent(s.failure_rate),
            count(s.peak_half_open.count),
            count(s.peak_time_wait.count),
            Object.entries(s.closed_first).filter(([, n]) => n > 0).map(([who, n]) => `${who} ${count(n)}`).join(", ") || "–",
            sparkline(s.load),
          ]),
          [1, 2, 3, 4],
        ),
  );
  const causes = Object.entries(report.where_time_went.causes).filter(([, c]) => c.total_ns > 0);
  if (causes.length > 0) {
    const whole = report.where_time_went.total_ns || 1;
    part.append(
      el("h3", {}, "Where the time of all connections went"),
      shares("Where the time of all connections went", causes.map(([name, c], i) => ({ name: words(name), value: c.total_ns, text: percent(c.total_ns / whole), kind: `c${i % 13}` }))),
    );
  }
  return part;
}
