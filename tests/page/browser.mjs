// A browser that watches the page under test: any request to elsewhere, any error on the console and any violation of the
// page's policy fails the test that made it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { chromium } from 'playwright-core';

export const { PAGE, CLOSED_PAGE, KEY, PICTURES, MODELS } = process.env;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
test.after(() => browser.close());

// The server's answers that a test provokes are errors on the console too: `expected` names them.
const expected = (text, patterns) => patterns.some((p) => p.test(text));

export function watch(page, origin, patterns) {
  const problems = [];
  page.on('console', (m) => {
    if (['error', 'warning'].includes(m.type()) && !expected(m.text(), patterns)) problems.push(`console: ${m.text()}`);
  });
  page.on('pageerror', (e) => problems.push(`uncaught: ${e.stack}`));
  page.on('request', (r) => { if (!r.url().startsWith(`${origin}/`)) problems.push(`request to ${r.url()}`); });
  return problems;
}

// test with a page: settings are those that localStorage holds at the start.
export function withPage(name, act, { settings, base = PAGE, expect = [], ...context } = {}) {
  test(name, async () => {
    const session = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'], ...context });
    session.setDefaultTimeout(160_000);
    const page = await session.newPage();
    const problems = watch(page, base, expect);
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
    });
    try {
      await page.goto(base);
      if (settings) {
        await page.evaluate((s) => localStorage.setItem('sluice.settings', JSON.stringify(s)), settings);
        await page.reload();
      }
      await act(page);
      assert.deepEqual(await page.evaluate(() => window.violations), []);
      assert.deepEqual(problems, []);
    } finally {
      await session.close();
    }
  });
}

export const PLAIN = { temperature: 0, thinking: 'off' };
export const WEATHER = [{ type: 'function', function: { name: 'get_weather', description: 'Get the weather of a city.', parameters: {
  type: 'object', properties: { city: { type: 'string', description: 'The city' } }, required: ['city'] } } }];
// Thousands of tokens, whatever the model would say.
export const ENDLESS = { ...PLAIN, schema: JSON.stringify({ type: 'array', items: { enum: [7] }, minItems: 3500 }) };

export async function write(page, text) {
  await page.fill('#prompt', text);
  await page.press('#prompt', 'Enter');
}

export const idle = (page) => page.waitForSelector('#send:not([hidden])');

// Sends and waits for the end of the answer.
export async function ask(page, text) {
  await write(page, text);
  await idle(page);
}

export const answers = (page) => page.locator('.answer .md').allInnerTexts();

// The model's part played by the test: `chunks` of delta, or a status.
export async function play(page, deltas, { status = 200, body, headers = {} } = {}) {
  const chunks = deltas?.map((delta) => ({ choices: [{ index: 0, delta, finish_reason: null }] })) ?? [];
  chunks.push({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  const stream = chunks.map((c) => `data: ${JSON.stringify(c)}\n\n`).join('') + 'data: [DONE]\n\n';
  await page.route('**/v1/chat/completions', (route) => route.fulfill(deltas
    ? { status: 200, contentType: 'text/event-stream', body: stream } : { status, headers, contentType: 'application/json', body }));
}

// Bodies of the requests for answers, from now on.
export function bodies(page) {
  const out = [];
  page.on('request', (r) => { if (r.url().endsWith('/v1/chat/completions')) out.push(r.postDataJSON()); });
  return out;
}
