// Where a question is put together: pictures or a video, words, and the buttons that send or stop it.
import { byId, setText, show } from "../elements";
import type { Attachment } from "./attachment";
import { Camera } from "./camera";
import { watchDrops } from "./drops";
import { Tray } from "./tray";

export interface ComposerSinks {
  onAsk(prompt: string, attachments: Attachment[]): void;
  onCancel(): void;
}

export class Composer {
  private readonly form = byId("composer", HTMLFormElement);
  private readonly prompt = byId("prompt", HTMLTextAreaElement);
  private readonly generate = byId("generate", HTMLButtonElement);
  private readonly cancel = byId("cancel", HTMLButtonElement);
  private readonly tray = new Tray(byId("attachment", HTMLElement), () => this.prompt.focus());
  private readonly fault = byId("composer-fault", HTMLElement);
  private busy = false;

  constructor(private readonly sinks: ComposerSinks) {
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    this.cancel.addEventListener("click", () => sinks.onCancel());
    this.prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    const camera = new Camera((picture) => this.take([picture]), (sentence) => this.say(sentence));
    byId("camera", HTMLButtonElement).addEventListener("click", () => void camera.open());
    const file = byId("file", HTMLInputElement);
    byId("choose", HTMLButtonElement).addEventListener("click", () => file.click());
    for (const input of [file, byId("capture", HTMLInputElement)]) {
      input.addEventListener("change", () => {
        this.take([...(input.files ?? [])]);
        input.value = "";
      });
    }
    watchDrops((files) => this.take(files));
  }

  /** Takes files to ask about, and says why it can't take one. */
  take(files: File[]): void {
    if (files.length === 0) return;
    const faults = files.map((file) => this.tray.add(file)).filter((fault) => fault !== null);
    this.say(faults[0] ?? "");
    if (faults.length === 0) this.prompt.focus();
  }

  /** An example: its words and its picture, and no others. */
  fill(prompt: string, picture: Attachment): void {
    this.prompt.value = prompt;
    this.tray.replace([picture]);
    this.say("");
    this.prompt.focus();
  }

  /** Bytes of one request that the server takes. */
  setBodyLimit(bytes: number): void {
    this.tray.limit = bytes;
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
    const attachments = this.tray.take(); // the conversation's from here on
    this.prompt.value = "";
    this.say("");
    this.sinks.onAsk(prompt, attachments);
  }
}
