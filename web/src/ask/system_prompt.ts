// What the model is told before the question: its own words (none are sent), one of the app's two, or anybody's.
import { byId, element, setText, show } from "../elements";

// The words of include/plimsoll/evaluator.h.
const CHOICES = [
  { value: "own", name: "the model’s own", text: null },
  { value: "image", name: "for pictures", text: "You are an image understanding model capable of describing the salient features of any image." },
  { value: "video", name: "for videos", text: "You are a video understanding model capable of describing the salient features of any video." },
  { value: "written", name: "written here", text: "" },
] as const;

export class SystemPrompt {
  private readonly choice = byId("system-choice", HTMLSelectElement);
  private readonly text = byId("system-text", HTMLTextAreaElement);
  private readonly name = byId("system-name", HTMLElement);

  constructor() {
    this.choice.append(...CHOICES.map(({ value, name }) => element("option", { value }, name)));
    this.choice.addEventListener("change", () => this.chosen());
    // Words that were changed are nobody's default any more.
    this.text.addEventListener("input", () => { this.choice.value = "written"; this.rename(); });
  }

  /** Null: nothing is sent, and the model's own counts. */
  value(): string | null {
    return this.choice.value === "own" ? null : this.text.value;
  }

  private chosen(): void {
    const choice = CHOICES.find(({ value }) => value === this.choice.value);
    if (choice?.text) this.text.value = choice.text;
    show(this.text, choice?.value !== "own");
    this.rename();
  }

  private rename(): void {
    setText(this.name, CHOICES.find(({ value }) => value === this.choice.value)?.name ?? "");
  }
}
