// What the browser keeps: conversations and settings.
import assert from 'node:assert/strict';
import { answers, ask, bodies, idle, PLAIN, play, WEATHER, withPage, write } from './browser.mjs';

const titles = (page) => page.locator('#conversations .open').allInnerTexts();

withPage('conversations are kept, found again and deleted', async (page) => {
  await ask(page, 'What is the capital of France?');
  await page.click('#new');
  assert.equal(await page.locator('.welcome').count(), 1);
  assert.ok(await page.evaluate(() => document.activeElement.id === 'prompt'));
  await ask(page, 'Tell me a story about a fox.');
  assert.deepEqual(await titles(page), ['Tell me a story about a fox.', 'What is the capital of France?']);
  await page.reload();
  assert.deepEqual(await titles(page), ['Tell me a story about a fox.', 'What is the capital of France?']);
  assert.ok((await answers(page))[0].length > 100);
  await page.click('text=What is the capital of France?');
  assert.deepEqual(await answers(page), ['The capital of France is Paris.']);
  await ask(page, 'What is the capital of Italy?');  // it goes on where it was
  assert.equal((await answers(page)).length, 2);
  await page.click('[aria-label*="capital of France"].drop');
  assert.deepEqual(await titles(page), ['Tell me a story about a fox.']);
  await page.reload();
  assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((k) => k.startsWith('sluice.chat.')).length), 1);
}, { settings: PLAIN });

withPage('another conversation stops the answer of this one, which keeps what came', async (page) => {
  await write(page, 'Count');
  await page.waitForFunction(() => (document.querySelector('.answer .md')?.textContent.length ?? 0) > 20);
  await page.click('#new');
  await idle(page);
  await page.click('#conversations .open');
  assert.ok((await answers(page))[0].length > 20);
}, { settings: { ...PLAIN, schema: JSON.stringify({ type: 'array', items: { enum: [7] }, minItems: 3500 }) } });

withPage('settings are kept and sent', async (page) => {
  const sent = bodies(page);
  await play(page, [{ content: 'Good' }]);
  await page.click('#show-settings');
  await page.getByLabel('System prompt').fill('Be brief.');
  await page.getByLabel('Thinking', { exact: true }).selectOption('off');
  for (const [label, value] of [['Temperature', '0,5'], ['Top p', '0.9'], ['Top k', '30'], ['Min p', '0.05'], ['Max tokens', '77'], ['Seed', '3']]) await page.getByLabel(label).fill(value);
  await page.getByLabel('Tools (JSON list)').fill(JSON.stringify(WEATHER));
  await page.getByLabel('API key').fill('some-key');
  await page.click('text=Save');
  await page.reload();
  const key = page.waitForRequest('**/v1/chat/completions').then((r) => r.headers().authorization);
  await ask(page, 'Hello');
  assert.equal(await key, 'Bearer some-key');
  const { messages, tools, ...rest } = sent[0];
  assert.deepEqual(messages, [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hello' }]);
  assert.deepEqual(tools, WEATHER);
  assert.deepEqual(rest, { temperature: 0.5, top_p: 0.9, top_k: 30, min_p: 0.05, max_tokens: 77, seed: 3, enable_thinking: false, stream: true, stream_options: { include_usage: true } });
});

withPage('nothing set: the model decides', async (page) => {
  const sent = bodies(page);
  await play(page, [{ content: 'Good' }]);
  await ask(page, 'Hello');
  assert.deepEqual(Object.keys(sent[0]).sort(), ['enable_thinking', 'messages', 'stream', 'stream_options']);
});

withPage('settings that cannot be are told at their fields and not kept', async (page) => {
  await page.click('#show-settings');
  await page.getByLabel('Tools (JSON list)').fill('[{]');
  await page.getByLabel('Top p').fill('2');
  await page.click('text=Save');
  assert.match(await page.locator('#set-tools-wrong').innerText(), /no JSON/);
  assert.match(await page.locator('#set-topP-wrong').innerText(), /between 0 and 1/);
  assert.equal(await page.getByLabel('Top p').getAttribute('aria-invalid'), 'true');
  await page.getByLabel('Top p').fill('');
  await page.getByLabel('Tools (JSON list)').fill('[{"type": "function", "function": {"name": "f"}}]');
  await page.getByLabel('Response schema').fill('{"type": "object"}');
  await page.click('text=Save');
  assert.match(await page.locator('#set-schema-wrong').innerText(), /Either tools or a schema/);
  await page.click('text=Cancel');
  assert.equal(await page.evaluate(() => localStorage.getItem('sluice.settings')), null);
});

withPage('a schema shapes the answer', async (page) => {
  await ask(page, 'Extract age, job as JSON: In Prague lives a tailor called Iris, aged 44, who likes dates.');
  assert.deepEqual(Object.keys(JSON.parse((await answers(page))[0])).sort(), ['age', 'job']);
}, { settings: { ...PLAIN, schema: JSON.stringify({ type: 'object', properties: { age: { type: 'integer' }, job: { type: 'string' } }, required: ['age', 'job'], additionalProperties: false }) } });

withPage('without storage it works until the page is closed', async (page) => {
  await page.addInitScript(() => {
    for (const name of ['setItem', 'getItem', 'removeItem']) Storage.prototype[name] = () => { throw new DOMException('off', 'QuotaExceededError'); };
  });
  await page.reload();
  await ask(page, 'Tell me a story about a fox.');
  assert.equal((await answers(page)).length, 1);
  assert.match(await page.locator('#notice').innerText(), /keeps no more/);
  assert.equal((await titles(page)).length, 1);
});
