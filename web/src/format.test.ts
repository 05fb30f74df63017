import { describe, expect, it } from "vitest";
import { asSentence, formatAgo, formatBytes, formatDuration, formatRate, formatShare, plural } from "./format";

describe("formatBytes", () => {
  it.each([
    [0, "0 B"], [999, "999 B"], [1000, "0.98 KiB"], [1024, "1.00 KiB"], [33762345, "32.2 MiB"], [2500 * 2 ** 20, "2.44 GiB"],
    [4 * 2 ** 30, "4.00 GiB"], [999.4 * 2 ** 20, "999 MiB"], [999.6 * 2 ** 20, "0.98 GiB"], [9.996 * 2 ** 20, "10.0 MiB"], [99.96 * 2 ** 20, "100 MiB"], [-5, "0 B"],
  ])("%d is %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("other figures", () => {
  it("says durations in the unit that fits", () => {
    expect([0, 0.4, 840, 999.7, 5230, 59_960, 125_000].map(formatDuration)).toEqual(["0 ms", "<1 ms", "840 ms", "1.0 s", "5.2 s", "1 min 0 s", "2 min 5 s"]);
  });
  it("says how long ago", () => {
    expect([200, 12_000, 200_000, 7_300_000].map(formatAgo)).toEqual(["now", "12 s ago", "3 min ago", "2 h ago"]);
  });
  it("never calls something nothing, nor less than all all", () => {
    expect([0, 0.001, 0.5, 0.996, 1].map(formatShare)).toEqual(["0%", "<1%", "50%", "99%", "100%"]);
  });
  it("keeps three digits of a rate", () => {
    expect([9.04, 18.42, 132.7].map(formatRate)).toEqual(["9.0", "18.4", "133"]);
  });
  it("makes a sentence of a remark", () => {
    expect([asSentence("fits: 590 MiB"), asSentence("It fits."), asSentence(" ")]).toEqual(["Fits: 590 MiB.", "It fits.", ""]);
  });
  it("counts", () => expect([plural(1, "tile"), plural(5, "tile")]).toEqual(["1 tile", "5 tiles"]));
});
