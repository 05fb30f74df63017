// The memory beside the conversation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { REAL, serve } from "./browser.mjs";
import { ask, chooseExample, connected, heldBytes, send, untilText, withPage } from "./page.mjs";

/** What weights.text, the first holder, has now. */
const WEIGHTS_NOW = ".ledger tbody tr:first-child td";

const MOCK_ONLY = REAL ? "only the mock can be made to do this" : false;

test("load fills the gauge, unload empties it", () => withPage({}, async (page) => {
  await connected(page);
  if (await page.locator("#unload").isVisible()) await page.click("#unload");
  await page.locator("#load-state[data-state=idle]").waitFor();
  await page.click("#load");
  await page.locator("#load-state[data-state=loaded]").waitFor();
  await untilText(page, WEIGHTS_NOW, /[^0].* (Mi|Gi)B/);
  const full = await heldBytes(page);
  await page.click("#unload");
  await page.locator("#load-state[data-state=idle]").waitFor();
  await page.waitForFunction((before) => document.querySelector("[role=meter]").getAttribute("aria-valuetext") !== before, full);
  await untilText(page, WEIGHTS_NOW, /^0 B$/);
}));

test("the ledger and the chart have every holder", () => withPage({}, async (page) => {
  await chooseExample(page);
  await ask(page);
  for (const holder of ["weights.text", "weights.vision", "kv", "compute.text", "cache.prefixes", "media", "no holder", "mapped"]) {
    assert.equal(await page.locator(".ledger th[scope=row]", { hasText: holder }).count(), 1, holder);
  }
  await page.locator("#chart canvas").waitFor();
  assert.match(await page.locator("#chart").getAttribute("aria-label"), /now [\d.]+ \w+, highest [\d.]+ \w+/);
}));

test("the ledger shows the moment under the pointer", () => withPage({}, async (page) => {
  await connected(page);
  await page.waitForTimeout(2500); // two samples at least, also of a server that rests
  const box = await page.locator("#chart .u-over").boundingBox();
  await page.mouse.move(box.x + box.width - 3, box.y + 60);
  await untilText(page, "#chart-when", /ago|now/);
  await page.mouse.move(box.x + box.width - 3, box.y - 200);
  await untilText(page, "#chart-when", /^now$/);
}));

test("pressure and what it gave back are shown", { skip: MOCK_ONLY }, () => withPage({}, async (page, { world }) => {
  await ask(page, "What do you see?");
  world.press("critical");
  await untilText(page, "#pressure", /critical/);
  await untilText(page, "#reclaims", /vision encoder/);
  await untilText(page, "#reclaims", /62\.4 MiB of 104 MiB came back.*short/);
  assert.match(await page.locator("#reclaims-sum").innerText(), /MiB in \d steps/);
  world.press("normal");
  await untilText(page, "#pressure", /normal/);
}));

test("another device and another strategy are planned", () => withPage({}, async (page) => {
  await connected(page);
  await page.getByRole("radio", { name: "4 GiB" }).check({ force: true });
  await page.selectOption("#plan-strategy", "tiered");
  await untilText(page, ".plan-class", /Class standard with tiered/);
  const row = (name) => page.locator(".comparison tr", { hasText: name }).locator("td").first();
  assert.equal(await row("longest answer").innerText(), "800 tokens");
  assert.equal(await row("picture").innerText(), "384 × 384");
  await page.selectOption("#plan-strategy", "legacy");
  await untilText(page, ".plan-class", /Class low with legacy/);
  assert.equal(await row("longest answer").innerText(), "300 tokens");
  assert.equal(await row("model").innerText(), "leaves after each answer");
  await page.getByRole("radio", { name: "2 GiB" }).check({ force: true });
  await page.selectOption("#plan-strategy", "tiered");
  await untilText(page, ".plan-class", /Class ultra low with tiered/);
  assert.equal(await page.locator(".bars tbody tr").count() > 3, true);
}));

test("a lost worker is told, and that it came back one step lower", { skip: MOCK_ONLY }, () => withPage({ settings: { encode_ms: 60_000 } }, async (page, { world }) => {
  await chooseExample(page);
  await send(page);
  await untilText(page, ".stand", /Looking/);
  world.loseWorker();
  await page.locator(".turn .fault").waitFor();
  assert.match(await page.locator(".turn .fault").innerText(), /was killed while it answered/);
  await untilText(page, "#notices", /started again, one step lower/);
  await untilText(page, "#device", /runs 1 step below its plan/);
  await page.getByRole("button", { name: "Close this notice" }).click();
  assert.equal(await page.locator(".notice").count(), 0);
}));

test("a server that goes away and comes back is told and found again", { skip: MOCK_ONLY }, () => withPage({}, async (page, server) => {
  await connected(page);
  const { port } = new URL(server.url);
  await server.close();
  await untilText(page, "#notices", /tries again by itself/);
  assert.equal(await page.locator("#load").isVisible(), false);
  const again = await serve({ port: Number(port) });
  await connected(page);
  assert.equal(await page.locator(".notice").count(), 0);
  await again.close();
}));
