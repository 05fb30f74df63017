// Where a question is put together: a picture or a video, words, and the buttons that send or stop it.
import { byId, element, setText, show } from "../elements";
import { formatBytes } from "../format";
import { attach, faultOf, release, type Attachment } from "./attachment";
import { Camera } from "./camera";
import { watchDrops } from "./drops";

export interface ComposerSinks {
  onAsk(prompt: string, attachment: Attachment | null): void;
  onCancel(): void;
}

export class Composer {
  private readonly form = byId("composer", HTMLFormElement);
  private readonly prompt = byId("prompt", HTMLTextAreaElement);
  private readonly generate = byId("generate", HTMLButtonElement);
  private readonly cancel = byId("cancel", HTMLButtonElement);
  private readonly figure = byId("attachment", HTMLElement);
  private readonly fault = byId("composer-fault", HTMLElement);
  private attachment: Attachment | null = null;
  private busy = false;
  private refused: number | null = null;

  constructor(private readonly sinks: ComposerSinks) {
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    this.cancel.addEventListener("click", () => sinks.onCancel());
    this.prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    const camera = new Camera((picture) => this.take(picture), (sentence) => this.say(sentence));
    byId("camera", HTMLButtonElement).addEventListener("click", () => void camera.open());
    const file = byId("file", HTMLInputElement);
    byId("choose", HTMLButtonElement).addEventListener("click", () => file.click());
    for (const input of [file, byId("capture", HTMLInputElement)]) {
      input.addEventListener("change", () => {
        if (input.files?.[0]) this.take(input.files[0]);
        input.value = "";
      });
    }
    watchDrops((dropped) => this.take(dropped));
  }

  /** Takes a file as the one to ask about, or says why it can't. */
  take(file: File): void {
    const fault = faultOf(file, this.refused);
    this.say(fault ?? "");
    if (fault) return;
    this.drop();
    this.hold(attach(file, file.name || "pasted picture"));
    this.prompt.focus();
  }

  /** An example, or a question that failed and may be asked again. */
  fill(prompt: string, attachment: Attachment | null): void {
    this.prompt.value = prompt;
    if (attachment) {
      this.drop();
      this.hold(attachment);
    }
  }

  isEmpty(): boolean {
    return this.prompt.value.trim() === "" && this.attachment === null;
  }

  /** The server found a request of so many bytes too large: the next such file is refused at once. */
  learnRefused(bytes: number): void {
    this.refused = Math.min(bytes, this.refused ?? Infinity);
  }

  setBusy(busy: boolean): void {
    const focused = document.activeElement === (busy ? this.generate : this.cancel);
    this.busy = busy;
    show(this.generate, !busy);
    show(this.cancel, busy);
    if (focused) (busy ? this.cancel : this.prompt).focus();
  }

  say(sentence: string): void {
    setText(this.fault, sentence);
    show(this.fault, sentence !== "");
  }

  /** Sends what is there; does nothing while an answer is made. */
  send(): void {
    if (this.busy) return;
    const prompt = this.prompt.value.trim();
    if (prompt === "") {
      this.say("Write a question first.");
      this.prompt.focus();
      return;
    }
    const { attachment } = this;
    this.attachment = null; // the conversation's from here on
    this.drop();
    this.prompt.value = "";
    this.say("");
    this.sinks.onAsk(prompt, attachment);
  }

  private hold(attachment: Attachment): void {
    this.attachment = attachment;
    const view = attachment.kind === "image" ? element("img", { src: attachment.preview, alt: "" })
      : element("video", { src: attachment.preview, muted: true, playsinline: true, controls: true });
    const clear = element("button", { type: "button", class: "quiet", "aria-label": `Remove ${attachment.name}` }, "Remove");
    clear.addEventListener("click", () => { this.drop(); this.prompt.focus(); });
    this.figure.replaceChildren(view, element("figcaption", {}, element("span", { class: "file-name" }, attachment.name), element("span", { class: "small" }, formatBytes(attachment.file.size))), clear);
    show(this.figure, true);
  }

  private drop(): void {
    if (this.attachment) release(this.attachment);
    this.attachment = null;
    this.figure.replaceChildren();
    show(this.figure, false);
  }
}
