// A server that speaks docs/server.md as far as the page uses it, without an engine. Node's own modules only.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { Answers } from "./answer.mjs";
import { planFor, STRATEGIES } from "./plans.mjs";
import { World } from "./world.mjs";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png" };

function send(response, status, object, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify(object));
}

function refuse(response, status, type, code, message, more = {}) {
  send(response, status, { error: { message, type, param: null, code, ...more } });
}

async function bodyOf(request, limit) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size <= limit) pieces.push(piece);
  }
  return size > limit ? null : Buffer.concat(pieces).toString();
}

function events(request, response, { world, options }) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  let last = 0;
  const push = () => {
    const sample = { ...world.sample(last), max_body_bytes: options.maxBody };
    last = world.reclaims.at(-1)?.sequence ?? 0;
    response.write(`event: sample\ndata: ${JSON.stringify(sample)}\n\n`);
  };
  push();
  const timer = setInterval(push, 250);
  request.on("close", () => clearInterval(timer));
  response.on("close", () => clearInterval(timer));
}

function plan(url, response, world) {
  const memory = url.searchParams.get("device_memory");
  const strategy = url.searchParams.get("strategy") ?? world.strategy;
  const size = memory ? /^(\d+(?:\.\d+)?)GiB$/.exec(memory) : null;
  if (!STRATEGIES.includes(strategy)) return refuse(response, 400, "invalid_request_error", "invalid_value", `There is no strategy "${strategy}"; use ${STRATEGIES.join(", ")}.`);
  if (memory && !size) return refuse(response, 400, "invalid_request_error", "invalid_value", `"${memory}" is not a size; use something like 4GiB.`);
  return send(response, 200, planFor(strategy, size ? Number(size[1]) * 2 ** 30 : world.device, memory ?? "this machine"));
}

async function chat(request, response, { world, answers, options }) {
  const text = await bodyOf(request, options.maxBody);
  if (text === null) return refuse(response, 413, "invalid_request_error", "body_too_large", `The request is larger than ${options.maxBody} bytes; send a smaller picture, or start the server with a larger --max-body.`);
  const { messages } = JSON.parse(text);
  world.asked = messages;
  if (world.denial) {
    const { denial } = world;
    world.denial = null;
    return refuse(response, 503, "over_budget_error", "over_budget", "The question does not fit below the memory limit: kv needs 27.0 MiB more than is free; ask something shorter, or raise --memory-limit.", { denial });
  }
  const cancel = new AbortController();
  response.on("close", () => cancel.abort());
  return answers.stream(messages, response, cancel.signal);
}

async function file(pathname, response, folder) {
  const path = normalize(join(folder, pathname === "/" ? "index.html" : pathname));
  const content = path.startsWith(folder) ? await readFile(path).catch(() => null) : null;
  if (!content) return refuse(response, 404, "invalid_request_error", "not_found", `There is nothing at ${pathname}.`);
  response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" });
  return response.end(content);
}

async function route(request, response, mock) {
  const { world, options } = mock;
  const url = new URL(request.url, "http://mock");
  const what = `${request.method} ${url.pathname}`;
  if (what === "GET /health") return send(response, 200, { status: "ok", model: "SmolVLM2-500M", load_state: world.load, load_progress: world.progress, queue: world.queue, worker: world.worker });
  if (!url.pathname.startsWith("/v1/")) return file(url.pathname, response, options.folder);
  if (options.apiKey && request.headers.authorization !== `Bearer ${options.apiKey}`) return refuse(response, 401, "authentication_error", "invalid_api_key", "This server wants its API key, as Authorization: Bearer KEY.");
  if (what === "GET /v1/memory") return send(response, 200, { ...world.sample(), max_body_bytes: options.maxBody });
  if (what === "GET /v1/memory/events") return events(request, response, mock);
  if (what === "GET /v1/plan") return plan(url, response, world);
  if (what === "POST /v1/chat/completions") return chat(request, response, mock);
  if (what === "POST /v1/models/unload") { world.unload(); return send(response, 202, { status: "unloading" }); }
  if (what === "POST /v1/models/load") {
    const cancel = new AbortController();
    response.on("close", () => cancel.abort());
    return world.loadModel(cancel.signal).then(() => send(response, 200, { status: "loaded", model_info: "SmolVLM2-500M • 507M" }), () => response.destroy());
  }
  return refuse(response, 404, "invalid_request_error", "not_found", `There is no ${url.pathname}; docs/server.md has the routes.`);
}

/** Options: folder (of the built page), port (0: a free one), apiKey, maxBody, and those of World. */
export async function startMock(options) {
  const world = new World(options);
  const mock = { world, answers: new Answers(world), options: { port: 0, maxBody: 32 * 2 ** 20, ...options } };
  const server = createServer((request, response) => {
    route(request, response, mock).catch((error) => { console.error(error); response.destroy(); });
  });
  await new Promise((resolve) => server.listen(mock.options.port, "127.0.0.1", resolve));
  const close = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return { url: `http://127.0.0.1:${server.address().port}/`, world, close, options: mock.options };
}
