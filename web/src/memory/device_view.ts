// What this device is taken for, and what the plan for it says, in sentences.
import type { Configuration, MemorySample } from "../api/contract";
import { element, setText, show } from "../elements";
import { formatBytes, plural } from "../format";

/** Pictures above this side are "all that the model can see". */
const FULL_IMAGE_SIZE = 1 << 20;

export function imageSizeText(pixels: number): string {
  return pixels >= FULL_IMAGE_SIZE ? "all that the model sees" : `${pixels} × ${pixels}`;
}

export function cleanupText(cleanup: Configuration["aggressive_cleanup"]): string {
  return { no: "as pressure asks", "on-cancel": "thorough on cancel", yes: "thorough" }[cleanup];
}

export function deviceSentence(sample: MemorySample): string {
  const { device, configuration: c } = sample;
  const limit = c.memory_limit_bytes === null ? "no load line" : `a load line at ${formatBytes(c.memory_limit_bytes)}`;
  return `${formatBytes(device.memory_bytes)} of memory make it class “${device.tier}” (strategy ${device.strategy}): ` +
    `${limit}, answers up to ${c.max_tokens} tokens, pictures at ${imageSizeText(c.image_size)}, ` +
    `${formatBytes(c.cache_limit_bytes)} of cache; the model ${c.keep_model_loaded ? "stays loaded" : "leaves after each answer"}.`;
}

export class DeviceView {
  private readonly words = element("p", {});
  private readonly plan = element("p", {});
  private readonly worker = element("p", { class: "small" });

  constructor(host: HTMLElement) {
    host.append(this.words, this.plan, this.worker);
  }

  show(sample: MemorySample): void {
    setText(this.words, deviceSentence(sample));
    setText(this.plan, `The plan: ${sample.plan_sentence.replace(/\.$/, "")}.`);
    show(this.plan, sample.plan_sentence !== "");
    setText(this.worker, workerSentence(sample));
  }
}

function workerSentence({ worker, pid }: MemorySample): string {
  if (!worker.isolated) return `The engine runs inside the server (process ${pid}).`;
  const restarts = worker.restarts === 0 ? "" : ` It was started again ${worker.restarts === 1 ? "once" : `${worker.restarts} times`}.`;
  const steps = worker.steps_down === 0 ? "" : ` It runs ${plural(worker.steps_down, "step")} below its plan.`;
  const where = worker.pid === null ? "The process of the engine is being started." : `The engine has a process of its own (${worker.pid}).`;
  return `${where}${restarts}${steps}`;
}
