import { describe, expect, it, vi } from "vitest";
vi.mock("uplot", () => ({ default: class {} })); // asks for a window when it is read
const { byteSteps, chartSpan, timeSteps } = await import("./chart");

describe("the chart's axes", () => {
  it("grow with the history, from one minute to five", () => {
    expect([0, 90, 400].map(chartSpan)).toEqual([60, 90, 300]);
  });
  it("have few round times", () => {
    expect(timeSteps(0, 60).map((at) => 60 - at)).toEqual([45, 30, 15]);
    expect(timeSteps(0, 300).map((at) => 300 - at)).toEqual([240, 180, 120, 60]);
  });
  it("have up to six binary steps of bytes", () => {
    expect(byteSteps(600 * 2 ** 20).map((bytes) => bytes / 2 ** 20)).toEqual([0, 128, 256, 384, 512]);
    expect(byteSteps(1)).toEqual([0, 1]);
  });
});
