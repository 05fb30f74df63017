// What the server says, as in docs/server.md. Only the fields that the page reads.

export const HOLDERS = [
  "weights.text", "weights.vision", "kv", "compute.text", "compute.vision",
  "cache.buffers", "cache.images", "cache.prefixes", "media",
] as const;
export type Holder = (typeof HOLDERS)[number];
export type Holders = Record<Holder, number>;

export type Pressure = "normal" | "warning" | "critical";
export type LoadState = "idle" | "loading" | "loaded";

export interface Configuration {
  cache_limit_bytes: number;
  memory_limit_bytes: number | null;
  max_tokens: number;
  image_size: number;
  keep_model_loaded: boolean;
  aggressive_cleanup: "no" | "on-cancel" | "yes";
}

export interface Ledger {
  active_bytes: number;
  cache_bytes: number;
  peak_bytes: number;
  mapped_bytes: number;
  footprint_bytes: number;
  footprint_peak_bytes: number;
  unaccounted_bytes: number;
  holders: Holders;
  holder_peaks: Holders;
  memory_limit_bytes: number | null;
  cache_limit_bytes: number;
}

export interface Reclaim {
  sequence: number;
  at_ms: number;
  duration_ms: number;
  rung: string;
  name: string;
  claimed_bytes: number;
  returned_bytes: number;
  kept_promise: boolean;
}

export interface Plan {
  fits: boolean;
  missing_bytes: number;
  holders: Holders;
  peak_bytes: number;
  footprint_bytes: number;
  context_tokens: number;
  max_tokens: number;
  streamed_bytes: number;
  concessions: string[];
}

export interface Worker {
  isolated: boolean;
  pid: number | null; // null while it is started again
  restarts: number;
  steps_down: number;
  last_failure: string | null;
}

export interface MemorySample {
  pid: number;
  uptime_ms: number;
  load_state: LoadState;
  load_progress: number | null;
  model: string;
  model_info: string;
  device: { memory_bytes: number; tier: string; strategy: string };
  configuration: Configuration;
  pressure: Pressure;
  use: { used_bytes: number; capacity_bytes: number; source: string } | null;
  memory: Ledger;
  plan: Plan | null;
  plan_sentence: string; // without a capital and a full stop: "fits and gives up nothing: ..."
  concessions: string[];
  reclaims: Reclaim[];
  worker: Worker;
  queue: { running: number; waiting: number; limit: number };
  max_body_bytes: number; // of one request
}

export interface PlannedDevice extends Plan {
  device: string;
  tier: string;
  strategy: string;
  memory_limit_bytes: number | null;
  configuration: Configuration;
  sentence: string;
}

export interface Denial {
  holder: string;
  requested_bytes: number;
  available_bytes: number;
  limit_bytes: number;
  /** Who set the limit: "memory limit", or what was measured, such as a cgroup's file. */
  bound?: string;
  holders: Record<string, number>;
}

export interface ErrorBody {
  message: string;
  type?: string;
  param?: string | null;
  code?: string | null;
  denial?: Denial;
}

export interface AnswerFigures {
  timing: {
    load_ms: number;
    image_decode_ms: number;
    image_encode_ms: number;
    prefill_ms: number;
    time_to_first_token_ms: number;
    tokens: number;
    tokens_per_second: number;
  };
  image: { tiles: number; tokens: number; reused: number };
  video_frames: number;
  reused_tokens: number;
  concessions: string[];
  queued_ms: number;
  finish_reason?: string;
}

export type Part =
  | { type: "text"; text: string }
  | { type: "image_url"; image_url: { url: string } }
  | { type: "video_url"; video_url: { url: string } };

export interface Message {
  role: "system" | "user" | "assistant";
  content: string | Part[];
}

/** Where an answer stands while nothing is said yet. */
export interface Phase {
  phase: "queued" | "loading" | "looking" | "answering";
  progress?: number;
  position?: number;
}
