// One question and its answer on the page.
import type { ApiError } from "../api/client";
import type { AnswerFigures, Phase } from "../api/contract";
import type { Attachment } from "../ask/attachment";
import { element, setText, show } from "../elements";
import { formatDuration } from "../format";
import { denialTable } from "./denial_table";
import { endWords, figureWords, phaseWords } from "./figures";
import { renderMarkdown } from "./markdown";

export class TurnView {
  readonly root = element("article", { class: "turn" });
  private readonly answer = element("div", { class: "answer" });
  private readonly stand = element("p", { class: "stand" });
  private readonly progress = element("progress", { max: 1, "aria-label": "Loading the model", hidden: true });
  private readonly foot = element("div", { class: "turn-foot" });
  private readonly began = performance.now();
  private readonly clock: ReturnType<typeof setInterval>;
  private phase: Phase = { phase: "answering" };
  private text = "";
  private frame = 0;

  constructor(prompt: string, private readonly media: readonly Attachment[], number: number) {
    this.root.setAttribute("aria-label", `Question ${number}`);
    this.root.append(
      element("div", { class: "asked" }, ...media.map(preview), element("p", {}, prompt)),
      element("div", { class: "said" }, this.answer, this.stand, this.progress, this.foot));
    this.clock = setInterval(() => this.tick(), 100);
    this.tick();
  }

  onPhase(phase: Phase): void {
    this.phase = phase;
    show(this.progress, phase.phase === "loading" || phase.phase === "looking");
    if (phase.progress !== undefined) this.progress.value = phase.progress;
    this.tick();
  }

  onText(text: string): void {
    this.text = text;
    show(this.progress, false);
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  /** The answer is complete, or was stopped. */
  end(finish: string, figures: AnswerFigures | null): void {
    this.settle();
    const early = endWords(finish);
    if (early) this.foot.append(element("p", { class: "early" }, early));
    if (figures?.concessions.length) this.foot.append(element("p", { class: "early" }, `Given up for this answer: ${figures.concessions.join(", ")}.`));
    const words = figures ? figureWords(figures) : [];
    const row = element("div", { class: "row" }, element("p", { class: "figures-line" }, words.join(" · ")));
    if (this.text) row.append(this.copyButton());
    this.foot.append(row);
  }

  fail(error: ApiError, onAgain: () => void): void {
    this.settle();
    const again = element("button", { type: "button" }, "Try again");
    again.addEventListener("click", onAgain);
    this.foot.append(element("div", { class: "fault", role: "alert" }, element("p", {}, error.message), error.denial && denialTable(error.denial), again));
  }

  private settle(): void {
    clearInterval(this.clock);
    cancelAnimationFrame(this.frame);
    this.draw();
    this.root.classList.add("over");
    show(this.stand, false);
    show(this.progress, false);
  }

  private draw(): void {
    this.answer.replaceChildren(renderMarkdown(this.text));
  }

  private tick(): void {
    show(this.stand, this.text === "");
    setText(this.stand, `${phaseWords(this.phase, this.media.length > 0)} · ${formatDuration(performance.now() - this.began)}`);
  }

  private copyButton(): HTMLElement {
    const button = element("button", { type: "button", class: "quiet" }, "Copy");
    button.addEventListener("click", () => {
      copy(this.text).then(() => setText(button, "Copied"), () => setText(button, "Could not copy"));
      setTimeout(() => setText(button, "Copy"), 2000);
    });
    return button;
  }
}

function preview(media: Attachment): HTMLElement {
  return media.kind === "image" ? element("img", { src: media.preview, alt: `Picture: ${media.name}` })
    : element("video", { src: media.preview, muted: true, playsinline: true, controls: true, "aria-label": `Video: ${media.name}` });
}

// The clipboard's own way is closed to pages that are neither https nor localhost.
async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = element("textarea", { class: "visually-hidden" }, text);
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("not copied");
}
