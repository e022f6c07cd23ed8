// The live view: asks the server once a second while somebody can see it.
import { $, bytes, el, iconButton, short } from './dom.js';
import { get, Trouble } from './api.js';
import { HeatMap } from './heatmap.js';

const KEPT = 60;  // samples of a small curve
const NS = 'http://www.w3.org/2000/svg';

const PARTS = [['slots', 'Expert slots'], ['trunk', 'Trunk'], ['state', 'Context'], ['snapshots', 'Snapshots'], ['workspace', 'Workspace'], ['process', 'Program']];

class Curve {
  constructor() {
    this.values = [];
    this.svg = document.createElementNS(NS, 'svg');
    this.svg.setAttribute('class', 'spark');
    this.svg.setAttribute('viewBox', `0 0 ${KEPT - 1} 10`);
    this.svg.setAttribute('preserveAspectRatio', 'none');
    this.svg.setAttribute('aria-hidden', 'true');
    this.path = document.createElementNS(NS, 'path');
    this.svg.append(this.path);
  }

  push(value) {
    this.values.push(value);
    if (this.values.length > KEPT) this.values.shift();
    const most = Math.max(...this.values, 1e-9);
    const from = KEPT - this.values.length;
    const points = this.values.map((v, i) => `L${from + i} ${(10 - 9 * v / most).toFixed(2)}`).join('');
    this.path.setAttribute('d', `M${from} 10${points}L${KEPT - 1} 10z`);
  }
}

function tile(name, curve, meter) {
  const value = el('div', { class: 'value' }, '–');
  const note = el('div', { class: 'note' });
  const bar = meter && el('progress', { class: 'meter', max: 1, value: 0, 'aria-label': name });
  return { value, note, bar, curve, node: el('div', { class: 'tile' }, curve?.svg, el('dt', {}, name), el('dd', {}, value, bar, note)) };
}

export class Machine {
  // `seen` is called with every answer, null when there is none.
  constructor(seen) {
    this.seen = seen;
    this.panel = $('machine');
    this.map = new HeatMap();
    this.tiles = { speed: tile('Speed', new Curve(), true), hits: tile('Found in memory', new Curve(), true), drive: tile('From the drive', new Curve()), queue: tile('Requests') };
    this.stack = document.createElementNS(NS, 'svg');
    this.stack.setAttribute('class', 'stack');
    this.stack.setAttribute('aria-hidden', 'true');
    this.parts = el('ul', { class: 'parts' });
    this.budget = el('span', { class: 'faint small' });
    const large = iconButton('grow', 'Large view', () => this.enlarge());
    large.id = 'grow';
    large.setAttribute('aria-pressed', 'false');
    this.panel.append(el('div', { class: 'machine-head' }, el('h2', {}, 'Machine'), large, iconButton('close', 'Close machine view', () => this.toggle(false))),
      el('dl', { class: 'tiles' }, Object.values(this.tiles).map((t) => t.node)),
      el('h3', {}, 'Experts', el('span', { class: 'faint small' }, 'which are in memory, and which are used')), this.map.node,
      el('h3', {}, 'Memory', this.budget), this.stack, this.parts);
    $('show-machine').addEventListener('click', () => this.toggle());
    new ResizeObserver(() => this.map.draw()).observe(this.panel);
    document.addEventListener('visibilitychange', () => this.wake());
    this.version = -1;
    this.wake();
  }

  shown() { return !this.panel.hidden; }

  toggle(show = this.panel.hidden) {
    this.panel.hidden = !show;
    $('show-machine').setAttribute('aria-expanded', String(show));
    if (show) this.panel.querySelector('button:last-of-type').focus();
    else $('show-machine').focus();
    this.version = -1;
    this.wake();
  }

  enlarge() {
    const large = this.panel.classList.toggle('large');
    $('grow').setAttribute('aria-pressed', String(large));
    this.map.draw();
  }

  redraw() { this.map.draw(); }

  wake() {
    clearTimeout(this.timer);
    if (!document.hidden) this.look();
  }

  async look() {
    const round = this.round = (this.round ?? 0) + 1;
    let live = null, trouble = null;
    try {
      live = await get('live');
      if (this.shown()) {
        const map = await get('live/experts');
        if (map.version !== this.version) this.map.show(map);
        this.version = map.version;
      }
    } catch (error) {
      trouble = error instanceof Trouble ? error : new Trouble(error.message);
    }
    if (round !== this.round) return;
    if (live) this.show(live);
    this.seen(live, trouble);
    const pause = !live ? 5000 : live.running || this.shown() ? 1000 : 3000;
    if (!document.hidden) this.timer = setTimeout(() => this.look(), pause);
  }

  show(live) {
    const { speed, hits, drive, queue } = this.tiles;
    const works = live.running > 0;
    const value = (t, text, unit) => t.value.replaceChildren(text, ' ', el('small', {}, unit));
    value(speed, live.tok_s ? short(live.tok_s) : '–', 'tok/s');
    speed.curve.push(works && live.prompt_share === null ? live.tok_s : 0);
    speed.bar.value = live.limit_tok_s ? Math.min(1, live.tok_s / live.limit_tok_s) : 0;
    speed.bar.hidden = !live.limit_tok_s;
    speed.note.textContent = live.limit_tok_s ? `of ${short(live.limit_tok_s)} possible here` : live.finished ? 'limit unknown: run “sluice doctor”' : works ? '' : 'nothing was asked yet';
    const uses = live.expert_hits + live.expert_misses;
    value(hits, uses ? (live.hit_rate * 100).toFixed(live.hit_rate < 0.9995 ? 1 : 0) : '–', '%');
    hits.bar.value = uses ? live.hit_rate : 0;
    hits.curve.push(works ? live.hit_rate : 0);
    hits.note.textContent = `${live.expert_misses.toLocaleString('en')} of ${uses.toLocaleString('en')} uses read`;
    value(drive, live.ssd_gb_s ? live.ssd_gb_s.toFixed(2) : '0', 'GB/s');
    drive.curve.push(works ? live.ssd_gb_s : 0);
    drive.note.textContent = `${bytes(live.bytes_read)} read so far`;
    value(queue, String(live.running), 'running');
    queue.note.textContent = live.prompt_share === null ? `${live.queued} waiting, room for ${live.max_queue}` : `reading a prompt, ${Math.round(live.prompt_share * 100)} %`;
    this.showMemory(live.memory);
  }

  showMemory(memory) {
    const key = JSON.stringify(memory);
    if (key === this.memory) return;
    this.memory = key;
    const total = PARTS.reduce((sum, [name]) => sum + memory[name], 0);
    const all = Math.max(memory.budget, total);
    this.budget.textContent = `${bytes(total)} of ${bytes(all)} planned`;
    let from = 0;
    this.stack.replaceChildren(...PARTS.map(([name]) => {
      const rect = document.createElementNS(NS, 'rect');
      for (const [k, v] of Object.entries({ x: `${100 * from / all}%`, width: `${100 * memory[name] / all}%`, height: '100%', class: `c-${name}` })) rect.setAttribute(k, v);
      from += memory[name];
      return rect;
    }));
    const row = (name, words, n) => el('li', {}, el('span', { class: `key c-${name}` }), words, el('b', {}, bytes(n)));
    this.parts.replaceChildren(...PARTS.map(([name, words]) => row(name, name === 'slots' ? `${memory.slot_count.toLocaleString('en')} expert slots` : words, memory[name])),
      row('free', 'Left', all - total));
  }
}
