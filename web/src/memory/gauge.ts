// The load line: how deep the process lies, drawn like the mark on a ship's side. Water is what is held,
// the disc is the memory limit; without a limit it is the device's memory, dashed.
import type { MemorySample } from "../api/contract";
import { drawing, element, setText } from "../elements";
import { formatBytes, formatShare } from "../format";
import { DeviceUse } from "./device_use";

const WIDTH = 132;
const HEIGHT = 232;
const LINE_Y = 46; // of the limit
const KEEL_Y = HEIGHT;

/** How full the ship is, from 0 to 1 and never above it. */
export function depth(bytes: number, line: number): number {
  return line > 0 ? Math.min(1, Math.max(0, bytes / line)) : 0;
}

function yOf(share: number): number {
  return KEEL_Y - share * (KEEL_Y - LINE_Y);
}

// Something that is there is seen, however large the ship.
function waterY(bytes: number, line: number): number {
  return bytes > 0 ? Math.min(yOf(depth(bytes, line)), KEEL_Y - 3) : HEIGHT + 6;
}

function waterPath(y: number): string {
  const wave = Array.from({ length: 4 }, (_, i) => `q ${WIDTH / 16} ${i % 2 ? 3 : -3} ${WIDTH / 8} 0 t ${WIDTH / 8} 0`);
  return `M 0 ${y.toFixed(1)} ${wave.join(" ")} V ${HEIGHT} H 0 Z`;
}

export class Gauge {
  private readonly cache = drawing("path", { class: "water-cache" });
  private readonly active = drawing("path", { class: "water-active" });
  private readonly peak = drawing("path", { class: "tide" });
  private readonly disc = drawing("g", { class: "disc" });
  private readonly meter = element("div", { class: "hull", role: "meter", "aria-label": "Memory held, of the load line", "aria-valuemin": 0, "aria-valuemax": 100 });
  private readonly held = element("strong", {});
  private readonly ofLine = element("span", {});
  private readonly device = new DeviceUse();
  private readonly figures = new Map<string, HTMLElement>();

  constructor(host: HTMLElement) {
    const dl = element("dl", { class: "figures" });
    for (const [name, key] of [["active", "water-active"], ["cache", "water-cache"], ["peak", "tide"], ["process", "none"]] as const) {
      const value = element("dd", {});
      this.figures.set(name, value);
      dl.append(element("div", {}, element("dt", {}, element("span", { class: `key ${key}`, "aria-hidden": "true" }), name), value));
    }
    this.meter.append(this.hull());
    host.append(this.meter, element("div", { class: "gauge-words" }, element("p", { class: "held" }, this.held, this.ofLine), dl), this.device.root);
  }

  private hull(): SVGElement {
    this.disc.append(
      drawing("circle", { cx: WIDTH / 2, cy: LINE_Y, r: 19 }), drawing("path", { d: `M 20 ${LINE_Y} H ${WIDTH - 20}` }));
    const marks = [25, 50, 75].map((percent) => {
      const y = yOf(percent / 100);
      return drawing("g", { class: "draft" }, drawing("path", { d: `M 0 ${y} h 10` }), drawing("text", { x: 15, y: y + 4 }, String(percent)));
    });
    return drawing("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
      drawing("rect", { class: "plate", width: WIDTH, height: HEIGHT }), this.cache, this.active, ...marks, this.peak, this.disc);
  }

  show(sample: MemorySample): void {
    const { memory, device, use } = sample;
    const limit = memory.memory_limit_bytes;
    const line = limit ?? device.memory_bytes;
    const held = memory.active_bytes + memory.cache_bytes;
    this.cache.setAttribute("d", waterPath(waterY(held, line)));
    this.active.setAttribute("d", waterPath(waterY(memory.active_bytes, line)));
    this.peak.setAttribute("d", memory.peak_bytes > 0 ? `M 0 ${yOf(depth(memory.peak_bytes, line)).toFixed(1)} H ${WIDTH}` : "");
    this.disc.setAttribute("data-pressure", sample.pressure);
    this.disc.classList.toggle("unlimited", limit === null);

    const share = formatShare(depth(held, line));
    const words = limit === null ? `of this device’s ${formatBytes(line)}` : `of the load line at ${formatBytes(line)}`;
    setText(this.held, formatBytes(held));
    setText(this.ofLine, `${share} ${words}`);
    this.meter.setAttribute("aria-valuenow", String(Math.round(100 * depth(held, line))));
    this.meter.setAttribute("aria-valuetext", `${formatBytes(held)}, ${share} ${words}`);

    this.figure("active", formatBytes(memory.active_bytes));
    this.figure("cache", `${formatBytes(memory.cache_bytes)} of ${formatBytes(memory.cache_limit_bytes)}`);
    this.figure("peak", formatBytes(memory.peak_bytes));
    this.figure("process", `${formatBytes(memory.footprint_bytes)}, was ${formatBytes(memory.footprint_peak_bytes)}`);
    this.device.show(use);
  }

  private figure(name: string, text: string): void {
    const node = this.figures.get(name);
    if (node) setText(node, text);
  }
}
