// npm run test:e2e: the page in a real browser, with the mock, with the server at PLIMSOLL_URL, or with the program
// PLIMSOLL_PROGRAM. Where there is no browser it says SKIPPED, which ctest looks for.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHROMIUM, DIST, REAL } from "./browser.mjs";
import { startProgram } from "./program.mjs";

function skip(reason) {
  console.log(`SKIPPED: ${reason}`);
  process.exit(0);
}

const { PLIMSOLL_PROGRAM } = process.env;
if (!CHROMIUM) skip("there is no Chromium; apt-get install chromium, or name one with CHROMIUM=/path");
if (!REAL && !PLIMSOLL_PROGRAM && !existsSync(join(DIST, "index.html"))) skip("web/dist is not built; npm run build");

const program = PLIMSOLL_PROGRAM && !REAL ? await startProgram(PLIMSOLL_PROGRAM) : null;
const url = program?.url ?? REAL;
const files = ["ask", "memory", "access", "real"].map((name) => fileURLToPath(new URL(`${name}.e2e.mjs`, import.meta.url)));
console.log(`Chromium at ${CHROMIUM}, ${url ? `the server at ${url}` : "the mock server"}`);
// One server answers one question at a time; the mock is started anew for each test.
const order = url ? ["--test-concurrency=1"] : [];
const tests = spawn(process.execPath, ["--test", ...order, ...files], { stdio: "inherit", env: { ...process.env, PLIMSOLL_URL: url } });
const failed = await new Promise((resolve) => tests.once("exit", (code) => resolve(code ?? 1)));
const ended = program ? await program.end() : 0;
if (ended) console.log(`the server ended with ${ended}`);
process.exit(failed || ended);
