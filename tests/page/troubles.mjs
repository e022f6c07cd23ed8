// What goes wrong is said in plain words, with what to do.
import assert from 'node:assert/strict';
import { answers, ask, CLOSED_PAGE, KEY, PLAIN, play, withPage } from './browser.mjs';

const told = (page) => page.locator('.trouble p').innerText();
const refused = [/Failed to load resource: the server responded with a status of/, /net::ERR_/];

withPage('a key that is missing is asked for, and then all works', async (page) => {
  await ask(page, 'What is the capital of France?');
  assert.match(await told(page), /asks for an API key/);
  await page.click('.trouble button:text-is("Settings")');
  await page.getByLabel('API key').fill(KEY);
  await page.getByLabel('Temperature').fill('0');
  await page.getByLabel('Thinking', { exact: true }).selectOption('off');
  await page.click('text=Save');
  await page.click('.trouble button:text-is("Try again")');
  await page.waitForFunction(() => document.querySelector('.answer .md')?.textContent === 'The capital of France is Paris.');
  assert.equal(await page.locator('.trouble').count(), 0);
  await page.waitForFunction(() => document.getElementById('model').textContent === 'demo');
}, { base: CLOSED_PAGE, expect: refused });

withPage('a server that is gone, and comes back', async (page) => {
  await page.route('**/v1/chat/completions', (route) => route.abort('connectionrefused'));
  await ask(page, 'What is the capital of France?');
  assert.match(await told(page), /does not answer. Is “sluice serve” still running/);
  await page.unroute('**/v1/chat/completions');
  await page.click('.trouble button:text-is("Try again")');
  await page.waitForFunction(() => document.querySelector('.answer .md')?.textContent === 'The capital of France is Paris.');
}, { settings: PLAIN, expect: refused });

for (const [name, status, error, headers, words] of [
  ['a full queue', 429, { message: '32 requests are waiting' }, { 'Retry-After': '7' }, /Try again in 7 s/],
  ['a fault of the server', 500, { message: 'layer 3: read failed' }, {}, /Something failed in the server: layer 3/],
  ['a server that ends', 503, { message: 'the server ends' }, {}, /ending/],
  ['a field that is refused', 400, { message: 'response_format: the schema uses what is not known', param: 'response_format.json_schema' }, {}, /because of the response schema in Settings/],
]) {
  withPage(name, async (page) => {
    await play(page, null, { status, headers, body: JSON.stringify({ error }) });
    await ask(page, 'Hello');
    assert.match(await told(page), words);
    assert.equal(await page.locator('.trouble').getAttribute('role'), 'alert');
  }, { expect: refused });
}

withPage('a conversation longer than the context', async (page) => {
  await ask(page, 'fox '.repeat(12_000));
  assert.match(await told(page), /tokens, and the context holds/);
}, { expect: refused });

withPage('a stream that breaks off keeps what came', async (page) => {
  await page.route('**/v1/chat/completions', (route) => route.fulfill({ status: 200, contentType: 'text/event-stream',
    body: 'data: {"choices": [{"index": 0, "delta": {"content": "Half"}, "finish_reason": null}]}\n\n' }));
  await ask(page, 'Hello');
  assert.match(await told(page), /broke before the answer was complete/);
  assert.deepEqual(await answers(page), ['Half']);
});
