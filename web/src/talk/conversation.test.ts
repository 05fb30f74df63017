import { describe, expect, it } from "vitest";
import { messagesOf, type Turn } from "./conversation";
import { endWords, figureWords, phaseWords } from "./figures";

const turn = (prompt: string, answer = "", counts = true, media: Turn["media"] = []): Turn => ({ prompt, answer, counts, media });

describe("messagesOf", () => {
  it("sends a picture before its question, and no system message unless there is one", () => {
    const messages = messagesOf([turn("What?", "", false, [{ kind: "image", url: "data:image/png;base64,AA" }])], null);
    expect(messages).toEqual([{ role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AA" } }, { type: "text", text: "What?" }] }]);
  });

  it("alternates and ends with the question; turns that failed are left out", () => {
    const messages = messagesOf([turn("one", "1"), turn("failed", "half", false), turn("two")], "Be brief.");
    expect(messages).toEqual([
      { role: "system", content: "Be brief." }, { role: "user", content: "one" }, { role: "assistant", content: "1" }, { role: "user", content: "two" }]);
  });

  it("sends an empty system message: it means none at all", () => {
    expect(messagesOf([turn("one")], "")[0]).toEqual({ role: "system", content: "" });
  });

  it("sends several pictures in their order", () => {
    const url = (data: string) => `data:image/png;base64,${data}`;
    const [message] = messagesOf([turn("Which?", "", false, ["AA", "BB"].map((data) => ({ kind: "image", url: url(data) })))], null);
    expect(message?.content).toEqual([
      { type: "image_url", image_url: { url: url("AA") } }, { type: "image_url", image_url: { url: url("BB") } }, { type: "text", text: "Which?" }]);
  });

  it("sends a video as one", () => {
    expect(JSON.stringify(messagesOf([turn("?", "", true, [{ kind: "video", url: "data:video/mp4;base64,AA" }])], null))).toContain('"video_url":{"url":"data:video/mp4');
  });
});

describe("words about an answer", () => {
  const timing = { load_ms: 0, image_decode_ms: 1, image_encode_ms: 312, prefill_ms: 50, time_to_first_token_ms: 820, tokens: 42, tokens_per_second: 18.42 };

  it("leave out what did not happen", () => {
    expect(figureWords({ timing, image: { tiles: 0, tokens: 0, reused: 0 }, video_frames: 0, reused_tokens: 0, concessions: [], queued_ms: 3 }))
      .toEqual(["18.4 tokens/s", "first word after 820 ms", "42 tokens"]);
  });

  it("say what a picture cost", () => {
    expect(figureWords({ timing, image: { tiles: 5, tokens: 320, reused: 0 }, video_frames: 0, reused_tokens: 0, concessions: [], queued_ms: 0 }))
      .toContain("looked for 312 ms (5 tiles)");
  });

  it("say where the work stands", () => {
    expect(phaseWords({ phase: "queued", position: 2 }, false)).toBe("Waiting: number 2 in line");
    expect(phaseWords({ phase: "loading", progress: 0.42 }, true)).toBe("Loading the model: 42%");
    expect(phaseWords({ phase: "looking", progress: 0.6 }, true)).toBe("Looking: 60%");
    expect(phaseWords({ phase: "answering" }, true)).toBe("Looking and reading");
    expect(endWords("stop")).toBe("");
    expect(endWords("memory")).toMatch(/ran out of memory/);
  });
});
