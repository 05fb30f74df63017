// What a person does on the page, for the tests. Every wait is for something that is seen.
import { after, before } from "node:test";
import { launch, REAL, serve } from "./browser.mjs";

/** Of the mock, where a test says nothing else. */
const QUICK = { load_ms: 250, encode_ms: 150, prefill_ms: 40, tokens_per_second: 200 };

/** A real server may have to load a large model first, and a test machine may be busy. */
const PATIENCE_MS = REAL ? 120_000 : 60_000;

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

/** Runs `body` with a page of its own against a server of its own. `options` are those of the mock. */
export async function withPage(options, body) {
  const { view = {}, ...served } = options;
  const server = await serve({ ...served, settings: { ...QUICK, ...served.settings } });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ["clipboard-read", "clipboard-write", "camera"], ...view });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  try {
    await page.goto(server.url);
    await body(page, server);
    if (faults.length) throw new Error(`the page threw: ${faults.join("; ")}`);
  } finally {
    await context.close();
    await server.close();
  }
}

export async function connected(page) {
  await page.locator("#load-state:not([data-state=unknown])").waitFor();
}

/** Sends what is in the composer; `question` replaces its words. */
export async function send(page, question) {
  if (question !== undefined) await page.fill("#prompt", question);
  await page.click("#generate");
}

/** Sends, and waits for the end of the answer. */
export async function ask(page, question) {
  const turns = page.locator(".turn");
  const number = await turns.count();
  await send(page, question);
  const turn = turns.nth(number);
  await turn.and(page.locator(".over")).waitFor();
  return turn;
}

export async function chooseExample(page, number = 0) {
  await page.locator(".example").nth(number).click();
  await page.locator("#attachment img").waitFor();
}

export async function untilText(page, selector, pattern) {
  await page.waitForFunction(([where, source]) => new RegExp(source).test(document.querySelector(where)?.textContent ?? ""), [selector, pattern.source]);
}

export const heldBytes = (page) => page.locator("[role=meter]").getAttribute("aria-valuetext");
