import { describe, expect, it } from "vitest";
import { readSse, SseParser, type SseItem } from "./sse";

function parse(...pieces: string[]): SseItem[] {
  const parser = new SseParser();
  return pieces.flatMap((piece) => [...parser.push(piece)]);
}

const message = (data: string, event = "message"): SseItem => ({ kind: "event", event, data });

describe("SseParser", () => {
  it("yields nothing before the empty line", () => {
    expect(parse("data: one\n")).toEqual([]);
  });

  it("puts together what came in any pieces", () => {
    const text = "event: sample\ndata: {\"a\":1}\n\n: {\"phase\":\"queued\"}\n\ndata: [DONE]\n\n";
    const whole = parse(text);
    expect(whole).toEqual([message('{"a":1}', "sample"), { kind: "comment", text: '{"phase":"queued"}' }, message("[DONE]")]);
    for (let at = 1; at < text.length; at += 1) expect(parse(text.slice(0, at), text.slice(at))).toEqual(whole);
    expect(parse(...text)).toEqual(whole);
  });

  it("knows all three line ends, also one that is cut in two", () => {
    expect(parse("data: a\r\n\r\ndata: b\r\rdata: c\n\n")).toEqual([message("a"), message("b"), message("c")]);
    expect(parse("data: a\r", "\ndata: b\r\n\r", "\n")).toEqual([message("a\nb")]);
  });

  it("joins lines of data, and forgets the event's name after it", () => {
    expect(parse("event: x\ndata: 1\ndata:2\n\ndata:  3\n\n")).toEqual([message("1\n2", "x"), message(" 3")]);
  });

  it("ignores fields that it does not know, and events without data", () => {
    expect(parse("id: 7\nretry: 10\nevent: empty\n\ndata: 1\n\n")).toEqual([message("1")]);
  });
});

describe("readSse", () => {
  const streamOf = (bytes: Uint8Array[], onCancel: () => void = () => undefined): ReadableStream<Uint8Array> => new ReadableStream({
    pull(controller) {
      const next = bytes.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
    cancel: onCancel,
  });

  it("keeps letters whole that are cut between two pieces", async () => {
    const bytes = new TextEncoder().encode("data: Schönes „Schiff“ 🚢\n\n");
    const items: SseItem[] = [];
    for await (const item of readSse(streamOf([...bytes].map((byte) => Uint8Array.of(byte))))) items.push(item);
    expect(items).toEqual([message("Schönes „Schiff“ 🚢")]);
  });

  it("cancels the stream when the reader leaves", async () => {
    let cancelled = false;
    const endless = Array.from({ length: 50 }, () => new TextEncoder().encode("data: x\n\n"));
    for await (const item of readSse(streamOf(endless, () => { cancelled = true; }))) {
      expect(item).toEqual(message("x"));
      break;
    }
    expect(cancelled).toBe(true);
  });
});
