import { defineConfig } from "vitest/config";

// Where `npm run dev` finds a server: the mock (npm run mock) or a real one.
const target = process.env["PLIMSOLL_URL"] ?? "http://127.0.0.1:8089";
// A real server answers pages of its own origin only: it must hear the host that the browser asked.
const server = { target, changeOrigin: false };

// Vite's development server puts styles into the page itself, which the page's policy forbids.
const styled = {
  name: "styled-while-developing",
  apply: "serve",
  transformIndexHtml: (html: string) => html.replace("default-src 'self';", "$& style-src 'self' 'unsafe-inline';"),
} as const;

export default defineConfig({
  plugins: [styled],
  base: "./", // the page also works below a path of a reverse proxy
  build: { target: "es2022", modulePreload: false, reportCompressedSize: false, assetsInlineLimit: 0 },
  server: { proxy: { "/v1": server, "/health": server } },
  // One thread for all: on two cores a thread for each file takes many times as long.
  test: { pool: "threads", isolate: false, poolOptions: { threads: { singleThread: true } } },
});
