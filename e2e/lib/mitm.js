// Runs the man in the middle (server/examples/mitm) between pages and a server: an address that
// forwards everything, until it is told to deceive.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { env } from 'node:process';
import { createInterface } from 'node:readline';

import { SERVER, requireFile } from './paths.js';

const MITM = env.SECURE_CHAT_MITM ?? join(dirname(SERVER), 'examples', 'mitm');

const START_MS = 30_000;

/** A man in the middle. */
export class Mitm {
  /** Returns the address that pages are led to. */
  url = '';
  /** The fingerprint of its own key. */
  fingerprint = '';
  /** Every text that it could read, oldest first. */
  read = [];
  /** Lines about its sessions. */
  log = '';
  #child;
  #lines;

  /**
   * Starts it in front of `server`, harmless at first.
   * @param {import('./server.js').Server} server
   */
  static async start(server) {
    requireFile(MITM, 'build it with `cargo build -p server --example mitm`, or set SECURE_CHAT_MITM');
    const mitm = new Mitm();
    const args = ['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${server.httpPort}`];
    mitm.#child = spawn(MITM, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    mitm.#child.stderr.setEncoding('utf8').on('data', (text) => (mitm.log += text));
    // A write to a socket that is gone shows as a missing answer.
    mitm.#child.stdin.on('error', () => {});
    mitm.#lines = createInterface({ input: mitm.#child.stdout });
    mitm.#lines.on('line', (line) => mitm.#heard(line));
    try {
      mitm.url = `http://${await mitm.#line(/^mitm listening on (\S+)$/)}/`;
    } catch (failure) {
      await mitm.dispose();
      throw failure;
    }
    return mitm;
  }

  /**
   * Changes what it does with tunnels; those that are open are cut.
   * @param {'pass' | 'swap'} mode
   */
  async turn(mode) {
    const turned = this.#line(new RegExp(`^mode (${mode})$`));
    this.#child.stdin.write(`${mode}\n`);
    await turned;
  }

  /**
   * The texts that it read, of one side.
   * @param {'page' | 'server'} side
   */
  readFrom(side) {
    return this.read.filter((said) => said.side === side).map(({ text }) => text);
  }

  /**
   * Returns every word of the messages of one side that it read.
   * @param {'page' | 'server'} side
   */
  messagesFrom(side) {
    const objects = this.readFrom(side).filter((text) => text.startsWith('{')).map((text) => JSON.parse(text));
    const types = { page: 'send', server: 'message' };
    return objects.filter(({ type }) => type === types[side]).map(({ text }) => text);
  }

  /** Ends it. */
  async dispose() {
    const child = this.#child;
    child.kill('SIGKILL');
    if (child.pid && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  #heard(line) {
    const [, side, text] = /^read (page|server) (".*")$/.exec(line) ?? [];
    if (side) this.read.push({ side, text: JSON.parse(text) });
    this.fingerprint = /^mitm key (\S+)$/.exec(line)?.[1] ?? this.fingerprint;
  }

  /** Waits for a line, and returns the pattern's first group. */
  #line(pattern) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(reject, new Error(`the man in the middle is silent:\n${this.log}`)), START_MS);
      const look = (line) => {
        const found = pattern.exec(line);
        if (found) end(resolve, found[1]);
      };
      const gone = () => end(reject, new Error(`the man in the middle has ended:\n${this.log}`));
      const end = (settle, value) => {
        clearTimeout(timer);
        this.#lines.off('line', look);
        this.#child.off('exit', gone);
        this.#child.off('error', gone);
        settle(value);
      };
      this.#lines.on('line', look);
      this.#child.once('exit', gone);
      this.#child.once('error', gone);
    });
  }
}
