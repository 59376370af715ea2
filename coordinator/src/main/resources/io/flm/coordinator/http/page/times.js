// Where steps spend their time: of rank 0, and of each member, with who the others wait for; and what their nodes send each other.

import {byId, byteRate, element, percent, setText} from './elements.js';

const SHARES = [
  ['data', 'waiting for data'], ['forward', 'forward'], ['backward', 'backward'], ['exchange', 'waiting for others'], ['optimizer', 'optimizer'],
];
const MANY = 32; // members: of more only those in sight are laid out
const LEAST = 0.05; // of a step: a wait that is told of

const words = shares => SHARES.map(([key, meaning]) => `${meaning} ${percent(shares[key])}`).join(', ');

/** A bar whose parts are set again and again. */
class Bar {
  #parts = SHARES.map((share, i) => element('span', {className: `c${i}`}));
  box = element('div', {className: 'bar', role: 'img'}, ...this.#parts);

  set(shares) {
    const now = words(shares);
    if (this.box.title !== now) {
      SHARES.forEach(([key], i) => { this.#parts[i].style.flexGrow = shares[key].toFixed(3); });
      this.box.setAttribute('aria-label', now);
      this.box.title = now;
    }
  }
}

const ofRankZero = new Bar();

/** @param shares null: not known */
export function showShares(shares) {
  if (!shares) {
    return;
  }
  ofRankZero.set(shares);
  const legend = element('ul', {className: 'legend'}, ...SHARES.map(([key, meaning], i) =>
    element('li', {className: `key c${i}`}, element('span', {className: 'swatch'}), `${meaning} ${percent(shares[key])}`)));
  byId('shares').replaceChildren(ofRankZero.box, legend);
}

/** A bar for each member of a run with several, and what its node sends: only those that have changed are set. */
export class WorkerTimes {
  #members = new Map();

  change(workers) {
    workers.forEach(worker => {
      if (worker.timeShares) {
        this.#set(worker);
      } else {
        this.#remove(worker.name);
      }
    });
    this.#tell();
  }

  gone(names) {
    names.forEach(name => this.#remove(name));
    this.#tell();
  }

  replace(workers) {
    const names = new Set(workers.map(worker => worker.name));
    this.gone([...this.#members.keys()].filter(name => !names.has(name)));
    this.change(workers);
  }

  #set(worker) {
    let member = this.#members.get(worker.name);
    if (!member) {
      const bar = new Bar();
      const traffic = element('span', {className: 'traffic'});
      member = {bar, traffic, row: element('li', {}, element('span', {className: 'who', textContent: worker.name}), bar.box, traffic)};
      const names = [...this.#members.keys(), worker.name].sort();
      const next = names[names.indexOf(worker.name) + 1];
      byId('worker-times').insertBefore(member.row, this.#members.get(next)?.row ?? null);
      this.#members.set(worker.name, member);
    }
    member.shares = worker.timeShares;
    member.bar.set(worker.timeShares);
    member.node = worker.node;
    member.sent = worker.traffic?.sentBytesPerSecond ?? 0;
    member.received = worker.traffic?.receivedBytesPerSecond ?? 0;
  }

  #remove(name) {
    this.#members.get(name)?.row.remove();
    this.#members.delete(name);
  }

  /** Who waits least is waited for: all others have what they have, and wait for its gradients. */
  #tell() {
    const all = [...this.#members].map(([name, {shares}]) => ({name, waits: shares.exchange})).sort((a, b) => a.waits - b.waits);
    byId('members-times').hidden = all.length < 2;
    byId('worker-times').classList.toggle('many', all.length > MANY);
    if (all.length < 2) {
      return;
    }
    const wait = all[Math.floor(all.length / 2)].waits - all[0].waits;
    setText(byId('waited-for'), wait < LEAST ? 'Nobody waits long for anybody.'
      : `The others wait for ${all[0].name}: ${percent(wait)} of a step.`);
    this.#members.forEach(({row}, name) => row.classList.toggle('slow', wait >= LEAST && name === all[0].name));
    this.#tellTraffic();
  }

  /** The workers of a node share its exchange: the first of them shows what it carries. */
  #tellTraffic() {
    const nodes = new Set();
    let sum = 0;
    [...this.#members.keys()].sort().forEach(name => {
      const member = this.#members.get(name);
      const first = !nodes.has(member.node);
      nodes.add(member.node);
      sum += first ? member.sent : 0;
      setText(member.traffic, !first || member.sent + member.received === 0 ? ''
        : `node ${member.node} sends ${byteRate(member.sent)}, gets ${byteRate(member.received)}`);
    });
    setText(byId('traffic'), nodes.size < 2 ? 'All are on one node, so no gradients go over a network.'
      : `The ${nodes.size} nodes send each other ${byteRate(sum)}.`);
  }
}
