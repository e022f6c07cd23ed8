// Markdown blocks as nodes. A text that grows is drawn anew only from the block that changed.
import { copy, el, icon } from './dom.js';
import { inline } from './inline.js';

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$/;
const RULE = /^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(\s+|$)(.*)$/;
const QUOTE = /^ {0,3}>\s?/;
const DIVIDER = /^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
const blank = (line) => line.trim() === '';

// Where a block that begins at line `from` ends, and what it is.
function measure(lines, from) {
  const line = lines[from];
  const fence = FENCE.exec(line);
  if (fence) {
    let to = from + 1;
    const close = new RegExp(`^ {0,3}\\${fence[1][0]}{${fence[1].length},}\\s*$`);
    while (to < lines.length && !close.test(lines[to])) ++to;
    return { kind: 'code', to: Math.min(to + 1, lines.length), closed: to < lines.length, fence };
  }
  if (HEADING.test(line)) return { kind: 'heading', to: from + 1 };
  if (RULE.test(line)) return { kind: 'rule', to: from + 1 };
  if (QUOTE.test(line)) {
    let to = from + 1;
    while (to < lines.length && !blank(lines[to]) && !starts(lines, to, 'quote')) ++to;
    return { kind: 'quote', to };
  }
  if (ITEM.test(line)) return { kind: 'list', to: listEnd(lines, from) };
  if (line.includes('|') && from + 1 < lines.length && DIVIDER.test(lines[from + 1]) && lines[from + 1].includes('-') && cells(line).length === cells(lines[from + 1]).length) {
    let to = from + 2;
    while (to < lines.length && lines[to].includes('|') && !blank(lines[to])) ++to;
    return { kind: 'table', to };
  }
  let to = from + 1;
  while (to < lines.length && !blank(lines[to]) && !starts(lines, to, 'paragraph')) ++to;
  return { kind: 'paragraph', to };
}

// Whether the line ends the paragraph or quote before it.
function starts(lines, at, inside) {
  const line = lines[at];
  if (inside === 'quote' && QUOTE.test(line)) return false;
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line) && !/^\s*\d+/.test(line) || /^\s*1[.)]\s/.test(line);
}

const indent = (line) => /^ */.exec(line)[0].length;

function listEnd(lines, from) {
  const first = ITEM.exec(lines[from]);
  const ordered = /\d/.test(first[2]);
  let to = from + 1;
  for (; to < lines.length; ++to) {
    const line = lines[to];
    if (blank(line)) {
      const next = lines.slice(to + 1).find((l) => !blank(l));
      if (next === undefined) break;
      const item = ITEM.exec(next);
      if (indent(next) < 2 && !(item && /\d/.test(item[2]) === ordered)) break;
      continue;
    }
    const item = ITEM.exec(line);
    if (item && indent(line) < 2 && /\d/.test(item[2]) !== ordered) break;
    if (!item && indent(line) < 2 && (FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || blank(lines[to - 1]))) break;
    if (RULE.test(line) && indent(line) < 2) break;
  }
  return to;
}

function list(lines, depth) {
  const first = ITEM.exec(lines[0]);
  const ordered = /\d/.test(first[2]);
  const items = [];
  let width = 0;
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && (items.length === 0 || indent(line) < Math.max(2, width))) {
      width = item[1].length + item[2].length + Math.min(item[3].length || 1, 4);
      items.push([item[4]]);
    } else {
      items.at(-1).push(line.slice(Math.min(indent(line), width)));
    }
  }
  const loose = items.some((item) => item.some((line, i) => blank(line) && item.slice(i + 1).some((l) => !blank(l))));
  const nodes = items.map((item) => {
    const children = blocks(item.join('\n'), depth + 1).map((b) => b.node());
    // A tight list's items are lines, not paragraphs.
    return el('li', {}, loose ? children : children.map((c) => (c.tagName === 'P' ? [...c.childNodes] : c)));
  });
  const start = Number.parseInt(first[2], 10);
  return ordered ? el('ol', { start: start === 1 ? null : start }, nodes) : el('ul', {}, nodes);
}

function cells(line) {
  return line.trim().replace(/^\||(?<!\\)\|$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function table(lines) {
  const side = cells(lines[1]).map((c) => (c.endsWith(':') ? (c.startsWith(':') ? 'center' : 'right') : null));
  const row = (line, tag) => el('tr', {}, cells(line).slice(0, side.length).map((c, i) => el(tag, { class: side[i] }, inline(c))));
  return el('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': 'Table' },
    el('table', {}, el('thead', {}, row(lines[0], 'th')), el('tbody', {}, lines.slice(2).map((line) => row(line, 'td')))));
}

function codeBlock(lines, { fence, closed }) {
  const text = lines.slice(1, closed ? -1 : undefined).join('\n');
  const language = fence[2];
  const button = el('button', { type: 'button', 'aria-label': 'Copy code', onclick: () => copy(text, button) }, icon('copy'), 'Copy');
  return el('div', { class: 'code' }, el('header', {}, el('span', {}, language || 'code'), button),
    el('pre', { tabindex: '0', 'aria-label': `Code${language ? `, ${language}` : ''}` }, el('code', {}, text)));
}

function draw(kind, lines, found, depth) {
  const text = lines.join('\n');
  switch (kind) {
    case 'code': return codeBlock(lines, found);
    case 'heading': {
      const [, marks, title] = HEADING.exec(lines[0]);
      return el(`h${Math.min(6, marks.length + 1)}`, { class: `level-${marks.length}` }, inline(title));
    }
    case 'rule': return el('hr');
    case 'quote': return el('blockquote', {}, depth < 8 ? blocks(lines.map((l) => l.replace(QUOTE, '')).join('\n'), depth + 1).map((b) => b.node()) : text);
    case 'list': return depth < 8 ? list(lines, depth) : el('p', {}, text);
    case 'table': return table(lines);
    default: return el('p', {}, inline(lines.map((l) => l.trimStart()).join('\n').trimEnd()));
  }
}

// [{source, node()}] of a text.
function blocks(text, depth = 0) {
  const lines = text.replaceAll('\t', '    ').split('\n');
  const out = [];
  for (let at = 0; at < lines.length;) {
    if (blank(lines[at])) { ++at; continue; }
    const found = measure(lines, at);
    const own = lines.slice(at, found.to);
    out.push({ source: own.join('\n') + (found.kind === 'code' ? found.closed : ''), node: () => draw(found.kind, own, found, depth) });
    at = found.to;
  }
  return out;
}

// Makes `container` show `text`. What it shows already stays, with its focus and selection.
export function render(container, text) {
  const wanted = blocks(text);
  const shown = container.shownBlocks ?? [];
  let same = 0;
  while (same < shown.length && same < wanted.length && shown[same] === wanted[same].source) ++same;
  while (container.childNodes.length > same) container.lastChild.remove();
  for (const block of wanted.slice(same)) container.append(block.node());
  container.shownBlocks = wanted.map((b) => b.source);
}
