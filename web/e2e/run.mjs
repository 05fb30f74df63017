// npm run test:e2e: the page in a real browser. Where there is none it says SKIPPED, which ctest looks for.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHROMIUM, DIST, REAL } from "./browser.mjs";

function skip(reason) {
  console.log(`SKIPPED: ${reason}`);
  process.exit(0);
}

if (!CHROMIUM) skip("there is no Chromium; apt-get install chromium, or name one with CHROMIUM=/path");
if (!REAL && !existsSync(join(DIST, "index.html"))) skip("web/dist is not built; npm run build");

const files = ["ask", "memory", "access"].map((name) => fileURLToPath(new URL(`${name}.e2e.mjs`, import.meta.url)));
console.log(`Chromium at ${CHROMIUM}, ${REAL ? `the server at ${REAL}` : "the mock server"}`);
process.exit(spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" }).status ?? 1);
