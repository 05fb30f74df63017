import { describe, expect, it } from "vitest";
import { takeItem, type AnswerEnd } from "./ask";
import { ApiError } from "./client";
import type { Phase } from "./contract";

function take(...items: ({ comment: string } | { data: unknown })[]) {
  const seen = { phases: [] as Phase[], text: "", done: false };
  const end: AnswerEnd = { finish: "", figures: null };
  const sinks = { onPhase: (phase: Phase) => seen.phases.push(phase), onText: (piece: string) => { seen.text += piece; } };
  for (const item of items) {
    const given = "comment" in item ? { kind: "comment" as const, text: item.comment }
      : { kind: "event" as const, event: "message", data: typeof item.data === "string" ? item.data : JSON.stringify(item.data) };
    seen.done = takeItem(given, sinks, end);
  }
  return { ...seen, end };
}

describe("takeItem", () => {
  it("collects text until the end is said", () => {
    const said = take(
      { data: { choices: [{ delta: { role: "assistant", content: "" } }] } }, { data: { choices: [{ delta: { content: "A " } }] } },
      { data: { choices: [{ delta: { content: "cat." } }] } }, { data: { choices: [{ delta: {}, finish_reason: "stop" }] } });
    expect(said).toMatchObject({ text: "A cat.", done: false, end: { finish: "stop" } });
    expect(take({ data: "[DONE]" }).done).toBe(true);
  });

  it("tells where the work stands, and ignores other comments", () => {
    expect(take({ comment: '{"phase":"loading","progress":0.42}' }, { comment: "keep-alive" }).phases).toEqual([{ phase: "loading", progress: 0.42 }]);
  });

  it("tells a device that ran out of memory from a long answer", () => {
    const last = (reason: string) => ({ data: { choices: [{ delta: {}, finish_reason: "length" }], plimsoll: { finish_reason: reason } } });
    expect(take(last("memory")).end.finish).toBe("memory");
    expect(take(last("length")).end.finish).toBe("length");
  });

  it("survives a chunk with no choices", () => {
    expect(take({ data: { choices: [], usage: {} } }).text).toBe("");
  });

  it("throws the error that a stream ends with, its denial included", () => {
    const denial = { holder: "kv", requested_bytes: 2, available_bytes: 1, limit_bytes: 3, holders: {} };
    try {
      take({ data: { error: { message: "Too much.", code: "over_budget", denial } } });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ message: "Too much.", code: "over_budget", denial });
    }
  });
});
