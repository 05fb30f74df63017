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

/**
 * Why `file` can't be asked about; null: it can. `limit`: bytes of a request that the server takes, null where that is
 * not known. `beside`: bytes of the files that the same question is about.
 */
export function faultOf(file: File, limit: number | null, beside = 0): string | null {
  if (!/^(image|video)\//.test(file.type)) return `“${file.name}” is neither a picture nor a video; choose a JPEG, PNG, WebP, GIF or TIFF picture, or a video.`;
  if (file.size === 0) return `“${file.name}” is empty; choose another file.`;
  const most = Math.min(limit ?? LARGEST_TEXT, LARGEST_TEXT);
  if (requestBytes(file.size) > most) return `“${file.name}” (${formatBytes(file.size)}) is larger than this server takes; choose a smaller one, or start the server with a larger --max-body.`;
  if (requestBytes(file.size + beside) > most) return `“${file.name}” (${formatBytes(file.size)}) does not fit beside the other pictures: this server takes ${formatBytes(most)} at once; remove one of them.`;
  return null;
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
