// A chart that is zoomed and panned by mouse and keyboard, its time axis linked with others, its values told in
// words. The drawing is uPlot's.
import uPlot from "uplot";
import { el } from "./dom";

export interface Key {
  name: string;
  colour: string; // of the style sheet: "--timeout"
  mark: "line" | "bar" | "dot" | "area";
}

export interface ChartPlan {
  id: string;
  title: string;
  heading: "h3" | "h4";
  height: number;
  data: uPlot.AlignedData;
  series: uPlot.Series[];
  keys: Key[];
  axis: (value: number) => string;
  time: (seconds: number) => string;
  // The series that the scale goes by, counted from 1: what the others have far beyond is cut off. All without it.
  leading?: number[];
  // Drawn beneath and above the series, in the plot's own clip.
  under?: (plot: uPlot, context: CanvasRenderingContext2D) => void;
  paint?: (plot: uPlot, context: CanvasRenderingContext2D) => void;
  // Of the value at a place in `data`.
  tell: (at: number) => string;
  // Places that the keyboard stops at; all without it.
  stops?: number[];
}

export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";

// As uPlot has it, but for a series of zeros, which it would draw on a scale to 100.
const rangeOf = (least: number, most: number): uPlot.Range.MinMax =>
  least === null ? [null, null] : least === 0 && most === 0 ? [0, 1] : uPlot.rangeNum(least, most, 0.1, true);

// Charts of one connection or report, with one time axis.
export class Link {
  private static count = 0;
  private charts: Chart[] = [];
  private busy = false;
  readonly sync = uPlot.sync(`link${Link.count++}`);

  add(chart: Chart): void {
    this.charts.push(chart);
  }
  scale(from: Chart, min: number, max: number): void {
    if (this.busy) return;
    this.busy = true;
    for (const chart of this.charts) if (chart !== from) chart.zoomTo(min, max);
    this.busy = false;
  }
  redraw(): void {
    for (const chart of this.charts) chart.rebuild();
  }
}

export class Chart {
  readonly element: HTMLElement;
  private readonly frame: HTMLElement;
  private readonly readout: HTMLElement;
  private plot: uPlot | null = null;
  private at = -1;
  private range: [number, number] | null = null;

  constructor(
    private readonly plan: ChartPlan,
    private readonly link: Link,
  ) {
    this.frame = el("div", {
      class: "plot",
      tabindex: "0",
      role: "application",
      "aria-label": `${plan.title}: plus and minus zoom, arrows pan, comma and full stop go from point to point, 0 shows all`,
      "aria-describedby": `${plan.id}-readout`,
    });
    this.readout = el("p", { class: "readout", id: `${plan.id}-readout`, "aria-live": "polite" }, " ");
    const keys = el("ul", { class: "keys" }, ...plan.keys.map((key) => this.keyItem(key)));
    this.element = el("figure", { class: "chart", id: plan.id }, el("figcaption", {}, el(plan.heading, {}, plan.title), keys), this.frame, this.readout);
    this.frame.addEventListener("keydown", (event) => this.key(event));
    this.frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    link.add(this);
    new ResizeObserver(() => this.fit()).observe(this.frame);
  }

  private keyItem(key: Key): HTMLElement {
    const mark = el("span", { class: `key ${key.mark}`, "aria-hidden": "true" });
    mark.style.setProperty("--key", `var(${key.colour})`);
    return el("li", {}, mark, key.name);
  }

  // Colours are taken anew.
  rebuild(): void {
    this.plot?.destroy();
    this.plot = null;
    this.fit();
  }

  private fit(): void {
    const width = this.frame.clientWidth;
    if (width < 40) return;
    if (this.plot) return this.plot.setSize({ width, height: this.plan.height });
    this.make(width);
  }

