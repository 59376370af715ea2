// The page: a run as it goes on. Events say what changes; curves are asked for when steps were committed.

import {EventStream, Refused, get, post, signOut, tagOfRun} from './connection.js';
import {Curves} from './curves.js';
import {byId, count, element, setText, shown} from './elements.js';
import {NodeLog, showBadSamples} from './node.js';
import {Generations, Workers, addLine, filterLines, showFigures, showNotes} from './parts.js';
import {Samples} from './samples.js';
import {WorkerTimes, showShares} from './times.js';

const POINTS = 500;
const CURVES_MS = 1000; // between two questions for new steps
const BUCKETS_MS = 5000; // for all of them
const RUN_MS = 5000; // between two for what events do not tell, such as the time that is left

const ENDED = ['finished', 'failed', 'stopped'];
const ORDERS = {
  pause: {
    path: '/api/v1/run/pause', words: 'Pause', fits: state => !['paused', 'idle', 'discovering', ...ENDED].includes(state),
    text: 'The members halt after the same step, a checkpoint is written, and the run waits.', reason: true,
  },
  continue: {
    path: '/api/v1/run/continue', words: 'Continue', fits: state => state === 'paused',
    text: 'The run goes on.', reason: false,
  },
  checkpoint: {
    path: '/api/v1/run/checkpoint', words: 'Checkpoint', fits: state => state === 'training',
    text: 'A checkpoint is written after the step at hand.', reason: false,
  },
  stop: {
    path: '/api/v1/run/stop', words: 'Stop', fits: state => !['idle', 'discovering', ...ENDED].includes(state),
    text: 'The run ends after the step at hand, with a checkpoint.', reason: true,
  },
};

let run = null;
let mayOperate = true;
let askedAt = 0;
let asking = false;
let askingLater = null;
let wantsAll = true; // what is drawn is of another run, or another range
let askedRunAt = 0;
const curves = new Curves(byId('charts'));
const generations = new Generations();
const samples = new Samples();
const times = new WorkerTimes();
const workers = new Workers((order, name) => orderWorker(order, name));
const buttons = Object.entries(ORDERS).map(([name, order]) => {
  const button = element('button', {type: 'button', textContent: order.words, disabled: true});
  button.addEventListener('click', () => give(order.words, `run ${run?.run ?? ''}`, order.text, order.reason, order.path));
  return {order, button};
});
byId('orders').append(...buttons.map(({button}) => button));

// The run.

function showRun() {
  setText(byId('name'), run.run || 'no run');
  document.title = run.run ? `${run.run}: ${run.state}` : 'FLM';
  const state = byId('state');
  setText(state, run.state);
  state.dataset.state = run.state;
  setText(byId('reason'), run.reason);
  const progress = byId('progress');
  progress.max = Math.max(1, run.totalSteps);
  progress.value = run.step;
  progress.setAttribute('aria-valuetext', `${count(run.step)} of ${count(run.totalSteps)} steps`);
  showFigures(run);
  showShares(run.timeShares);
  workers.allow(mayOperate && !ENDED.includes(run.state));
  buttons.forEach(({order, button}) => { button.disabled = !mayOperate || !order.fits(run.state); });
}

async function onRun(next) {
  const other = run?.id !== next.id;
  run = next;
  showRun();
  showNotes(run.notes);
  workers.replace(run.workers);
  times.replace(run.workers);
  if (other) {
    curves.replace({run: run.run, first: -1, last: -1, bucketSteps: 1, steps: [], counts: [], figures: {}});
  }
  askedAt = 0;
  await Promise.all([askCurves(true), get('/api/v1/generations').then(all => generations.replace(all, next.id)),
    samples.replace(run.id), showBadSamples()]).catch(told);
}

/** What events tell of a run that is known. */
const EVENTS = {
  run: onRun,
  state(event) {
    const same = run.state === event.state;
    Object.assign(run, {state: event.state, reason: event.reason});
    addLine(event.at, event.state, event.reason, same);
    if (event.state !== 'training') {
      run.secondsLeft = null;
      run.samplesPerSecond = 0;
    }
    askRun();
  },
  step(event) {
    Object.assign(run, {
      step: event.step + 1, loss: event.loss, heads: event.heads, timeShares: event.rates.shares,
      samplesPerSecond: event.rates.samplesPerSecond, tokensPerSecond: event.rates.tokensPerSecond,
    });
    askCurves(false).catch(told);
    if (Date.now() - askedRunAt > RUN_MS) {
      askRun();
    }
  },
  generation(event) {
    const {generation} = event;
    const text = generation.tookMs < 0 ? generation.why : `first step after ${(generation.tookMs / 1000).toFixed(1)} s: ${generation.why}`;
    addLine(event.at, `generation ${generation.number}`, text);
    generations.add(generation);
    run.generation = generation.number;
  },
  workers(event) {
    workers.change(event.changed);
    workers.gone(event.gone);
    times.change(event.changed);
    times.gone(event.gone);
    event.gone.forEach(name => addLine(event.at, 'gone', name));
  },
  notes(event) {
    event.notes.filter(note => !run.notes.includes(note)).forEach(note => addLine(event.at, 'note', note));
    run.notes = event.notes;
    showNotes(run.notes);
    filterLines();
  },
  samples() {
    samples.ask().catch(told);
  },
  checkpoint(event) {
    run.checkpoint = event.checkpoint;
    addLine(event.at, 'checkpoint', `step ${count(run.checkpoint.step)}: ${run.checkpoint.path} (${run.checkpoint.worker})`);
  },
  weights(event) {
    run.weightsSha256 = event.weightsSha256;
    addLine(event.at, 'weights', `all members have the same: ${run.weightsSha256}`);
  },
};

