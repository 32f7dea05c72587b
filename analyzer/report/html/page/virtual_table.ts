// A table of any length: only the rows in view are elements. Arrows, Page Up and Down, Home and End move the
// chosen row, Enter opens it.
import { el } from "./dom";

export interface Column {
  name: string;
  width: string; // of a grid track
  numeric?: boolean;
  cell: (row: number) => string | Node;
  // What it is sorted by; a string or number.
  key?: (row: number) => string | number;
}

export interface Choice {
  open: (row: number) => void;
  chosen?: (row: number) => void;
}

const kRow = 30;
let tables = 0;

export class VirtualTable {
  readonly element: HTMLElement;
  private readonly id = `table${tables++}`;
  private readonly grid: HTMLElement;
  private readonly body: HTMLElement;
  private readonly head: HTMLElement;
  private order: number[] = [];
  private at = 0;
  private most = 0; // rows shown at one time: filters leave the table's height alone
  private sorted = -1;
  private down = true;

  constructor(
    label: string,
    private readonly columns: Column[],
    private readonly choice: Choice,
  ) {
    this.head = el("div", { class: "vrow vhead", role: "row", "aria-rowindex": 1 });
    columns.forEach((column, i) => this.head.append(this.heading(column, i)));
    this.body = el("div", { class: "vbody", role: "rowgroup" });
    this.grid = el(
      "div",
      { class: "vgrid", role: "grid", tabindex: "0", "aria-label": label, "aria-readonly": "true" },
      el("div", { role: "rowgroup", class: "vheads" }, this.head),
      this.body,
    );
    this.element = el("div", { class: "vtable" }, this.grid);
    this.grid.style.setProperty("--tracks", columns.map((column) => column.width).join(" "));
    this.element.addEventListener("scroll", () => this.draw());
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  show(rows: number[]): void {
    this.order = rows;
    this.at = 0;
    this.most = Math.max(this.most, rows.length);
    this.element.style.setProperty("--most-rows", String(this.most));
    this.grid.setAttribute("aria-rowcount", String(rows.length + 1));
    this.element.scrollTop = 0;
    this.sort();
  }

  get size(): number {
    return this.order.length;
  }

  private heading(column: Column, i: number): HTMLElement {
    const cell = el("div", { role: "columnheader", class: column.numeric ? "number" : "" });
    if (!column.key) {
      cell.append(column.name);
      return cell;
    }
    cell.setAttribute("aria-sort", "none");
    cell.append(el("button", { type: "button", click: () => this.sortBy(i) }, column.name));
    return cell;
  }

  private sortBy(i: number): void {
    this.down = this.sorted === i ? !this.down : Boolean(this.columns[i].numeric);
    this.sorted = i;
    [...this.head.children].forEach((cell, k) => {
      if (cell.hasAttribute("aria-sort"))
        cell.setAttribute("aria-sort", k !== i ? "none" : this.down ? "descending" : "ascending");
    });
    this.sort();
  }

  private sort(): void {
    const key = this.columns[this.sorted]?.key;
    if (key) {
      const way = this.down ? -1 : 1;
      const keyed = this.order.map((row) => ({ row, key: key(row) }));
      keyed.sort((a, b) => (a.key < b.key ? -way : a.key > b.key ? way : a.row - b.row));
      this.order = keyed.map((one) => one.row);
    }
    this.draw();
  }

  private draw(): void {
    const first = Math.max(0, Math.floor(this.element.scrollTop / kRow) - 4);
    const last = Math.min(this.order.length, first + Math.ceil(this.element.clientHeight / kRow) + 8);
    this.body.style.height = `${this.order.length * kRow}px`;
    const rows: HTMLElement[] = [];
    for (let i = first; i < last; ++i) {
      const cells = this.columns.map((column) =>
        el("div", { role: "gridcell", class: column.numeric ? "number" : "" }, column.cell(this.order[i])),
      );
      const row = el("div", { class: "vrow", role: "row", id: `${this.id}-${i}`, "aria-rowindex": i + 2, "aria-selected": i === this.at ? "true" : "false" }, ...cells);
      row.style.top = `${i * kRow}px`;
      rows.push(row);
    }
    this.body.replaceChildren(...rows);
    if (this.at >= first && this.at < last) this.grid.setAttribute("aria-activedescendant", `${this.id}-${this.at}`);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  private choose(at: number): void {
    if (this.order.length === 0) return;
    this.at = Math.max(0, Math.min(this.order.length - 1, at));
    const head = this.head.offsetHeight;
    const top = this.at * kRow;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    if (top + kRow + head > this.element.scrollTop + this.element.clientHeight)
      this.element.scrollTop = top + kRow + head - this.element.clientHeight;
    this.draw();
    this.choice.chosen?.(this.order[this.at]);
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.grid) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / kRow) - 2);
    const to: Record<string, number> = {
      ArrowDown: this.at + 1,
      ArrowUp: this.at - 1,
      PageDown: this.at + page,
      PageUp: this.at - page,
      Home: 0,
      End: this.order.length - 1,
    };
    if (event.key in to) this.choose(to[event.key]);
    else if (event.key === "Enter" && this.order.length > 0) this.choice.open(this.order[this.at]);
    else return;
    event.preventDefault();
  }

  private click(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>(".vrow");
    if (!row) return;
    const at = Number(row.getAttribute("aria-rowindex")) - 2;
    const again = at === this.at && row.getAttribute("aria-selected") === "true" && this.choice.chosen;
    if ((event.target as Element).closest("a")) return;
    this.choose(at);
    if (!this.choice.chosen || again) this.choice.open(this.order[this.at]);
  }
}
