// Asks, one question at a time, and keeps the conversation.
import { ask } from "../api/ask";
import { ApiError, type Client } from "../api/client";
import { dataUrl, release, requestBytes, tooLarge, type Attachment } from "../ask/attachment";
import { Composer } from "../ask/composer";
import { showExamples } from "../ask/examples";
import { SystemPrompt } from "../ask/system_prompt";
import { byId, setText, show } from "../elements";
import { messagesOf, type Turn } from "./conversation";
import { phaseWords } from "./figures";
import { TurnView } from "./turn_view";

/** Above it a server's limit may be passed, and a connection that breaks is taken for that. */
const USUAL_BODY_LIMIT = 32 * 2 ** 20;

export class Desk {
  private readonly system = new SystemPrompt();
  private readonly composer: Composer;
  private readonly list = byId("conversation", HTMLElement);
  private readonly status = byId("status", HTMLElement);
  private readonly fresh = byId("new-conversation", HTMLButtonElement);
  private turns: Turn[] = [];
  private shown: Attachment[] = [];
  private running: AbortController | null = null;

  constructor(private readonly client: Client) {
    this.composer = new Composer({
      onAsk: (prompt, attachment) => void this.ask(prompt, attachment),
      onCancel: () => this.running?.abort(),
    });
    showExamples(byId("examples", HTMLElement), (picture, question) => {
      this.composer.take(picture);
      this.composer.fill(question, null);
    }, (sentence) => this.composer.say(sentence));
    this.fresh.addEventListener("click", () => this.clear());
  }

  private async ask(prompt: string, attachment: Attachment | null): Promise<void> {
    const view = new TurnView(prompt, attachment, this.turns.length + 1);
    const turn: Turn = { prompt, media: null, answer: "", counts: false };
    this.turns.push(turn);
    if (attachment) this.shown.push(attachment);
    this.begin(view);
    const running = (this.running = new AbortController());
    try {
      if (attachment) turn.media = { kind: attachment.kind, url: await dataUrl(attachment.file) };
      const end = await ask(this.client, messagesOf(this.turns, this.system.value()), running.signal, {
        onPhase: (phase) => { view.onPhase(phase); setText(this.status, phaseWords(phase, attachment !== null)); },
        onText: (piece) => { turn.answer += piece; view.onText(turn.answer); this.follow(view.root); },
      });
      view.end(end.finish, end.figures);
      turn.counts = turn.answer !== "";
      setText(this.status, `Answer: ${turn.answer}`);
    } catch (error) {
      turn.counts = running.signal.aborted && turn.answer !== "";
      if (running.signal.aborted) this.cancelled(view);
      else this.failed(view, prompt, attachment, asApiError(error, attachment));
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

  private failed(view: TurnView, prompt: string, attachment: Attachment | null, error: ApiError): void {
    if (error.status === 413 && attachment) this.composer.learnRefused(requestBytes(attachment.file.size));
    const again = (): void => {
      if (!this.running) void this.ask(prompt, attachment);
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

function asApiError(error: unknown, attachment: Attachment | null): ApiError {
  if (!(error instanceof ApiError)) return new ApiError(error instanceof Error ? error.message : String(error), 0, "");
  if (!attachment) return error;
  // A server that refuses a large body may close the connection before the browser has sent all of it.
  const broke = error.code === "unreachable" && requestBytes(attachment.file.size) > USUAL_BODY_LIMIT;
  if (error.status !== 413 && !broke) return error;
  return new ApiError(tooLarge({ name: attachment.name, size: attachment.file.size }), 413, "body_too_large");
}
