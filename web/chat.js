// One conversation: sends, stops, asks again, and keeps what was said.
import { $, el, say } from './dom.js';
import { chat as ask, requestOf, Trouble } from './api.js';
import { answerView, userView } from './messages.js';
import * as store from './store.js';

export class Chat {
  // `changed` is called when the list of conversations may look different, `settings` opens the settings.
  constructor({ changed, settings, welcome }) {
    this.changed = changed;
    this.welcome = welcome;
    this.views = new Map();
    this.drafts = new Map();  // results of tools, as they are typed
    this.running = null;
    this.actions = {
      edit: (message, text) => this.edit(message, text),
      again: (message) => this.again(message),
      results: (message) => this.results(message),
      draft: (message, id, text) => this.drafts.set(id, text),
      resultOf: (id) => this.talk.messages.find((m) => m.role === 'tool' && m.id === id),
      settings,
    };
    this.scroll = $('scroll');
    this.following = true;
    this.scroll.addEventListener('scroll', () => this.scrolled(), { passive: true });
    $('latest').addEventListener('click', () => this.follow());
  }

  open(talk) {
    this.stop();
    this.talk = talk;
    this.views.clear();
    this.drafts.clear();
    // Where the page was closed in the middle of an answer, what came is kept.
    for (const m of talk.messages) if (m.running) Object.assign(m, { running: false, finish: 'stopped' });
    this.draw();
    this.follow();
  }

  draw() {
    const shown = this.talk.messages.filter((m) => m.role !== 'tool');
    for (const m of shown) {
      if (!this.views.has(m)) this.views.set(m, m.role === 'user' ? userView(m, this.actions) : answerView(m, this.actions));
      m.open = m === this.talk.messages.at(-1) && m.finish === 'tool_calls';
      this.views.get(m).update();
    }
    const nodes = shown.length ? shown.map((m) => this.views.get(m).node) : [this.welcome()];
    const home = $('messages');
    if (nodes.length !== home.childNodes.length || nodes.some((n, i) => n !== home.childNodes[i])) home.replaceChildren(...nodes);
  }

  scrolled() {
    const s = this.scroll;
    this.following = s.scrollHeight - s.scrollTop - s.clientHeight < 60;
    $('latest').hidden = this.following;
  }

  follow() {
    this.following = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
    $('latest').hidden = true;
  }

  keep() {
    if (!store.save(this.talk)) this.note('The browser keeps no more: its storage is full or off. This conversation ends with the page.');
    this.changed();
  }

  note(text) {
    $('notice').textContent = text;
    $('notice').hidden = !text;
  }

  send(text) {
    if (this.running || !text.trim()) return false;
    this.talk.messages.push({ role: 'user', content: text.trim() });
    this.run();
    return true;
  }

  edit(message, text) {
    this.stop();
    this.talk.messages.length = this.talk.messages.indexOf(message);
    this.talk.messages.push({ role: 'user', content: text });
    this.run();
  }

  // The answer anew: what came from it on is dropped.
  again(message) {
    this.stop();
    this.talk.messages.length = this.talk.messages.indexOf(message);
    this.run();
  }

  results(message) {
    if (this.running) return;
    const missing = message.calls.find((c) => !this.drafts.get(c.id)?.trim());
    if (missing) {
      this.note(`Type a result of ${missing.name} first.`);
      return $(`result-${missing.id}`)?.focus();
    }
    for (const c of message.calls) this.talk.messages.push({ role: 'tool', id: c.id, content: this.drafts.get(c.id).trim() });
    this.run();
    $('prompt').focus();
  }

  stop() {
    if (!this.running) return;
    this.running.control.abort();
    this.finish(this.running.answer, 'stopped');
  }

  async run() {
    this.note('');
    const answer = { role: 'assistant', content: '', reasoning: '', calls: [], running: true };
    const body = this.body();
    this.talk.messages.push(answer);
    const running = { answer, control: new AbortController(), talk: this.talk };
    this.running = running;
    this.draw();
    this.follow();
    this.keep();
    this.state(true);
    say('Answering');
    try {
      if (body instanceof Error) throw body;
      await this.read(answer, body, running);
      if (this.running === running) this.finish(answer);
    } catch (error) {
      if (this.running !== running) return;  // stopped: all is done
      const told = error instanceof Trouble ? error : new Trouble(`Something failed in this page: ${error.message}`, 'again');
      answer.trouble = { text: told.message, action: told.action };
      this.finish(answer, 'error');
    }
  }

  body() {
    try {
      return requestOf(this.talk.messages);
    } catch {
      return new Trouble('The tools or the schema in Settings are no JSON.', 'settings');
    }
  }

  async read(answer, body, running) {
    const began = performance.now();
    let first = 0;
    for await (const chunk of ask(body, running.control.signal)) {
      if (this.running !== running) return;
      const now = performance.now();
      const delta = chunk.choices?.[0]?.delta ?? {};
      const something = delta.reasoning_content || delta.content || delta.tool_calls;
      if (something && !first) answer.first = ((first = now) - began) / 1000;
      answer.reasoning += delta.reasoning_content ?? '';
      if (answer.reasoning && !answer.thought && (delta.content || delta.tool_calls)) answer.thought = (now - first) / 1000;
      answer.content += delta.content ?? '';
      for (const c of delta.tool_calls ?? []) answer.calls.push({ id: c.id, name: c.function.name, arguments: c.function.arguments });
      answer.finish = chunk.choices?.[0]?.finish_reason ?? answer.finish;
      if (chunk.usage) {
        answer.usage = chunk.usage;
        if (now - first > 20 && first && chunk.usage.completion_tokens > 1) answer.speed = (chunk.usage.completion_tokens - 1) * 1000 / (now - first);
      }
      this.soon(answer);
    }
  }

  // Drawn once a frame, however fast it comes.
  soon(answer) {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.views.get(answer)?.update();
      if (this.following) this.scroll.scrollTop = this.scroll.scrollHeight;
    });
  }

  finish(answer, how) {
    this.running = null;
    answer.running = false;
    if (how) answer.finish = how;
    const empty = !answer.content && !answer.reasoning && !answer.calls.length && !answer.trouble;
    if (empty && how === 'stopped') this.talk.messages.splice(this.talk.messages.indexOf(answer), 1);
    if (how === 'stopped') answer.calls = [];
    this.draw();
    if (this.following) this.follow();
    this.keep();
    this.state(false);
    say({ stopped: 'Stopped', error: '' }[how] ?? (answer.calls.length ? `The model calls ${answer.calls.map((c) => c.name).join(', ')}` : 'The answer is complete'));
  }

  state(running) {
    $('send').hidden = running;
    $('stop').hidden = !running;
  }

  // From the live view: how far the prompt is; null: nothing is known.
  progress(share) {
    if (this.running) this.views.get(this.running.answer)?.progress(share);
  }
}

export function welcome(live) {
  const m = live?.model;
  const facts = m ? [m.name, m.experts ? `${m.layers} layers, ${m.experts} experts, ${m.top_k} a token` : `${m.layers} layers`, `${m.context.toLocaleString('en')} tokens of context`] : [];
  return el('div', { class: 'welcome' }, el('img', { src: 'page/icon.svg', alt: '' }), el('h2', {}, 'What can I do for you?'),
    el('p', {}, 'What you write goes to the machine that serves this page, and no further.'),
    facts.length > 0 && el('ul', { class: 'facts' }, facts.map((f) => el('li', {}, f))));
}
