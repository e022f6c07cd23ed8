// Markdown inside a block: code, emphasis, links. Makes nodes; what is not understood stays text.
import { el } from './dom.js';

// Only addresses that a browser opens as a page.
export function safeAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

const link = (href, children) => el('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, children);

const word = (c) => c !== undefined && /[\p{L}\p{N}_]/u.test(c);

function code(text, at) {
  const ticks = /^`+/.exec(text.slice(at))[0];
  let end = at + ticks.length;
  for (;;) {
    end = text.indexOf(ticks, end);
    if (end < 0) return null;
    if (text[end + ticks.length] !== '`' && text[end - 1] !== '`') break;
    ++end;
  }
  const inner = text.slice(at + ticks.length, end);
  return [el('code', {}, /^ .*[^ ].* $/.test(inner) ? inner.slice(1, -1) : inner), end + ticks.length];
}

// **strong**, *em*, ~~struck~~ and with underscores; a mark opens before and closes after something visible.
function emphasis(text, at, depth) {
  const c = text[at];
  const run = new RegExp(`^\\${c}+`).exec(text.slice(at))[0].length;
  const marks = c === '~' ? [2] : run >= 3 ? [3, 2, 1] : run === 2 ? [2, 1] : [1];
  if (c === '_' && word(text[at - 1])) return null;
  for (const n of marks) {
    const from = at + n;
    if (run < n || text[from] === undefined || /\s/.test(text[from])) continue;
    for (let end = text.indexOf(c.repeat(n), from + 1); end >= 0; end = text.indexOf(c.repeat(n), end + 1)) {
      if (/\s/.test(text[end - 1]) || text[end - 1] === '\\') continue;
      if (c === '_' && word(text[end + n])) continue;
      if (n === 1 && (text[end + 1] === c || text[end - 1] === c)) continue;
      const inner = inline(text.slice(from, end), depth + 1);
      const node = c === '~' ? el('del', {}, inner) : n === 1 ? el('em', {}, inner) : n === 2 ? el('strong', {}, inner) : el('strong', {}, el('em', {}, inner));
      return [node, end + n];
    }
  }
  return null;
}

// [text](address "title"); an address that is no page's stays as it was written.
function bracket(text, at, depth) {
  const found = /^!?\[((?:[^[\]\\]|\\.|\[[^[\]]*\]){0,500})\]\(\s*<?([^\s<>()]*(?:\([^\s()]*\)[^\s<>()]*)*)>?(?:\s+["'][^"']*["'])?\s*\)/.exec(text.slice(at, at + 3000));
  if (!found) return null;
  const href = safeAddress(found[2]);
  if (!href) return null;
  const shown = found[1] || href;
  return [link(href, inline(shown, depth + 1, true)), at + found[0].length];
}

function bare(text, at) {
  const found = /^https?:\/\/[^\s<>"'`*]+/.exec(text.slice(at, at + 2000));
  if (!found || word(text[at - 1])) return null;
  let address = found[0].replace(/[.,;:!?\]]+$/, '');
  if (address.endsWith(')') && !address.includes('(')) address = address.slice(0, -1);
  const href = safeAddress(address);
  return href ? [link(href, address), at + address.length] : null;
}

function step(text, at, depth, linked) {
  switch (text[at]) {
    case '`': return code(text, at);
    case '*': case '_': case '~': return depth < 8 ? emphasis(text, at, depth) : null;
    case '[': case '!': return linked || depth >= 8 ? null : bracket(text, at, depth);
    case '<': {
      const found = linked ? null : /^<(https?:\/\/[^\s<>]+)>/.exec(text.slice(at, at + 2000));
      const href = found && safeAddress(found[1]);
      return href ? [link(href, found[1]), at + found[0].length] : null;
    }
    case 'h': return linked ? null : bare(text, at);
    case '\\': return /[!-/:-@[-`{-~]/.test(text[at + 1] ?? '') ? [text[at + 1], at + 2] : null;
    case '\n': return [text.endsWith('  ', at) || text[at - 1] === '\\' ? el('br') : '\n', at + 1];
    default: return null;
  }
}

export function inline(text, depth = 0, linked = false) {
  const out = [];
  let plain = '';
  for (let at = 0; at < text.length;) {
    const found = step(text, at, depth, linked);
    if (!found) {
      // A run of marks that mean nothing is passed over at once.
      const same = text[at] === '`' || text[at] === '*' || text[at] === '_' ? new RegExp(`^\\${text[at]}+`).exec(text.slice(at))[0] : text[at];
      plain += same;
      at += same.length;
      continue;
    }
    if (typeof found[0] === 'string') {
      plain += found[0];
    } else {
      if (plain) out.push(plain);
      plain = '';
      out.push(found[0]);
    }
    at = found[1];
  }
  if (plain) out.push(plain);
  return out;
}
