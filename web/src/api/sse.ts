// Server-sent events out of a stream of bytes. EventSource can neither POST nor send a key, and hides comments.

export type SseItem =
  | { kind: "event"; event: string; data: string }
  | { kind: "comment"; text: string };

/** Takes text in pieces of any size and yields what is complete. One for each stream. */
export class SseParser {
  private rest = "";
  private event = "";
  private data: string[] = [];

  *push(text: string): Generator<SseItem> {
    this.rest += text;
    for (;;) {
      const end = this.rest.search(/[\r\n]/);
      if (end < 0) return;
      // A carriage return at the very end may be half of a line end.
      if (this.rest[end] === "\r" && end + 1 === this.rest.length) return;
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + (this.rest.startsWith("\r\n", end) ? 2 : 1));
      const item = this.line(line);
      if (item) yield item;
    }
  }

  private line(line: string): SseItem | null {
    if (line === "") return this.dispatch();
    if (line.startsWith(":")) return { kind: "comment", text: line.slice(1).trim() };
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    if (field === "event") this.event = value;
    return null;
  }

  private dispatch(): SseItem | null {
    const item: SseItem = { kind: "event", event: this.event || "message", data: this.data.join("\n") };
    const empty = this.data.length === 0;
    this.event = "";
    this.data = [];
    return empty ? null : item;
  }
}

/** Reads `body` to its end. Leaving the loop early cancels the stream. */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<SseItem> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
