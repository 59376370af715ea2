// The curves: figures of steps, as GET /api/v1/metrics has them, one chart for those of a kind.

import uPlot from '/uPlot.esm.js';
import {figureOf, merged, runOf} from './beside.js';
import {count, element, percent, setText, shown} from './elements.js';

const HEIGHT = 220;
const COLORS = 6;

/** What is drawn where; the first chart that a figure fits takes it. */
const CHARTS = [
  {title: 'Loss', fits: name => name === 'loss' || name.endsWith('Loss'), log: true, text: shown},
  {title: 'Accuracy', fits: name => name.endsWith('Accuracy'), log: false, text: percent},
  {title: 'Loss by source', fits: name => isOfSource(name, 'loss'), log: true, text: shown},
  {title: 'Accuracy by source', fits: name => isOfSource(name, 'accuracy'), log: false, text: percent},
  {title: 'Gradient norm', fits: name => name === 'gradientNorm', log: true, text: shown},
  {title: 'Learning rate', fits: name => name === 'learningRate', log: true, text: shown},
  {title: 'Samples a second', fits: name => name === 'samplesPerSecond', log: false, text: shown},
  {title: 'Milliseconds of a step, rank 0', fits: name => name.endsWith('Ms'), log: false, text: shown},
];

/** Figures of a mixture's sources: source.coco.loss. */
function isOfSource(name, figure) {
  return name.startsWith('source.') && name.endsWith('.' + figure);
}

const isHeldOut = name => name.startsWith('heldOut.');
const DASHES = [[2, 3], [9, 4], [9, 3, 2, 3]]; // of other runs, in turn

/** The place of a figure's run among all: 0 is the one that the page shows. */
function placeOf(name, names) {
  return [...new Set(['', ...names.map(runOf)])].indexOf(runOf(name));
}

/** A figure without what it is of: of heads and sources the name. */
function stem(name) {
  return figureOf(name).replace('heldOut.', '').replace(/^source\.(.*)\.(loss|accuracy)$/, '$1').replace(/(Loss|Accuracy|Ms)$/, '');
}

/** What comes first in a legend: the sum of all heads, then heads, then held-out ones; phases as a step has them. */
const FIRST = ['loss', 'dataMs', 'forwardMs', 'backwardMs', 'exchangeMs', 'optimizerMs'];

function inOrder(names) {
  const place = name => (runOf(name) ? 100 : 0) + (isHeldOut(name) ? 99 : (FIRST.indexOf(figureOf(name)) + 50) % 50);
  return names.sort((a, b) => runOf(a).localeCompare(runOf(b)) || place(a) - place(b) || a.localeCompare(b));
}

function label(name) {
  const heldOut = isHeldOut(name);
  const own = stem(name);
  const words = {loss: 'all heads', gradientNorm: 'before clipping', learningRate: 'base rate', samplesPerSecond: 'global batch'};
  return (words[own] ?? own) + (heldOut ? ', held out' : '') + (runOf(name) ? ` (${runOf(name)})` : '');
}

/** A moving average that forgets by a weight, without the pull of its begin. */
function smoothed(values, weight) {
  if (weight === 0) {
    return values;
  }
  let sum = 0;
  let weights = 0;
  return values.map(value => {
    if (value === null) {
      return null;
    }
    sum = weight * sum + (1 - weight) * value;
    weights = weight * weights + (1 - weight);
    return sum / weights;
  });
}

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

class Chart {
  #kind;
  #place;
  #legend;
  #plot = null;
  #drawn = ''; // what the plot was made for: else its data are set
  #names = [];
  #colors = []; // of a head the same in each chart
  #hidden = new Set();
  #values = {};
  #steps = [];
  #pointed = element('span', {className: 'muted'});

