// Who held memory over the last minutes, as a stacked area, with a mark for each reclaim.
import uPlot from "uplot";
import type { Reclaim } from "../api/contract";
import { formatAgo, formatBytes } from "../format";
import { History, LAYERS, stacked } from "./history";
import { holderColour } from "./holders";

export const CHART_SECONDS = 300;
/** A page that was just opened is not shown five empty minutes. */
const LEAST_SECONDS = 60;
const HEIGHT = 190;

export interface Mark {
  seconds: number; // of the browser's clock
  reclaim: Reclaim;
}

export class MemoryChart {
  private plot: uPlot | null = null;
  private marks: readonly Mark[] = [];

  /** `onPoint` is told the moment under the pointer; null: none, so now. */
  constructor(
    private readonly host: HTMLElement, private readonly history: History,
    private readonly onPoint: (seconds: number | null) => void) {
    new ResizeObserver(() => this.resize()).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.remake());
  }

  draw(now: number, marks: readonly Mark[]): void {
    this.marks = marks;
    this.plot ??= this.make();
    const columns = this.history.since(now - CHART_SECONDS - 1);
    const span = chartSpan(now - (columns.seconds[0] ?? now));
    // uPlot paints in order: the highest sum first, so that each lower one lies over it.
    const sums = stacked(columns.layers).reverse();
    this.plot.batch(() => {
      this.plot?.setData([columns.seconds, ...sums], false);
      const highest = Math.max(1, ...(sums[0] ?? []).map((value) => value ?? 0));
      this.plot?.setScale("y", { min: 0, max: highest * 1.15 });
      this.plot?.setScale("x", { min: now - span, max: now });
    });
    this.describe(columns.layers);
  }

  private describe(layers: (number | null)[][]): void {
    const totals = (stacked(layers).at(-1) ?? []).filter((value): value is number => value !== null);
    const now = totals.at(-1);
    if (now === undefined) return;
    this.host.setAttribute("aria-label", `Memory of the process over the last five minutes: now ${formatBytes(now)}, ` +
      `highest ${formatBytes(Math.max(...totals))}. The table below has the holders.`);
  }

  private make(): uPlot {
    const css = getComputedStyle(document.documentElement);
    const colour = (name: string): string => css.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-soft"), font: "12px system-ui", ticks: { show: false }, grid: { stroke: colour("--rule"), width: 1 } };
    return new uPlot({
      width: Math.max(200, this.host.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      padding: [10, 8, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      axes: [
        { ...axis, size: 26, values: (plot, ticks) => ticks.map((tick) => axisAgo((plot.scales["x"]?.max ?? tick) - tick)), splits: (plot) => timeSteps(plot.scales["x"]?.min ?? 0, plot.scales["x"]?.max ?? 0) },
        { ...axis, size: 64, space: 34, splits: (plot) => byteSteps(plot.scales["y"]?.max ?? 0), values: (_, ticks) => ticks.map((tick) => formatBytes(tick)) },
      ],
      series: [{}, ...[...LAYERS].reverse().map((layer) => ({ fill: colour(holderColour(layer)), width: 0, points: { show: false } }))],
      hooks: {
        draw: [(plot) => this.drawMarks(plot, colour("--ink"))],
        setCursor: [(plot) => this.point(plot)],
      },
    }, [[], ...LAYERS.map(() => [])], this.host);
  }

  private drawMarks(plot: uPlot, colour: string): void {
    const { ctx, bbox } = plot;
    const size = 5 * devicePixelRatio;
    ctx.save();
    ctx.fillStyle = ctx.strokeStyle = colour;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const mark of this.marks) {
      const x = plot.valToPos(mark.seconds, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(x - size, bbox.top - size);
      ctx.lineTo(x + size, bbox.top - size);
      ctx.lineTo(x, bbox.top + size);
      ctx.fill();
    }
    ctx.restore();
  }

  private point(plot: uPlot): void {
    const index = plot.cursor.idx;
    const left = plot.cursor.left ?? -1;
    this.onPoint(left < 0 || index === null || index === undefined ? null : plot.data[0][index] ?? null);
  }

  private resize(): void {
    if (this.host.clientWidth > 0) this.plot?.setSize({ width: this.host.clientWidth, height: HEIGHT });
  }

  private remake(): void {
    this.plot?.destroy();
    this.plot = null;
  }
}

/** Seconds that the chart shows when its oldest sample is `age` old. */
export function chartSpan(age: number): number {
  return Math.min(CHART_SECONDS, Math.max(LEAST_SECONDS, age));
}

/** Up to six moments between `from` and `to`, round steps before `to`, none at the very edge. */
export function timeSteps(from: number, to: number): number[] {
  const step = [15, 30, 60].find((seconds) => seconds * 5.5 >= to - from) ?? 60;
  const steps: number[] = [];
  for (let at = to - step; at > from + 0.2 * step; at -= step) steps.push(at);
  return steps.reverse();
}

function axisAgo(seconds: number): string {
  return seconds < 60 || seconds % 60 ? `${Math.round(seconds)} s` : formatAgo(1000 * seconds).replace(" ago", "");
}

/** Up to five round binary steps below `highest`. */
export function byteSteps(highest: number): number[] {
  let step = 1;
  while (step * 5 < highest) step *= 2;
  const steps: number[] = [];
  for (let value = 0; value <= highest; value += step) steps.push(value);
  return steps;
}
