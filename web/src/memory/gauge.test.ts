import { describe, expect, it } from "vitest";
import { depth } from "./gauge";

describe("depth", () => {
  it("is a share of the line, never above it, and nothing without a line", () => {
    expect([depth(0, 100), depth(25, 100), depth(130, 100), depth(5, 0)]).toEqual([0, 0.25, 1, 0]);
  });
});
