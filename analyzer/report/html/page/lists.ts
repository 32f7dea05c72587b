// The long tables: findings and connections.
import { severities, sumUp, type FindingColumns, type PageData } from "./data";
import { badge, closeWords, count, el, endpoint, moment, octets, plural, section, span, words } from "./dom";
import { VirtualTable } from "./virtual_table";

// By the number of a connection: what its gravest finding is, and its incidents.
export interface Trouble {
  worst: Map<number, number>;
  incidents: Map<number, Set<number>>;
}

export function troubles(findings: FindingColumns): Trouble {
  const worst = new Map<number, number>();
  const incidents = new Map<number, Set<number>>();
  findings.flow.forEach((flow, i) => {
    if (flow < 0) return;
    worst.set(flow, Math.max(worst.get(flow) ?? -1, findings.severity[i]));
    if (findings.incident[i] < 0) return;
    let of = incidents.get(flow);
    if (!of) incidents.set(flow, (of = new Set()));
    of.add(findings.incident[i]);
  });
  return { worst, incidents };
}

// All words of what was typed must stand in a row.
function matcher(typed: string): (row: string) => boolean {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) => wanted.every((word) => row.includes(word));
}

function lazily(make: (row: number) => string): (row: number) => string {
  const made: string[] = [];
  return (row) => (made[row] ??= make(row).toLowerCase());
}

function search(label: string, id: string, changed: () => void): HTMLInputElement {
  let due = 0;
  return el("input", {
    type: "search", id, placeholder: label, "aria-label": label, autocomplete: "off",
    input: () => {
      clearTimeout(due);
      due = window.setTimeout(changed, 120);
    },
  });
}

function choice(label: string, values: string[], changed: () => void, told = words): HTMLSelectElement {
  return el("select", { "aria-label": label, change: changed }, el("option", { value: "" }, label), ...values.map((v) => el("option", { value: v }, told(v))));
}

export function findings(data: PageData, open: (flow: number) => void): HTMLElement {
  const f = data.findings!;
  const ends = ["", "client", "server"];
  const title = (i: number): string => f.kinds[f.kind[i]].title;
  const text = (i: number): string => f.summary[i] || title(i);
  const certainties = ["possible", "likely", "certain"];
  const told = el("p", { class: "told", "aria-live": "polite" });
  const tell = (i: number): void => {
    told.replaceChildren(badge(severities[f.severity[i]]), ` ${title(i)}: ${text(i)} `, `(${certainties[f.certainty[i]]}, ${moment(f.base_us + f.time_us[i])} UTC) `);
    if (f.flow[i] >= 0) told.append(el("a", { href: `#flow-${f.flow[i]}` }, `flow ${f.flow[i]}`), " ");
    if (f.incident[i] >= 0) told.append(el("a", { href: `#incident-${f.incident[i]}` }, `incident ${f.incident[i]}`));
  };
  const rows = new VirtualTable(
    "Findings",
    [
      { name: "Severity", width: "90px", cell: (i) => badge(severities[f.severity[i]]), key: (i) => f.severity[i], numeric: false },
      { name: "Finding", width: "210px", cell: (i) => f.kinds[f.kind[i]].id, key: (i) => f.kinds[f.kind[i]].id },
      { name: "Flow", width: "80px", cell: (i) => (f.flow[i] < 0 ? "–" : String(f.flow[i])), key: (i) => f.flow[i], numeric: true },
      { name: "Time (UTC)", width: "200px", cell: (i) => moment(f.base_us + f.time_us[i]), key: (i) => f.time_us[i] },
      { name: "End", width: "70px", cell: (i) => ends[f.endpoint[i]], key: (i) => f.endpoint[i] },
      { name: "What", width: "minmax(320px, 1fr)", cell: text },
    ],
    { open: (i) => f.flow[i] >= 0 && open(f.flow[i]), chosen: tell },
  );
  const words_ = lazily((i) => `${severities[f.severity[i]]} ${f.kinds[f.kind[i]].id} ${text(i)} flow ${f.flow[i]} ${ends[f.endpoint[i]]}`);
  const counted = el("p", { class: "dim", role: "status" });
  const show = (): void => {
    const fits = matcher(typed.value);
    const least = severity.value ? severities.indexOf(severity.value as (typeof severities)[number]) : 0;
    const some: number[] = [];
    f.kind.forEach((_, i) => {
      if (f.severity[i] >= least && (!kind.value || f.kinds[f.kind[i]].id === kind.value) && fits(words_(i))) some.push(i);
    });
    rows.show(some);
    counted.textContent = `${count(some.length)} of ${plural(f.kind.length + f.left_out, "finding", "findings")}${f.left_out ? `; ${count(f.left_out)} are not in this page` : ""}`;
  };
  const typed = search("Search findings", "findings-search", show);
  const severity = choice("at least", ["error", "warning", "note", "info"], show);
  const kind = choice("all findings", f.kinds.map((k) => k.id).sort(), show);
  show();
  return section("findings", "Findings", el("div", { class: "filters" }, typed, severity, kind), counted, rows.element, told);
}

