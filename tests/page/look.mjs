// Light and dark, narrow and wide, by keyboard, for screen readers; pictures of it all.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { answers, ask, idle, PICTURES, PLAIN, WEATHER, withPage } from './browser.mjs';

const luminance = `(rgb) => { const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; }`;

// Texts whose contrast with what is behind them is under 4.5 (WCAG AA).
const faint = (page) => page.evaluate((source) => {
  const light = eval(source);
  const rgba = (text) => { const n = text.match(/[\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1]; };
  const bad = [];
  for (const node of document.querySelectorAll('body *')) {
    const texts = [...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim());
    if (!texts || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || node.closest('.unseen, :disabled')) continue;
    let behind = node;
    while (behind && rgba(getComputedStyle(behind).backgroundColor)[3] < 1) behind = behind.parentElement;
    const [a, b] = [rgba(getComputedStyle(node).color).slice(0, 3), rgba(getComputedStyle(behind ?? document.body).backgroundColor).slice(0, 3)].map(light);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) bad.push(`${node.className || node.tagName} “${node.textContent.slice(0, 30)}” ${contrast.toFixed(2)}`);
  }
  return bad;
}, luminance);

// Controls without a name, as a screen reader sees them.
async function nameless(page) {
  const client = await page.context().newCDPSession(page);
  const { nodes } = await client.send('Accessibility.getFullAXTree');
  const controls = ['button', 'textbox', 'combobox', 'link', 'checkbox', 'image', 'img', 'progressbar', 'dialog', 'navigation', 'complementary', 'log', 'article', 'canvas', 'DisclosureTriangle', 'region', 'table'];
  const seen = nodes.filter((n) => !n.ignored && controls.includes(n.role?.value));
  assert.ok(seen.length > 5);
  return seen.filter((n) => !n.name?.value && !['table', 'DisclosureTriangle', 'dialog'].includes(n.role.value)).map((n) => n.role.value);
}

async function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

async function picture(page, name) {
  const path = `${PICTURES}/${name}.png`;
  await page.screenshot({ path });
  assert.ok(fs.statSync(path).size > 5000);
}

const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 375, height: 760 } };

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    withPage(`${colorScheme}, ${size}`, async (page) => {
      const check = async (name) => {
        await page.waitForTimeout(250);  // what moves has come to rest
        await picture(page, `${colorScheme}-${size}-${name}`);
        assert.deepEqual(await faint(page), [], name);
        assert.deepEqual(await nameless(page), [], name);
        assert.ok(await overflow(page) <= 0, name);
      };
      await page.waitForFunction(() => document.querySelectorAll('.facts li').length > 1);
      await check('welcome');
      await ask(page, 'What is the capital of France?');
      await ask(page, 'What is the weather in Cairo?');
      await check('chat');
      await page.getByLabel('Result of get_weather').fill('Sunny, 31 degrees.');
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => document.querySelectorAll('.answer').length === 3);
      await idle(page);
      await page.click('#show-settings');
      await check('settings');
      await page.keyboard.press('Escape');
      await page.click('#show-machine');
      await page.waitForFunction(() => document.querySelector('#map-words').textContent.includes('experts are in memory'));
      await check('machine');
      if (size === 'wide') {
        await page.click('#grow');
        await check('machine-large');
      } else {
        await page.click('[aria-label="Close machine view"]');
        await page.click('#show-list');
        await check('list');
        await page.keyboard.press('Escape');
        assert.equal(await page.evaluate(() => document.activeElement.id), 'show-list');
      }
    }, { colorScheme, viewport, settings: { ...PLAIN, maxTokens: 160, tools: JSON.stringify(WEATHER) } });
  }
}

const shade = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number).reduce((a, b) => a + b) / 3);

withPage('the appearance follows the system until it is chosen', async (page) => {
  assert.ok(await shade(page) > 200);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.ok(await shade(page) < 50);
  assert.equal(await page.getAttribute('#theme', 'aria-pressed'), 'true');
  await page.click('#theme');
  assert.ok(await shade(page) > 200);
  await page.reload();
  assert.ok(await shade(page) > 200);
  assert.equal(await page.getAttribute('#theme', 'aria-pressed'), 'false');
});

const focused = (page) => page.evaluate(() => document.activeElement.ariaLabel || document.activeElement.id || document.activeElement.textContent);

withPage('everything is reached by keyboard alone', async (page) => {
  assert.equal(await focused(page), 'prompt');  // ready to write
  await page.keyboard.type('What is the capital of');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('France?');
  assert.equal(await page.inputValue('#prompt'), 'What is the capital of\nFrance?');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.answer .under'));
  await idle(page);
  assert.equal((await answers(page)).length, 1);
  assert.equal(await focused(page), 'prompt');
  // From the top of the page: the skip link first, then each control in its order, each visibly focused.
  await page.evaluate(() => { document.activeElement.blur(); });
  await page.mouse.click(640, 30);
  const order = [];
  for (let i = 0; i < 30 && order.at(-1) !== 'prompt'; ++i) {
    await page.keyboard.press('Tab');
    order.push(await focused(page));
    const visible = await page.evaluate(() => {
      const node = document.activeElement, style = getComputedStyle(node);
      return style.outlineStyle !== 'none' || node.id === 'prompt' && getComputedStyle(node.parentElement).borderColor !== getComputedStyle(node.parentElement.parentElement).borderColor;
    });
    assert.ok(visible, `focus cannot be seen on ${order.at(-1)}`);
  }
  for (const name of ['Settings', 'Dark appearance', 'Copy message', 'Edit message', 'Copy answer', 'Regenerate', 'prompt']) assert.ok(order.includes(name), `${name} is not in ${order.join(', ')}`);
  // Settings open, keep the focus inside, and give it back.
  await page.focus('#show-settings');
  await page.keyboard.press('Enter');
  assert.ok(await page.evaluate(() => document.activeElement.closest('dialog') !== null));
  await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'Settings');
  await page.focus('.skip');
  assert.ok((await page.locator('.skip').boundingBox()).y >= 0);
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'prompt');
}, { settings: PLAIN });
