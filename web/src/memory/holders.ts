// The holders in words and colours.
import type { Holder } from "../api/contract";

export const HOLDER_WORDS: Record<Holder, string> = {
  "weights.text": "language model",
  "weights.vision": "vision encoder",
  "kv": "the conversation",
  "compute.text": "work space",
  "compute.vision": "work space",
  "cache.buffers": "kept for reuse",
  "cache.images": "pictures seen",
  "cache.prefixes": "prompts read",
  "media": "being decoded",
};

/** The name of a custom property of style/tokens.css. */
export function holderColour(holder: Holder | "unaccounted"): string {
  return `--holder-${holder.replace(".", "-")}`;
}

/** Square of a holder's colour. Says nothing by itself: a name stands beside it. */
export function swatch(holder: Holder | "unaccounted"): HTMLElement {
  const square = document.createElement("span");
  square.className = "swatch";
  square.setAttribute("aria-hidden", "true");
  square.style.setProperty("background", `var(${holderColour(holder)})`);
  return square;
}
