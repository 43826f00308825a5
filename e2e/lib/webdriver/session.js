// A session of W3C WebDriver with WebKitGTK's MiniBrowser: the commands on the wire and the processes
// behind them. It must not know the page or the tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { env } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const DRIVER = env.WEBKIT_DRIVER ?? 'WebKitWebDriver';

const START_MS = 30_000;

/** No layers for a graphics card that is not there, whose work would take a third of the time; no bus. */
const LEAN = { WEBKIT_DISABLE_COMPOSITING_MODE: '1', NO_AT_BRIDGE: '1' };

/** A failure that the driver reports, with the code of the standard (W3C WebDriver §6.6). */
export class WebDriverError extends Error {
  constructor({ error, message }) {
    super(`${error}: ${message}`);
    this.code = error;
  }
}

/** A browser of its own with a profile of its own, which ends with it. */
export class Session {
  #driver;
  #base;
  /** One command at a time: each is for the window that was switched to last. */
  #queue = Promise.resolve();
  #window = null;

  /**
   * @param {{ display: string, proxy: string, env?: Record<string, string> }} options the X display,
   *   the proxy's host and port, and what the browser finds in its environment
   */
  static async start({ display, proxy, env: own = {} }) {
    const session = new Session();
    const port = await freePort();
    const driver = spawn(DRIVER, [`--port=${port}`], {
      env: { ...env, ...own, ...LEAN, DISPLAY: display },
      stdio: 'ignore',
      // A group of its own, which ends as a whole: browser and helpers are children of the driver.
      detached: true,
    });
    session.#driver = driver;
    process.once('exit', session.#kill);
    session.#base = `http://127.0.0.1:${port}`;
    try {
      await Promise.race([once(driver, 'error').then(([error]) => Promise.reject(error)), session.#ready(driver)]);
      const capabilities = {
        proxy: { proxyType: 'manual', httpProxy: proxy },
        pageLoadStrategy: 'normal',
        unhandledPromptBehavior: 'ignore',
        timeouts: { script: 60_000, pageLoad: 30_000 },
      };
      const { sessionId } = await session.#send('POST', '/session', { capabilities: { alwaysMatch: capabilities } });
      session.#base += `/session/${sessionId}`;
      session.#window = await session.#send('GET', '/window');
    } catch (failure) {
      await session.end();
      throw failure;
    }
    return session;
  }

  /** The window that is in use. */
  get window() {
    return this.#window;
  }

  /**
   * Carries out a command in a window.
   * @param {string | null} window null for commands that are about no window
   */
  command(window, method, path, body) {
    const result = this.#queue.then(async () => {
      if (window !== null && window !== this.#window) {
        await this.#send('POST', '/window', { handle: window });
        this.#window = window;
      }
      const value = await this.#send(method, path, body);
      if (method === 'DELETE' && path === '/window') this.#window = null;
      return value;
    });
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Ends browser and driver. */
  async end() {
    process.off('exit', this.#kill);
    if (!this.#runs()) return;
    const ended = once(this.#driver, 'exit');
    this.#kill();
    await ended;
  }

  #runs() {
    const { pid, exitCode, signalCode } = this.#driver;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  #kill = () => {
    if (this.#runs()) process.kill(-this.#driver.pid, 'SIGKILL');
  };

  async #send(method, path, body) {
    const options = { method, headers: { 'content-type': 'application/json' } };
    if (method === 'POST') options.body = JSON.stringify(body ?? {});
    const response = await fetch(this.#base + path, options);
    const { value } = await response.json();
    if (!response.ok) throw new WebDriverError(value);
    return value;
  }

  async #ready(driver) {
    const until = Date.now() + START_MS;
    while (Date.now() < until && driver.exitCode === null) {
      const status = await this.#send('GET', '/status').catch(() => null);
      if (status?.ready) return;
      await sleep(20);
    }
    throw new Error(`${DRIVER} does not answer`);
  }
}

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
