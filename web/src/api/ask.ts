// One question to the server, and its answer as it comes.
import { ApiError, errorOf, type Client } from "./client";
import type { AnswerFigures, ErrorBody, Message, Phase } from "./contract";
import { formatBytes } from "../format";
import { readSse, type SseItem } from "./sse";

export interface AnswerSinks {
  onPhase(phase: Phase): void;
  onText(piece: string): void;
}

export interface AnswerEnd {
  finish: string; // stop, length or memory
  figures: AnswerFigures | null;
}

interface Chunk {
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  plimsoll?: AnswerFigures;
  error?: ErrorBody;
}

/** What one item of the stream means. Returns true at the end of the answer. */
export function takeItem(item: SseItem, sinks: AnswerSinks, end: AnswerEnd): boolean {
  if (item.kind === "comment") {
    if (item.text.startsWith("{")) sinks.onPhase(JSON.parse(item.text) as Phase);
    return false;
  }
  if (item.data === "[DONE]") return true;
  const chunk = JSON.parse(item.data) as Chunk;
  if (chunk.error) throw errorOf(chunk.error, 200);
  const choice = chunk.choices?.[0];
  if (choice?.delta?.content) sinks.onText(choice.delta.content);
  if (choice?.finish_reason) end.finish = choice.finish_reason;
  if (chunk.plimsoll) {
    end.figures = chunk.plimsoll;
    if (chunk.plimsoll.finish_reason === "memory") end.finish = "memory";
  }
  return false;
}

/**
 * Resolves at the end of the answer. Throws an ApiError, or what fetch() throws when `signal` is aborted. `limit`: bytes
 * of a request that the server takes; null where that is not known.
 */
export async function ask(
  client: Client, messages: Message[], limit: number | null, signal: AbortSignal, sinks: AnswerSinks): Promise<AnswerEnd> {
  const body = JSON.stringify({ messages, stream: true });
  if (limit !== null && new Blob([body]).size > limit) throw tooLarge(limit);
  const response = await client.request("v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
    signal,
  });
  const end: AnswerEnd = { finish: "", figures: null };
  if (!response.body) throw new ApiError("This browser can not read an answer while it is written.", 0, "");
  try {
    for await (const item of readSse(response.body)) if (takeItem(item, sinks, end)) return end;
  } catch (error) {
    if (error instanceof ApiError || signal.aborted) throw error;
    throw brokenOff();
  }
  throw brokenOff();
}

// A follow-up question carries the conversation's pictures again.
function tooLarge(limit: number): ApiError {
  return new ApiError(`The pictures of this conversation are together more than this server takes at once (${formatBytes(limit)}); begin a new conversation.`, 413, "body_too_large");
}

function brokenOff(): ApiError {
  return new ApiError("The connection broke off before the answer was complete; ask again.", 0, "unreachable");
}
