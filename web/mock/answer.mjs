// POST /v1/chat/completions of the mock, as a stream: one question at a time, the others wait.
import { WorkerLost } from "./world.mjs";

const KNOWN = [
  [/left of the mouse/i, "An elephant."],
  [/text say/i, "The text says **HELLO**."],
  [/what do you see/i, "A red circle, a yellow triangle and a blue square."],
  [/markdown/i, "# Cargo\n\n- **one** anchor\n- `two` ropes\n\n| what | how many |\n| --- | --- |\n| crates | 3 |\n\n[more](https://example.org) <script>alert(1)</script><img src=x onerror=alert(1)>"],
  [/dog/i, "No, there is no dog."],
  [/describe/i, "The image shows two animals on a white background:\n\n- on the left a **grey elephant**, seen from the side, with a white tusk and its trunk curled up,\n- on the right, much smaller, a **mouse** with pink ears and a pink tail."],
  [/long/i, "The picture shows a harbour in the evening. " + "A small ship lies at the quay, loaded to her mark, and gulls sit on the crates beside her. ".repeat(12)],
];

export function answerTo(question) {
  return KNOWN.find(([pattern]) => pattern.test(question))?.[1] ?? `You asked: “${question}”. This mock sees nothing, but it answers in time.`;
}

export class Answers {
  #turn = Promise.resolve();

  constructor(world) { this.world = world; }

  async stream(messages, response, signal) {
    const { world } = this;
    const waitsSince = Date.now();
    const before = this.#turn;
    let done;
    this.#turn = new Promise((resolve) => { done = resolve; });
    const say = stream(response);
    let phase = { phase: "queued", position: world.queue.running + world.queue.waiting };
    const beat = setInterval(() => say.comment(phase), world.settings.beat_ms ?? 1000);
    const setPhase = (next) => { phase = next; say.comment(phase); };
    if (world.queue.running) {
      world.queue.waiting += 1;
      setPhase(phase);
      await before;
      world.queue.waiting -= 1;
    }
    world.queue.running = 1;
    try {
      if (signal.aborted) return;
      await this.#answer(messages, say, setPhase, signal, Date.now() - waitsSince, () => clearInterval(beat));
    } catch (error) {
      if (error instanceof WorkerLost) say.data({ error: { message: "The engine's process was killed while it answered and is being started again; ask again in a moment.", type: "server_error", param: null, code: "worker_lost" } });
      else if (error.name !== "AbortError") throw error;
    } finally {
      clearInterval(beat);
      world.queue.running = 0;
      done();
      response.end();
    }
  }

  async #answer(messages, say, setPhase, signal, queuedMs, onFirst) {
    const { world } = this;
    const began = Date.now();
    const question = messages.at(-1);
    const parts = Array.isArray(question.content) ? question.content : [{ type: "text", text: question.content }];
    const looks = parts.some((part) => part.type !== "text");
    const loads = world.load !== "loaded";
    if (loads) {
      const report = setInterval(() => setPhase({ phase: "loading", progress: world.progress ?? 0 }), 60);
      await world.loadModel(signal).finally(() => clearInterval(report));
    }
    const loadMs = loads ? Date.now() - began : 0;
    setPhase({ phase: "answering" });
    if (looks) await world.look(signal);
    await world.read(signal);
    const first = Date.now() - began;
    onFirst();
    say.chunk({ role: "assistant", content: "" }, null);
    const text = answerTo(parts.filter((part) => part.type === "text").map((part) => part.text).join(" "));
    const pieces = text.match(/\s*\S+\s?/g) ?? [];
    for (let i = 0; i < pieces.length; i += 3) {
      say.chunk({ content: pieces.slice(i, i + 3).join("") }, null);
      await world.pass(3000 / world.settings.tokens_per_second, signal);
    }
    say.chunk({}, "stop", {
      timing: { load_ms: loadMs, image_decode_ms: looks ? 4.2 : 0, image_encode_ms: looks ? world.settings.encode_ms : 0, prefill_ms: world.settings.prefill_ms, time_to_first_token_ms: first, tokens: pieces.length, tokens_per_second: world.settings.tokens_per_second },
      image: { tiles: looks ? 1 : 0, tokens: looks ? 64 : 0, reused: messages.length > 1 && !looks ? 1 : 0 },
      video_frames: 0, reused_tokens: messages.length > 1 ? 88 : 0, concessions: [], memory: world.sample().memory, queued_ms: queuedMs,
    });
    say.raw("data: [DONE]\n\n");
  }
}

function stream(response) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const raw = (text) => { if (!response.writableEnded && !response.destroyed) response.write(text); };
  const data = (object) => raw(`data: ${JSON.stringify(object)}\n\n`);
  return {
    raw, data,
    comment: (object) => raw(`: ${JSON.stringify(object)}\n\n`),
    chunk: (delta, finish, plimsoll) => data({
      id: "chatcmpl-mock", object: "chat.completion.chunk", created: Math.floor(Date.now() / 1000), model: "SmolVLM2-500M",
      choices: [{ index: 0, delta, finish_reason: finish }], ...(plimsoll ? { plimsoll } : {}),
    }),
  };
}
