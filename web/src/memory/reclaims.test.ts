import { describe, expect, it } from "vitest";
import type { Reclaim } from "../api/contract";
import { marksOf, mergeMarks } from "./reclaims";

const reclaim = (sequence: number, at_ms = 0): Reclaim => ({ sequence, at_ms, duration_ms: 1, rung: "context", name: "context", claimed_bytes: 2, returned_bytes: 2, kept_promise: true });
const numbers = (marks: { reclaim: Reclaim }[]): number[] => marks.map((mark) => mark.reclaim.sequence);

describe("reclaims", () => {
  it("are placed on the browser's clock", () => {
    expect(marksOf([reclaim(1, 7_500)], 10_000, 1000)[0]?.seconds).toBe(997.5);
  });

  it("are counted once, though a new connection tells all of them again", () => {
    const first = mergeMarks([], marksOf([reclaim(1), reclaim(2)], 0, 0), false);
    expect(numbers(mergeMarks(first, marksOf([reclaim(1), reclaim(2), reclaim(3)], 0, 0), false))).toEqual([1, 2, 3]);
  });

  it("begin again with a server that does", () => {
    const first = mergeMarks([], marksOf([reclaim(5)], 0, 0), false);
    expect(numbers(mergeMarks(first, marksOf([reclaim(1)], 0, 0), true))).toEqual([5, 1]);
  });
});
