// `plimsoll serve` with the bundled model, on a free port, for as long as the tests of one file run.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';

const program = process.env.PLIMSOLL_PROGRAM;
const examples = process.env.PLIMSOLL_EXAMPLES;

export const apiKey = 'a key for tests';

export const picture = (name) => readFileSync(`${examples}/${name}`).toString('base64');

/** Calls `use(url)` once the server listens. */
export function withServer(use, options = []) {
  let server;
  before(async () => {
    server = spawn(program, ['serve', '--port', '0', '--temperature', '0', '--api-key', apiKey, ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise((resolve, reject) => {
      let said = '';
      server.stdout.on('data', (data) => {
        said += data;
        if (said.includes('\n')) resolve(said);
      });
      server.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened`)));
    });
    use(line.match(/http:\/\/\S+/)[0]);
  });
  after(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  });
}
