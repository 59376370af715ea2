// How the page speaks to its node: questions, orders, and the stream of events.

/** What a node refused, in its own words. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function ask(path, options) {
  const response = await fetch(path, {cache: 'no-store', credentials: 'same-origin', ...options});
  if (response.ok) {
    return response;
  }
  let detail = `${response.status} ${response.statusText}`;
  try {
    detail = (await response.json()).detail ?? detail;
  } catch {
    // not of a node, such as of a proxy before it
  }
  throw new Refused(response.status, detail);
}

export async function get(path) {
  return (await ask(path, {})).json();
}

/**
 * @param body null: none
 * @param tag of the run as it must still be; null: as it is
 */
export async function post(path, body, tag = null) {
  const headers = {...(body === null ? {} : {'Content-Type': 'application/json'}), ...(tag === null ? {} : {'If-Match': tag})};
  return (await ask(path, {method: 'POST', headers, body: body === null ? undefined : JSON.stringify(body)})).json();
}

/** What orders name that are about the run as it is now. */
export async function tagOfRun() {
  return (await ask('/api/v1/run', {})).headers.get('ETag');
}

export async function signOut() {
  await ask('/api/v1/session', {method: 'DELETE'});
}

const SILENCE_MS = 8000; // the node sends a comment every 2 s
const MOST_PAUSE_MS = 5000;
const SIGNED_OUT_MS = 60_000; // a sign-in is told by retry()

/** Listens for ever: what broke off goes on after the last event that was heard. */
export class EventStream {
  #lastId = '';
  #wake = () => {};

  /**
   * @param onEvent is called with the type and the data of each event
   * @param onState is called with 'live', 'lost' or 'refused', and why
   */
  constructor(onEvent, onState) {
    this.onEvent = onEvent;
    this.onState = onState;
  }

  async run() {
    for (let pause = 500; ; pause = Math.min(2 * pause, MOST_PAUSE_MS)) {
      try {
        await this.#listen(() => { pause = 250; });
        this.onState('lost', 'the connection has ended');
      } catch (e) {
        this.onState(e instanceof Refused && e.status < 500 ? 'refused' : 'lost', e.message, e.status);
        pause = e.status === 401 ? SIGNED_OUT_MS : Math.min(pause, MOST_PAUSE_MS);
      }
      await new Promise(resolve => {
        this.#wake = resolve;
        setTimeout(resolve, pause);
      });
    }
  }

  /** Tries again at once. */
  retry() {
    this.#wake();
  }

  async #listen(heard) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const headers = this.#lastId ? {'Last-Event-ID': this.#lastId} : {};
      const response = await ask('/api/v1/events', {headers, signal: silence.signal});
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      this.onState('live', '');
      let rest = '';
      for (;;) {
        const {value, done} = await reader.read();
        if (done) {
          return;
        }
        heard();
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop();
        blocks.forEach(block => this.#tell(block));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #tell(block) {
    const fields = {};
    for (const line of block.split('\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0) {
        fields[line.slice(0, colon)] = line.slice(colon + 2);
      }
    }
    if (fields.id) {
      this.#lastId = fields.id;
    }
    if (fields.event) {
      this.onEvent(fields.event, JSON.parse(fields.data ?? '{}'));
    }
  }
}
