// The figures below an answer, in words.
import type { AnswerFigures, Phase } from "../api/contract";
import { formatDuration, formatRate, formatShare, plural } from "../format";

const NOTICEABLE_MS = 100;

/** "18.4 tokens/s", "first word after 820 ms", ... */
export function figureWords(figures: AnswerFigures): string[] {
  const { timing, image } = figures;
  const words = [`${formatRate(timing.tokens_per_second)} tokens/s`, `first word after ${formatDuration(timing.time_to_first_token_ms)}`, plural(timing.tokens, "token")];
  if (figures.video_frames > 0) words.push(plural(figures.video_frames, "frame"));
  if (image.tiles > 0) words.push(`looked for ${formatDuration(timing.image_encode_ms)} (${plural(image.tiles, "tile")})`);
  else if (image.reused > 0) words.push("picture known already");
  if (figures.reused_tokens > 0) words.push(`${plural(figures.reused_tokens, "token")} not read again`);
  if (timing.load_ms > 0) words.push(`loaded in ${formatDuration(timing.load_ms)}`);
  if (figures.queued_ms >= NOTICEABLE_MS) words.push(`waited ${formatDuration(figures.queued_ms)}`);
  return words;
}

/** Why an answer ended early; empty where it did not. */
export function endWords(finish: string): string {
  if (finish === "length") return "Stopped at the longest answer that this class allows.";
  if (finish === "memory") return "Stopped because the device ran out of memory; this is what was said until then.";
  if (finish === "cancelled") return "Cancelled.";
  return "";
}

export function phaseWords(phase: Phase, hasMedia: boolean): string {
  if (phase.phase === "queued") return phase.position ? `Waiting: number ${phase.position} in line` : "Waiting in line";
  if (phase.phase === "loading") return phase.progress === undefined ? "Loading the model" : `Loading the model: ${formatShare(phase.progress)}`;
  if (phase.phase === "looking") return phase.progress ? `Looking: ${formatShare(phase.progress)}` : "Looking";
  return hasMedia ? "Looking and reading" : "Reading";
}
