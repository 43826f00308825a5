// A page of Playwright's API over WebDriver: the part of it that the tests use.
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { narrowest } from '../engines.js';
import { Clock } from './clock.js';
import { INJECTED } from './injected.js';
import { chord, runs, strokes } from './keys.js';
import { Locator } from './locator.js';

/** How long the page is waited for, in milliseconds. */
const WAIT_MS = 20_000;

/** A window of a profile. */
export class Page extends EventEmitter {
  #context;
  #session;
  #window;
  /** The height of the browser's own bar, in pixels, once it is known. */
  #bar = null;

  constructor(context, session, window) {
    super();
    this.#context = context;
    this.#session = session;
    this.#window = window;
    this.keyboard = new Keyboard(this);
    this.mouse = new Mouse(this);
    this.clock = new Clock(this);
  }

  context() {
    return this.#context;
  }

  command(method, path, body) {
    return this.#session.command(this.#window, method, path, body);
  }

  /** Runs a script in the page that has `args` and what injected.js has, and returns its result. */
  async inject(body, ...args) {
    const script = `${INJECTED}
      const args = [...arguments];
      const done = args.pop();
      (async () => { ${body} })().then(
        (value) => done({ value }),
        (error) => done({ error: error instanceof Error ? error.message : String(error) }),
      );`;
    const { value, error } = await this.command('POST', '/execute/async', { script, args });
    if (error !== undefined) throw new Error(error);
    return value;
  }

  evaluate(method, argument) {
    // A program is run as it is; the page's policy has no say in what the driver evaluates.
    if (typeof method === 'string') return this.command('POST', '/execute/sync', { script: method, args: [] });
    return this.inject(`return (${method})(args[0])`, argument ?? null);
  }

  async waitForFunction(method, argument) {
    const until = Date.now() + WAIT_MS;
    while (!(await this.evaluate(method, argument))) {
      if (Date.now() > until) throw new Error(`does not become true: ${method}`);
      await sleep(50);
    }
  }

  waitForTimeout(milliseconds) {
    return sleep(milliseconds);
  }

  async waitForEvent(name) {
    const [value] = await once(this, name);
    return value;
  }

  /** Scripts belong to the profile here; no test has two pages with different ones. */
  addInitScript(script, argument) {
    return this.#context.addInitScript(script, argument);
  }

  async goto(url) {
    await this.#leave();
    await this.command('POST', '/url', { url });
    return null;
  }

  async reload() {
    await this.#leave();
    await this.command('POST', '/refresh');
  }

  async url() {
    return this.command('GET', '/url');
  }

  title() {
    return this.command('GET', '/title');
  }

  /** A window that is too narrow for the browser's own bar is as narrow as it can be (`narrowest`). */
  async setViewportSize({ width, height }) {
    const inner = () => this.evaluate(() => [innerWidth, innerHeight]);
    const resize = (bar) => this.command('POST', '/window/rect', { width, height: height + bar });
    if (this.#bar === null) {
      await resize(0);
      this.#bar = height - (await inner())[1];
    }
    await resize(this.#bar);
    const wanted = [Math.max(width, narrowest('webkit')), height];
    const until = Date.now() + WAIT_MS;
    let looks = 0;
    for (let now = await inner(); String(now) !== String(wanted); now = await inner()) {
      if (Date.now() > until) throw new Error(`the window is ${now} pixels large, not ${wanted}`);
      await sleep(20);
      // The bar was measured before the window had its size: what is left over is the mistake.
      if (++looks % 25 === 0) {
        this.#bar += height - now[1];
        await resize(this.#bar);
      }
    }
  }

  /**
   * WebKit takes the picture when the page has painted the next time, which one at rest never does: so
   * the page paints all the while. What changes is seen by nobody.
   */
  async screenshot() {
    await this.evaluate(() => {
      const { style } = document.documentElement;
      const paint = () => {
        style.outline = style.outline ? '' : '1px solid transparent';
        window.painting = requestAnimationFrame(paint);
      };
      paint();
    });
    const picture = await this.command('GET', '/screenshot');
    await this.evaluate(() => {
      cancelAnimationFrame(window.painting);
      document.documentElement.style.outline = '';
    });
    return Buffer.from(picture, 'base64');
  }

  /**
   * Closes it. With `runBeforeUnload` the page is asked whether it would have the browser ask first; the
   * browser's own question is answered by WebDriver, and nobody sees it.
   */
  async close({ runBeforeUnload = false } = {}) {
    if (runBeforeUnload) {
      const asks = await this.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })));
      if (asks) {
        this.emit('dialog', { type: () => 'beforeunload', dismiss: async () => {} });
        return;
      }
    }
    await this.#leave();
    await this.#context.closing(this, () => this.command('DELETE', '/window'));
  }

  /** Hands over what the page has noted of itself. */
  async collect() {
    const noted = await this.evaluate(() => window.noted?.splice(0) ?? []);
    for (const problem of noted) this.emit('problem', problem);
  }

  async #leave() {
    await this.collect();
  }

  locator(css) {
    return new Locator(this, []).locator(css);
  }

  getByTestId(id) {
    return new Locator(this, []).getByTestId(id);
  }

  getByRole(role, options) {
    return new Locator(this, []).getByRole(role, options);
  }

  getByText(text) {
    return new Locator(this, []).getByText(text);
  }
}

/** The keyboard of a page. */
class Keyboard {
  #page;

  constructor(page) {
    this.#page = page;
  }

  press(keys) {
    return this.#perform(chord(keys));
  }

  async type(text) {
    for (const run of runs(text)) {
      if (run.typed) await this.#perform(strokes(run.text));
      else await this.insertText(run.text);
    }
  }

  /** Inserts a text where the caret is, as an input method does. */
  insertText(text) {
    return this.#page.inject("document.execCommand('insertText', false, args[0])", text);
  }

  #perform(actions) {
    return this.#page.command('POST', '/actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }
}

/** The mouse of a page, by places in its window. */
class Mouse {
  #page;

  constructor(page) {
    this.#page = page;
  }

  move(x, y) {
    return this.#perform({ type: 'pointerMove', duration: 0, origin: 'viewport', x, y });
  }

  click(x, y) {
    return this.#perform(
      { type: 'pointerMove', duration: 0, origin: 'viewport', x, y },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    );
  }

  #perform(...actions) {
    const pointer = { type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions };
    return this.#page.command('POST', '/actions', { actions: [pointer] });
  }
}
