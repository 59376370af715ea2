// The parts of the page that are lists: figures, workers, generations, notes, events.

import {byId, clock, count, duration, element, percent, setText, shown} from './elements.js';

/** The run's figures, those that are known. */
export function showFigures(run) {
  const figures = [];
  const add = (name, value) => figures.push([name, value]);
  add('Step', `${count(run.step)} of ${count(run.totalSteps)}`);
  if (run.secondsLeft !== null && run.secondsLeft !== undefined) {
    add('Left', duration(run.secondsLeft));
  }
  if (run.loss !== null) {
    add('Loss', shown(run.loss));
  }
  run.heads.forEach(head => add(head.name, `${shown(head.loss)} (${percent(head.accuracy)})`));
  if (run.samplesPerSecond > 0) {
    add('Samples/s', shown(run.samplesPerSecond));
    add('Tokens/s', shown(run.tokensPerSecond));
  }
  add('Generation', count(run.generation));
  if (run.checkpoint) {
    add('Checkpoint', `step ${count(run.checkpoint.step)} (${run.checkpoint.worker})`);
  }
  if (run.weightsSha256) {
    add('Weights', run.weightsSha256.slice(0, 12));
  }
  byId('figures').replaceChildren(...figures.map(([name, value]) =>
    element('div', {}, element('dt', {textContent: name}), element('dd', {textContent: value}))));
}

/** The table of workers: one row each, of which only what has changed is written. */
export class Workers {
  #rows = new Map();
  #workers = new Map();
  #order;
  #may = true;

  /** @param order is called with 'drain' or 'admit' and a worker's name */
  constructor(order) {
    this.#order = order;
  }

  /** Whether orders can be given now. */
  allow(may) {
    this.#may = may;
    this.#rows.forEach(({button}) => { button.disabled = !may; });
  }

  /** All that are known. */
  replace(workers) {
    const names = new Set(workers.map(worker => worker.name));
    this.gone([...this.#workers.keys()].filter(name => !names.has(name)));
    this.change(workers);
  }

  gone(names) {
    names.forEach(name => {
      this.#rows.get(name)?.row.remove();
      this.#rows.delete(name);
      this.#workers.delete(name);
    });
  }

  change(workers) {
    workers.forEach(worker => {
      this.#workers.set(worker.name, worker);
      this.#show(worker);
    });
    const body = byId('workers').tBodies[0];
    [...this.#rows.keys()].sort().forEach((name, i) => {
      const {row} = this.#rows.get(name);
      if (body.rows[i] !== row) {
        body.insertBefore(row, body.rows[i] ?? null);
      }
    });
  }

  #show(worker) {
    let made = this.#rows.get(worker.name);
    if (!made) {
      const names = ['Worker', 'Device', 'State', 'Rank', 'Lanes', 'ms a lane', 'Steps', 'Why'];
      const cells = names.map((name, i) => element(i === 0 ? 'th' : 'td', {'data-name': name}));
      cells[0].scope = 'row';
      const button = element('button', {type: 'button'});
      button.addEventListener('click', () => this.#order(button.dataset.order, worker.name));
      made = {cells, button, row: element('tr', {}, ...cells, element('td', {'data-name': 'Order'}, button))};
      this.#rows.set(worker.name, made);
    }
    const values = [worker.name, worker.device, worker.state, worker.rank < 0 ? '–' : String(worker.rank), worker.lanes || '–',
      worker.laneMs > 0 ? worker.laneMs.toFixed(1) : '–', count(worker.steps), worker.reason];
    values.forEach((value, i) => setText(made.cells[i], value));
    const order = worker.state === 'drained' ? 'admit' : 'drain';
    made.button.dataset.order = order;
    made.button.disabled = !this.#may;
    made.button.setAttribute('aria-label', `${order} ${worker.name}`);
    setText(made.button, order === 'admit' ? 'Admit' : 'Drain');
  }
}

/** Who came and who went between two generations. */
function changes(before, after) {
  const old = new Set((before?.members ?? []).map(member => member.worker));
  const now = new Set(after.members.map(member => member.worker));
  const came = before ? [...now].filter(name => !old.has(name)) : [];
  const gone = [...old].filter(name => !now.has(name));
  return [came.length ? `joined: ${came.join(', ')}` : '', gone.length ? `left: ${gone.join(', ')}` : ''].filter(text => text).join('; ');
}

const MOST_GENERATIONS = 100;

/** A run that was begun again counts its generations anew; a coordinator that takes a run up tells of the one that it finds. */
const isSame = (one, other) => one.number === other.number && one.firstStep === other.firstStep
    && JSON.stringify(one.members) === JSON.stringify(other.members);

/** The generations, newest first. */
export class Generations {
  #known = [];
  #run = '';

  /**
   * Those that the coordinator knows. One that has taken the run up knows none at first, and no run: what was known of the run is kept.
   */
  replace(generations, run) {
    if (run && run !== this.#run) {
      this.#run = run;
      this.#known = [];
    }
    this.#known = [...this.#known.filter(known => !generations.some(generation => isSame(known, generation))), ...generations]
        .sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-MOST_GENERATIONS);
    this.#show();
  }

  add(generation) {
    this.#known = [...this.#known.filter(other => !isSame(other, generation)), generation].slice(-MOST_GENERATIONS);
    this.#show();
  }

  #show() {
    byId('generations').replaceChildren(...this.#known.map((generation, i) => {
      const took = generation.tookMs < 0 ? 'no step yet' : `first step after ${(generation.tookMs / 1000).toFixed(1)} s`;
      const members = generation.members.length === 1 ? '1 member' : `${count(generation.members.length)} members`;
      const who = changes(this.#known[i - 1], generation);
      return element('li', {},
          element('strong', {textContent: `Generation ${generation.number}`}),
          element('span', {className: 'muted', textContent: ` from step ${count(generation.firstStep)}, ${clock(generation.at)}, ${members}, ${took}`}),
          element('div', {textContent: generation.why}),
          ...(who ? [element('div', {className: 'muted', textContent: who})] : []));
    }).reverse());
  }
}

export function showNotes(notes) {
  byId('notes').replaceChildren(...notes.map(note => element('li', {textContent: note})));
}

const MOST_LINES = 500;

/** Adds a line to what happened; one that says more of the same replaces it. */
export function addLine(at, kind, text, sameAsBefore = false) {
  const lines = byId('log-lines');
  if (sameAsBefore && lines.firstChild?.dataset.kind === kind) {
    lines.firstChild.remove();
  }
  const line = element('li', {}, element('time', {textContent: clock(at)}), ' ',
      element('span', {className: 'muted', textContent: kind}), ' ', element('span', {textContent: text}));
  line.dataset.kind = kind;
  lines.prepend(line);
  while (lines.childElementCount > MOST_LINES) {
    lines.lastChild.remove();
  }
  filterLines();
}

/** Shows the lines, of the log too, and notes that have the words of the filter. */
export function filterLines() {
  const words = byId('filter').value.toLowerCase();
  for (const line of [...byId('log-lines').children, ...byId('notes').children, ...byId('node-log-lines').children]) {
    line.hidden = !line.textContent.toLowerCase().includes(words);
  }
}
