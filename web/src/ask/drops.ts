// Files that are dropped on the page or pasted into it.
import { byId, show } from "../elements";

export function watchDrops(onFiles: (files: File[]) => void): void {
  const veil = byId("drop-veil", HTMLElement);
  const carriesFile = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    show(veil, true);
  });
  // relatedTarget is empty where the pointer left the window, not only an element of it.
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) show(veil, false); });
  addEventListener("drop", (event) => {
    show(veil, false);
    if (!carriesFile(event)) return;
    event.preventDefault();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  });
}
