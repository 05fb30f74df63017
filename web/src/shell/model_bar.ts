// The model: its name, whether it is loaded, and the buttons that load and unload it.
import { ApiError, type Client } from "../api/client";
import type { LoadState, MemorySample } from "../api/contract";
import { byId, setText, show } from "../elements";
import { formatShare } from "../format";

const WORDS: Record<LoadState, string> = { idle: "Not loaded", loading: "Loading", loaded: "Loaded" };

export class ModelBar {
  private readonly info = byId("model-info", HTMLElement);
  private readonly state = byId("load-state", HTMLElement);
  private readonly progress = byId("load-progress", HTMLProgressElement);
  private readonly load = byId("load", HTMLButtonElement);
  private readonly stop = byId("load-cancel", HTMLButtonElement);
  private readonly unload = byId("unload", HTMLButtonElement);
  private loading: AbortController | null = null;

  constructor(private readonly client: Client, private readonly onFault: (error: ApiError) => void) {
    this.load.addEventListener("click", () => void this.loadModel());
    this.stop.addEventListener("click", () => this.loading?.abort());
    this.unload.addEventListener("click", () => void this.unloadModel());
  }

  show(sample: MemorySample): void {
    const { load_state: state, load_progress: progress } = sample;
    setText(this.info, sample.model_info || sample.model);
    setText(this.state, state === "loading" && progress !== null ? `Loading ${formatShare(progress)}` : WORDS[state]);
    this.state.dataset["state"] = state;
    show(this.progress, state === "loading");
    this.progress.value = progress ?? 0;
    this.buttons(state);
  }

  /** Nothing is known while there is no connection. */
  lost(): void {
    setText(this.state, "No connection");
    this.state.dataset["state"] = "unknown";
    show(this.progress, false);
    this.buttons(null);
  }

  // A button that goes takes the keyboard's place with it: the one that comes instead gets it.
  private buttons(state: LoadState | null): void {
    const all: [HTMLButtonElement, boolean][] = [
      [this.load, state === "idle" && !this.loading], [this.stop, state !== "loaded" && this.loading !== null], [this.unload, state === "loaded"]];
    const focused = all.some(([button, visible]) => button === document.activeElement && !visible);
    for (const [button, visible] of all) show(button, visible);
    if (focused) all.find(([, visible]) => visible)?.[0].focus();
  }

  private async loadModel(): Promise<void> {
    const loading = (this.loading = new AbortController());
    try {
      await this.client.request("v1/models/load", { method: "POST", signal: loading.signal });
    } catch (error) {
      if (error instanceof ApiError) this.onFault(error);
    } finally {
      this.loading = null;
    }
  }

  private async unloadModel(): Promise<void> {
    try {
      await this.client.request("v1/models/unload", { method: "POST" });
    } catch (error) {
      if (error instanceof ApiError) this.onFault(error);
    }
  }
}
