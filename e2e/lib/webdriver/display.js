// An X display that nobody sees, for browsers that cannot do without one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { env } from 'node:process';

const XVFB = env.XVFB ?? 'Xvfb';

/** Larger than every window of the tests. */
const SCREEN = '2000x1300x24';

/** A running display. */
export class Display {
  /** Returns its name, for `DISPLAY`. */
  name = '';
  #child;

  /** Starts one with a free number. */
  static async start() {
    const display = new Display();
    const child = spawn(XVFB, ['-displayfd', '3', '-screen', '0', SCREEN, '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    display.#child = child;
    process.once('exit', display.#kill);
    const ended = Promise.race([once(child, 'error').then(([error]) => error), once(child, 'exit')]);
    const number = await Promise.race([once(child.stdio[3], 'data').then(([data]) => String(data).trim()), ended]);
    if (typeof number !== 'string') throw new Error(`${XVFB} does not start: ${number}`);
    display.name = `:${number}`;
    return display;
  }

  /** Ends it. */
  async end() {
    process.off('exit', this.#kill);
    const ended = once(this.#child, 'exit');
    this.#kill();
    await ended;
  }

  #kill = () => this.#child.kill();
}
