// What happened to the server as a whole, above the page. One notice for each kind, the newest.
import type { ApiError } from "../api/client";
import type { Worker } from "../api/contract";
import { byId, element } from "../elements";
import { asSentence } from "../format";
import { denialTable } from "../talk/denial_table";

export type NoticeKind = "connection" | "worker" | "load";

export class Notices {
  private readonly host = byId("notices", HTMLElement);
  private readonly shown = new Map<NoticeKind, HTMLElement>();

  say(kind: NoticeKind, sentence: string, detail: HTMLElement | null = null): void {
    if (this.shown.get(kind)?.dataset["sentence"] === sentence) return;
    this.clear(kind);
    const close = element("button", { type: "button", class: "quiet", "aria-label": "Close this notice" }, "Close");
    close.addEventListener("click", () => this.clear(kind));
    const notice = element("div", { class: "notice", role: "alert", "data-kind": kind }, element("div", {}, element("p", {}, sentence), detail), close);
    notice.dataset["sentence"] = sentence;
    this.shown.set(kind, notice);
    this.host.append(notice);
  }

  error(kind: NoticeKind, error: ApiError): void {
    this.say(kind, error.message, error.denial && denialTable(error.denial));
  }

  clear(kind: NoticeKind): void {
    this.shown.get(kind)?.remove();
    this.shown.delete(kind);
  }
}

/** What to say where the engine's process was lost between two samples; null: it was not. */
export function workerSentence(before: Worker, now: Worker): string | null {
  if (now.restarts <= before.restarts) return null;
  const reason = asSentence(now.last_failure ?? "the engine’s process was lost");
  const steps = now.steps_down - before.steps_down;
  const lower = steps <= 0 ? "as it was" : steps === 1 ? "one step lower, so that it takes less memory" : `${steps} steps lower, so that it takes less memory`;
  return `${reason} It was started again, ${lower}; an answer that was being written is gone.`;
}
