// What only the bundled model behind a real server can show. Left out where the server is the mock.
import assert from "node:assert/strict";
import { test } from "node:test";
import { REAL } from "./browser.mjs";
import { ask, chooseExample, connected, heldBytes, send, untilText, withPage } from "./page.mjs";

const real = { skip: REAL ? false : "needs plimsoll serve with the bundled model" };
const PHONE = { view: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } };

const json = async (page, path) => (await page.request.get(new URL(path, page.url()).href)).json();

/** Pictures that take seconds to look at; every time other ones, since known ones cost nothing. */
async function manyPictures(page) {
  const urls = await page.evaluate(async () => Promise.all(Array.from({ length: 10 }, async (_, i) => {
    const canvas = new OffscreenCanvas(380, 370 + i);
    const context = canvas.getContext("2d");
    context.fillStyle = `hsl(${Math.random() * 360} 80% 50%)`;
    context.fillRect(0, 0, 200 + i, 200);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    return [...bytes];
  })));
  return urls.map((bytes, i) => ({ name: `picture-${i}.png`, mimeType: "image/png", buffer: Buffer.from(bytes) }));
}

test("a bundled picture is asked about from end to end", real, () => withPage({}, async (page) => {
  await chooseExample(page);
  const turn = await ask(page);
  assert.equal(await turn.locator(".answer").innerText(), "An elephant.");
  const again = await ask(page, "Can you see a giraffe?");
  assert.match(await again.locator(".figures-line").innerText(), /not read again/);
  const { memory, load_state: state } = await json(page, "v1/memory");
  assert.equal(state, "loaded");
  assert.ok(memory.holders["weights.text"] > 0);
}));

test("a cancel in the middle of an encode stops the engine", real, () => withPage({}, async (page) => {
  await page.setInputFiles("#file", await manyPictures(page));
  await send(page, "What is in these pictures?");
  await untilText(page, ".stand", /Looking/);
  assert.equal((await json(page, "health")).queue.running, 1);
  await page.click("#cancel");
  const began = Date.now();
  await page.locator(".turn.over").waitFor();
  assert.match(await page.locator(".turn").innerText(), /Cancelled/);
  while ((await json(page, "health")).queue.running) assert.ok(Date.now() - began < 20_000, "the engine goes on");
  await page.click("#new-conversation");
  await chooseExample(page, 2);
  assert.match(await (await ask(page)).locator(".answer").innerText(), /circle/);
}));

test("the gauge falls when the model is unloaded", real, () => withPage({}, async (page) => {
  await ask(page, "What do you see?");
  await untilText(page, ".ledger tbody tr:first-child td", /[^0].* MiB/);
  const full = await heldBytes(page);
  const before = (await json(page, "v1/memory")).memory.active_bytes;
  await page.click("#unload");
  await page.locator("#load-state[data-state=idle]").waitFor();
  await page.waitForFunction((was) => document.querySelector("[role=meter]").getAttribute("aria-valuetext") !== was, full);
  await untilText(page, ".ledger tbody tr:first-child td", /^0 B$/);
  assert.ok((await json(page, "v1/memory")).memory.active_bytes < before);
}));

test("another class is planned beside this server's own", real, () => withPage({}, async (page) => {
  await connected(page);
  await untilText(page, "#device", /standard/);
  await page.selectOption("#plan-strategy", "tiered");
  for (const [size, tier, tokens] of [["2 GiB", "ultra low", 300], ["4 GiB", "standard", 800]]) {
    await page.getByRole("radio", { name: size }).check({ force: true });
    await untilText(page, ".plan-class", new RegExp(`Class ${tier} with tiered`));
    const row = page.locator(".comparison tr", { hasText: "longest answer" });
    assert.equal(await row.locator("td").first().innerText(), `${tokens} tokens`);
  }
}));

test("a question is asked and answered on a phone", real, () => withPage(PHONE, async (page) => {
  await chooseExample(page, 1);
  const turn = await ask(page);
  assert.match(await turn.locator(".answer").innerText(), /HELLO/);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
}));
