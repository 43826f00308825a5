// Runs `trunk serve` as a developer does, with the ports of Trunk.toml, and ends it with all that
// it started.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ROOT } from './paths.js';

/** A running `trunk serve`. */
export class Trunk {
  /** Everything it printed. */
  output = '';
  /** Returns the address at which it serves the page. */
  url = '';
  #child;
  #dist;
  #kill;

  /** Starts it, and returns as soon as it serves a page that it has built. */
  static async serve() {
    const trunk = new Trunk();
    // A folder of its own: `dist/` is what the other tests are looking at.
    trunk.#dist = await mkdtemp(join(tmpdir(), 'secure-chat-trunk-'));
    // In cargo's profile of the built page, so that what is compiled is used again; not trunk's
    // `--release`, which would download the tool that shrinks the page.
    const args = ['serve', '--cargo-profile', 'web', '--dist', trunk.#dist];
    // trunk takes NO_COLOR for a boolean; some environments set it to 1.
    const env = { ...process.env, NO_COLOR: 'true', TRUNK_SKIP_VERSION_CHECK: 'true' };
    const child = spawn('trunk', args, {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: a cargo that still builds ends with it.
      detached: true,
    });
    trunk.#child = child;
    trunk.#kill = () => {
      if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGTERM');
    };
    process.once('exit', trunk.#kill);
    try {
      await trunk.#serving();
    } catch (failure) {
      await trunk.dispose();
      throw failure;
    }
    return trunk;
  }

  /** Ends it. */
  async dispose() {
    const { exitCode, signalCode, pid } = this.#child;
    if (pid && exitCode === null && signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#kill();
      await ended;
    }
    process.off('exit', this.#kill);
    await rm(this.#dist, { recursive: true, force: true });
  }

  #serving() {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`trunk does not serve the page: ${why}\n${this.output}`));
      child.once('error', fail);
      child.once('exit', () => fail('it has ended'));
      const read = (text) => {
        this.output += text;
        this.url = /http:\/\/127\.0\.0\.1:\d+\//.exec(this.output)?.[0] ?? '';
        if (/\bERROR\b/.test(this.output)) fail('its build failed');
        else if (this.url && this.output.includes('success')) resolve();
      };
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read);
    });
  }
}
