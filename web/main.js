// Puts the page together.
import { $, dressButtons, el, icon, iconButton, short } from './dom.js';
import { Chat, welcome } from './chat.js';
import { Machine } from './machine.js';
import { openSettings } from './settings.js';
import * as store from './store.js';

let live = null;
let seenOnce = false;

dressButtons();

const chat = new Chat({ changed: drawList, settings: () => openSettings(() => machine.wake()), welcome: () => welcome(live) });
const machine = new Machine(seen);
start(store.load(store.list()[0]?.id) ?? store.create());

function seen(now, trouble) {
  live = now;
  const pulse = $('show-machine');
  pulse.classList.toggle('busy', Boolean(now?.running));
  pulse.classList.toggle('lost', !now);
  $('pulse').textContent = !now ? (trouble?.action === 'settings' ? 'Key needed' : 'No answer') : now.running && now.prompt_share !== null ? 'Reading' : now.tok_s ? `${short(now.tok_s)} tok/s` : 'Machine';
  pulse.setAttribute('aria-label', `Machine: ${$('pulse').textContent}`);
  pulse.title = 'The machine at work';
  if (!now) {
    if (!chat.running) chat.note(trouble.message);
    seenOnce = false;
    return;
  }
  if (!seenOnce) {
    seenOnce = true;
    chat.note('');
    $('model').textContent = now.model.name;
    $('model').title = `${now.model.name}, ${now.model.family}`;
    document.title = `${now.model.name} · sluice`;
    if (!chat.talk.messages.length) chat.draw();
  }
  chat.progress(now.prompt_share);
}

function start(talk) {
  chat.open(talk);
  drawList();
}

function drawList() {
  const entries = store.list();
  if (!entries.length) return $('conversations').replaceChildren(el('li', { class: 'faint small' }, 'Nothing so far'));
  $('conversations').replaceChildren(...entries.map(({ id, title }) => {
    const here = id === chat.talk.id;
    return el('li', {}, el('button', { type: 'button', class: 'open', 'aria-current': here ? 'true' : null, onclick: () => choose(id) }, title || 'Untitled'),
      iconButton('bin', `Delete “${title}”`, () => drop(id), 'tool drop'));
  }));
}

function choose(id) {
  const talk = id === chat.talk.id ? null : store.load(id);
  if (talk) start(talk);
  showList(false);
  $('prompt').focus();
}

function drop(id) {
  if (id === chat.talk.id) chat.stop();
  store.remove(id);
  if (id === chat.talk.id) chat.open(store.create());
  drawList();
  ($('conversations').querySelector('button') ?? $('new')).focus();
}

$('new').addEventListener('click', () => {
  start(store.create());
  showList(false);
  $('prompt').focus();
});

// The list of conversations lies over the page where it is narrow.
function showList(show) {
  $('side').classList.toggle('shown', show);
  $('shade').hidden = !show;
  $('show-list').setAttribute('aria-expanded', String(show));
  if (show) $('new').focus();
}
$('show-list').addEventListener('click', () => showList(!$('side').classList.contains('shown')));
$('shade').addEventListener('click', () => showList(false));

$('show-settings').addEventListener('click', () => openSettings(() => machine.wake()));

// Appearance: the system's until it is chosen here.
const dark = matchMedia('(prefers-color-scheme: dark)');
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
function drawTheme() {
  const button = $('theme');
  button.setAttribute('aria-pressed', String(isDark()));
  button.querySelector('svg').replaceWith(icon(isDark() ? 'sun' : 'moon'));
  machine.redraw();
}
$('theme').addEventListener('click', () => {
  const chosen = isDark() ? 'light' : 'dark';
  document.documentElement.dataset.theme = chosen;
  try { localStorage.setItem('sluice.theme', chosen); } catch { /* for this page only */ }
  drawTheme();
});
dark.addEventListener('change', drawTheme);
drawTheme();

// The box to write in.
const prompt = $('prompt');
function fit() {
  prompt.style.height = 'auto';
  prompt.style.height = `${prompt.scrollHeight}px`;
}
function send() {
  if (!chat.send(prompt.value)) return;
  prompt.value = '';
  fit();
  prompt.focus();
  machine.wake();
}
prompt.addEventListener('input', fit);
prompt.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
$('send').addEventListener('click', send);
$('stop').addEventListener('click', () => { chat.stop(); prompt.focus(); });
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || $('settings').open) return;
  if ($('side').classList.contains('shown')) { showList(false); $('show-list').focus(); }
  else if (chat.running) { chat.stop(); prompt.focus(); }
  else if (machine.shown()) machine.toggle(false);
});
prompt.focus();
