// What a store of many captures tells: incidents by place and time, and against a baseline.
import type { HeatMap, PageData, StoreIncident, StorePlace, Trend, Where } from "./data";
import { severities } from "./data";
import { badge, copyable, count, el, moment, plural, section, span, table, words } from "./dom";

const sections: [string, string][] = [["incidents", "Incidents"], ["heat", "By time and place"], ["changes", "Changes"], ["findings", "Findings"], ["services", "Services"], ["hosts", "Hosts"], ["times", "Times"]];

function trend(of: Trend | null): HTMLElement | null {
  if (!of) return null;
  const then = `${of.before_cause ? ` of ${of.before_cause}` : ""}${of.before_severity ? ` as ${of.before_severity}` : ""}`;
  return el("span", { class: `trend ${of.change}` }, of.change === "new" ? "new" : of.change === "same" ? "as before" : `${of.change}, ${count(of.before)}${then} before`);
}

// The command, and the one that makes the page of what it shows.
function commands(where: Where | null): HTMLElement | null {
  if (!where) return null;
  const paged = /^tcpautopsy (history|report) /.test(where.command);
  return el("div", { class: "commands" }, copyable("see", where.command), paged ? copyable("as a page", `${where.command} --format html -o page.html`) : null);
}

// In a table there is room for one.
const command = (where: Where | null): HTMLElement | null => (where ? el("div", { class: "commands" }, copyable("", where.command)) : null);

const short = (time: string): string => time.slice(0, 19).replace("T", " ");

function incident(one: StoreIncident): HTMLElement {
  const { connections_failed: failed, connections_reset: reset, time_lost_ns: lost } = one.impact;
  const cost = [failed > 0 ? `${plural(failed, "connection", "connections")} failed` : "", reset > 0 ? `${count(reset)} reset` : "", lost > 0 ? `${span(lost)} lost` : ""].filter(Boolean);
  return el(
    "article",
    { class: `card ${one.severity}` },
    el("h3", {}, badge(one.severity), ` ${one.headline} `, trend(one.trend)),
    el(
      "dl",
      {},
      el("dt", {}, "Where to look"), el("dd", {}, `${words(one.actor)} (${one.certainty})`),
      el("dt", {}, "What to do"), el("dd", {}, one.remedy),
      el("dt", {}, "What it cost"), el("dd", {}, cost.join(", ") || "nothing that packets show"),
      el("dt", {}, "How often"), el("dd", {}, `${plural(one.incidents, "time", "times")} in ${plural(one.captures, "capture", "captures")}, ${plural(one.flows, "flow", "flows")}`),
      el("dt", {}, "When"), el("dd", {}, `${short(one.first_time)} to ${short(one.last_time)} UTC`),
      el("dt", {}, "Cause"), el("dd", {}, one.cause + (one.explained_by ? `, explained by ${one.explained_by} in other captures` : "")),
    ),
    commands(one.where),
  );
}

function heatMap(heat: HeatMap): HTMLElement {
  if (heat.cells.length === 0) return el("p", { class: "dim" }, "No incident.");
  const most = Math.max(...heat.cells.map((cell) => cell.incidents));
  const at = new Map(heat.cells.map((cell) => [`${cell.place} ${cell.slot}`, cell]));
  const slot = (s: number): [string, string] => {
    const [day, time] = new Date(s * 1000).toISOString().split("T");
    return [day, heat.by_day ? day : time.slice(0, 5)];
  };
  const head = el("tr", {}, el("th", { scope: "col" }, "Place"));
  let shown = "";
  for (const s of heat.slots) {
    const [day, time] = slot(s);
    head.append(el("th", { scope: "col", title: `${day} ${time} UTC` }, heat.by_day || day === shown ? time : `${day.slice(5)} ${time}`));
    shown = day;
  }
  const rows = heat.places.map((place, p) => {
    const row = el("tr", {}, el("th", { scope: "row" }, place || "several places"));
    heat.slots.forEach((s, i) => {
      const cell = at.get(`${p} ${i}`);
      if (!cell) return row.append(el("td", {}));
      const severity = severities[cell.level];
      const box = el("td", { class: `heat ${severity}`, title: `${place}, ${slot(s).join(" ")} UTC: ${plural(cell.incidents, "incident", "incidents")}, up to ${severity}` }, count(cell.incidents));
      box.style.setProperty("--heat", `${Math.round(14 + (24 * cell.incidents) / most)}%`);
      row.append(box);
    });
    return row;
  });
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Incidents by time and place" }, el("table", { class: "heats" }, el("thead", {}, head), el("tbody", {}, ...rows)));
}

