import { describe, expect, it } from "vitest";
import { workerSentence } from "./notices";

const worker = { isolated: true, pid: 1, restarts: 0, steps_down: 0, last_failure: null };

describe("workerSentence", () => {
  it("says nothing while the worker lives", () => expect(workerSentence(worker, { ...worker, pid: 2 })).toBeNull());

  it("says why it was lost and how it came back", () => {
    const sentence = workerSentence(worker, { ...worker, restarts: 1, steps_down: 1, last_failure: "killed by the kernel." });
    expect(sentence).toMatch(/lost \(killed by the kernel\)\. It was started again, one step lower/);
  });

  it("does not speak of a step that was not taken", () => {
    expect(workerSentence(worker, { ...worker, restarts: 1 })).toMatch(/started again, as it was/);
  });
});
