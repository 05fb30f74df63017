// node e2e/screenshots.mjs FOLDER: the page at desktop and phone width, light and dark, after a few questions.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, serve } from "./browser.mjs";

const folder = process.argv[2] ?? "screenshots";
mkdirSync(folder, { recursive: true });
const server = await serve();
const browser = await launch();

async function ask(page, question) {
  const before = await page.locator(".turn.over").count();
  if (question) await page.fill("#prompt", question);
  await page.click("#generate");
  await page.waitForFunction((count) => document.querySelectorAll(".turn.over").length > count, before, { timeout: 120_000 });
}

async function story(page) {
  await page.goto(server.url);
  await page.locator(".example").first().click();
  await page.locator("#attachment img").waitFor();
  await ask(page);
  await ask(page, "Describe the picture.");
  await page.waitForTimeout(5000);
  server.world?.press("critical");
  await page.waitForTimeout(5000);
  server.world?.press("normal");
  await page.locator(".example").nth(1).evaluate((example) => example.click());
  await page.locator("#attachment img").waitFor();
  await ask(page, "What does the text say?");
  await page.locator("input[type=radio][value='2GiB']").check({ force: true });
  await page.waitForTimeout(8000);
}

const sizes = { desktop: { width: 1440, height: 960 }, laptop: { width: 1180, height: 900 }, phone: { width: 390, height: 844 } };
const wanted = process.argv.slice(3);
for (const [name, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"]) {
    if (wanted.length && !wanted.includes(`${name}-${colorScheme}`)) continue;
    const page = await browser.newPage({ viewport, colorScheme, deviceScaleFactor: name === "phone" ? 2 : 1 });
    await story(page);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}-whole.png`), fullPage: true });
    await page.close();
  }
}
await browser.close();
await server.close();
