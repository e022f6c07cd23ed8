// Asking and being answered: streams, thinking, tools, stop, regenerate, edit, Markdown.
import assert from 'node:assert/strict';
import { answers, ask, bodies, ENDLESS, idle, PLAIN, play, WEATHER, withPage, write } from './browser.mjs';

withPage('an answer grows as it is written', async (page) => {
  await page.evaluate(() => {
    window.lengths = new Set();
    new MutationObserver(() => window.lengths.add(document.querySelector('.answer .md')?.textContent.length ?? 0))
      .observe(document.getElementById('messages'), { subtree: true, childList: true, characterData: true });
  });
  await write(page, 'Count');
  await page.waitForFunction(() => window.lengths.size > 3);
  assert.equal(await page.locator('.answer').getAttribute('aria-busy'), 'true');
  await page.keyboard.press('Escape');
  await idle(page);
}, { settings: ENDLESS });

withPage('an answer that is complete is told of', async (page) => {
  await ask(page, 'Tell me a story about a fox.');
  assert.ok((await answers(page))[0].length > 100);
  await page.waitForFunction(() => document.getElementById('said').textContent === 'The answer is complete');
  assert.match(await page.locator('.answer .facts-line').innerText(), /^\d+ tokens · (.*tok\/s · )?first after/);
  assert.equal(await page.locator('.answer').getAttribute('aria-busy'), 'false');
}, { settings: PLAIN });

withPage('the whole conversation is sent', async (page) => {
  const sent = bodies(page);
  await ask(page, 'What is the capital of France?');
  assert.deepEqual(await answers(page), ['The capital of France is Paris.']);
  await ask(page, 'What is the capital of Italy?');
  assert.equal((await answers(page)).length, 2);
  assert.deepEqual(sent[1].messages.map((m) => m.role), ['user', 'assistant', 'user']);
  assert.equal(sent[1].messages[1].content, 'The capital of France is Paris.');
}, { settings: PLAIN });

withPage('thinking is folded away and can be read', async (page) => {
  await ask(page, 'Sam has 12 apples. Tom gives 7 more. 3 are eaten. How many are there?');
  const thinking = page.locator('.thinking');
  assert.equal(await thinking.evaluate((d) => d.open), false);
  await thinking.locator('summary').click();
  assert.ok((await thinking.locator('div').innerText()).length > 5);
  assert.match((await answers(page))[0], /\d/);
}, { settings: { temperature: 0 } });

withPage('Esc and the button stop an answer, and it can be had anew', async (page) => {
  const live = async () => (await fetch(`${process.env.PAGE}/live`)).json();
  const before = (await live()).generated_tokens;
  for (const how of ['key', 'button']) {
    await write(page, 'Count');
    await page.waitForFunction((n) => (document.querySelectorAll('.answer .md')[n]?.textContent.length ?? 0) > 20, how === 'key' ? 0 : 1);
    if (how === 'key') await page.keyboard.press('Escape'); else await page.click('#stop');
    await idle(page);
    assert.match(await page.locator('.answer .facts-line').last().innerText(), /stopped/);
  }
  let after = await live();
  for (let i = 0; i < 200 && after.running > 0; ++i, after = await live()) await new Promise((done) => setTimeout(done, 50));
  assert.equal(after.running, 0);
  assert.ok(after.generated_tokens - before < 12000, `${after.generated_tokens - before} of 14000`);
}, { settings: ENDLESS });

withPage('regenerate asks for the same again', async (page) => {
  const sent = bodies(page);
  await ask(page, 'Tell me a story about a fox.');
  const before = await answers(page);
  await page.click('.answer [aria-label=Regenerate]');
  await idle(page);
  assert.deepEqual(await answers(page), before);
  assert.deepEqual(sent[0], sent[1]);
}, { settings: PLAIN });

withPage('a message can be edited: what came after it goes', async (page) => {
  await ask(page, 'What is the capital of Italy?');
  await ask(page, 'Tell me a story about a fox.');
  await page.hover('.user >> nth=0');
  await page.click('.user [aria-label="Edit message"] >> nth=0');
  await page.fill('.editor textarea', 'What is the capital of France?');
  await page.press('.editor textarea', 'Enter');
  await page.waitForFunction(() => document.querySelectorAll('.answer').length === 1);
  await idle(page);
  assert.deepEqual(await answers(page), ['The capital of France is Paris.']);
}, { settings: PLAIN });