  private make(width: number): void {
    const { plan } = this;
    const text = colour("--text");
    const grid = { stroke: colour("--grid"), width: 1 };
    const axis = { stroke: text, grid, ticks: grid, font: "12px system-ui, sans-serif" };
    const options: uPlot.Options = {
      width,
      height: plan.height,
      legend: { show: false },
      scales: { x: { time: false }, y: { range: (plot, min, max) => (plan.leading ? this.leadingRange(plot, min, max) : rangeOf(min, max)) } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map(plan.time), space: 90, size: 30 },
        { ...axis, values: (_, ticks) => ticks.map(plan.axis), size: 86 },
      ],
      padding: [10, 24, 0, 0],
      series: [{}, ...plan.series.map((one) => this.coloured(one))],
      cursor: { sync: { key: this.link.sync.key }, drag: { x: true, y: false, setScale: true }, points: { show: false } },
      hooks: {
        drawClear: [(plot) => this.clipped(plot, plan.under)],
        draw: [(plot) => this.clipped(plot, plan.paint), (plot) => this.mark(plot)],
        setCursor: [(plot) => this.hover(plot)],
        setScale: [(plot, scale) => scale === "x" && this.scaled(plot)],
      },
    };
    if (this.range) options.scales!.x = { time: false, min: this.range[0], max: this.range[1] };
    this.plot = new uPlot(options, plan.data, this.frame);
    this.plot.over.addEventListener("mousedown", (event) => this.pan(event), true);
  }

  private leadingRange(plot: uPlot, least: number, most: number): [number, number] {
    const min = plot.scales.x.min ?? -Infinity;
    const max = plot.scales.x.max ?? Infinity;
    const [x, ...all] = this.plan.data;
    let low = Infinity;
    let high = -Infinity;
    for (const one of this.plan.leading!)
      all[one - 1].forEach((value, i) => {
        if (value == null || x[i] < min || x[i] > max) return;
        low = Math.min(low, value);
        high = Math.max(high, value);
      });
    if (low > high) [low, high] = [least ?? 0, most ?? 1];
    const beyond = Math.max(high - low, 1) * 0.8;
    const top = Math.min(most ?? high, high + beyond);
    const bottom = Math.max(least ?? low, low - beyond);
    const pad = (top - bottom) * 0.04 || 1;
    return [bottom < 0 || bottom - pad > 0 ? bottom - pad : 0, top + pad];
  }

  private coloured(series: uPlot.Series): uPlot.Series {
    const of = (value: unknown): string | undefined =>
      typeof value === "string" ? colour(value.split("/")[0]) + (value.split("/")[1] ?? "") : undefined;
    return { ...series, stroke: of(series.stroke), fill: of(series.fill), points: { ...series.points, show: series.points?.show ?? false, fill: of(series.stroke) } };
  }

  private clipped(plot: uPlot, paint: ChartPlan["paint"]): void {
    const { left, top, width, height } = plot.bbox;
    plot.ctx.save();
    plot.ctx.beginPath();
    plot.ctx.rect(left, top, width, height);
    plot.ctx.clip();
    paint?.(plot, plot.ctx);
    plot.ctx.restore();
  }

  // Where the keyboard is.
  private mark(plot: uPlot): void {
    if (this.at < 0) return;
    this.clipped(plot, (_, c) => {
      const x = Math.round(plot.valToPos(this.plan.data[0][this.at], "x", true));
      c.strokeStyle = colour("--text");
      c.lineWidth = devicePixelRatio;
      c.setLineDash([3, 3]);
      c.beginPath();
      c.moveTo(x, plot.bbox.top);
      c.lineTo(x, plot.bbox.top + plot.bbox.height);
      c.stroke();
    });
  }

  private hover(plot: uPlot): void {
    const at = plot.cursor.idx;
    if (at != null) this.readout.textContent = this.plan.tell(at);
  }

  private scaled(plot: uPlot): void {
    const { min, max } = plot.scales.x;
    if (min == null || max == null) return;
    const first = this.range == null;
    this.range = [min, max];
    this.element.dataset.from = String(min);
    this.element.dataset.until = String(max);
    // All begin with the whole.
    if (!first) this.link.scale(this, min, max);
  }

  private whole(): [number, number] {
    const x = this.plan.data[0];
    const pad = (x[x.length - 1] - x[0]) * 0.01 || 1e-6;
    return [x[0] - pad, x[x.length - 1] + pad];
  }

  zoomTo(min: number, max: number): void {
    if (!(max > min) || (this.range?.[0] === min && this.range[1] === max)) return;
    this.range = [min, max];
    this.plot?.setScale("x", { min, max });
  }

  private zoom(factor: number, around = 0.5): void {
    const [min, max] = this.range ?? this.whole();
    const middle = min + (max - min) * around;
    const [least, most] = this.whole();
    this.zoomTo(Math.max(least, middle - (middle - min) * factor), Math.min(most, middle + (max - middle) * factor));
  }

  private move(share: number): void {
    const [min, max] = this.range ?? this.whole();
    const [least, most] = this.whole();
    const by = Math.max(least - min, Math.min(most - max, (max - min) * share));
    this.zoomTo(min + by, max + by);
  }

  private step(way: number): void {
    const stops = this.plan.stops ?? this.plan.data[0].map((_, i) => i);
    if (stops.length === 0) return;
    const [min, max] = this.range ?? this.whole();
    const x = this.plan.data[0];
    const now = stops.indexOf(this.at);
    let next = now + way;
    if (now < 0 || x[this.at] < min || x[this.at] > max) next = stops.findIndex((i) => x[i] >= min);
    this.at = stops[Math.max(0, Math.min(stops.length - 1, next))];
    this.readout.textContent = this.plan.tell(this.at);
    if (x[this.at] > max) this.move(0.5);
    else if (x[this.at] < min) this.move(-0.5);
    this.plot?.redraw(false, false);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const does: Record<string, () => void> = {
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      ArrowLeft: () => this.move(-0.2),
      ArrowRight: () => this.move(0.2),
      "0": () => this.zoomTo(...this.whole()),
      Home: () => this.zoomTo(...this.whole()),
      ",": () => this.step(-1),
      ".": () => this.step(1),
    };
    const act = does[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  }

  // Without Control it scrolls the page, as everywhere.
  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.shiftKey) return;
    const box = this.plot?.over.getBoundingClientRect();
    if (!box) return;
    if (event.shiftKey) this.move(Math.sign(event.deltaY || event.deltaX) * 0.15);
    else this.zoom(event.deltaY > 0 ? 1.25 : 0.8, (event.clientX - box.left) / box.width);
    event.preventDefault();
  }

  // With Shift the mouse pans rather than zooms.
  private pan(event: MouseEvent): void {
    if (!event.shiftKey || event.button !== 0) return;
    event.stopImmediatePropagation();
    const width = this.plot!.over.clientWidth;
    let last = event.clientX;
    const move = (moved: MouseEvent): void => {
      this.move((last - moved.clientX) / width);
      last = moved.clientX;
    };
    const up = (): void => {
      removeEventListener("mousemove", move);
      removeEventListener("mouseup", up);
    };
    addEventListener("mousemove", move);
    addEventListener("mouseup", up);
  }
}
