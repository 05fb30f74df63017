// Asks, one question at a time, and keeps the conversation.
import { ask } from "../api/ask";
import { ApiError, type Client } from "../api/client";
import { attach, dataUrl, release, type Attachment } from "../ask/attachment";
import { Composer } from "../ask/composer";
import { showExamples } from "../ask/examples";
import { SystemPrompt } from "../ask/system_prompt";
import { byId, setText, show } from "../elements";
import { messagesOf, type Turn } from "./conversation";
import { phaseWords } from "./figures";
import { TurnView } from "./turn_view";

export class Desk {
  private readonly system = new SystemPrompt();
  private readonly composer: Composer;
  private readonly list = byId("conversation", HTMLElement);
  private readonly status = byId("status", HTMLElement);
  private readonly fresh = byId("new-conversation", HTMLButtonElement);
  private turns: Turn[] = [];
  private shown: Attachment[] = [];
  private running: AbortController | null = null;
  private bodyLimit: number | null = null;

  constructor(private readonly client: Client) {
    this.composer = new Composer({
      onAsk: (prompt, attachments) => void this.ask(prompt, attachments),
      onCancel: () => this.running?.abort(),
    });
    showExamples(byId("examples", HTMLElement), (picture, question) => {
      this.composer.fill(question, attach(picture, picture.name));
    }, (sentence) => this.composer.say(sentence));
    this.fresh.addEventListener("click", () => this.clear());
  }

  /** Bytes of one request that the server takes. */
  setBodyLimit(bytes: number): void {
    this.bodyLimit = bytes;
    this.composer.setBodyLimit(bytes);
  }

  private async ask(prompt: string, attachments: Attachment[]): Promise<void> {
    const view = new TurnView(prompt, attachments, this.turns.length + 1);
    const turn: Turn = { prompt, media: [], answer: "", counts: false };
    this.turns.push(turn);
    this.shown.push(...attachments);
    this.begin(view);
    const running = (this.running = new AbortController());
    try {
      turn.media = await Promise.all(attachments.map(async ({ kind, file }) => ({ kind, url: await dataUrl(file) })));
      const end = await ask(this.client, messagesOf(this.turns, this.system.value()), this.bodyLimit, running.signal, {
        onPhase: (phase) => { view.onPhase(phase); setText(this.status, phaseWords(phase, attachments.length > 0)); },
        onText: (piece) => { turn.answer += piece; view.onText(turn.answer); this.follow(view.root); },
      });
      view.end(end.finish, end.figures);
      turn.counts = turn.answer !== "";
      setText(this.status, `Answer: ${turn.answer}`);
    } catch (error) {
      turn.counts = running.signal.aborted && turn.answer !== "";
      if (running.signal.aborted) this.cancelled(view);
      else this.failed(view, prompt, attachments, asApiError(error));
    }
    this.follow(view.root);
    this.ended(running);
  }

  // A new conversation may have begun meanwhile, with a question of its own.
  private ended(running: AbortController): void {
    if (this.running !== running) return;
    this.running = null;
    this.composer.setBusy(false);
  }

  private begin(view: TurnView): void {
    this.list.append(view.root);
    this.composer.setBusy(true);
    show(byId("welcome", HTMLElement), false);
    show(this.list, true);
    show(this.fresh, true);
    setText(this.status, "Asked");
    this.follow(view.root, true);
  }

  // Keeps the end in sight while it grows, unless the reader has scrolled away from it.
  private follow(turn: HTMLElement, always = false): void {
    const { scrollTop, scrollHeight, clientHeight } = this.list;
    if (scrollHeight <= clientHeight && always) turn.scrollIntoView({ block: "nearest" });
    if (always || scrollHeight - scrollTop - clientHeight < 300) this.list.scrollTop = this.list.scrollHeight;
  }

  private cancelled(view: TurnView): void {
    view.end("cancelled", null);
    setText(this.status, "Cancelled");
  }

  private failed(view: TurnView, prompt: string, attachments: Attachment[], error: ApiError): void {
    const again = (): void => {
      if (!this.running) void this.ask(prompt, attachments);
    };
    view.fail(error, again);
  }

  private clear(): void {
    this.running?.abort();
    if (this.running) this.ended(this.running);
    this.shown.forEach(release);
    this.shown = [];
    this.turns = [];
    this.list.replaceChildren();
    show(this.list, false);
    show(byId("welcome", HTMLElement), true);
    show(this.fresh, false);
    setText(this.status, "New conversation");
    byId("prompt", HTMLTextAreaElement).focus();
  }
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(error instanceof Error ? error.message : String(error), 0, "");
}
