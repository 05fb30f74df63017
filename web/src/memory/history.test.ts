import { describe, expect, it } from "vitest";
import { HOLDERS, type Ledger } from "../api/contract";
import { History, LAYERS, stacked } from "./history";

function ledger(kv: number, unaccounted = 0): Ledger {
  const holders = Object.fromEntries(HOLDERS.map((holder) => [holder, holder === "kv" ? kv : 0])) as Ledger["holders"];
  return { active_bytes: kv, cache_bytes: 0, peak_bytes: kv, mapped_bytes: 0, footprint_bytes: kv, footprint_peak_bytes: kv, unaccounted_bytes: unaccounted, holders, holder_peaks: holders, memory_limit_bytes: null, cache_limit_bytes: 0 };
}

const KV = LAYERS.indexOf("kv");

describe("History", () => {
  it("keeps the newest, oldest first, once it is full", () => {
    const history = new History(3);
    for (let at = 1; at <= 5; at += 1) history.push(at, ledger(10 * at, at));
    const columns = history.since(0);
    expect(history.length).toBe(3);
    expect(columns.seconds).toEqual([3, 4, 5]);
    expect(columns.layers[KV]).toEqual([30, 40, 50]);
    expect(columns.layers[LAYERS.indexOf("unaccounted")]).toEqual([3, 4, 5]);
  });

  it("leaves out what is older than asked for", () => {
    const history = new History(8);
    for (let at = 1; at <= 4; at += 1) history.push(at, ledger(at));
    expect(history.since(3).seconds).toEqual([3, 4]);
    expect(history.since(9).seconds).toEqual([]);
  });

  it("has a gap where nothing was heard, and none of the old bytes in it", () => {
    const history = new History(2);
    history.push(1, ledger(7));
    history.push(2, ledger(8));
    history.pushGap(3);
    expect(history.since(0).layers[KV]).toEqual([8, null]);
    history.push(4, ledger(9));
    history.push(5, ledger(9));
    expect(history.since(0).layers[KV]).toEqual([9, 9]);
  });
});

describe("stacked", () => {
  it("adds each layer to those below it, and keeps gaps", () => {
    expect(stacked([[1, null], [2, null], [3, null]])).toEqual([[1, null], [3, null], [6, null]]);
  });
});
