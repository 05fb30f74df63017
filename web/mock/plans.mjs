// The classes of the specification and plans for a model of SmolVLM2-500M's size, near enough to draw.
const MB = 2 ** 20;
const row = (cache, limit, tokens, image, keep, cleanup) => ({
  cache_limit_bytes: cache * MB, memory_limit_bytes: limit === null ? null : limit * MB, max_tokens: tokens,
  image_size: image, keep_model_loaded: keep, aggressive_cleanup: cleanup,
});

const TABLES = {
  legacy: { "ultra low": row(1, 1200, 50, 160, false, "yes"), low: row(3, 1800, 300, 224, false, "yes"), standard: row(4096, null, 600, 448, true, "no") },
  "quick-fix": { "ultra low": row(3, 1500, 300, 192, false, "on-cancel"), low: row(8, 2000, 500, 256, false, "no"), standard: row(20, null, 800, 384, true, "no") },
  tiered: { "ultra low": row(3, 1500, 300, 192, false, "yes"), low: row(8, 2000, 500, 256, false, "no"), standard: row(20, 2500, 800, 384, true, "no"), high: row(50, null, 1000, 448, true, "no") },
};
TABLES.fitted = TABLES.tiered;
const BOUNDS = { legacy: [3, 4], "quick-fix": [2, 3], tiered: [2, 3, 6], fitted: [2, 3, 6] };
const TIERS = ["ultra low", "low", "standard", "high"];

export const STRATEGIES = Object.keys(TABLES);

export function classify(strategy, bytes) {
  const above = BOUNDS[strategy].filter((bound) => bytes / 2 ** 30 > bound).length;
  return TIERS[above];
}

export function planFor(strategy, bytes, name) {
  const tier = classify(strategy, bytes);
  const configuration = TABLES[strategy][tier];
  const small = tier === "ultra low";
  const context = 256 * Math.ceil((160 + configuration.max_tokens) / 256);
  const holders = {
    "weights.text": 367 * MB, "weights.vision": 104 * MB, kv: Math.round(context * 0.0391 * MB), "compute.text": 71 * MB,
    "compute.vision": 23 * MB, "cache.buffers": Math.min(configuration.cache_limit_bytes, 12 * MB), "cache.images": MB / 4,
    "cache.prefixes": small ? 0 : 6 * MB, media: 7 * MB,
  };
  const peak = holders["weights.text"] + holders.kv + holders["compute.text"] + (small ? 0 : holders["weights.vision"]) + 8 * MB;
  const concessions = small ? ["prompts not kept for a second question", "vision encoder on demand"] : [];
  const sentence = small ? `to fit, gives up: ${concessions.join(", ")}` : `fits and gives up nothing: ${Math.round(peak / MB)} MiB at its peak`;
  return {
    device: name, tier, strategy, memory_limit_bytes: configuration.memory_limit_bytes, growth_bytes: 0.75 * bytes,
    fits: true, missing_bytes: 0, holders, peak_bytes: peak, footprint_bytes: peak + 20 * MB, context_tokens: context,
    max_tokens: configuration.max_tokens, batch_tokens: 128, kv_type: "f16", repacked: true,
    vision: small ? "on demand" : "resident", resident_layer_bytes: null, streamed_bytes: 0, concessions, configuration, sentence,
  };
}