  constructor(kind, charts) {
    this.#kind = kind;
    this.#place = element('div', {role: 'img'});
    this.#legend = element('ul', {className: 'legend'});
    this.box = element('figure', {className: 'card chart', hidden: true},
        element('figcaption', {}, element('h3', {}, kind.title, ' ', this.#pointed), this.#legend), this.#place);
    charts.append(this.box);
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.box);
  }

  #size() {
    return {width: Math.max(200, this.#place.clientWidth), height: HEIGHT};
  }

  draw(metrics, options) {
    const names = inOrder(Object.keys(metrics.figures).filter(name => CHARTS.find(chart => chart.fits(figureOf(name))) === this.#kind));
    this.box.hidden = names.length === 0;
    if (names.length === 0) {
      return;
    }
    if (names.join() !== this.#names.join()) {
      this.#names = names;
      const heads = inOrder(Object.keys(metrics.figures).filter(name => figureOf(name).endsWith('Loss') && !isHeldOut(name) && !runOf(name))).map(stem);
      const place = name => names.includes(figureOf(name)) ? names.indexOf(figureOf(name)) : names.indexOf(name);
      this.#colors = names.map(name => (heads.includes(stem(name)) ? heads.indexOf(stem(name)) + 1 : place(name)) % COLORS);
      this.#makeLegend(options);
    }
    const log = options.log && this.#kind.log;
    const positive = values => log ? values.map(value => value > 0 ? value : null) : values;
    const range = options.smoothing > 0 || metrics.bucketSteps > 1;
    const data = [metrics.steps];
    this.#steps = metrics.steps;
    names.forEach(name => {
      const figure = metrics.figures[name];
      this.#values[name] = figure.mean;
      data.push(positive(smoothed(figure.mean, options.smoothing)));
      if (range) {
        data.push(positive(figure.min), positive(figure.max));
      }
    });
    const form = [names.join(), log, range, [...this.#hidden].join(), options.scheme].join('|');
    if (form !== this.#drawn) {
      this.#plot?.destroy();
      this.#plot = new uPlot(this.#form(log, range, metrics.bucketSteps), data, this.#place);
      this.#drawn = form;
    } else {
      this.#plot.setData(data);
    }
    this.#tell(null);
    const newest = names.map(name => `${label(name)} ${this.#kind.text(this.#at(name, null))}`).join(', ');
    this.#place.setAttribute('aria-label', `${this.#kind.title} by step; newest: ${newest}`);
  }

  #makeLegend(options) {
    this.#legend.replaceChildren(...this.#names.map((name, i) => {
      const key = element('button', {type: 'button', className: `key c${this.#colors[i]}`, 'aria-pressed': 'true'},
          element('span', {className: isHeldOut(name) || runOf(name) ? 'swatch dashed' : 'swatch'}),
          element('span', {textContent: label(name)}), ' ', element('output', {}));
      key.addEventListener('click', () => {
        const hide = !this.#hidden.has(name);
        hide ? this.#hidden.add(name) : this.#hidden.delete(name);
        key.setAttribute('aria-pressed', String(!hide));
        options.redraw();
      });
      return element('li', {}, key);
    }));
  }

  /** The value of a figure at a place, or the newest. */
  #at(name, index) {
    const values = this.#values[name];
    return index === null ? values.findLast(value => value !== null) ?? null : values[index] ?? null;
  }

  /** Shows values in the legend: those under the pointer, and at which step, or the newest. */
  #tell(index) {
    setText(this.#pointed, index === null ? '' : `at step ${count(this.#steps[index])}`);
    this.#legend.querySelectorAll('output').forEach((output, i) =>
      setText(output, this.#kind.text(this.#at(this.#names[i], index))));
  }

  #form(log, range) {
    const axis = {stroke: style('--muted'), grid: {stroke: style('--line'), width: 1}, ticks: {show: false}, font: '12px system-ui'};
    const series = [{}];
    const bands = [];
    const placed = new Set(this.#names.map(runOf));
    const alone = this.#names.filter(name => !this.#hidden.has(name)).length === 1; // else ranges lie over each other
    this.#names.forEach((name, i) => {
      const color = style(`--c${this.#colors[i]}`);
      const heldOut = isHeldOut(name);
      const other = runOf(name) !== '';
      const gaps = heldOut || placed.size > 1; // steps of other runs lie between
      const show = !this.#hidden.has(name);
      series.push({
        stroke: color, width: other ? 1 : 1.5, show, spanGaps: gaps,
        dash: other ? DASHES[(placeOf(name, this.#names) - 1) % DASHES.length] : heldOut ? [5, 4] : undefined,
        points: heldOut ? {show: true, size: 5} : {},
      });
      if (range) {
        const faint = {stroke: alone ? color + '40' : 'transparent', width: 1, show, points: {show: false}, spanGaps: gaps};
        series.push(faint, faint);
        bands.push({series: [series.length - 1, series.length - 2], fill: color + (alone ? '26' : '14')});
      }
    });
    return {
      ...this.#size(),
      legend: {show: false},
      cursor: {drag: {x: false, y: false}, sync: {key: 'steps'}, points: {size: 7}},
      scales: {x: {time: false}, y: {distr: log ? 3 : 1}},
      axes: [
        {...axis, size: 30, values: (u, ticks) => ticks.map(tick => Number.isInteger(tick) ? count(tick) : '')},
        {...axis, size: 62, values: (u, ticks) => ticks.map(tick => tick === null ? '' : this.#kind.text(tick))},
      ],
      series,
      bands,
      hooks: {setCursor: [u => this.#tell(u.cursor.idx ?? null)]},
    };
  }
}

/** All charts, over the metrics that are known. */
export class Curves {
  #charts;
  #metrics = null;
  #others = [];
  #options;

  constructor(place) {
    this.#charts = CHARTS.map(kind => new Chart(kind, place));
    this.#options = {log: false, smoothing: 0, scheme: '', redraw: () => this.#draw()};
  }

  set(options) {
    Object.assign(this.#options, options);
    this.#draw();
  }

  /** Draws other runs over this one. */
  beside(others) {
    this.#others = others;
    this.#draw();
  }

  /** The first step that is not known, where steps can be added one by one; else 0. */
  get next() {
    const known = this.#metrics;
    return known === null || known.bucketSteps > 1 || known.steps.length === 0 ? 0 : known.steps.at(-1) + 1;
  }

  get metrics() {
    return this.#metrics;
  }

  replace(metrics) {
    this.#metrics = metrics;
    this.#draw();
  }

  /** Adds steps after those that are known; of them the newest are kept, as many as are shown. */
  append(newer, most) {
    const known = this.#metrics;
    const before = known.steps.length;
    const drop = Math.max(0, before + newer.steps.length - most);
    const join = (old, added) => [...(old ?? Array(before).fill(null)), ...(added ?? Array(newer.steps.length).fill(null))].slice(drop);
    const figures = {};
    for (const name of new Set([...Object.keys(known.figures), ...Object.keys(newer.figures)])) {
      figures[name] = {};
      for (const part of ['mean', 'min', 'max']) {
        figures[name][part] = join(known.figures[name]?.[part], newer.figures[name]?.[part]);
      }
    }
    this.#metrics = {...newer, steps: join(known.steps, newer.steps), counts: join(known.counts, newer.counts), figures};
    this.#draw();
  }

  #draw() {
    if (this.#metrics !== null) {
      const all = merged(this.#metrics, this.#others);
      this.#charts.forEach(chart => chart.draw(all, this.#options));
    }
  }
}
