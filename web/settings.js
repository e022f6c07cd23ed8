// The dialog of settings: one described list of fields makes the form, reads it and checks it.
import { $, el, iconButton } from './dom.js';
import { DEFAULTS, settings } from './store.js';

const number = (name, label, least, most, step, hint = 'model’s own') => ({ name, label, kind: 'number', least, most, step, hint });

const GROUPS = [
  ['Conversation', [
    { name: 'system', label: 'System prompt', kind: 'text', rows: 3 },
    { name: 'thinking', label: 'Thinking', kind: 'choice', choices: [['on', 'On: thinks before it answers'], ['off', 'Off: answers at once']] },
  ]],
  ['Sampling', [
    number('temperature', 'Temperature', 0, 100, 'any'), number('topP', 'Top p', 0, 1, 'any'), number('topK', 'Top k', 0, 1e6, 1), number('minP', 'Min p', 0, 1, 'any'),
    number('maxTokens', 'Max tokens', 1, 1e9, 1, 'no limit'), number('thinkingBudget', 'Max thinking', 0, 1e9, 1, 'no limit'), number('seed', 'Seed', 0, 2 ** 53 - 1, 1, 'random'),
  ], 'Empty fields follow the model’s own recommendation.'],
  ['Tools and shape', [
    { name: 'tools', label: 'Tools (JSON list)', kind: 'text', rows: 4, mono: true, check: checkTools, hint: '[{"type": "function", "function": {"name": …}}]' },
    { name: 'schema', label: 'Response schema (JSON Schema)', kind: 'text', rows: 3, mono: true, check: checkSchema, hint: '{"type": "object", "properties": …}' },
  ]],
  ['Access', [{ name: 'key', label: 'API key (where the server asks for one)', kind: 'password' }]],
];

function parsed(text) {
  try { return JSON.parse(text); } catch (error) { throw new Error(`This is no JSON: ${error.message}`); }
}

function checkTools(text) {
  const list = parsed(text);
  if (!Array.isArray(list)) return 'It must be a list: [ … ]';
  const bad = list.findIndex((t) => t?.type !== 'function' || typeof t.function?.name !== 'string');
  return bad < 0 ? '' : `Entry ${bad + 1} must have "type": "function" and a function with a name`;
}

function checkSchema(text, values) {
  const schema = parsed(text);
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) return 'It must be an object: { … }';
  return values.tools.trim() ? 'Either tools or a schema: an answer cannot follow both' : '';
}

function checkNumber(field, text) {
  const value = Number(text);
  if (!Number.isFinite(value)) return 'It must be a number';
  if (field.step === 1 && !Number.isInteger(value)) return 'It must be a whole number';
  return value < field.least || value > field.most ? `It must lie between ${field.least} and ${field.most}` : '';
}

function input(field, value) {
  const id = `set-${field.name}`;
  const more = { id, name: field.name, autocomplete: 'off', 'aria-describedby': `${id}-wrong` };
  if (field.kind === 'choice') {
    return el('select', more, field.choices.map(([key, words]) => el('option', { value: key, selected: key === value }, words)));
  }
  if (field.kind === 'text') return el('textarea', { ...more, rows: field.rows, class: field.mono && 'mono', spellcheck: field.mono ? 'false' : null, placeholder: field.hint, value });
  if (field.kind === 'number') return el('input', { ...more, inputmode: 'decimal', placeholder: field.hint, value: value ?? '' });
  return el('input', { ...more, type: 'password', value });
}

// Values as they would be kept, and what is wrong by name of field.
function collect(form) {
  const values = { ...DEFAULTS }, wrong = {};
  const fields = GROUPS.flatMap((group) => group[1]);
  for (const f of fields) {
    const text = form.elements[f.name].value;
    values[f.name] = f.kind === 'number' ? (text.trim() === '' ? null : Number(text.replace(',', '.'))) : f.kind === 'password' ? text.trim() : text;
  }
  for (const f of fields) {
    const text = form.elements[f.name].value.trim();
    if (text === '') continue;
    try {
      const message = f.kind === 'number' ? checkNumber(f, text.replace(',', '.')) : f.check?.(text, values);
      if (message) wrong[f.name] = message;
    } catch (error) {
      wrong[f.name] = error.message;
    }
  }
  return { values, wrong };
}

export function openSettings(changed) {
  const dialog = $('settings');
  const now = settings.get();
  const groups = GROUPS.map(([title, fields, note]) => el('fieldset', {}, el('legend', {}, title),
    el('div', { class: fields.length > 3 ? 'grid' : '' }, fields.map((f) => el('div', { class: 'field' }, el('label', { for: `set-${f.name}` }, f.label), input(f, now[f.name]),
      el('div', { class: 'wrong', id: `set-${f.name}-wrong`, hidden: true })))),
    note && el('p', { class: 'faint small' }, note)));
  const close = () => dialog.close();
  const form = el('form', { method: 'dialog', novalidate: true }, el('div', { class: 'dialog-head' },
    el('h2', { id: 'settings-title', class: 'grow' }, 'Settings'), iconButton('close', 'Close settings', close)),
  el('div', { class: 'fields' }, groups, el('p', { class: 'faint small' }, 'Kept in this browser only, the key too.')),
  el('div', { class: 'dialog-foot' }, el('button', { type: 'button', class: 'plain-button', onclick: close }, 'Cancel'),
    el('button', { type: 'submit', class: 'main-button' }, 'Save')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { values, wrong } = collect(form);
    for (const f of GROUPS.flatMap((group) => group[1])) {
      const told = $(`set-${f.name}-wrong`);
      told.textContent = wrong[f.name] ?? '';
      told.hidden = !wrong[f.name];
      form.elements[f.name].setAttribute('aria-invalid', String(Boolean(wrong[f.name])));
    }
    const first = Object.keys(wrong)[0];
    if (first) return form.elements[first].focus();
    settings.set(values);
    dialog.close();
    changed();
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}
