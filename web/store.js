// What the browser keeps: settings and conversations. Without storage everything works until the page is closed.

const memory = new Map();

function read(key, otherwise) {
  try {
    const text = localStorage.getItem(key) ?? memory.get(key);
    return text === undefined || text === null ? otherwise : JSON.parse(text);
  } catch {
    return memory.has(key) ? JSON.parse(memory.get(key)) : otherwise;
  }
}

// False: it is kept in memory only.
function write(key, value) {
  const text = JSON.stringify(value);
  memory.set(key, text);
  try {
    localStorage.setItem(key, text);
    memory.delete(key);
    return true;
  } catch {
    return false;
  }
}

// null: the model's own recommendation.
export const DEFAULTS = {
  key: '', system: '', thinking: 'on', thinkingBudget: null,
  temperature: null, topP: null, topK: null, minP: null, maxTokens: null, seed: null,
  tools: '', schema: '',
};

export const settings = {
  get: () => ({ ...DEFAULTS, ...read('sluice.settings', {}) }),
  set: (values) => write('sluice.settings', values),
};

const PREFIX = 'sluice.chat.';

// Newest first: [{id, title, changed}].
export function list() {
  return read('sluice.chats', []).sort((a, b) => b.changed - a.changed);
}

export function load(id) { return read(PREFIX + id, null); }

export function create() {
  const id = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
  return { id, title: '', messages: [] };
}

export function save(chat) {
  chat.title ||= title(chat);
  const good = write(PREFIX + chat.id, chat);
  const others = list().filter((entry) => entry.id !== chat.id);
  return write('sluice.chats', [{ id: chat.id, title: chat.title, changed: Date.now() }, ...others]) && good;
}

export function remove(id) {
  memory.delete(PREFIX + id);
  try { localStorage.removeItem(PREFIX + id); } catch { /* it was never there */ }
  write('sluice.chats', list().filter((entry) => entry.id !== id));
}

function title(chat) {
  const first = chat.messages.find((m) => m.role === 'user')?.content.trim().replaceAll(/\s+/g, ' ') ?? '';
  return first.length > 60 ? `${first.slice(0, 58)}…` : first;
}