export interface Flows {
  element: HTMLElement;
  // Only those of an incident; none for all.
  ofIncident: (incident: number | null) => void;
}

export function flows(data: PageData, trouble: Trouble, open: (flow: number) => void): Flows {
  const f = data.flows!;
  const number = sumUp(f.number);
  const client = (i: number): string => endpoint(f.hosts[f.client[i]], f.client_port[i]);
  const server = (i: number): string => endpoint(f.hosts[f.server[i]], f.server_port[i]);
  const worst = (i: number): number => trouble.worst.get(number[i]) ?? -1;
  const close = (i: number): string => closeWords(f.closes[f.close[i]]);
  let incident: number | null = null;
  const rows = new VirtualTable(
    "Flows",
    [
      { name: "Flow", width: "80px", numeric: true, cell: (i) => el("a", { href: `#flow-${number[i]}`, tabindex: "-1" }, String(number[i])), key: (i) => number[i] },
      { name: "Worst", width: "90px", cell: (i) => (worst(i) < 0 ? "" : badge(severities[worst(i)])), key: (i) => worst(i) },
      { name: "Client", width: "minmax(180px, 1fr)", cell: client, key: client },
      { name: "Server", width: "minmax(180px, 1fr)", cell: server, key: server },
      { name: "Begun (UTC)", width: "200px", cell: (i) => moment(f.base_us + f.begun_us[i]), key: (i) => f.begun_us[i] },
      { name: "Lasted", width: "100px", numeric: true, cell: (i) => span(f.lasted_us[i] * 1000), key: (i) => f.lasted_us[i] },
      { name: "Sent", width: "90px", numeric: true, cell: (i) => octets(f.sent[i]), key: (i) => f.sent[i] },
      { name: "Received", width: "100px", numeric: true, cell: (i) => octets(f.received[i]), key: (i) => f.received[i] },
      { name: "Packets", width: "90px", numeric: true, cell: (i) => count(f.packets[i]), key: (i) => f.packets[i] },
      { name: "Retransmitted", width: "110px", numeric: true, cell: (i) => count(f.resent[i]), key: (i) => f.resent[i] },
      { name: "Opened", width: "110px", cell: (i) => words(f.handshakes[f.handshake[i]]), key: (i) => f.handshakes[f.handshake[i]] },
      { name: "Ended", width: "180px", cell: close, key: close },
      { name: "Most time in", width: "160px", cell: (i) => f.causes[f.cause[i]], key: (i) => f.causes[f.cause[i]] },
      { name: "States", width: "200px", cell: (i) => `${f.states[f.client_state[i]]} / ${f.states[f.server_state[i]]}`, key: (i) => f.states[f.client_state[i]] },
    ],
    { open: (i) => open(number[i]) },
  );
  const words_ = lazily((i) => `flow ${number[i]} ${client(i)} ${server(i)} ${close(i)} ${words(f.handshakes[f.handshake[i]])} ${f.causes[f.cause[i]]} ${f.states[f.client_state[i]]} ${f.states[f.server_state[i]]} ${severities[worst(i)] ?? ""}`);
  const counted = el("p", { class: "dim", role: "status" });
  const all = el("button", { type: "button", hidden: true, click: () => ofIncident(null) });
  const show = (): void => {
    const fits = matcher(typed.value);
    const some: number[] = [];
    number.forEach((n, i) => {
      if (ended.value && f.closes[f.close[i]] !== ended.value) return;
      if (troubled.checked && worst(i) < 1) return;
      if (incident != null && !trouble.incidents.get(n)?.has(incident)) return;
      if (fits(words_(i))) some.push(i);
    });
    rows.show(some);
    counted.textContent = `${count(some.length)} of ${plural(number.length + f.left_out, "flow", "flows")}${f.left_out ? `; ${count(f.left_out)} small ones without trouble are not in this page` : ""}`;
  };
  const typed = search("Search flows: address, port, state", "flows-search", show);
  const ended = choice("ended in any way", [...f.closes].sort(), show, closeWords);
  const troubled = el("input", { type: "checkbox", change: show });
  const ofIncident = (one: number | null): void => {
    incident = one;
    all.hidden = one == null;
    all.textContent = one == null ? "" : `incident ${one} only: show all flows`;
    show();
  };
  show();
  return {
    element: section("flows", "Flows", el("div", { class: "filters" }, typed, ended, el("label", {}, troubled, " only with findings above info"), all), counted, rows.element),
    ofIncident,
  };
}
