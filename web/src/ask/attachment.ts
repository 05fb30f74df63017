// A picture or a video to ask about.
import { formatBytes } from "../format";

export interface Attachment {
  kind: "image" | "video";
  name: string;
  file: Blob;
  /** For <img> and <video>; belongs to the attachment until release(). */
  preview: string;
}

/** What a text in a browser can hold; the server's own limit is lower and says so itself. */
const LARGEST_TEXT = 500 * 2 ** 20;

/** Bytes of the request that carries a file: base64 has four for three. */
export function requestBytes(fileBytes: number): number {
  return 4 * Math.ceil(fileBytes / 3) + 1024;
}

/** Why `file` can't be asked about; null: it can. `refused`: the smallest request that the server found too large. */
export function faultOf(file: File, refused: number | null): string | null {
  if (!/^(image|video)\//.test(file.type)) return `“${file.name}” is neither a picture nor a video; choose a JPEG, PNG, WebP, GIF or TIFF picture, or a video.`;
  if (file.size === 0) return `“${file.name}” is empty; choose another file.`;
  const bytes = requestBytes(file.size);
  if (bytes > LARGEST_TEXT || (refused !== null && bytes >= refused)) return tooLarge(file);
  return null;
}

/** The sentence for a file that the server does not take (413). */
export function tooLarge(file: { name: string; size: number }): string {
  return `“${file.name}” (${formatBytes(file.size)}) is larger than this server takes; choose a smaller one, or start the server with a larger --max-body.`;
}

export function attach(file: Blob, name: string): Attachment {
  return { kind: file.type.startsWith("video/") ? "video" : "image", name, file, preview: URL.createObjectURL(file) };
}

export function release(attachment: Attachment): void {
  URL.revokeObjectURL(attachment.preview);
}

/** "data:image/png;base64,..." */
export function dataUrl(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result)));
    reader.addEventListener("error", () => reject(new Error("The file can not be read any more; choose it again.")));
    reader.readAsDataURL(file);
  });
}
