// The server's routes, and its errors in plain words.
import { settings } from './store.js';

// `action`: what may help, as a button: 'settings', 'again' or none.
export class Trouble extends Error {
  constructor(message, action = null) {
    super(message);
    this.action = action;
  }
}

function headers() {
  const { key } = settings.get();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

async function troubleOf(response) {
  let error = {};
  try { error = (await response.json()).error ?? {}; } catch { /* no JSON: the status must do */ }
  const told = error.message ?? `status ${response.status}`;
  switch (response.status) {
    case 401: return new Trouble('This server asks for an API key, and the one given is missing or wrong. Type it in Settings.', 'settings');
    case 403: return new Trouble(`The server does not answer under this name: ${told}.`);
    case 404: return new Trouble(`The server does not know that: ${told}.`);
    case 413: return new Trouble('The conversation is larger than the server takes. Begin a new one, or start the server with a larger --max-body.');
    case 429: {
      const wait = response.headers.get('Retry-After');
      return new Trouble(`Too many requests are waiting at this server. Try again ${wait ? `in ${wait} s` : 'later'}.`, 'again');
    }
    case 503: return new Trouble(`The server is ending or has no connection free: ${told}.`, 'again');
    default: break;
  }
  if (response.status < 500) {
    const field = { response_format: 'the response schema', tools: 'the tools', temperature: 'the temperature', max_tokens: 'the length' }[error.param?.split(/[.[]/)[0]];
    return new Trouble(`The server refused this${field ? ` because of ${field} in Settings` : ''}: ${told}.`, field ? 'settings' : 'again');
  }
  return new Trouble(`Something failed in the server: ${told}.`, 'again');
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, cache: 'no-store', headers: { ...headers(), ...options.headers } });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Trouble('The server does not answer. Is “sluice serve” still running?', 'again');
  }
  if (!response.ok) throw await troubleOf(response);
  return response;
}

export async function get(path) { return (await ask(path)).json(); }

// The data of a stream of server-sent events, one after the other, without [DONE].
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const parts = rest.split('\n\n');
    rest = parts.pop();
    for (const part of parts) {
      const data = part.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim()).join('\n');
      if (data === '[DONE]') return;
      if (data) yield JSON.parse(data);
    }
  }
}

// Yields the chunks of an answer. Errors: Trouble; AbortError, where `signal` ended it.
export async function* chat(body, signal) {
  const response = await ask('v1/chat/completions', {
    method: 'POST', signal, headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
  });
  let ended = false;
  try {
    for await (const chunk of events(response.body)) {
      if (chunk.error) throw new Trouble(`The answer broke off: ${chunk.error.message}.`, 'again');
      ended ||= Boolean(chunk.choices?.[0]?.finish_reason);
      yield chunk;
    }
  } catch (error) {
    if (error.name === 'AbortError' || error instanceof Trouble) throw error;
    throw new Trouble('The connection broke before the answer was complete.', 'again');
  }
  if (!ended) throw new Trouble('The connection broke before the answer was complete.', 'again');
}

// The body of a request for what comes after `messages`.
export function requestOf(messages) {
  const s = settings.get();
  const body = { messages: s.system.trim() ? [{ role: 'system', content: s.system }] : [] };
  for (const m of messages) {
    if (m.role === 'assistant') {
      const out = { role: 'assistant', content: m.content || (m.calls?.length ? null : '') };
      if (m.reasoning) out.reasoning_content = m.reasoning;
      if (m.calls?.length) out.tool_calls = m.calls.map((c) => ({ id: c.id, type: 'function', function: { name: c.name, arguments: c.arguments } }));
      body.messages.push(out);
    } else if (m.role === 'tool') {
      body.messages.push({ role: 'tool', tool_call_id: m.id, content: m.content });
    } else {
      body.messages.push({ role: 'user', content: m.content });
    }
  }
  const put = (name, value) => { if (value !== null && value !== '') body[name] = value; };
  put('temperature', s.temperature);
  put('top_p', s.topP);
  put('top_k', s.topK);
  put('min_p', s.minP);
  put('max_tokens', s.maxTokens);
  put('seed', s.seed);
  body.enable_thinking = s.thinking === 'on';
  if (body.enable_thinking) put('thinking_budget', s.thinkingBudget);
  if (s.tools.trim()) body.tools = JSON.parse(s.tools);
  if (s.schema.trim()) body.response_format = { type: 'json_schema', json_schema: { name: 'answer', schema: JSON.parse(s.schema) } };
  return body;
}
