// The ledger as a table: what each holder has, now or at the moment under the chart's pointer, and its peak.
import { HOLDERS, type Holder, type Ledger } from "../api/contract";
import { element, setText } from "../elements";
import { formatBytes } from "../format";
import { LAYERS } from "./history";
import { HOLDER_WORDS, swatch } from "./holders";

interface Row {
  line: HTMLTableRowElement;
  now: HTMLElement;
  peak: HTMLElement;
}

export class LedgerTable {
  private readonly rows = new Map<string, Row>();
  private readonly nowHead = element("th", { scope: "col", class: "number" }, "now");

  constructor(host: HTMLElement) {
    const body = element("tbody", {});
    for (const holder of HOLDERS) body.append(this.add(holder, holder, HOLDER_WORDS[holder], swatch(holder)));
    body.append(
      this.add("unaccounted", "no holder", "code, heap, files", swatch("unaccounted")),
      this.add("mapped", "mapped", "may be dropped", null));
    host.append(element("table", { class: "ledger" },
      element("caption", { class: "visually-hidden" }, "Memory by holder"),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "holder"), this.nowHead, element("th", { scope: "col", class: "number" }, "peak"))),
      body));
  }

  private add(key: string, name: string, words: string, square: HTMLElement | null): HTMLTableRowElement {
    const now = element("td", { class: "number" });
    const peak = element("td", { class: "number" });
    const line = element("tr", {}, element("th", { scope: "row" }, square ?? element("span", { class: "swatch none", "aria-hidden": "true" }), element("span", { class: "holder-name" }, name), " ", element("span", { class: "holder-words" }, words)), now, peak);
    this.rows.set(key, { line, now, peak });
    return line;
  }

  show(ledger: Ledger): void {
    setText(this.nowHead, "now");
    for (const holder of HOLDERS) this.put(holder, ledger.holders[holder] ?? 0, ledger.holder_peaks[holder] ?? 0);
    this.put("unaccounted", ledger.unaccounted_bytes, null);
    this.put("mapped", ledger.mapped_bytes, null);
  }

  /** Another moment than now: `bytes` in the order of LAYERS. */
  showThen(bytes: (number | null)[], when: string, peaks: Ledger): void {
    setText(this.nowHead, when);
    LAYERS.forEach((layer, i) => {
      this.put(layer, bytes[i] ?? 0, layer === "unaccounted" ? null : peaks.holder_peaks[layer as Holder] ?? 0);
    });
    const mapped = this.rows.get("mapped");
    if (mapped) setText(mapped.now, "");
  }

  private put(key: string, bytes: number, peak: number | null): void {
    const row = this.rows.get(key);
    if (!row) return;
    setText(row.now, formatBytes(bytes));
    setText(row.peak, peak === null ? "" : formatBytes(peak));
    row.line.classList.toggle("empty", bytes === 0);
  }
}