function onEvent(type, event) {
  if (type === 'unavailable') {
    connection('moving', event.reason);
  } else if (type === 'available') {
    connection('live', 'live');
  } else if (type === 'run') {
    connection('live', 'live');
    onRun(event);
  } else if (run !== null && EVENTS[type]) {
    EVENTS[type](event);
    showRun();
  }
}

/** What no event tells. */
async function askRun() {
  askedRunAt = Date.now();
  try {
    await showBadSamples();
    const now = await get('/api/v1/run');
    if (run !== null && now.id === run.id) {
      run.secondsLeft = now.secondsLeft;
      run.checkpoint = now.checkpoint;
      showRun();
    }
  } catch (e) {
    told(e);
  }
}

// The curves.

/** New steps where they are shown one by one, else all in buckets; not too often. */
async function askCurves(anew) {
  wantsAll ||= anew;
  const next = wantsAll ? 0 : curves.next;
  const wait = asking ? CURVES_MS : askedAt + (next > 0 ? CURVES_MS : BUCKETS_MS) - Date.now();
  if (wait > 0) {
    askingLater ??= setTimeout(() => {
      askingLater = null;
      askCurves(false).catch(told);
    }, wait);
    return;
  }
  asking = true;
  askedAt = Date.now();
  try {
    const newest = Number(byId('range').value);
    if (next > 0) {
      const newer = await get(`/api/v1/metrics?from=${next}&points=1000`);
      const fits = newest > 0 || curves.metrics.steps.length + newer.steps.length <= 2 * POINTS;
      if (newer.bucketSteps === 1 && newer.last >= next - 1 && fits) {
        curves.append(newer, newest || 2 * POINTS);
        resolution();
        return;
      }
    }
    wantsAll = false;
    const from = newest > 0 ? Math.max(0, run.step - newest) : 0;
    curves.replace(await get(`/api/v1/metrics?from=${from}&points=${newest === 1000 ? 1000 : POINTS}`));
    resolution();
  } finally {
    asking = false;
  }
}

function resolution() {
  const {bucketSteps, steps, first, last} = curves.metrics;
  setText(byId('resolution'), steps.length === 0 ? 'No step is known yet.'
    : (bucketSteps === 1 ? 'Each step by itself.' : `Means of ${count(bucketSteps)} steps each, with the least and the most.`)
      + (first > 0 ? ` Steps before ${count(first)} are not known to the coordinator.` : '') + ` The newest is ${count(last)}.`);
}

// Other runs.

/** Lists the runs that this node keeps beside this one; asked for when the list is opened. */
async function listRuns() {
  const others = (await get('/api/v1/runs')).filter(other => other.run !== run?.run);
  const chosen = new Set(chosenRuns());
  byId('other-runs').replaceChildren(...others.map(other => {
    const box = element('input', {type: 'checkbox', value: other.run, checked: chosen.has(other.run)});
    box.addEventListener('change', () => drawOthers().catch(told));
    const loss = other.loss === null ? '' : `, loss ${shown(other.loss)}`;
    return element('li', {}, element('label', {}, box, ` ${other.run}: ${other.state}, step ${count(other.step)}${loss}`));
  }));
  setText(byId('no-runs'), others.length === 0 ? 'This node keeps no other run.' : '');
}

const chosenRuns = () => [...byId('other-runs').querySelectorAll('input:checked')].map(box => box.value);

let drawings = 0;

/** Of choices that follow each other quickly the last one is drawn, whichever answers come last. */
async function drawOthers() {
  const drawing = ++drawings;
  const paths = chosenRuns().map(encodeURIComponent);
  const others = await Promise.all(paths.map(path => get(`/api/v1/runs/${path}/metrics?points=${POINTS}`)));
  if (drawing === drawings) {
    curves.beside(others);
  }
}

