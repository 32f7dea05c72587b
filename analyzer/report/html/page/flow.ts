// One connection: findings, where its time went, ladder and graphs.
import type { Link } from "./chart";
import { severities, type Detail, type FlowFinding } from "./data";
import { badge, copyable, count, el, percent, shares, span } from "./dom";
import { graphs } from "./graphs";
import { ladder, type Ladder } from "./ladder";

function finding(f: FlowFinding, i: number, drawn: Ladder): HTMLElement {
  const frames = el("p", { class: "frames" }, "Frames: ");
  f.frames.slice(0, 24).forEach((frame) => {
    const link = el("button", { type: "button", class: "link", "aria-label": `frame ${frame} in the ladder` }, String(frame));
    link.addEventListener("click", () => {
      if (!drawn.show(frame)) link.title = "within a run that the ladder shows as one row";
    });
    frames.append(link, " ");
  });
  if (f.frames.length > 24) frames.append(`and ${count(f.frames.length - 24)} more`);
  return el(
    "article",
    { class: `card ${f.severity}`, id: `finding-${i}`, tabindex: "-1" },
    el("h4", {}, badge(f.severity), ` ${f.title} `, el("code", {}, f.id)),
    el("p", {}, f.summary),
    el("p", { class: "dim" }, `${f.certainty}${f.endpoint ? `, about the ${f.endpoint}` : ""}`),
    f.frames.length > 0 ? frames : null,
    copyable("display filter", f.filter),
  );
}

const kKinds = 13; // as many as causes

export function flowView(detail: Detail, links: Link[]): HTMLElement {
  const whole = detail.time.reduce((sum, [, ns]) => sum + ns, 0);
  const parts = [...detail.time]
    .sort((a, b) => b[1] - a[1])
    .map(([name, ns], i) => ({ name, value: ns, text: `${percent(ns / whole)} (${span(ns)})`, kind: `c${i % kKinds}` }));
  const drawn = ladder(detail);
  const grave = detail.findings
    .map((f, i) => ({ f, i }))
    .sort((a, b) => severities.indexOf(b.f.severity) - severities.indexOf(a.f.severity) || a.i - b.i)
    .map(({ f, i }) => finding(f, i, drawn));
  return el(
    "div",
    { class: "flow" },
    el("p", {}, detail.subtitle),
    el("p", { class: "dim" }, `At the capture's end: client ${detail.final[0]}${detail.final.length > 1 ? `, server ${detail.final[1]}` : ""}.`),
    el("p", {}, copyable("display filter", detail.filter)),
    el("h3", {}, "Findings"),
    grave.length > 0 ? el("div", { class: "cards" }, ...grave) : el("p", { class: "dim" }, "None."),
    el("h3", {}, "Where the time was spent"),
    parts.length > 0 ? shares("Where the time was spent", parts) : el("p", { class: "dim" }, "Packets cannot tell: one direction was captured, or there is no time to tell of."),
    el("h3", {}, "Graphs"),
    graphs(detail, links),
    el("h3", {}, "Ladder"),
    el("p", { class: "dim" }, "A state in brackets was inferred, one in square brackets is a timer's, + is proved by a later frame. A dotted arrow: whether it was received is not known. Rest on a row for what proves it."),
    drawn.element,
  );
}
