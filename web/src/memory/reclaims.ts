// What was given back under pressure, as a list: the same that the chart shows as marks.
import type { Reclaim } from "../api/contract";
import { element, setText, show } from "../elements";
import { formatAgo, formatBytes, formatDuration, plural } from "../format";
import type { Mark } from "./chart";

const SHOWN = 6;
const KEPT = 256; // as many as the server does

/** Places reclaims, which count in the server's milliseconds, on the browser's clock. */
export function marksOf(reclaims: readonly Reclaim[], uptimeMs: number, nowSeconds: number): Mark[] {
  return reclaims.map((reclaim) => ({ seconds: nowSeconds - (uptimeMs - reclaim.at_ms) / 1000, reclaim }));
}

/** Adds what is new by its number. After a restart of the server numbers begin again: then all is new. */
export function mergeMarks(known: readonly Mark[], fresh: readonly Mark[], restarted: boolean): Mark[] {
  const last = restarted ? 0 : known.at(-1)?.reclaim.sequence ?? 0;
  return [...known, ...fresh.filter((mark) => mark.reclaim.sequence > last)].slice(-KEPT);
}

export class ReclaimList {
  private readonly list = element("ol", { class: "reclaims" });
  private readonly none = element("p", { class: "small" }, "Nothing had to be given back yet. When memory gets short, the cheapest to have again goes first: caches, then the vision encoder, then the model.");
  private readonly more = element("button", { type: "button", class: "quiet" });
  private all = false;
  private drawn: { last: Mark | undefined; at: number; all: boolean } = { last: undefined, at: 0, all: false };

  constructor(host: HTMLElement, private readonly sum: HTMLElement) {
    this.more.addEventListener("click", () => { this.all = !this.all; });
    host.append(this.none, this.list, this.more);
  }

  show(marks: readonly Mark[], now: number): void {
    const last = marks.at(-1);
    // The ages grow slowly; a list that is rewritten four times a second can't be read aloud.
    if (last === this.drawn.last && this.all === this.drawn.all && now - this.drawn.at < 5) return;
    this.drawn = { last, at: now, all: this.all };
    const newest = [...marks].reverse();
    this.list.replaceChildren(...newest.slice(0, this.all ? KEPT : SHOWN).map((mark) => item(mark, now)));
    show(this.none, marks.length === 0);
    show(this.list, marks.length > 0);
    show(this.more, marks.length > SHOWN);
    setText(this.more, this.all ? "Only the latest" : `All ${marks.length}`);
    const bytes = marks.reduce((total, mark) => total + mark.reclaim.returned_bytes, 0);
    setText(this.sum, marks.length ? `${formatBytes(bytes)} in ${plural(marks.length, "step")}` : "");
  }
}

function item(mark: Mark, now: number): HTMLElement {
  const { reclaim } = mark;
  return element("li", {},
    element("span", { class: "reclaim-name" }, reclaim.name || reclaim.rung),
    element("span", {}, `${formatBytes(reclaim.returned_bytes)} of ${formatBytes(reclaim.claimed_bytes)} came back`, reclaim.kept_promise ? null : element("em", { class: "short" }, "short")),
    element("span", { class: "small" }, `${formatDuration(reclaim.duration_ms)} · ${formatAgo(1000 * (now - mark.seconds))}`));
}