byId('others').addEventListener('toggle', () => {
  if (byId('others').open) {
    listRuns().catch(told);
  }
});

// Orders.

const dialog = byId('confirm');

/** Asks whether an order is meant, and gives it if the run is still as it was when that was asked. */
function give(words, of, text, wantsReason, path) {
  const seen = tagOfRun().catch(() => null); // the order itself says why
  setText(byId('confirm-title'), `${words} ${of}?`);
  setText(byId('confirm-text'), text);
  setText(byId('confirm-yes'), words);
  byId('confirm-why').hidden = !wantsReason;
  byId('confirm-reason').value = '';
  byId('confirm-yes').onclick = async () => {
    dialog.close();
    const reason = byId('confirm-reason').value.trim();
    try {
      const answer = await post(path, reason ? {reason} : null, await seen);
      setText(byId('outcome'), `${words}: ${answer.reason}`);
    } catch (e) {
      setText(byId('outcome'), `${words}: ${e.message}`);
      told(e);
    }
  };
  dialog.showModal();
}

function orderWorker(order, name) {
  const path = encodeURIComponent(name);
  if (order === 'admit') {
    give('Admit', name, 'The worker is taken in again, with the next generation.', false, `/api/v1/workers/${path}/admit`);
  } else {
    give('Drain', name, 'The worker is left out from the next generation on; the others take its lanes.', true, `/api/v1/workers/${path}/drain`);
  }
}

byId('confirm-no').addEventListener('click', () => dialog.close());
byId('confirm-reason').addEventListener('keydown', event => {
  if (event.key === 'Enter') {
    event.preventDefault(); // else the same key presses the button that opened the dialog, which has the focus again
    byId('confirm-yes').click();
  }
});

// The connection, and who asks.

function connection(state, text) {
  byId('connection').dataset.state = state;
  setText(byId('connection'), text);
  document.body.classList.toggle('stale', state !== 'live');
}

const stream = new EventStream(onEvent, (state, why, status) => {
  if (state === 'live') {
    connection('live', 'live');
    byId('sign-in').hidden = true;
    document.body.classList.remove('signed-out');
    askSession();
  } else if (state === 'refused' && status === 401) {
    askForToken(why);
  } else if (state === 'refused') {
    connection('refused', why);
  } else {
    const ended = run !== null && ENDED.includes(run.state);
    connection('lost', ended ? 'the run has ended, and its node with it' : 'this node does not answer; trying again');
  }
});

function askForToken(why) {
  connection('refused', 'signed out');
  setText(byId('sign-in-why'), why);
  byId('sign-in').hidden = false;
  document.body.classList.toggle('signed-out', run === null); // there is nothing to be seen behind the question
}

/** What was refused to a page that is open for long: its sign-in may have ended. */
function told(e) {
  if (e instanceof Refused && e.status === 401) {
    setText(byId('sign-in-why'), e.message);
    byId('sign-in').hidden = false;
  }
}

let listens = false;

function listen() {
  if (listens) {
    stream.retry();
  } else {
    listens = true;
    stream.run();
  }
}

/** Asks first whether a token is wanted. */
async function begin() {
  const session = await get('/api/v1/session').catch(() => null); // a node that does not answer is the stream's to tell
  if (session?.role === 'none') {
    askForToken('This node wants its token, once in this browser.');
  } else {
    listen();
  }
}

async function askSession() {
  try {
    const session = await get('/api/v1/session');
    mayOperate = session.role !== 'read';
    document.body.classList.toggle('reads', !mayOperate);
    byId('sign-out').hidden = session.by !== 'cookie';
    if (run !== null) {
      showRun();
    }
  } catch (e) {
    told(e);
  }
}

byId('sign-in').addEventListener('submit', async event => {
  event.preventDefault();
  try {
    await post('/api/v1/session', {token: byId('token').value.trim()});
    byId('token').value = '';
    byId('sign-in').hidden = true;
    listen();
  } catch (e) {
    setText(byId('sign-in-why'), e.message);
  }
});
byId('sign-out').addEventListener('click', async () => {
  await signOut().catch(told);
  location.reload();
});

// What the user sets.

const dark = matchMedia('(prefers-color-scheme: dark)');
const set = () => curves.set({log: byId('log').checked, smoothing: Number(byId('smoothing').value), scheme: dark.matches ? 'dark' : 'light'});
dark.addEventListener('change', set);
byId('log').addEventListener('change', set);
byId('smoothing').addEventListener('input', set);
byId('filter').addEventListener('input', filterLines);
byId('range').addEventListener('change', () => {
  askedAt = 0;
  askCurves(true).catch(told);
});
new NodeLog(told);
set();
begin();
