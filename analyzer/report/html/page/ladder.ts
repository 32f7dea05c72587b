// The ladder of one connection: what each end sent, between the states both were in.
import type { Detail, Entered, LadderRow } from "./data";
import { count, el, svg } from "./dom";

const kWidth = 1000, kClient = 330, kServer = 850, kRow = 26, kTop = 54, kLetter = 8;
const kPortion = 400; // rows at once

class Drawing {
  private y = kTop;
  private readonly rows = svg("g");

  constructor(
    private readonly detail: Detail,
    private readonly seen: Set<number>,
  ) {}

  draw(rows: LadderRow[], first: boolean): SVGSVGElement {
    if (!first) this.y = 4;
    const top = this.y;
    for (const row of rows) this.row(row);
    const height = this.y + 14;
    const drawing = svg("svg", { viewBox: `0 0 ${kWidth} ${height}`, width: kWidth, height, class: "ladder", role: "group", "aria-label": "ladder" });
    const one = this.detail.ends.length < 2;
    for (const x of one ? [kClient] : [kClient, kServer])
      drawing.append(svg("line", { class: "pole", x1: x, x2: x, y1: first ? top - 12 : 0, y2: height }));
    if (first) this.heading(drawing);
    drawing.append(this.rows);
    return drawing;
  }

  private heading(drawing: SVGSVGElement): void {
    this.detail.ends.forEach((address, i) => {
      const x = i === 0 ? kClient : kServer;
      const title = `${i === 0 ? "client" : "server"} ${address}`;
      // An IPv6 address may be too long for its place beside the edge.
      const fits = x + (title.length * kLetter) / 2 <= kWidth;
      drawing.append(this.text(fits ? x : kWidth, 16, fits ? "middle" : "end", "title", title));
      drawing.append(this.text(x + (i === 0 ? -8 : 8), 36, i === 0 ? "end" : "start", "state dim", this.detail.states[i]));
    });
  }

  private text(x: number, y: number, anchor: string, kind: string, what: string): SVGTextElement {
    return svg("text", { x, y, "text-anchor": anchor, class: kind }, what);
  }

  private row([frame, since, label, from = null, fate = 0, proof = 0, client = null, server = null, findings = []]: LadderRow): void {
    this.y += kRow;
    const row = svg("g", { class: "rung" });
    if (frame > 0) {
      row.id = `frame-${frame}`;
      row.setAttribute("tabindex", "-1");
      row.append(this.text(60, this.y + 4, "end", "dim", String(frame)));
    }
    if (since != null) row.append(this.text(150, this.y + 4, "end", "dim", (since / 1e9).toFixed(6)));
    this.state(row, kClient - 8, "end", client);
    this.state(row, kServer + 8, "start", server);
    if (from == null || this.detail.ends.length < 2) row.append(this.text((kClient + kServer) / 2, this.y + 4, "middle", "dim", label));
    else this.arrow(row, from, fate, proof, label);
    this.rows.append(row);
    for (const i of findings) this.finding(i, frame);
  }

  private state(row: SVGGElement, x: number, anchor: string, entered: Entered): void {
    if (!entered) return;
    const [words, basis, why] = entered;
    const text = this.text(x, this.y + 4, anchor, `state ${basis}`, words);
    text.append(svg("title", {}, `${basis}: ${why}`));
    row.append(text);
  }

  private arrow(row: SVGGElement, from: 0 | 1, fate: number, proof: number, label: string): void {
    const [start, whole, way] = from === 0 ? [kClient, kServer, 1] : [kServer, kClient, -1];
    const lost = fate === 2;
    const end = lost ? whole - way * 60 : whole - way;
    const kind = lost ? "lost" : fate === 1 ? "" : "unproved";
    const line = svg("line", { class: `arrow ${kind}`, x1: start + way, x2: end, y1: this.y + 5, y2: this.y + 5 });
    const known = lost ? "lost after the capture point" : fate === 1 ? "received" : "not known whether it was received";
    row.append(svg("title", {}, proof > 0 ? `${known}: frame ${proof} shows it` : known));
    row.append(line, this.text((kClient + kServer) / 2, this.y - 1, "middle", "label", label));
    if (lost) row.append(this.text(end + way * 6, this.y + 9, way > 0 ? "start" : "end", "error", "✕ lost"));
    else row.append(svg("path", { class: "tip", d: `M${end} ${this.y + 5}l${-way * 9} -4v8z` }));
  }

  private finding(i: number, frame: number): void {
    if (this.seen.has(i)) return;
    this.seen.add(i);
    const finding = this.detail.findings[i];
    this.y += kRow - 4;
    const link = svg("a", { href: `#finding-${i}`, class: `mark ${finding.severity}`, "aria-label": `${finding.severity}: ${finding.title}, at frame ${frame}` });
    link.append(this.text((kClient + kServer) / 2, this.y + 2, "middle", finding.severity, `▲ ${finding.severity}: ${finding.title}`));
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const card = document.getElementById(`finding-${i}`);
      card?.scrollIntoView({ block: "center" });
      card?.focus();
    });
    this.rows.append(link);
  }
}

export interface Ladder {
  element: HTMLElement;
  // Brings the row of a frame into view; false if it has none of its own.
  show: (frame: number) => boolean;
}

export function ladder(detail: Detail): Ladder {
  const drawings = el("div", { class: "scroll ladders", tabindex: "0", role: "region", "aria-label": "Ladder diagram" });
  const seen = new Set<number>();
  let drawn = 0;
  const more = el("button", { type: "button", class: "more" });
  const draw = (): void => {
    const portion = detail.rows.slice(drawn, drawn + kPortion);
    drawings.append(new Drawing(detail, seen).draw(portion, drawn === 0));
    drawn += portion.length;
    more.hidden = drawn >= detail.rows.length;
    more.textContent = `Show ${count(Math.min(kPortion, detail.rows.length - drawn))} more of ${count(detail.rows.length)} rows`;
  };
  more.addEventListener("click", draw);
  draw();
  const show = (frame: number): boolean => {
    if (!detail.rows.some((row) => row[0] === frame)) return false;
    while (drawn < detail.rows.length && !document.getElementById(`frame-${frame}`)) draw();
    const row = document.getElementById(`frame-${frame}`);
    for (const other of drawings.querySelectorAll(".chosen")) other.classList.remove("chosen");
    row?.classList.add("chosen");
    row?.scrollIntoView({ block: "center" });
    row?.focus();
    return row != null;
  };
  return { element: el("div", {}, drawings, more), show };
}
