// How full the device is: what the pressure is made from, with the shares where it changes (spec section 5).
import type { MemorySample } from "../api/contract";
import { element, setText } from "../elements";
import { formatBytes, formatShare } from "../format";

const WARNING = 0.7;
const CRITICAL = 0.85;

export class DeviceUse {
  readonly root = element("div", { class: "device-use" });
  private readonly words = element("p", { class: "small" });
  private readonly fill = element("div", { class: "device-fill" });

  constructor() {
    const bar = element("div", { class: "device-bar", "aria-hidden": "true" }, this.fill, tick(WARNING), tick(CRITICAL));
    this.root.append(this.words, bar);
  }

  show(use: MemorySample["use"]): void {
    const share = use && use.capacity_bytes > 0 ? Math.min(1, use.used_bytes / use.capacity_bytes) : 0;
    setText(this.words, use ? `Device: ${formatShare(share)} of ${formatBytes(use.capacity_bytes)} in use; warning above 70%, critical above 85%` : "The device was not measured yet.");
    this.fill.style.setProperty("width", `${100 * share}%`);
    this.fill.dataset["state"] = share > CRITICAL ? "critical" : share > WARNING ? "warning" : "normal";
    this.root.title = use?.source ?? "";
  }
}

function tick(share: number): HTMLElement {
  const mark = element("span", { class: "device-tick" });
  mark.style.setProperty("left", `${100 * share}%`);
  return mark;
}