function places(id: string, title: string, all: StorePlace[]): HTMLElement {
  return section(id, title, table([title, "Connections", "Errors", "Warnings", "Trend", "What", "See"], all.map((one) => [one.service ?? one.host ?? "", count(one.connections), count(one.errors), count(one.warnings), trend(one.trend), one.what, command(one.where)]), [1, 2, 3]));
}

export function batchSections(data: PageData): [string, string][] {
  return sections.filter(([id]) => id !== "changes" || data.batch!.baseline != null);
}

export function batch(data: PageData): HTMLElement[] {
  const b = data.batch!;
  const time = b.first_ns == null ? "" : `, ${moment(b.first_ns / 1000)} to ${moment(b.last_ns! / 1000)} UTC`;
  const all: HTMLElement[] = [
    section(
      "incidents",
      "Incidents",
      el("p", {}, `${b.store}: ${plural(b.captures, "capture", "captures")} of ${plural(b.files, "file", "files")}, ${plural(b.packets, "packet", "packets")}, ${plural(b.connections, "connection", "connections")}${time}.`),
      b.baseline == null ? null : el("p", {}, `Compared with ${b.baseline}.`),
      el("p", {}, `Findings: ${[...severities].reverse().map((s) => `${count(b.severities[s])} ${s}`).join(", ")}.`),
      b.incidents.length > 0 ? el("div", { class: "cards" }, ...b.incidents.map(incident)) : el("p", {}, "Nothing above info was found."),
      b.incidents_left_out > 0 ? el("p", { class: "dim" }, `${plural(b.incidents_left_out, "incident", "incidents")} more: batch report --limit`) : null,
    ),
    section("heat", "By time and place", el("p", { class: "dim" }, `How many incidents were going on, by ${data.heat!.by_day ? "day" : "hour"} (UTC).`), heatMap(data.heat!), data.heat!.places_left_out > 0 ? el("p", { class: "dim" }, `${plural(data.heat!.places_left_out, "place", "places")} more.`) : null),
  ];
  if (b.baseline != null)
    all.push(section("changes", "Changes", table(["Change", "Severity", "Finding", "Service", "Before", "Now", "See"], b.changes.map((one) => [one.change, badge(one.severity), one.id, one.service, count(one.before), count(one.now), command(one.where)]), [4, 5])));
  all.push(
    section("findings", "Findings", table(["Severity", "Finding", "What", "How many", "Services", "Trend", "See"], b.findings.map((one) => [badge(one.severity), one.id, one.title, count(one.findings), count(one.services), trend(one.trend), command(one.where)]), [3, 4])),
    places("services", "Services", b.services),
    places("hosts", "Hosts", b.hosts),
    section("times", "Times", table(["Time (UTC)", "Connections", "Errors", "Warnings", "Notes", "See"], b.times.map((one) => [one.time, count(one.connections), count(one.errors), count(one.warnings), count(one.notes), command(one.where)]), [1, 2, 3, 4])),
  );
  if (b.broken.length > 0) all.push(section("broken", "Not read whole", table(["File", "Why"], b.broken.map((one) => [one.file, one.error]))));
  return all;
}
