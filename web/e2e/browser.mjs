// Debian's Chromium for the tests, and the server that they speak to: the mock, or the one at PLIMSOLL_URL.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { startMock } from "../mock/server.mjs";

export const REAL = process.env.PLIMSOLL_URL ?? "";

const CANDIDATES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
export const CHROMIUM = CANDIDATES.find((path) => path && existsSync(path));

export const DIST = resolve(process.env.PLIMSOLL_PAGE_DIST ?? fileURLToPath(new URL("../dist", import.meta.url)));

export function launch() {
  // Root has no sandbox to put the browser into.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: CHROMIUM, args: [...args, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"] });
}

/** The mock with these options; with PLIMSOLL_URL the real server, whose `world` is null. */
export async function serve(options = {}) {
  if (REAL) return { url: REAL.endsWith("/") ? REAL : `${REAL}/`, world: null, close: async () => undefined };
  return startMock({ folder: DIST, ...options });
}
