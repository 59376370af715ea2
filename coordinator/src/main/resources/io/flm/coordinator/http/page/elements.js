// Elements of the page. Texts are set as text: names, reasons and notes may be anybody's.

/** Makes an element with some properties and content. */
export function element(tag, properties = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') {
      made.setAttribute(name, value);
    } else {
      made[name] = value;
    }
  }
  made.append(...content);
  return made;
}

export const byId = id => document.getElementById(id);

/** Changes a text only where it differs: screen readers say again what is set again. */
export function setText(target, text) {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

const whole = new Intl.NumberFormat('en');

export function count(number) {
  return whole.format(number);
}

/** A number in four digits or so. */
export function shown(number) {
  if (number === null || number === undefined || !Number.isFinite(number)) {
    return '–';
  }
  const size = Math.abs(number);
  if (size !== 0 && (size < 0.001 || size >= 1e7)) {
    return number.toExponential(2);
  }
  return size >= 1000 ? count(Math.round(number)) : String(Number(number.toPrecision(4)));
}

export function percent(share) {
  return share === null ? '–' : `${(100 * share).toFixed(1)} %`;
}

/** So many bytes a second, as in 12.3 MB/s. */
export function byteRate(bytesPerSecond) {
  const units = ['B/s', 'kB/s', 'MB/s', 'GB/s'];
  let value = bytesPerSecond;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toPrecision(3)} ${units[unit]}`;
}

/** So many seconds, as in 1:02:03. */
export function duration(seconds) {
  const all = Math.round(seconds);
  const parts = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const used = parts[0] > 0 ? parts : parts.slice(1);
  return used.map((part, i) => i === 0 ? String(part) : String(part).padStart(2, '0')).join(':');
}

export function clock(at) {
  return new Date(at).toLocaleTimeString('en-GB');
}
