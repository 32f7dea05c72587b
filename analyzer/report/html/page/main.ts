import "uplot/dist/uPlot.min.css";
import "./style.css";
import { batch, batchSections } from "./batch";
import type { Link } from "./chart";
import { read, severities, type Detail, type PageData } from "./data";
import { copyable, el, section } from "./dom";
import { flowView } from "./flow";
import { findings, flows, troubles, type Flows } from "./lists";
import { incidents, services, timeline } from "./overview";

const data: PageData = read();
const main = document.getElementById("main")!;
const overviewLinks: Link[] = [];
const flowLinks: Link[] = [];
const overview = el("div", { id: "overview" });
const single = el("div", { id: "single" });
let table: Flows | null = null;
let lastPlace = 0;

const reportSections: [string, string][] = [["incidents", "Incidents"], ["timeline", "Timeline"], ["services", "Services"], ["findings", "Findings"], ["flows", "Flows"]];

const go = (flow: number): void => {
  location.hash = `#flow-${flow}`;
};

// What turned out to be part of a host's counts as the list has it: details are written while a capture is read.
function settle(detail: Detail): void {
  const f = data.findings;
  f?.flow.forEach((flow, i) => {
    if (flow !== detail.number) return;
    for (const finding of detail.findings) if (finding.id === f.kinds[f.kind[i]].id) finding.severity = severities[f.severity[i]];
  });
}

function showFlow(flow: string): void {
  if (!overview.hidden) lastPlace = scrollY;
  overview.hidden = true;
  single.hidden = false;
  flowLinks.length = 0;
  const detail = data.details[flow];
  if (detail) settle(detail);
  const back = el("p", {}, el("a", { href: "#flows", class: "back" }, "← back to the report"));
  const body = detail
    ? flowView(detail, flowLinks)
    : el("p", {}, "The page shows the ladder and graphs of some connections alone: those that incidents name, and the largest. For this one: ", copyable("command", `tcpautopsy history --flow ${flow} --format html -o flow${flow}.html FILE`));
  const title = detail ? detail.title : `Flow ${flow}: not in this page`;
  single.replaceChildren(...(data.kind === "report" ? [back] : []), section("flow", title, body));
  scrollTo(0, 0);
  const heading = single.querySelector<HTMLElement>("h2")!;
  heading.tabIndex = -1;
  if (data.kind === "report") heading.focus();
}

function showOverview(target: string): void {
  const came = overview.hidden;
  overview.hidden = false;
  single.hidden = true;
  single.replaceChildren();
  const of = /^flows-incident-(\d+)$/.exec(target);
  if (of) table?.ofIncident(Number(of[1]));
  const place = document.getElementById(of ? "flows" : target);
  if (came && !of && target === "flows") scrollTo(0, lastPlace);
  else place?.scrollIntoView();
  if (place?.hasAttribute("tabindex")) place.focus();
}

function route(): void {
  const target = location.hash.slice(1);
  const flow = /^flow-(\d+)$/.exec(target);
  if (data.kind === "history") showFlow(Object.keys(data.details)[0]);
  else if (flow) showFlow(flow[1]);
  else showOverview(target);
}

function themes(): HTMLElement {
  const root = document.documentElement;
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  const button = el("button", { type: "button", id: "theme" });
  let chosen: boolean | null = null;
  const use = (dark: boolean): void => {
    root.dataset.theme = dark ? "dark" : "light";
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", `${dark ? "light" : "dark"} colours`);
    for (const link of [...overviewLinks, ...flowLinks]) link.redraw();
  };
  const wanted = (): boolean => chosen ?? prefers.matches;
  button.addEventListener("click", () => use((chosen = !wanted())));
  prefers.addEventListener("change", () => use(wanted()));
  // Paper is white.
  addEventListener("beforeprint", () => use(false));
  addEventListener("afterprint", () => use(wanted()));
  use(wanted());
  return button;
}

function header(): void {
  const nav = document.getElementById("nav")!;
  const sections = { report: reportSections, batch: data.kind === "batch" ? batchSections(data) : [], history: [] }[data.kind];
  for (const [id, name] of sections) nav.append(el("a", { href: `#${id}` }, name));
}

function build(): void {
  const tools = themes();
  main.replaceChildren(overview, single);
  single.hidden = true;
  if (data.kind === "report") {
    document.title = `tcpautopsy: ${data.report!.incidents[0]?.verdict ?? "no incident"}`;
    const trouble = troubles(data.findings!);
    table = flows(data, trouble, go);
    overview.append(incidents(data), timeline(data, overviewLinks), services(data), findings(data, go), table.element);
  } else if (data.kind === "batch") {
    document.title = `tcpautopsy: ${data.batch!.store}`;
    overview.append(...batch(data));
  } else {
    document.title = `tcpautopsy: ${Object.values(data.details)[0].title}`;
  }
  header();
  document.getElementById("tools")!.append(tools);
  addEventListener("hashchange", route);
  route();
  document.documentElement.dataset.ready = "yes";
}

build();
