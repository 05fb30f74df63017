// A server's inside that only pretends: memory that rises and falls as an engine's would, a worker that may be
// lost, reclaims. Time is real but short; tests set how short.
import { planFor } from "./plans.mjs";

const MB = 2 ** 20;
const HOLDERS = ["weights.text", "weights.vision", "kv", "compute.text", "compute.vision", "cache.buffers", "cache.images", "cache.prefixes", "media"];
const NOTHING = Object.fromEntries(HOLDERS.map((holder) => [holder, 0]));
const CACHES = new Set(["cache.buffers"]);

export class WorkerLost extends Error {}

export class World {
  settings = { load_ms: 900, encode_ms: 900, prefill_ms: 250, tokens_per_second: 24 };
  pressure = "normal";
  load = "idle";
  progress = null;
  holders = { ...NOTHING };
  peaks = { ...NOTHING };
  peak = 0;
  footprintPeak = 34 * MB;
  reclaims = [];
  worker = { isolated: true, pid: 4243, restarts: 0, steps_down: 0, last_failure: null };
  queue = { running: 0, waiting: 0, limit: 16 };
  denial = null;
  #began = Date.now();
  #lost = new Set();

  constructor(options = {}) {
    this.device = options.deviceMemory ?? 4 * 2 ** 30;
    this.strategy = options.strategy ?? "tiered";
    Object.assign(this.settings, options.settings);
    this.plan = planFor(this.strategy, this.device, "this machine");
  }

  set(changes) {
    Object.assign(this.holders, changes);
    for (const holder of HOLDERS) this.peaks[holder] = Math.max(this.peaks[holder], this.holders[holder]);
    this.peak = Math.max(this.peak, this.active());
    this.footprintPeak = Math.max(this.footprintPeak, this.footprint());
  }

  active() { return HOLDERS.reduce((sum, holder) => sum + (CACHES.has(holder) ? 0 : this.holders[holder]), 0); }
  footprint() { return this.active() + this.holders["cache.buffers"] + 34 * MB; }

  /** The object of GET /v1/memory, with reclaims of greater numbers. */
  sample(reclaimsAfter = 0) {
    const { configuration, sentence, device: _d, tier, strategy, ...plan } = this.plan;
    return {
      pid: 4242, uptime_ms: Date.now() - this.#began, load_state: this.load, load_progress: this.progress,
      model: "SmolVLM2-500M", model_info: "SmolVLM2-500M • 507M",
      device: { memory_bytes: this.device, tier, strategy }, configuration, pressure: this.pressure,
      use: { used_bytes: { normal: 0.41, warning: 0.78, critical: 0.91 }[this.pressure] * this.device, capacity_bytes: this.device, source: "physical memory" },
      memory: {
        active_bytes: this.active(), cache_bytes: this.holders["cache.buffers"], peak_bytes: this.peak,
        mapped_bytes: this.load === "loaded" ? 47 * MB : 0, footprint_bytes: this.footprint(), footprint_peak_bytes: this.footprintPeak,
        unaccounted_bytes: 34 * MB, holders: { ...this.holders }, holder_peaks: { ...this.peaks },
        memory_limit_bytes: configuration.memory_limit_bytes, cache_limit_bytes: configuration.cache_limit_bytes,
      },
      plan: this.load === "loaded" ? plan : null, plan_sentence: this.load === "loaded" ? sentence : "made when the model is loaded", concessions: this.load === "loaded" ? plan.concessions : [],
      reclaims: this.reclaims.filter((step) => step.sequence > reclaimsAfter).slice(-256), worker: { ...this.worker }, queue: { ...this.queue },
    };
  }

  /** Resolves after `ms`; rejects when `signal` is aborted or the worker is lost. */
  pass(ms, signal) {
    return new Promise((resolve, reject) => {
      const leave = (settle) => { clearTimeout(timer); this.#lost.delete(lose); signal?.removeEventListener("abort", abort); settle(); };
      const timer = setTimeout(() => leave(resolve), ms);
      const abort = () => leave(() => reject(new DOMException("cancelled", "AbortError")));
      const lose = () => leave(() => reject(new WorkerLost()));
      if (signal?.aborted) return abort();
      this.#lost.add(lose);
      signal?.addEventListener("abort", abort);
    });
  }

  async loadModel(signal) {
    if (this.load === "loaded") return;
    this.load = "loading";
    const { "weights.text": text, "weights.vision": vision } = this.plan.holders;
    try {
      for (let step = 0; step <= 20; step += 1) {
        this.progress = step / 20;
        this.set({ "weights.text": (text * step) / 20 });
        await this.pass(this.settings.load_ms / 20, signal);
      }
      this.set({ "weights.vision": vision });
      this.load = "loaded";
    } catch (error) {
      this.forget();
      throw error;
    } finally {
      this.progress = null;
    }
  }

  async look(signal) {
    this.set({ media: this.plan.holders.media, "compute.vision": this.plan.holders["compute.vision"] });
    try {
      await this.pass(this.settings.encode_ms, signal);
      this.set({ "cache.images": this.holders["cache.images"] + MB / 4, "cache.buffers": 7 * MB });
    } finally {
      this.set({ media: 0, "compute.vision": 0 });
    }
  }

  async read(signal) {
    this.set({ kv: this.plan.holders.kv, "compute.text": this.plan.holders["compute.text"] });
    await this.pass(this.settings.prefill_ms, signal);
    this.set({ "cache.prefixes": Math.min(this.holders["cache.prefixes"] + 2 * MB, 8 * MB) });
  }

  forget() {
    this.load = "idle";
    this.set({ ...NOTHING });
  }

  unload() {
    setTimeout(() => this.forget(), 150);
  }

  /** Pressure as the monitor would find it, and what the ladder then gives back. */
  press(level) {
    this.pressure = level;
    if (level === "normal") return;
    const steps = [["buffer cache", "cache.buffers"], ["image embeddings", "cache.images"], ["prompt prefixes", "cache.prefixes"]];
    if (level === "critical") steps.push(["vision encoder", "weights.vision"], ["context", "kv"]);
    for (const [rung, holder] of steps) this.#giveBack(rung, holder);
  }

  #giveBack(rung, holder) {
    const claimed = this.holders[holder];
    if (claimed === 0) return;
    this.set({ [holder]: 0 });
    const kept = rung !== "vision encoder";
    this.reclaims.push({
      sequence: this.reclaims.length + 1, at_ms: Date.now() - this.#began, duration_ms: kept ? 0.4 : 2.3, rung, name: rung,
      claimed_bytes: claimed, returned_bytes: kept ? claimed : Math.round(claimed * 0.6), kept_promise: kept,
    });
  }

  loseWorker() {
    for (const lose of [...this.#lost]) lose();
    this.forget();
    Object.assign(this.worker, { pid: this.worker.pid + 17, restarts: this.worker.restarts + 1, steps_down: this.worker.steps_down + 1, last_failure: "the engine's process was killed by signal 9, likely for memory" });
  }

  /** The next question is refused as over budget. */
  refuseNext() {
    this.denial = {
      holder: "kv", requested_bytes: 38 * MB, available_bytes: 11 * MB, limit_bytes: 512 * MB,
      holders: { "weights.text": 367 * MB, "weights.vision": 104 * MB, "compute.text": 30 * MB },
    };
  }
}
