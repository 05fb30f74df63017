// What the next question is about: pictures, as many as fit into one request, or one video.
import { element, show } from "../elements";
import { formatBytes } from "../format";
import { attach, faultOf, release, type Attachment } from "./attachment";

export class Tray {
  /** Bytes of one request that the server takes; null: it has not said so yet. */
  limit: number | null = null;
  private held: Attachment[] = [];

  constructor(private readonly list: HTMLElement, private readonly onRemoved: () => void) {}

  /** Takes a file, or says why it can't. A video stands alone: it replaces what is there, and a picture replaces it. */
  add(file: File): string | null {
    const added = attach(file, file.name || "pasted picture");
    const beside = added.kind === "image" ? this.held.filter(({ kind }) => kind === "image") : [];
    const fault = faultOf(file, this.limit, beside.reduce((sum, { file: { size } }) => sum + size, 0));
    if (fault) {
      release(added);
      return fault;
    }
    this.held.filter((attachment) => !beside.includes(attachment)).forEach(release);
    this.show([...beside, added]);
    return null;
  }

  /** These and no others. */
  replace(attachments: Attachment[]): void {
    this.held.forEach(release);
    this.show(attachments);
  }

  /** Hands over what is there; it is the caller's from then on. */
  take(): Attachment[] {
    const { held } = this;
    this.show([]);
    return held;
  }

  private show(attachments: Attachment[]): void {
    this.held = attachments;
    this.list.replaceChildren(...attachments.map((attachment) => this.item(attachment)));
    show(this.list, attachments.length > 0);
  }

  private item(attachment: Attachment): HTMLElement {
    const view = attachment.kind === "image" ? element("img", { src: attachment.preview, alt: "" })
      : element("video", { src: attachment.preview, muted: true, playsinline: true, controls: true });
    const clear = element("button", { type: "button", class: "quiet", "aria-label": `Remove ${attachment.name}` }, "Remove");
    clear.addEventListener("click", () => {
      release(attachment);
      this.show(this.held.filter((other) => other !== attachment));
      this.onRemoved();
    });
    return element("li", {}, view,
      element("p", {}, element("span", { class: "file-name" }, attachment.name), element("span", { class: "small" }, formatBytes(attachment.file.size))), clear);
  }
}
