// WebKit behind Playwright's API: a browser whose profiles are sessions of WebDriver.
import { EventEmitter } from 'node:events';

import { Display } from './display.js';
import { Page } from './page.js';
import { Session } from './session.js';

/** The engine's browser; a display for all of its profiles. */
export class Browser {
  #display;

  static async launch() {
    const browser = new Browser();
    browser.#display = await Display.start();
    return browser;
  }

  browserType() {
    return { name: () => 'webkit' };
  }

  /**
   * Makes a profile of its own.
   * @param {{ tap: import('../tap.js').Tap, viewport?: object, timezoneId?: string, colorScheme?: string }}
   *   options `tap` is the proxy, which also brings scripts into documents: WebDriver has no way to do so
   */
  async newContext({ tap, viewport = { width: 1280, height: 720 }, timezoneId, colorScheme = 'light' }) {
    // A process finds these in its environment when it starts.
    const env = { GTK_THEME: colorScheme === 'dark' ? 'Adwaita:dark' : 'Adwaita' };
    if (timezoneId) env.TZ = timezoneId;
    const session = await Session.start({ display: this.#display.name, proxy: tap.address, env });
    return new Context(this, session, tap, viewport);
  }

  async close() {
    await this.#display.end();
  }
}

/** A profile, and the windows in it. */
class Context extends EventEmitter {
  #browser;
  #session;
  #tap;
  #viewport;
  #first;
  #pages = new Set();

  constructor(browser, session, tap, viewport) {
    super();
    this.#browser = browser;
    this.#session = session;
    this.#tap = tap;
    this.#viewport = viewport;
    // The browser comes with a window, which is the first page's.
    this.#first = session.window;
  }

  browser() {
    return this.#browser;
  }

  async newPage() {
    const window = this.#first ?? (await this.#session.command(null, 'POST', '/window/new', { type: 'window' })).handle;
    this.#first = null;
    const page = new Page(this, this.#session, window);
    this.#pages.add(page);
    await page.setViewportSize(this.#viewport);
    return page;
  }

  async addInitScript(script, argument = null) {
    this.#tap.scripts.push(`(${script})(${JSON.stringify(argument)});`);
  }

  /** Closes one of its windows; a profile ends with its last one, so that one is opened before that goes. */
  async closing(page, close) {
    this.#pages.delete(page);
    if (this.#pages.size === 0) this.#first = (await this.#session.command(null, 'POST', '/window/new', { type: 'window' })).handle;
    await close();
  }

  /** Collects what its pages have noted of themselves. */
  async collect() {
    for (const page of this.#pages) await page.collect();
  }

  async close() {
    await this.#session.end();
  }
}
