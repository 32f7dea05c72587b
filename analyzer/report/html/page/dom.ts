// Elements and words. Whatever a capture holds reaches the page as text of a node, never as markup.

type Child = Node | string | null | undefined;
type Attributes = Record<string, string | number | boolean | ((event: Event) => void)>;

function fill(node: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child != null) node.append(child);
}

export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(name);
  fill(node, attributes, children);
  return node;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(node, attributes, children);
  return node;
}

export const count = (n: number): string => n.toLocaleString("en-US");
export const plural = (n: number, one: string, many: string): string => `${count(n)} ${n === 1 ? one : many}`;

export function octets(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; n >= 1000 && unit < units.length - 1; n /= 1000) ++unit;
  return `${unit === 0 ? n : n.toFixed(n < 10 ? 1 : 0)} ${units[unit]}`;
}

export function span(ns: number): string {
  const size = Math.abs(ns);
  if (size < 1e6) return `${(ns / 1e3).toFixed(size < 1e4 ? 1 : 0)} µs`;
  if (size < 1e9) return `${(ns / 1e6).toFixed(size < 1e7 ? 2 : 1)} ms`;
  if (size < 120e9) return `${(ns / 1e9).toFixed(3)} s`;
  if (size < 7200e9) return `${(ns / 60e9).toFixed(1)} min`;
  return `${(ns / 3600e9).toFixed(1)} h`;
}

export function moment(us: number): string {
  const date = new Date(us / 1000);
  return Number.isNaN(date.getTime()) ? "?" : date.toISOString().replace("T", " ").replace("Z", "");
}

export const words = (snake: string): string => snake.replaceAll("_", " ");

const closes: Record<string, string> = {
  open: "open, or never opened", both_fin: "closed by both ends", client_fin: "closed by the client only", server_fin: "closed by the server only",
  client_rst: "reset by the client", server_rst: "reset by the server", timeout: "timed out",
};
export const closeWords = (close: string): string => closes[close] ?? words(close);

export function endpoint(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

export const badge = (severity: string): HTMLElement => el("span", { class: `badge ${severity}` }, severity);

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

// A piece of code to be pasted elsewhere, with the button that copies it.
export function copyable(label: string, text: string): HTMLElement {
  const button = el("button", { type: "button", class: "copy", "aria-label": `copy: ${label || text}` }, "copy");
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text)) ? "copied" : "select it and copy";
    setTimeout(() => (button.textContent = "copy"), 1500);
  });
  return el("span", { class: "copyable" }, label ? el("span", { class: "label" }, label) : null, el("code", {}, text), button);
}

// Of a whole, as the text report has it: what is there is never nothing.
export function percent(share: number): string {
  return share > 0 && share < 0.001 ? "<0.1 %" : `${(share * 100).toFixed(1)} %`;
}

export function section(id: string, title: string, ...children: Child[]): HTMLElement {
  return el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), ...children);
}

// A part of a bar in proportion, with its words beside it.
export function shares(label: string, parts: { name: string; value: number; text: string; kind: string }[]): HTMLElement {
  const whole = parts.reduce((sum, part) => sum + part.value, 0) || 1;
  const bar = el("div", { class: "bar", role: "img", "aria-label": `${label}: ${parts.map((p) => `${p.name} ${p.text}`).join(", ")}` });
  const list = el("ul", { class: "keys" });
  for (const part of parts) {
    const piece = el("span", { class: `part ${part.kind}` });
    piece.style.flexGrow = String(part.value / whole);
    piece.title = `${part.name}: ${part.text}`;
    bar.append(piece);
    list.append(el("li", {}, el("span", { class: `key ${part.kind}`, "aria-hidden": "true" }), `${part.name} `, el("b", {}, part.text)));
  }
  return el("div", { class: "shares" }, bar, list);
}

export function table(head: string[], rows: Child[][], numeric: number[] = []): HTMLElement {
  const cell = (i: number): Attributes => (numeric.includes(i) ? { class: "number" } : {});
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": head.join(", ") },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...head.map((text, i) => el("th", { scope: "col", ...cell(i) }, text)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((text, i) => el("td", cell(i), text))))),
    ),
  );
}
