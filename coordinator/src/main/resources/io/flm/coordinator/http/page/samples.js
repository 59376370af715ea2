// Held-out samples: pictures with what the model says of them, and what it may see of their texts.

import {get} from './connection.js';
import {byId, count, element, percent, setText, shown} from './elements.js';

const READERS = {l2r: 'left to right', r2l: 'right to left', reconstructor: 'reconstructor', text: 'the text'};
const MARKS = {
  s: 'seen', l: 'seen in the left-to-right stream', r: 'seen in the right-to-left stream', b: 'seen in both streams', h: 'hidden',
  '-': 'never seen',
};

/** The cards of the samples, made once for each run; of predictions only what has changed is written. */
export class Samples {
  #run = null;
  #cards = new Map();
  #steps = [];
  #asking = false;
  #again = false;

  constructor() {
    byId('samples-step').addEventListener('input', () => this.ask());
  }

  /** Another run is shown. */
  replace(run) {
    if (this.#run !== run) {
      this.#run = run;
      this.#cards.clear();
      this.#steps = [];
      byId('sample-cards').replaceChildren();
      byId('samples-step').max = '0';
      byId('samples-step').value = '0';
    }
    return this.ask();
  }

  /** Asks for the predictions that are chosen: the newest, unless the user went back. One question at a time. */
  async ask() {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    try {
      do {
        this.#again = false;
        const slider = byId('samples-step');
        const newest = slider.value === slider.max;
        const step = this.#steps[Number(slider.value)] ?? 0;
        this.#show(await get(newest ? '/api/v1/samples' : `/api/v1/samples?step=${step}`), newest);
      } while (this.#again);
    } finally {
      this.#asking = false;
    }
  }

  #show(answer, newest) {
    const none = answer.samples.length === 0;
    byId('no-samples').hidden = !none;
    byId('samples-choice').hidden = none;
    byId('samples-legend').hidden = none;
    if (answer.step === null) {
      return;
    }
    const slider = byId('samples-step');
    this.#steps = answer.steps;
    slider.max = String(answer.steps.length - 1);
    slider.value = String(newest ? answer.steps.length - 1 : answer.steps.indexOf(answer.step));
    slider.setAttribute('aria-valuetext', `after ${count(answer.step)} steps`);
    setText(byId('samples-at'), `after ${count(answer.step)} steps`);
    answer.samples.forEach(sample => {
      let card = this.#cards.get(sample.number);
      if (!card) {
        card = new Card(sample);
        this.#cards.set(sample.number, card);
        const after = [...this.#cards.keys()].filter(number => number < sample.number).length;
        byId('sample-cards').insertBefore(card.box, byId('sample-cards').children[after] ?? null);
      }
      card.tell(sample.prediction);
    });
  }
}

/** A sample. Its tokens are buttons of a group: arrows go from one to the next. */
class Card {
  #sample;
  #caption = element('p', {className: 'caption'});
  #score = element('p', {className: 'muted'});
  #guess = element('p', {className: 'guess'});
  #views;
  #tokens;
  #chosen;
  #guesses = new Map();

  constructor(sample) {
    this.#sample = sample;
    this.#chosen = Math.floor(sample.tokens.length / 2);
    this.#tokens = sample.tokens.map((token, i) => {
      const button = element('button', {type: 'button', className: 'token', textContent: token.trim() || '␣'});
      button.addEventListener('click', () => this.#choose(i));
      return button;
    });
    const group = element('div', {className: 'tokens', role: 'toolbar', 'aria-label': `Tokens of ${sample.name}`}, ...this.#tokens);
    group.addEventListener('keydown', event => this.#onKey(event));
    this.#views = sample.views.map(view => ({view, count: element('span', {className: 'muted'}), line: element('div', {className: 'line'})}));
    const picture = element('img', {src: `/api/v1/samples/${sample.number}/picture`, alt: sample.name, width: 96, height: 96, loading: 'lazy'});
    this.box = element('li', {className: 'card sample'},
        element('div', {className: 'said'}, picture,
            element('div', {}, this.#caption, element('p', {textContent: `is: ${sample.name}`}), this.#score)),
        group, this.#guess,
        ...this.#views.map(({view, count: seen, line}) =>
          element('div', {}, element('p', {className: 'reader'}, element('span', {textContent: READERS[view.reader] ?? view.reader}), ' ', seen), line)),
        element('p', {className: 'muted key-of', textContent: sample.key + (sample.how ? `; ${sample.how}` : '')}));
    this.#choose(this.#chosen);
  }

  /** @param prediction null: none is known */
  tell(prediction) {
    this.#guesses = new Map((prediction?.guesses ?? []).map(guess => [guess.token, guess]));
    const caption = prediction?.caption;
    this.#caption.hidden = caption === null || caption === undefined;
    setText(this.#caption, caption ? `“${caption}”` : '(no word)');
    const right = [...this.#guesses.values()].filter(guess => guess.right).length;
    setText(this.#score, this.#guesses.size === 0 ? ''
      : `loss ${shown(prediction.loss)}, ${right} of ${this.#guesses.size} tokens right`);
    this.#tokens.forEach((button, i) => {
      const guess = this.#guesses.get(i);
      button.dataset.guess = guess ? (guess.right ? 'right' : 'wrong') : 'none';
    });
    this.#tellGuess();
  }

  #tellGuess() {
    const guess = this.#guesses.get(this.#chosen);
    setText(this.#guess, guess
      ? `predicted here: ${guess.best.trim() || '␣'} (${guess.right ? 'right' : 'wrong'}); the text's own has ${percent(guess.probability)}`
      : 'not predicted');
  }

  #choose(token) {
    this.#chosen = token;
    this.#tokens.forEach((button, i) => {
      button.setAttribute('aria-pressed', String(i === token));
      button.tabIndex = i === token ? 0 : -1;
    });
    this.#tellGuess();
    this.#views.forEach(({view, count: seen, line}) => {
      const marks = [...view.rows[token]];
      const sees = marks.filter(mark => mark !== 'h' && mark !== '-').length;
      setText(seen, `sees ${sees} of ${marks.length}`);
      line.replaceChildren(...runsOf(marks, token).map(([from, to]) => {
        const mark = marks[from];
        const words = this.#sample.tokens.slice(from, to).map(text => text.trim() || '␣').join(' ');
        return element('span', {className: `mark m-${mark === '-' ? 'n' : mark}${from === token ? ' own' : ''}`},
            words, element('span', {className: 'hidden', textContent: ` (${MARKS[mark] ?? mark})`}));
      }));
    });
  }

  #onKey(event) {
    const last = this.#tokens.length - 1;
    const to = {ArrowLeft: this.#chosen - 1, ArrowRight: this.#chosen + 1, Home: 0, End: last}[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.#choose(Math.min(last, Math.max(0, to)));
      this.#tokens[this.#chosen].focus();
    }
  }
}

/** Neighbours that are seen alike, as [from, to); the chosen token stands alone. */
function runsOf(marks, own) {
  const runs = [];
  for (let from = 0, to; from < marks.length; from = to) {
    to = from + 1;
    while (to < marks.length && from !== own && to !== own && marks[to] === marks[from]) {
      to++;
    }
    runs.push([from, to]);
  }
  return runs;
}
