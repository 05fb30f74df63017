import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { apiKey, picture, withServer } from './served.mjs';

let client;
let url;
withServer((served) => {
  url = served;
  client = new OpenAI({ baseURL: `${served}/v1`, apiKey, maxRetries: 0 });
});

const model = 'plimsoll-tiny';
const about = (name) => [
  {
    role: 'user',
    content: [
      { type: 'text', text: 'What is in this image?' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${picture(name)}` } },
    ],
  },
];

test('the served model is listed', async () => {
  const models = [];
  for await (const one of client.models.list()) models.push(one.id);
  assert.deepEqual(models, [model]);
  assert.equal((await client.models.retrieve(model)).id, model);
});

test('a question about a picture is answered', async () => {
  const answer = await client.chat.completions.create({ model, messages: about('dog-car.png') });
  assert.equal(answer.choices[0].message.content, 'A dog and a car.');
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  assert.ok(answer.plimsoll.memory.peak_bytes > 0);
});

test('a conversation goes on', async () => {
  const answer = await client.chat.completions.create({
    model,
    max_completion_tokens: 4,
    messages: [
      { role: 'system', content: 'Be brief.' },
      ...about('dog-car.png'),
      { role: 'assistant', content: 'A dog and a car.' },
      { role: 'user', content: 'Is there a cat?' },
    ],
  });
  assert.ok(answer.usage.completion_tokens <= 4);
});

test('a stream says the same as the whole', async () => {
  const stream = await client.chat.completions.create({
    model,
    messages: about('dog-car.png'),
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let finish;
  let usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, 'A dog and a car.');
  assert.equal(finish, 'stop');
  assert.ok(usage.completion_tokens > 0);
});

test("the client's own stream runner comes to the final message", async () => {
  const runner = client.chat.completions.stream({ model, messages: about('cat.png') });
  const final = await runner.finalChatCompletion();
  assert.ok(final.choices[0].message.content.length > 0);
});

test('an aborted stream frees the server for the next question', async () => {
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'Say many words.' }],
    stream: true,
    max_tokens: 500,
  });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta?.content !== undefined) break;
  }
  stream.controller.abort();
  const answer = await client.chat.completions.create({ model, messages: about('dog-car.png') });
  assert.equal(answer.choices[0].message.content, 'A dog and a car.');
});

test('errors are the types that the client has for them', async () => {
  const ask = (fields) => client.chat.completions.create({ model, messages: about('dog-car.png'), ...fields });
  await assert.rejects(ask({ max_tokens: -5 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.code, 'invalid_value');
    assert.equal(error.param, 'max_tokens');
    return true;
  });
  await assert.rejects(ask({ model: 'gpt-4o' }), OpenAI.NotFoundError);
  const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'another', maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  const cut = picture('dog-car.png').slice(0, 400);
  await assert.rejects(
    ask({
      messages: [
        {
          role: 'user',
          content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${cut}` } }],
        },
      ],
    }),
    (error) => {
      assert.equal(error.code, 'invalid_image');
      assert.equal(error.param, 'messages[0].content[0].image_url');
      return true;
    },
  );
});

test('an answer keeps to a schema', async () => {
  const answer = await client.chat.completions.create({
    model,
    messages: about('dog-car.png'),
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'count',
        schema: {
          type: 'object',
          properties: { animal: { enum: ['dog', 'cat'] }, count: { type: 'integer', minimum: 0, maximum: 9 } },
          required: ['animal', 'count'],
          additionalProperties: false,
        },
      },
    },
  });
  const object = JSON.parse(answer.choices[0].message.content);
  assert.ok(['dog', 'cat'].includes(object.animal));
  assert.ok(Number.isInteger(object.count));
});
