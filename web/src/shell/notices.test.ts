import { describe, expect, it } from "vitest";
import { workerSentence } from "./notices";

const worker = { isolated: true, pid: 1, restarts: 0, steps_down: 0, last_failure: null };

describe("workerSentence", () => {
  it("says nothing while the worker lives", () => expect(workerSentence(worker, { ...worker, pid: 2 })).toBeNull());

  it("says why it was lost and how it came back", () => {
    const sentence = workerSentence(worker, { ...worker, restarts: 1, steps_down: 1, last_failure: "the engine's process was killed by signal 9, likely for memory" });
    expect(sentence).toMatch(/^The engine's process was killed by signal 9, likely for memory\. It was started again, one step lower/);
  });

  it("does not speak of a step that was not taken", () => {
    expect(workerSentence(worker, { ...worker, restarts: 1 })).toMatch(/^The engine’s process was lost\. It was started again, as it was/);
  });
});
