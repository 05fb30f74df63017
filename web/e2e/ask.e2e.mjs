// Questions and answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { REAL } from "./browser.mjs";
import { ask, chooseExample, connected, send, untilText, withPage } from "./page.mjs";

const MOCK_ONLY = REAL ? "only the mock can be made to do this" : false;
const SLOW = { settings: { encode_ms: 60_000 } };

test("an example picture is asked about, and the answer has its figures", () => withPage({}, async (page, server) => {
  await chooseExample(page);
  assert.equal(await page.inputValue("#prompt"), "What is to the left of the mouse?");
  const turn = await ask(page);
  assert.notEqual((await turn.locator(".answer").innerText()).trim(), "");
  assert.match(await turn.locator(".figures-line").innerText(), /tokens\/s · first word after/);
  if (!server.world) return;
  assert.equal(await turn.locator(".answer").innerText(), "An elephant.");
  assert.match(server.world.asked[0].content[0].image_url.url, /^data:image\/png;base64,/);
  assert.equal(server.world.asked.length, 1, "no system message: the model's own counts");
}));

test("a follow-up sends the conversation", () => withPage({}, async (page, server) => {
  await chooseExample(page);
  await ask(page);
  await ask(page, "And on the right?");
  assert.equal(await page.locator(".turn").count(), 2);
  if (server.world) assert.deepEqual(server.world.asked.map((message) => message.role), ["user", "assistant", "user"]);
}));

test("a new conversation forgets the old one", () => withPage({}, async (page, server) => {
  await ask(page, "What do you see?");
  await page.click("#new-conversation");
  assert.equal(await page.locator(".turn").count(), 0);
  assert.equal(await page.locator(".example").first().isVisible(), true);
  await ask(page, "What now?");
  if (server.world) assert.equal(server.world.asked.length, 1);
}));

test("instructions are chosen and edited", () => withPage({}, async (page, server) => {
  await page.click(".system summary");
  await page.selectOption("#system-choice", "image");
  assert.match(await page.inputValue("#system-text"), /^You are an image understanding model/);
  await page.fill("#system-text", "Answer in one word.");
  assert.equal(await page.inputValue("#system-choice"), "written");
  await ask(page, "What do you see?");
  if (server.world) assert.deepEqual(server.world.asked[0], { role: "system", content: "Answer in one word." });
}));

test("cancel in the middle of encoding ends the work at once", { skip: MOCK_ONLY }, () => withPage(SLOW, async (page, { world }) => {
  await chooseExample(page);
  await send(page);
  await untilText(page, ".stand", /Looking and reading/);
  assert.equal(world.queue.running, 1);
  await page.click("#cancel");
  await page.locator(".turn.over").waitFor();
  assert.match(await page.locator(".turn").innerText(), /Cancelled/);
  await page.waitForFunction(() => !document.querySelector("#generate").hidden);
  for (const until = Date.now() + 5000; world.queue.running && Date.now() < until;) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(world.queue.running, 0);
  assert.equal(world.holders["compute.vision"], 0);
}));

test("cancel works on any server", () => withPage({ settings: { tokens_per_second: 8 } }, async (page) => {
  await chooseExample(page);
  await send(page, "Describe this picture in a long text, with everything that you see.");
  // A small model may be done before the button is reached; either way the page is ready for the next question.
  await page.click("#cancel", { timeout: 5000 }).catch(() => undefined);
  await page.locator(".turn.over").waitFor();
  await page.locator("#generate").waitFor();
}));

test("what was said before a cancel stays, and counts", { skip: MOCK_ONLY }, () => withPage({ settings: { tokens_per_second: 10 } }, async (page, { world }) => {
  await send(page, "Tell a long story.");
  await untilText(page, ".answer", /harbour/);
  await page.click("#cancel");
  await page.locator(".turn.over").waitFor();
  world.settings.tokens_per_second = 300;
  await ask(page, "Go on.");
  assert.equal(world.asked.length, 3);
  assert.match(world.asked[1].content, /harbour/);
}));

test("loading and waiting are shown", { skip: MOCK_ONLY }, () => withPage({ settings: { load_ms: 1500 } }, async (page, { world, url }) => {
  await send(page, "What do you see?");
  await untilText(page, ".stand", /Loading the model: \d+%/);
  await page.locator(".turn.over").waitFor();
  world.settings.prefill_ms = 1500;
  const other = fetch(`${url}v1/chat/completions`, { method: "POST", body: JSON.stringify({ messages: [{ role: "user", content: "mine first" }], stream: true }) });
  await other;
  await send(page, "And now?");
  await untilText(page, ".turn:last-child .stand", /Waiting: number 1 in line/);
  await page.locator(".turn:last-child.over").waitFor();
}));

test("Markdown is drawn, and nothing in it runs or fetches", { skip: MOCK_ONLY }, () => withPage({}, async (page) => {
  const turn = await ask(page, "Markdown, please");
  assert.equal(await turn.locator(".answer h1").innerText(), "Cargo");
  assert.equal(await turn.locator(".answer li").count(), 2);
  assert.equal(await turn.locator(".answer td").first().innerText(), "crates");
  assert.equal(await turn.locator(".answer :is(img, script)").count(), 0);
  assert.match(await turn.locator(".answer a").getAttribute("rel"), /noopener/);
}));

