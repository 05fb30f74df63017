// `plimsoll serve` with the bundled model on a free port, as a phone of 4 GiB, for as long as the tests run.
import { spawn } from "node:child_process";

/** Resolves with its address, and a function that ends it. */
export function startProgram(program) {
  const server = spawn(program, ["serve", "--port", "0", "--temperature", "0", "--device-memory", "4GiB"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const end = () => { server.kill("SIGTERM"); return ended; };
  return new Promise((resolve, reject) => {
    let said = "";
    server.stdout.on("data", (data) => {
      said += data;
      const url = /http:\/\/\S+/.exec(said)?.[0];
      if (url && said.includes("\n")) resolve({ url, end });
    });
    void ended.then((code) => reject(new Error(`the server ended with ${code} before it listened`)));
    server.once("error", reject);
  });
}
