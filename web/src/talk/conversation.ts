// The turns so far, and the messages that a follow-up question sends.
import type { Message, Part } from "../api/contract";

export interface Turn {
  prompt: string;
  media: { kind: "image" | "video"; url: string }[]; // data: URLs
  answer: string;
  /** A turn that failed, or was stopped before its first word, is shown but not told to the model again. */
  counts: boolean;
}

function userMessage(turn: Turn): Message {
  if (turn.media.length === 0) return { role: "user", content: turn.prompt };
  const parts = turn.media.map(({ kind, url }): Part => kind === "image" ? { type: "image_url", image_url: { url } } : { type: "video_url", video_url: { url } });
  return { role: "user", content: [...parts, { type: "text", text: turn.prompt }] };
}

/** For the last turn as the question. `system` null: no system message, so the model's own counts. */
export function messagesOf(turns: readonly Turn[], system: string | null): Message[] {
  const messages: Message[] = system === null ? [] : [{ role: "system", content: system }];
  const last = turns.length - 1;
  turns.forEach((turn, i) => {
    if (i < last && !turn.counts) return;
    messages.push(userMessage(turn));
    if (i < last) messages.push({ role: "assistant", content: turn.answer });
  });
  return messages;
}
