// How one message looks. A view is {node, update()}: update shows what the message has become.
import { copy, el, icon, iconButton, short } from './dom.js';
import { render } from './markdown.js';

function pretty(json) {
  try { return JSON.stringify(JSON.parse(json), null, 2); } catch { return json; }
}

export function userView(message, actions) {
  const said = el('div', { class: 'said' }, message.content);
  const copyButton = iconButton('copy', 'Copy message', () => copy(message.content, copyButton));
  const node = el('article', { class: 'message user', 'aria-label': 'You' }, said,
    el('div', { class: 'under' }, iconButton('pen', 'Edit message', edit), copyButton));
  function edit() {
    const area = el('textarea', { rows: Math.min(12, message.content.split('\n').length + 1), 'aria-label': 'Edit message', value: message.content });
    const give = () => { if (area.value.trim()) actions.edit(message, area.value.trim()); };
    const back = () => { editor.replaceWith(said); node.querySelector('button').focus(); };
    const editor = el('div', { class: 'editor' }, area, el('div', { class: 'row' },
      el('button', { type: 'button', class: 'plain-button', onclick: back }, 'Cancel'),
      el('button', { type: 'button', class: 'main-button', onclick: give }, 'Send again')));
    area.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); give(); }
      if (event.key === 'Escape') { event.stopPropagation(); back(); }
    });
    said.replaceWith(editor);
    area.focus();
  }
  return { node, update() {} };
}

// A call of a tool: what the model asks for, and the result that the user types.
function callView(call, message, actions) {
  const id = `result-${call.id}`;
  const node = el('section', { class: 'call', 'aria-label': `Tool call ${call.name}` },
    el('h3', {}, icon('call'), 'Calls ', el('code', {}, call.name)),
    el('pre', { tabindex: '0', 'aria-label': 'Arguments' }, pretty(call.arguments)));
  const result = el('div', { class: 'result' });
  let shown;
  function update(answered) {
    const now = answered ? `=${answered.content}` : message.open ? 'open' : 'none';
    if (now === shown) return;
    shown = now;
    result.replaceChildren();
    if (answered) {
      result.append(el('div', { class: 'faint small' }, 'Result'), el('pre', {}, answered.content));
    } else if (message.open) {
      const area = el('textarea', { id, rows: 2, placeholder: 'What the tool would answer' });
      area.addEventListener('input', () => actions.draft(message, call.id, area.value));
      area.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); actions.results(message); }
      });
      result.append(el('label', { for: id }, `Result of ${call.name}`), area,
        el('div', { class: 'row' }, el('button', { type: 'button', class: 'main-button', onclick: () => actions.results(message) }, 'Send result')));
    }
    if (result.hasChildNodes()) node.append(result); else result.remove();
  }
  return { node, update };
}

function factsOf(m) {
  const facts = [];
  if (m.usage) facts.push(`${m.usage.completion_tokens} tokens`);
  if (m.speed) facts.push(`${short(m.speed)} tok/s`);
  if (m.first) facts.push(`first after ${m.first < 1 ? `${Math.round(m.first * 1000)} ms` : `${m.first.toFixed(1)} s`}`);
  const cached = m.usage?.prompt_tokens_details?.cached_tokens;
  if (cached) facts.push(`${cached} of ${m.usage.prompt_tokens} prompt tokens known`);
  if (m.finish === 'length') facts.push('cut off: the length is reached');
  if (m.finish === 'stopped') facts.push('stopped');
  return facts.join(' · ');
}

function thinkingView() {
  const text = el('div');
  const head = el('summary', {}, 'Thinking');
  const node = el('details', { class: 'thinking' }, head, text);
  let touched = false;
  head.addEventListener('click', () => { touched = true; });
  return {
    node,
    update(m, running) {
      const thinks = running && !m.content && !m.calls?.length;
      if (text.textContent !== m.reasoning) text.textContent = m.reasoning;
      if (!touched) node.open = thinks;  // open while it thinks, then folded away, unless the reader decides
      head.textContent = thinks ? 'Thinking…' : m.thought > 0.05 ? `Thought for ${m.thought.toFixed(1)} s` : 'Thinking';
    },
  };
}

export function answerView(message, actions) {
  const thinking = thinkingView();
  const text = el('div', { class: 'md' });
  const waiting = el('div', { class: 'waiting' });
  const facts = el('span', { class: 'facts-line' });
  const copyButton = iconButton('copy', 'Copy answer', () => copy(message.content, copyButton));
  const again = iconButton('again', 'Regenerate', () => actions.again(message));
  const under = el('div', { class: 'under' }, copyButton, again, facts);
  const node = el('article', { class: 'message answer', 'aria-label': 'Answer' });
  const calls = new Map();
  let trouble = null;

  function place() {  // in this order, and only what there is
    const parts = [message.reasoning && thinking.node, message.content && text, ...[...calls.values()].map((c) => c.node), message.wait && waiting, trouble, !message.running && under].filter(Boolean);
    if (parts.length !== node.childNodes.length || parts.some((p, i) => node.childNodes[i] !== p)) node.replaceChildren(...parts);
  }

  function update() {
    node.setAttribute('aria-busy', String(Boolean(message.running)));
    if (message.reasoning) thinking.update(message, message.running);
    render(text, message.content);
    for (const call of message.calls ?? []) {
      if (!calls.has(call.id)) calls.set(call.id, callView(call, message, actions));
      calls.get(call.id).update(actions.resultOf(call.id));
    }
    if (message.running) message.wait = !message.content && !message.reasoning && !message.calls?.length;
    else message.wait = false;
    if (message.wait && !waiting.hasChildNodes()) waiting.append(el('i'), el('span', {}, 'Waiting for the first word'));
    if (Boolean(message.trouble) !== Boolean(trouble)) trouble = message.trouble ? troubleView(message, actions) : null;
    facts.textContent = factsOf(message);
    copyButton.hidden = !message.content;
    place();
  }

  // How far the prompt is read; null: nothing is known.
  function progress(share) {
    if (!message.wait) return;
    const bar = share === null ? null : el('progress', { class: 'bar-line', max: 1, value: share, 'aria-label': 'Prompt read' });
    const words = share === null ? 'Waiting for the first word' : `Reading the prompt, ${Math.round(share * 100)} %`;
    waiting.replaceChildren(el('i'), el('span', {}, words), ...(bar ? [bar] : []));
  }
  return { node, update, progress };
}

export function troubleView(message, actions) {
  const { text, action } = message.trouble;
  return el('div', { class: 'trouble', role: 'alert' }, el('p', {}, text),
    action === 'settings' && el('button', { type: 'button', class: 'plain-button', onclick: actions.settings }, 'Settings'),
    action && el('button', { type: 'button', class: 'plain-button', onclick: () => actions.again(message) }, 'Try again'));
}