test("an answer is copied", () => withPage({}, async (page) => {
  const turn = await ask(page, "What do you see?");
  await turn.getByRole("button", { name: "Copy" }).click();
  await turn.getByRole("button", { name: "Copied" }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied.trim().length > 0, true);
}));

test("an error over budget shows who holds what, and is asked again", { skip: MOCK_ONLY }, () => withPage({}, async (page, { world }) => {
  world.refuseNext();
  const turn = await ask(page, "What do you see?");
  assert.match(await turn.locator(".fault").innerText(), /does not fit below the memory limit/);
  assert.match(await turn.locator(".denial caption").innerText(), /kv asked for 38.0 MiB; 11.0 MiB were free of 512 MiB/);
  assert.equal(await turn.locator(".denial tbody tr").count(), 3);
  await turn.getByRole("button", { name: "Try again" }).click();
  await page.locator(".turn.over").nth(1).waitFor();
  assert.equal(world.asked.length, 1, "the turn that failed is not told again");
}));

const ship = (bytes, name = "ship.png") => ({ name, mimeType: "image/png", buffer: Buffer.alloc(bytes, 1) });

test("a file that the server would not take is refused before it is sent", { skip: MOCK_ONLY }, () => withPage({ maxBody: 20_000 }, async (page) => {
  await connected(page);
  await page.setInputFiles("#file", ship(40_000));
  await untilText(page, "#composer-fault", /“ship.png” \(39.1 KiB\) is larger than this server takes/);
  assert.equal(await page.locator("#attachment").isVisible(), false);
  await page.setInputFiles("#file", [ship(8_000, "one.png"), ship(8_000, "two.png")]);
  await untilText(page, "#composer-fault", /“two.png” .*does not fit beside the other pictures/);
  assert.equal(await page.locator("#attachment li").count(), 1);
}));

test("a conversation whose pictures grew too large is told so", { skip: MOCK_ONLY }, () => withPage({ maxBody: 20_000 }, async (page, { world }) => {
  await connected(page);
  await page.setInputFiles("#file", ship(8_000));
  await ask(page, "What is it?");
  await page.setInputFiles("#file", ship(8_000));
  const turn = await ask(page, "And this?");
  assert.match(await turn.locator(".fault").innerText(), /pictures of this conversation are together more than this server takes at once \(19.5 KiB\)/);
  assert.equal(world.asked.length, 1);
}));

test("several pictures are asked about in one question; a video stands alone", () => withPage({}, async (page, server) => {
  const bytes = await page.evaluate(async () => [...new Uint8Array(await (await fetch("examples/shapes.png")).arrayBuffer())]);
  const picture = (name) => ({ name, mimeType: "image/png", buffer: Buffer.from(bytes) });
  await page.setInputFiles("#file", [picture("one.png"), picture("two.png")]);
  await page.setInputFiles("#file", picture("three.png"));
  await page.getByRole("button", { name: "Remove two.png" }).click();
  assert.deepEqual(await page.locator("#attachment .file-name").allInnerTexts(), ["one.png", "three.png"]);
  const turn = await ask(page, "What do you see?");
  assert.equal(await turn.locator(".asked img").count(), 2);
  if (server.world) assert.deepEqual(server.world.asked[0].content.map(({ type }) => type), ["image_url", "image_url", "text"]);
  await page.setInputFiles("#file", picture("four.png"));
  await page.setInputFiles("#file", { name: "film.mp4", mimeType: "video/mp4", buffer: Buffer.alloc(100, 1) });
  assert.deepEqual(await page.locator("#attachment .file-name").allInnerTexts(), ["film.mp4"]);
}));

test("other files are refused, and an attachment is removed", () => withPage({}, async (page) => {
  await page.setInputFiles("#file", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
  await untilText(page, "#composer-fault", /neither a picture nor a video/);
  await chooseExample(page, 2);
  await page.getByRole("button", { name: "Remove shapes.png" }).click();
  assert.equal(await page.locator("#attachment").isVisible(), false);
}));

test("a picture is pasted, and one is dropped", () => withPage({}, async (page) => {
  const give = (type) => page.evaluate(async (kind) => {
    const blob = await (await fetch("examples/shapes.png")).blob();
    const data = new DataTransfer();
    data.items.add(new File([blob], `${kind}.png`, { type: "image/png" }));
    dispatchEvent(kind === "paste" ? new ClipboardEvent("paste", { clipboardData: data, cancelable: true }) : new DragEvent("drop", { dataTransfer: data, cancelable: true }));
  }, type);
  await give("paste");
  await untilText(page, "#attachment", /paste\.png/);
  await give("drop");
  await untilText(page, "#attachment", /drop\.png/);
}));

test("a picture is taken with the camera", { skip: MOCK_ONLY }, () => withPage({}, async (page) => {
  await page.click("#camera");
  await page.waitForFunction(() => document.querySelector("#camera-view").videoWidth > 0);
  await page.click("#camera-take");
  await untilText(page, "#attachment", /camera\.jpg/);
}));

test("the key is asked for when the server wants one", { skip: MOCK_ONLY }, () => withPage({ apiKey: "anchor" }, async (page) => {
  await page.locator("#key-form").waitFor();
  await page.fill("#key", "wrong");
  await page.keyboard.press("Enter");
  await untilText(page, "#key-note", /does not know the key/);
  await page.fill("#key", "anchor");
  await page.keyboard.press("Enter");
  await connected(page);
  assert.equal(await page.locator("#key-form").isVisible(), false);
  await ask(page, "What do you see?");
}));
