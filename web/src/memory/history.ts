// The last minutes of memory: a ring of samples, oldest dropped first.
import { HOLDERS, type Ledger } from "../api/contract";

/** Layers of the chart, from the bottom up. */
export const LAYERS = [...HOLDERS, "unaccounted"] as const;
export type Layer = (typeof LAYERS)[number];

/** Seconds of the browser's clock, and bytes of each layer; null where nothing was heard. */
export interface HistoryColumns {
  seconds: number[];
  layers: (number | null)[][];
}

export class History {
  private readonly seconds: Float64Array;
  private readonly bytes: Float64Array; // a row of LAYERS for each sample; NaN: a gap
  private next = 0;
  private count = 0;

  /** Keeps `capacity` samples at most. */
  constructor(private readonly capacity: number) {
    this.seconds = new Float64Array(capacity);
    this.bytes = new Float64Array(capacity * LAYERS.length);
  }

  get length(): number {
    return this.count;
  }

  push(seconds: number, ledger: Ledger): void {
    const row = this.advance(seconds);
    LAYERS.forEach((layer, i) => {
      this.bytes[row + i] = layer === "unaccounted" ? ledger.unaccounted_bytes : ledger.holders[layer] ?? 0;
    });
  }

  /** Nothing was heard from here on: the chart shows a gap instead of a line that nobody measured. */
  pushGap(seconds: number): void {
    const row = this.advance(seconds);
    this.bytes.fill(NaN, row, row + LAYERS.length);
  }

  /** Samples that are not older than `from`, oldest first. */
  since(from: number): HistoryColumns {
    const columns: HistoryColumns = { seconds: [], layers: LAYERS.map(() => []) };
    for (let k = 0; k < this.count; k += 1) {
      const slot = (this.next - this.count + k + this.capacity) % this.capacity;
      const at = this.seconds[slot] ?? 0;
      if (at < from) continue;
      columns.seconds.push(at);
      columns.layers.forEach((layer, i) => {
        const value = this.bytes[slot * LAYERS.length + i] ?? NaN;
        layer.push(Number.isNaN(value) ? null : value);
      });
    }
    return columns;
  }

  private advance(seconds: number): number {
    const slot = this.next;
    this.seconds[slot] = seconds;
    this.next = (slot + 1) % this.capacity;
    this.count = Math.min(this.count + 1, this.capacity);
    return slot * LAYERS.length;
  }
}

/** Each layer on top of those below it: what a stacked area is drawn from. */
export function stacked(layers: (number | null)[][]): (number | null)[][] {
  const sums: (number | null)[][] = [];
  layers.forEach((layer, i) => {
    const below = sums[i - 1];
    sums.push(layer.map((value, k) => (value === null ? null : value + (below?.[k] ?? 0))));
  });
  return sums;
}
