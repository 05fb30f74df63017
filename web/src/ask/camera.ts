// A picture from the camera. Browsers give a page the camera only on https or localhost; elsewhere a phone's own
// camera program is asked for the picture.
import { byId } from "../elements";

export class Camera {
  private readonly dialog = byId("camera-dialog", HTMLDialogElement);
  private readonly view = byId("camera-view", HTMLVideoElement);
  private stream: MediaStream | null = null;

  constructor(private readonly onPicture: (picture: File) => void, private readonly onFault: (sentence: string) => void) {
    byId("camera-take", HTMLButtonElement).addEventListener("click", () => this.take());
    byId("camera-close", HTMLButtonElement).addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.stop());
  }

  async open(): Promise<void> {
    if (!navigator.mediaDevices?.getUserMedia) {
      byId("capture", HTMLInputElement).click();
      return;
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      this.onFault("The camera can not be used: there is none, or this page may not; allow it in the browser, or choose a picture.");
      return;
    }
    this.view.srcObject = this.stream;
    this.dialog.showModal();
    await this.view.play().catch(() => undefined);
  }

  private take(): void {
    const canvas = document.createElement("canvas");
    canvas.width = this.view.videoWidth;
    canvas.height = this.view.videoHeight;
    canvas.getContext("2d")?.drawImage(this.view, 0, 0);
    canvas.toBlob((blob) => {
      if (blob) this.onPicture(new File([blob], "camera.jpg", { type: "image/jpeg" }));
      this.dialog.close();
    }, "image/jpeg", 0.92);
  }

  private stop(): void {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.view.srcObject = null;
  }
}
