// The page: a conversation on one side, the memory that it takes on the other. Wires the parts; holds none of them.
import "./style/page.css";
import { Client } from "./api/client";
import type { MemorySample } from "./api/contract";
import { MemoryFeed } from "./api/memory_feed";
import { MemoryPanel } from "./memory/panel";
import { KeyForm } from "./shell/key_form";
import { ModelBar } from "./shell/model_bar";
import { Notices, workerSentence } from "./shell/notices";
import { Desk } from "./talk/desk";

const client = new Client();
const notices = new Notices();
const model = new ModelBar(client, (error) => notices.error("load", error));
const panel = new MemoryPanel(client);
const desk = new Desk(client);
let latest: MemorySample | null = null;

const feed = new MemoryFeed(client, {
  onSample(sample) {
    notices.clear("connection");
    const lost = latest && workerSentence(latest.worker, sample.worker);
    if (lost) notices.say("worker", lost);
    if (sample.load_state === "loaded") notices.clear("load");
    latest = sample;
    model.show(sample);
    panel.show(sample);
    desk.setBodyLimit(sample.max_body_bytes);
  },
  onLost(reason) {
    model.lost();
    panel.lost();
    if (reason.status !== 401) notices.say("connection", `${reason.message} The page tries again by itself.`);
  },
});

new KeyForm(client, () => feed.wake());
void feed.run();
