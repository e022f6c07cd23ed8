// The experts as a picture: a row a layer, a column an expert; colour says whether it is in memory and how much it is used.
import { el } from './dom.js';

const LEVELS = '0123456789abcdefghijklmnopqrstuvwxyz';
const levelOf = (c) => LEVELS.indexOf(c) / 35;

const KINDS = [
  ['here-hot', 'in memory, used much'], ['here-cold', 'in memory, used little'],
  ['away-hot', 'on the drive, used much'], ['away-cold', 'on the drive, used little'],
];

function colour(node) {
  return getComputedStyle(node).backgroundColor.match(/[\d.]+/g).slice(0, 3).map(Number);
}

export class HeatMap {
  constructor() {
    this.canvas = el('canvas', { role: 'img', 'aria-label': 'Experts', tabindex: '0', 'aria-describedby': 'map-words' });
    this.swatches = KINDS.map(([kind]) => el('span', { class: `key k-${kind}` }));
    this.words = el('p', { id: 'map-words', class: 'small faint' });
    this.pointed = el('p', { class: 'pointed faint' }, 'Point at a square, or move with the arrow keys');
    this.axis = el('span');
    this.table = el('tbody');
    this.node = el('div', {}, this.words, el('div', { class: 'map' }, this.canvas),
      el('div', { class: 'map-axis' }, el('span', {}, 'layers down, experts across'), this.axis), this.pointed,
      el('ul', { class: 'legend' }, KINDS.map(([, words], i) => el('li', {}, this.swatches[i], words))),
      el('details', {}, el('summary', {}, 'As a table'), el('table', { class: 'layers' },
        el('thead', {}, el('tr', {}, ['Layer', 'In memory', 'Most used (expert)'].map((h) => el('th', { scope: 'col' }, h)))), this.table)));
    this.at = [0, 0];
    this.canvas.addEventListener('pointermove', (event) => this.point(event));
    this.canvas.addEventListener('keydown', (event) => this.walk(event));
  }

  show(map) {
    this.map = map;
    const picked = map.use.map((row) => [...row].map(levelOf));
    this.levels = picked;
    const cells = map.layers * map.experts;
    // Of what is used, how much lies in memory: weighted by use.
    let used = 0, here = 0;
    picked.forEach((row, layer) => row.forEach((level, e) => {
      used += level * level;
      if (map.resident[layer][e] === '1') here += level * level;
    }));
    this.summary = `${map.in_memory.toLocaleString('en')} of ${cells.toLocaleString('en')} experts are in memory`;
    this.words.textContent = used > 0 ? `${this.summary}; they stand for ${Math.round(100 * here / used)} % of what was used of late.` : `${this.summary}. Nothing was used so far.`;
    this.canvas.setAttribute('aria-label', `Map of ${map.layers} layers by ${map.experts} experts. ${this.words.textContent}`);
    this.axis.textContent = `${map.layers} × ${map.experts}`;
    this.fillTable();
    this.draw();
  }

  fillTable() {
    const { map } = this;
    this.table.replaceChildren(...map.resident.map((row, layer) => {
      const order = this.levels[layer].map((level, e) => [level, e]).filter(([level]) => level > 0).sort((a, b) => b[0] - a[0]).slice(0, 5);
      return el('tr', {}, el('th', { scope: 'row' }, String(layer)), el('td', {}, `${row.split('1').length - 1} of ${map.experts}`),
        el('td', {}, order.map(([, e]) => e).join(', ') || 'none'));
    }));
  }

  draw() {
    const { map, canvas } = this;
    const room = canvas.parentElement.clientWidth - 12;  // its padding
    if (!map || room <= 0) return;
    // Whole pixels a cell, with a gap between cells where there is room for one.
    const scale = devicePixelRatio || 1;
    const across = Math.max(1, Math.floor(room * scale / map.experts));
    const down = Math.max(across > 12 ? 8 : 3, Math.min(Math.round(18 * scale), Math.floor(Math.min(420 * scale, Math.max(160 * scale, across * map.layers)) / map.layers)));
    const gap = across > 5 && down > 5 ? 1 : 0;
    const width = across * map.experts, height = down * map.layers;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    // Cells with gaps keep their size; bare ones are stretched over the whole width.
    canvas.style.width = gap ? `${width / scale}px` : '100%';
    canvas.style.imageRendering = width > room * scale ? 'auto' : 'pixelated';  // more cells than pixels
    canvas.style.height = `${height / scale}px`;
    const [hereHot, hereCold, awayHot, awayCold] = this.swatches.map(colour);
    const pixels = new Uint32Array(width * height);
    const mix = (cold, hot, level) => {
      const [r, g, b] = cold.map((c, i) => Math.round(c + (hot[i] - c) * level));
      return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
    };
    map.resident.forEach((row, layer) => {
      for (let e = 0; e < map.experts; ++e) {
        const level = this.levels[layer][e];
        const value = row[e] === '1' ? mix(hereCold, hereHot, level) : mix(awayCold, awayHot, level);
        for (let y = layer * down; y < (layer + 1) * down - gap; ++y) pixels.fill(value, y * width + e * across, y * width + (e + 1) * across - gap);
      }
    });
    canvas.getContext('2d').putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
  }

  tell(layer, expert) {
    const { map } = this;
    if (!map) return;
    this.at = [layer, expert];
    const level = this.levels[layer][expert];
    const use = level === 0 ? 'not used of late' : `use ${Math.max(1, Math.round(100 * level * level))} % of the most used one`;
    this.pointed.textContent = `Layer ${layer}, expert ${expert}: ${map.resident[layer][expert] === '1' ? 'in memory' : 'on the drive'}, ${use}`;
  }

  point(event) {
    if (!this.map) return;
    const box = this.canvas.getBoundingClientRect();
    const cell = (at, size, n) => Math.min(n - 1, Math.max(0, Math.floor(at / size * n)));
    this.tell(cell(event.clientY - box.top, box.height, this.map.layers), cell(event.clientX - box.left, box.width, this.map.experts));
  }

  walk(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || !this.map) return;
    event.preventDefault();
    const [layer, expert] = this.at;
    this.tell(Math.min(this.map.layers - 1, Math.max(0, layer + step[0])), Math.min(this.map.experts - 1, Math.max(0, expert + step[1])));
  }
}
