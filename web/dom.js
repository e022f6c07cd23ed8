// Building the page: elements are made, never parsed from text, so nothing that a model writes can become markup.

const ICONS = {
  menu: 'M4 7h16M4 12h16M4 17h16',
  plus: 'M12 5v14M5 12h14',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  stop: 'M8 8h8v8H8z',
  close: 'M6 6l12 12M18 6L6 18',
  bin: 'M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19',
  sliders: 'M4 7h9M19 7h1M4 17h3M13 17h7M16 4.5v5M10 14.5v5',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  check: 'M5 13l4.5 4.5L19 7',
  again: 'M19 12a7 7 0 1 1-2-5M19 3v5h-5',
  pen: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  call: 'M14.5 5.5a4 4 0 0 0 4 5l-8.4 8.4a2.2 2.2 0 0 1-3-3l8.4-8.4',
  grow: 'M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7',
};

export function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(ns, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

// el('p', {class: 'x', onclick: f, hidden: true}, 'text', node, [more]); null, undefined and false are left out.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'value') node.value = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

export function iconButton(name, label, onclick, kind = 'tool') {
  return el('button', { type: 'button', class: kind, 'aria-label': label, title: label, onclick }, icon(name));
}

export const $ = (id) => document.getElementById(id);

// Icons of the buttons that stand in index.html.
export function dressButtons() {
  for (const node of document.querySelectorAll('[data-icon]')) {
    node.prepend(icon(node.dataset.icon));
    if (node.ariaLabel) node.title = node.ariaLabel;
  }
}

// For screen readers, which read the line when it changes.
export function say(text) { $('said').textContent = text; }

export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // no clipboard outside of https and localhost: the old way
    const area = el('textarea', { value: text, class: 'unseen' });
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
    button.focus();
  }
  const old = button.querySelector('svg');
  const done = icon('check');
  old.replaceWith(done);
  say('Copied');
  setTimeout(() => done.replaceWith(old), 1500);
}

export function bytes(n) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (n >= 999.5 && unit < units.length - 1) { n /= 1000; ++unit; }
  return `${n < 10 && unit > 0 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

export function short(number) {
  return number >= 100 ? String(Math.round(number)) : number.toFixed(1);
}
