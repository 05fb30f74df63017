// npm run mock: the mock on port 8089, for `npm run dev` or by itself. Lines on stdin make things happen.
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startMock } from "./server.mjs";

const mock = await startMock({ folder: fileURLToPath(new URL("../dist", import.meta.url)), port: Number(process.env.PORT ?? 8089), apiKey: process.env.PLIMSOLL_API_KEY });
console.log(`mock: ${mock.url}  (type: normal, warning, critical, lose-worker, over-budget)`);
for await (const line of createInterface({ input: process.stdin })) {
  const word = line.trim();
  if (word === "lose-worker") mock.world.loseWorker();
  else if (word === "over-budget") mock.world.refuseNext();
  else if (["normal", "warning", "critical"].includes(word)) mock.world.press(word);
  else console.log("mock: normal, warning, critical, lose-worker, over-budget");
}