withPage('a tool call is shown, and its result goes on', async (page) => {
  const sent = bodies(page);
  await ask(page, 'What is the weather in Cairo?');
  assert.match(await page.locator('.call h3').innerText(), /get_weather/);
  assert.equal(JSON.parse(await page.locator('.call > pre').innerText()).city, 'Cairo');
  await page.click('.call .main-button');  // without a result
  assert.match(await page.locator('#notice').innerText(), /Type a result of get_weather/);
  await page.getByLabel('Result of get_weather').fill('Sunny, 31 degrees.');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('.answer').length === 2);
  await idle(page);
  assert.ok((await answers(page)).at(-1).length > 5);
  const [, call, result] = sent[1].messages;
  assert.equal(call.tool_calls[0].function.name, 'get_weather');
  assert.deepEqual(result, { role: 'tool', tool_call_id: call.tool_calls[0].id, content: 'Sunny, 31 degrees.' });
  assert.equal(await page.locator('.result pre').innerText(), 'Sunny, 31 degrees.');
}, { settings: { ...PLAIN, maxTokens: 160, tools: JSON.stringify(WEATHER) } });

const TEXT = `# Title
Some **bold**, *em*, ~~gone~~ and \`code <b>\`; a_b_c; 2 * 3 * 4.

1. one
2. two
   - inner

| a | b |
|---|--:|
| x \\| y | **2** |

> quoted

[good](https://example.org/a_(b)) [bad](javascript:alert(1)) [data](data:text/html,x) https://example.org/c.
<img src=x onerror=alert(1)><script>alert(2)</script> <javascript:alert(3)>

\`\`\`js
const x = "<i>";

y();
\`\`\`
Last`;

withPage('Markdown becomes elements, and nothing else does', async (page) => {
  await play(page, [...TEXT].map((content) => ({ content })));
  await ask(page, 'Go');
  const md = page.locator('.md');
  await page.waitForFunction(() => document.querySelector('.md').lastChild.textContent === 'Last');
  const count = (selector) => md.locator(selector).count();
  for (const [selector, n] of [['h2.level-1', 1], ['strong', 2], ['em', 1], ['del', 1], ['ol > li', 2], ['ol ul > li', 1], ['th', 2], ['td.right', 1], ['blockquote', 1], ['img', 0], ['script', 0], ['i', 0], ['b', 0]]) {
    assert.equal(await count(selector), n, selector);
  }
  assert.equal(await md.locator('td').first().innerText(), 'x | y');
  assert.match(await md.innerText(), /a_b_c; 2 \* 3 \* 4\./);
  assert.match(await md.innerText(), /<script>alert\(2\)<\/script>/);
  const links = await md.locator('a').evaluateAll((all) => all.map((a) => [a.href, a.rel, a.target]));
  assert.deepEqual(links.map(([href]) => href), ['https://example.org/a_(b)', 'https://example.org/c']);
  for (const [, rel, target] of links) assert.ok(rel.includes('noopener') && target === '_blank');
  await page.click('.code button');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'const x = "<i>";\n\ny();');
  await page.click('.answer [aria-label="Copy answer"]');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), TEXT);
});

withPage('text that looks like Markdown does not hold the page up', async (page) => {
  const hard = ['*a '.repeat(3000), '['.repeat(4000), '`'.repeat(50) + '``` '.repeat(1500), '> '.repeat(3000), `${'- '.repeat(2000)}x`, '| a '.repeat(2000), '_'.repeat(5000), `${'**a '.repeat(1500)}`];
  await play(page, hard.map((content) => ({ content: `${content}\n\n` })));
  const began = Date.now();
  await ask(page, 'Go');
  await page.waitForFunction(() => document.querySelector('.md')?.childNodes.length > 5);
  assert.ok(Date.now() - began < 40_000, `${Date.now() - began} ms`);
});
