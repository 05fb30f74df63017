import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ollama } from 'ollama';
import { apiKey, picture, withServer } from './served.mjs';

let client;
withServer((host) => {
  client = new Ollama({ host, headers: { Authorization: `Bearer ${apiKey}` } });
});

const model = 'plimsoll-tiny:latest';
const question = () => ({
  role: 'user',
  content: 'What is in this image?',
  images: [picture('dog-car.png')],
});

test('the model is listed and shown', async () => {
  assert.equal((await client.list()).models[0].name, model);
  assert.deepEqual((await client.show({ model })).capabilities, ['completion', 'vision']);
});

test('chat answers about a picture', async () => {
  const answer = await client.chat({ model, messages: [question()] });
  assert.equal(answer.message.content, 'A dog and a car.');
  assert.equal(answer.done_reason, 'stop');
  assert.ok(answer.eval_count > 0);
});

test('chat streams', async () => {
  let text = '';
  let last;
  for await (const part of await client.chat({ model, messages: [question()], stream: true })) {
    text += part.message.content;
    last = part;
  }
  assert.equal(text, 'A dog and a car.');
  assert.equal(last.done, true);
});

test('generate answers, loads and unloads', async () => {
  const { content, images } = question();
  const answer = await client.generate({ model, prompt: content, images, options: { num_predict: 20 } });
  assert.equal(answer.response, 'A dog and a car.');
  assert.equal((await client.generate({ model, prompt: '', stream: false })).done_reason, 'load');
  assert.equal((await client.ps()).models[0].name, model);
  assert.equal((await client.generate({ model, prompt: '', keep_alive: 0 })).done_reason, 'unload');
});

test('an aborted stream frees the server for the next question', async () => {
  const stream = await client.chat({
    model,
    messages: [{ role: 'user', content: 'Say many words.' }],
    stream: true,
    format: { type: 'string', minLength: 800 }, // an answer that takes a while
    options: { num_predict: 800 },
  });
  await assert.rejects(async () => {
    for await (const part of stream) {
      assert.ok(part);
      stream.abort();
    }
  });
  assert.equal((await client.chat({ model, messages: [question()] })).message.content, 'A dog and a car.');
});

test('errors are texts with a status', async () => {
  await assert.rejects(client.chat({ model: 'llava', messages: [question()] }), (error) => {
    assert.equal(error.status_code, 404);
    assert.match(error.message, /llava/);
    return true;
  });
});

test('a format is kept to', async () => {
  const answer = await client.chat({
    model,
    messages: [question()],
    format: {
      type: 'object',
      properties: { animal: { enum: ['dog', 'cat'] } },
      required: ['animal'],
      additionalProperties: false,
    },
  });
  assert.ok(['dog', 'cat'].includes(JSON.parse(answer.message.content).animal));
});
