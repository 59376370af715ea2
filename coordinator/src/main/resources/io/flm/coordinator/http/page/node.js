// What this very node remembers: samples that it could not use, and the newest lines of its log.

import {get} from './connection.js';
import {byId, clock, count, element, setText} from './elements.js';
import {filterLines} from './parts.js';

const LOG_MS = 3000; // between two questions, while the log is open

let told = 0; // bad samples

/** Asks which samples were bad; the list is written where there are more than before. */
export async function showBadSamples() {
  const bad = await get('/api/v1/bad-samples');
  byId('bad').hidden = bad.count === 0;
  if (bad.count !== told) {
    told = bad.count;
    setText(byId('bad-count'), bad.count === 1 ? '1 bad sample on this node' : `${count(bad.count)} bad samples on this node`);
    setText(byId('bad-more'), bad.count > bad.samples.length ? `The first ${count(bad.samples.length)} are named.` : '');
    byId('bad-samples').replaceChildren(...bad.samples.map(text => element('li', {textContent: text})));
  }
}

/** The log, asked for while it is open; of the role that may. */
export class NodeLog {
  #last = '';
  #timer = null;
  #onError;

  /** @param onError is told what was refused */
  constructor(onError) {
    this.#onError = onError;
    byId('node-log').addEventListener('toggle', () => this.#ask());
  }

  async #ask() {
    clearTimeout(this.#timer);
    if (!byId('node-log').open) {
      return;
    }
    try {
      this.#show(await get('/api/v1/log'));
    } catch (e) {
      this.#onError(e);
    }
    this.#timer = setTimeout(() => this.#ask(), LOG_MS);
  }

  #show(lines) {
    const last = JSON.stringify(lines.at(-1) ?? '') + lines.length;
    if (last === this.#last) {
      return;
    }
    this.#last = last;
    byId('node-log-lines').replaceChildren(...lines.reverse().map(line => element('li', {className: line.level.toLowerCase()},
        element('time', {textContent: clock(line.at)}), ' ', element('span', {className: 'level', textContent: line.level}), ' ',
        element('span', {className: 'muted', textContent: line.from}), ' ', element('span', {textContent: line.text}))));
    filterLines();
  }
}
