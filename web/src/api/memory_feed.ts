// The samples of GET /v1/memory/events, for as long as the page is open: reconnects, slower and slower.
import { ApiError, type Client } from "./client";
import type { MemorySample } from "./contract";
import { readSse } from "./sse";

export interface FeedSinks {
  onSample(sample: MemorySample): void;
  /** No connection, and why; the next sample says that there is one again. */
  onLost(reason: ApiError): void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

export class MemoryFeed {
  private retry: (() => void) | null = null;

  constructor(private readonly client: Client, private readonly sinks: FeedSinks) {}

  /** Never returns. */
  async run(): Promise<never> {
    let wait = FIRST_WAIT_MS;
    for (;;) {
      const before = performance.now();
      const reason = await this.follow();
      if (performance.now() - before > LONGEST_WAIT_MS) wait = FIRST_WAIT_MS;
      this.sinks.onLost(reason);
      await this.pause(wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  /** Tries again at once, where it waits. */
  wake(): void {
    this.retry?.();
  }

  private async follow(): Promise<ApiError> {
    try {
      const response = await this.client.request("v1/memory/events");
      if (!response.body) return new ApiError("This browser can not follow a stream.", 0, "");
      for await (const item of readSse(response.body)) {
        if (item.kind === "event" && item.event === "sample") this.sinks.onSample(JSON.parse(item.data) as MemorySample);
      }
    } catch (error) {
      if (error instanceof ApiError) return error;
      console.warn("the feed of samples broke off:", error);
    }
    return new ApiError("The server does not answer any more.", 0, "unreachable");
  }

  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.retry = () => { clearTimeout(timer); resolve(); };
    });
    this.retry = null;
  }
}
