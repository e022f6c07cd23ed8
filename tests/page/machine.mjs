// The live view: what it shows is what the server says.
import assert from 'node:assert/strict';
import { ask, ENDLESS, idle, PAGE, PLAIN, withPage, write } from './browser.mjs';

const get = async (path) => (await fetch(`${PAGE}/${path}`)).json();
const open = async (page) => {
  await page.click('#show-machine');
  await page.waitForFunction(() => document.querySelector('#map-words').textContent.includes('experts are in memory'));
};

withPage('figures, map and table are those of the server', async (page) => {
  await ask(page, 'Tell me a story about a fox.');
  await open(page);
  const [live, map] = [await get('live'), await get('live/experts')];
  const panel = await page.locator('#machine').innerText();
  assert.match(panel, new RegExp(`${(live.hit_rate * 100).toFixed(1)}\\s*%`));
  assert.match(panel, new RegExp(`${live.memory.slot_count} expert slots`));
  assert.match(await page.locator('canvas').getAttribute('aria-label'), new RegExp(`^Map of 8 layers by 32 experts. ${map.in_memory} of 256 experts are in memory; they stand for \\d+ % of`));
  await page.click('text=As a table');
  const rows = await page.locator('.layers tbody tr').allInnerTexts();
  assert.equal(rows.length, map.layers);
  rows.forEach((row, layer) => assert.match(row, new RegExp(`^${layer}\\s+${map.resident[layer].split('1').length - 1} of 32`)));
  // A square's colour says whether its expert is in memory: greener than red, or not.
  const squares = await page.evaluate(({ layers, experts }) => {
    const canvas = document.querySelector('canvas'), { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    return Array.from({ length: layers }, (_, y) => Array.from({ length: experts }, (_, x) => {
      const at = 4 * (Math.floor((y + 0.4) * height / layers) * width + Math.floor((x + 0.4) * width / experts));
      const [r, g] = data.slice(at, at + 2);
      return g > r + 15 ? '1' : '0';
    }).join(''));
  }, map);
  assert.deepEqual(squares, map.resident);
}, { settings: PLAIN });

withPage('a square is told by pointer and by arrow keys', async (page) => {
  await ask(page, 'Tell me a story about a fox.');
  await open(page);
  const map = await get('live/experts');
  const words = (layer, expert) => new RegExp(`^Layer ${layer}, expert ${expert}: ${map.resident[layer][expert] === '1' ? 'in memory' : 'on the drive'}, `);
  const box = await page.locator('canvas').boundingBox();
  await page.mouse.move(box.x + box.width * 10.5 / 32, box.y + box.height * 2.5 / 8);
  assert.match(await page.locator('.pointed').innerText(), words(2, 10));
  await page.focus('canvas');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  assert.match(await page.locator('.pointed').innerText(), words(3, 11));
}, { settings: PLAIN });

withPage('it lives while an answer is written, and is quiet when nobody looks', async (page) => {
  await write(page, 'Count');
  await open(page);
  await page.waitForFunction(() => document.getElementById('show-machine').classList.contains('busy'));
  const one = (await get('live/experts')).version;
  await page.waitForFunction(() => /1\s*running/.test(document.getElementById('machine').innerText));
  await page.waitForTimeout(1200);
  assert.ok((await get('live/experts')).version > one);
  await page.click('#stop');
  await idle(page);
  await page.waitForFunction(() => /0\s*running/.test(document.getElementById('machine').innerText));
  // A page that is hidden asks for nothing.
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { get: () => true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.waitForTimeout(300);
  let asked = 0;
  page.on('request', () => ++asked);
  await page.waitForTimeout(2500);
  assert.equal(asked, 0);
}, { settings: ENDLESS });

withPage('a large model has a map too', async (page) => {
  const row = (chance, cells) => Array.from({ length: 512 }, (_, i) => cells[(i * 7919 + chance * 104729) % 97 % cells.length]).join('');
  const map = { version: 7, layers: 60, experts: 512, in_memory: 9000, slots: 9000,
    resident: Array.from({ length: 60 }, (_, l) => row(l, '0010')), use: Array.from({ length: 60 }, (_, l) => row(l, '00001259cz')) };
  await page.route('**/live/experts', (route) => route.fulfill({ contentType: 'application/json', body: JSON.stringify(map) }));
  await open(page);
  await page.waitForTimeout(200);
  const [canvas, panel] = [await page.locator('canvas').boundingBox(), await page.locator('#machine').boundingBox()];
  assert.ok(canvas.width <= panel.width && canvas.height < 520, JSON.stringify(canvas));
  await page.screenshot({ path: `${process.env.PICTURES}/large-model.png` });
});
