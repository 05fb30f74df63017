// "What would my phone do?": the plan for another device or strategy, beside what this server does.
import { ApiError, type Client } from "../api/client";
import { HOLDERS, type Configuration, type MemorySample, type PlannedDevice } from "../api/contract";
import { element } from "../elements";
import { asSentence, formatBytes, formatShare } from "../format";
import { cleanupText, imageSizeText } from "./device_view";
import { HOLDER_WORDS, swatch } from "./holders";

const DEVICES = [["", "This machine"], ["2GiB", "2 GiB"], ["3GiB", "3 GiB"], ["4GiB", "4 GiB"], ["8GiB", "8 GiB"]] as const;
const STRATEGIES = [["", "as this server"], ["legacy", "legacy: what the app did"], ["quick-fix", "quick-fix: thresholds moved"], ["tiered", "tiered: honest classes"], ["fitted", "fitted: the plan decides"]] as const;

export function planPath(deviceMemory: string, strategy: string): string {
  const query = new URLSearchParams();
  if (deviceMemory) query.set("device_memory", deviceMemory);
  if (strategy) query.set("strategy", strategy);
  const text = query.toString();
  return text ? `v1/plan?${text}` : "v1/plan";
}

export class PlanView {
  private readonly result = element("div", { class: "plan-result", "aria-live": "polite" });
  private readonly strategy = element("select", { id: "plan-strategy" });
  private device = "";
  private asked = 0;
  private served: MemorySample | null = null;

  constructor(host: HTMLElement, private readonly client: Client) {
    this.strategy.append(...STRATEGIES.map(([value, text]) => element("option", { value }, text)));
    this.strategy.addEventListener("change", () => void this.load());
    host.append(this.devices(),
      element("div", { class: "row plan-strategy" }, element("label", { for: "plan-strategy" }, "Strategy"), this.strategy), this.result);
  }

  /** The first sample begins; each later one only refreshes what the plan is compared with. */
  show(sample: MemorySample): void {
    const first = this.served === null;
    this.served = sample;
    if (first) void this.load();
  }

  private devices(): HTMLElement {
    const choices = DEVICES.map(([value, text]) => {
      const radio = element("input", { type: "radio", name: "plan-device", value, checked: value === this.device });
      radio.addEventListener("change", () => { this.device = value; void this.load(); });
      return element("label", {}, radio, element("span", {}, text));
    });
    return element("fieldset", { class: "segments" }, element("legend", { class: "visually-hidden" }, "Memory of the device"), ...choices);
  }

  private async load(): Promise<void> {
    const number = ++this.asked;
    try {
      const plan = await this.client.json<PlannedDevice>(planPath(this.device, this.strategy.value));
      // A slower answer to an earlier choice is no answer.
      if (number === this.asked) this.draw(plan);
    } catch (error) {
      if (number === this.asked) this.result.replaceChildren(element("p", { class: "fault" }, error instanceof ApiError ? error.message : "The plan could not be read."));
    }
  }

  private draw(plan: PlannedDevice): void {
    this.result.replaceChildren(
      element("p", { class: "plan-class" }, "Class ", element("strong", {}, plan.tier), ` with ${plan.strategy}. `,
        plan.fits ? element("span", { class: "chip", "data-state": "normal" }, "fits") : element("span", { class: "chip", "data-state": "critical" }, `${formatBytes(plan.missing_bytes)} missing`)),
      element("p", {}, asSentence(plan.sentence)),
      this.bars(plan), this.comparison(plan));
  }

  private bars(plan: PlannedDevice): HTMLElement {
    const holders = HOLDERS.filter((holder) => (plan.holders[holder] ?? 0) > 0);
    const largest = Math.max(1, ...holders.map((holder) => plan.holders[holder]));
    const limit = plan.memory_limit_bytes;
    const rows = holders.map((holder) => {
      const bar = swatch(holder);
      bar.className = "bar";
      bar.style.setProperty("width", `${Math.max(0.5, (100 * plan.holders[holder]) / largest)}%`);
      return element("tr", {}, element("th", { scope: "row", title: HOLDER_WORDS[holder] }, holder), element("td", { class: "bar-cell", "aria-hidden": "true" }, bar), element("td", { class: "number" }, formatBytes(plan.holders[holder])));
    });
    const peak = `${formatBytes(plan.peak_bytes)} at its peak` +
      (limit === null ? ", without a load line" : `, ${formatShare(plan.peak_bytes / limit)} of the load line`);
    return element("table", { class: "bars" },
      element("caption", {}, "Planned, the most of each holder"), element("tbody", {}, ...rows),
      element("tfoot", {}, element("tr", {}, element("td", { colspan: 3 }, `${peak}; the process ${formatBytes(plan.footprint_bytes)}.`))));
  }

  private comparison(plan: PlannedDevice): HTMLElement {
    const here = this.served?.configuration;
    const label = DEVICES.find(([value]) => value === this.device)?.[1] ?? this.device;
    const rows = configurationRows(plan.configuration).map(([name, value], i) => {
      const ours = here ? configurationRows(here)[i]?.[1] ?? "" : "";
      return element("tr", {}, element("th", { scope: "row" }, name), element("td", ours === value ? {} : { class: "differs" }, value), element("td", {}, ours));
    });
    return element("table", { class: "comparison" },
      element("caption", {}, "Its configuration"),
      element("thead", {}, element("tr", {}, element("td", {}), element("th", { scope: "col" }, label), element("th", { scope: "col" }, "this server"))),
      element("tbody", {}, ...rows));
  }
}

export function configurationRows(c: Configuration): [string, string][] {
  return [
    ["load line", c.memory_limit_bytes === null ? "none" : formatBytes(c.memory_limit_bytes)],
    ["cache", formatBytes(c.cache_limit_bytes)],
    ["longest answer", `${c.max_tokens} tokens`],
    ["picture", imageSizeText(c.image_size)],
    ["model", c.keep_model_loaded ? "stays loaded" : "leaves after each answer"],
    ["clean-up", cleanupText(c.aggressive_cleanup)],
  ];
}
