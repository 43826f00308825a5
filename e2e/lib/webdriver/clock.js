// The clock of a page, moved by a test: the part of Playwright's `page.clock` that the tests use, for an
// engine whose driver has none.

/** Takes the place of the page's clock and timers. Runs in the page, before its own scripts. */
function install() {
  const real = {
    Date,
    setTimeout: window.setTimeout.bind(window),
    clearTimeout: window.clearTimeout.bind(window),
    now: performance.now.bind(performance),
  };
  const began = real.Date.now();
  const origin = real.now();
  // What the clock shows is `shown` plus the real time since `since`; paused, there is no such time.
  let [shown, since, alarm, last] = [0, origin, null, 0];
  const timers = new Map();
  const now = () => shown + (since === null ? 0 : real.now() - since);
  const earliest = () => [...timers].sort(([a, one], [b, other]) => one.due - other.due || a - b)[0];
  const breathe = () => new Promise((resolve) => real.setTimeout(resolve));
  const fire = (id, timer) => {
    if (timer.every === null) timers.delete(id);
    else timer.due += Math.max(timer.every, 1);
    timer.run(...timer.args);
  };
  const plan = () => {
    real.clearTimeout(alarm);
    const next = earliest();
    if (since === null || !next) return;
    alarm = real.setTimeout(() => {
      const [id, timer] = earliest() ?? [];
      if (timer && timer.due <= now()) fire(id, timer);
      plan();
    }, Math.max(0, next[1].due - now()));
  };
  const add = (run, delay, every, args) => {
    last += 1;
    timers.set(last, { run, due: now() + Math.max(0, Number(delay) || 0), every, args });
    plan();
    return last;
  };
  window.setTimeout = (run, delay, ...args) => add(run, delay, null, args);
  window.setInterval = (run, delay, ...args) => add(run, delay, Number(delay) || 0, args);
  window.clearTimeout = window.clearInterval = (id) => void timers.delete(id);
  performance.now = now;
  window.Date = class extends real.Date {
    constructor(...parts) {
      if (parts.length === 0) super(window.Date.now());
      else super(...parts);
    }
    static now() {
      return Math.floor(began + now());
    }
  };
  const advanceTo = async (end) => {
    for (let next = earliest(); next && next[1].due <= end; next = earliest()) {
      shown = Math.max(shown, next[1].due);
      fire(...next);
      await breathe();
    }
    shown = Math.max(shown, end);
  };
  const stop = () => {
    shown = now();
    since = null;
    real.clearTimeout(alarm);
  };
  window.testClock = {
    async pauseAt(time) {
      stop();
      await advanceTo(Math.max(shown, time - began));
    },
    async runFor(milliseconds) {
      const running = since !== null;
      stop();
      await advanceTo(shown + milliseconds);
      if (running) this.resume();
    },
    /** As a device that slept: what came due meanwhile fires once, late. */
    async fastForward(milliseconds) {
      const running = since !== null;
      stop();
      shown += milliseconds;
      for (const timer of timers.values()) timer.due = Math.max(timer.due, shown);
      await advanceTo(shown);
      if (running) this.resume();
    },
    resume() {
      since = real.now();
      plan();
    },
  };
}

/** The clock of a page. */
export class Clock {
  #page;

  constructor(page) {
    this.#page = page;
  }

  /** Takes it in hand from the next document on; until it is paused, it goes on. */
  install() {
    return this.#page.addInitScript(install);
  }

  pauseAt(time) {
    return this.#page.evaluate((at) => window.testClock.pauseAt(at), Number(time));
  }

  runFor(time) {
    return this.#page.evaluate((it) => window.testClock.runFor(it), milliseconds(time));
  }

  fastForward(time) {
    return this.#page.evaluate((it) => window.testClock.fastForward(it), milliseconds(time));
  }

  resume() {
    return this.#page.evaluate(() => window.testClock.resume());
  }
}

/** Reads a number of milliseconds, or `mm:ss`. */
function milliseconds(time) {
  if (typeof time === 'number') return time;
  return time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000;
}
