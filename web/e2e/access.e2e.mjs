// Everybody can use it: axe-core, the keyboard, a phone's width, no network but the server's.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { ask, chooseExample, connected, untilText, withPage } from "./page.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

async function axeFaults(page) {
  // The page's own policy forbids what a test injects; evaluate() is not bound by it.
  await page.evaluate(readFileSync(AXE, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
}

test("axe-core would find a fault", () => withPage({}, async (page) => {
  await page.evaluate(() => document.querySelector("main").append(new Image(10, 10)));
  assert.match((await axeFaults(page)).join(), /image-alt/);
}));

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1440]) {
    test(`axe-core finds no serious fault: ${colorScheme}, ${width} px`, () => withPage({ view: { colorScheme, viewport: { width, height: 800 } } }, async (page, { world }) => {
      await connected(page);
      assert.deepEqual(await axeFaults(page), []);
      await chooseExample(page);
      await page.click(".system summary");
      await page.selectOption("#system-choice", "video");
      await ask(page);
      if (world) {
        world.press("critical");
        world.refuseNext();
        await ask(page, "And now?");
        world.loseWorker();
        await untilText(page, "#notices", /started again/);
      }
      await page.getByRole("radio", { name: "2 GiB" }).check({ force: true });
      await untilText(page, ".plan-class", /ultra low/);
      assert.deepEqual(await axeFaults(page), []);
    }));
  }
}

test("nothing is wider than a phone", () => withPage({ view: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } }, async (page) => {
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await connected(page);
  assert.equal(await overflow(), 0);
  await chooseExample(page);
  await ask(page);
  await untilText(page, ".plan-class", /Class/);
  assert.equal(await overflow(), 0);
}));

test("a question is asked with the keyboard alone", () => withPage({}, async (page) => {
  await connected(page);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the question");
  await page.keyboard.press("Enter");
  await page.locator("#prompt:focus").waitFor();
  await page.keyboard.type("What do you see?");
  await page.keyboard.press("Enter");
  await page.locator(".turn.over").waitFor();
  await untilText(page, "#status", /^Answer: /);
}));

test("the page asks nobody but its server", () => withPage({}, async (page, server) => {
  const elsewhere = [];
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(server.url).origin) elsewhere.push(request.url());
  });
  await page.reload();
  await connected(page);
  await chooseExample(page);
  await ask(page);
  assert.deepEqual(elsewhere, []);
}));
