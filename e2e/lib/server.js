// Runs the real server with a data folder of its own, and stops it in every way a server can stop.
// It must not know the page.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

import { SERVER, requireFile } from './paths.js';

const START_MS = 30_000;

/** A server, running or stopped. Ports stay the same over its restarts. */
export class Server {
  /** Everything it logged, over all its lives. */
  log = '';
  #args;
  #listen;
  #http;
  #dataDir;
  #claimLink;
  #process = null;

  /**
   * @param {{ args?: string[], listen?: string, http?: string }} [options] flags, and addresses
   *   where port 0 means a free one
   */
  static async start({ args = [], listen = '127.0.0.1:0', http = '127.0.0.1:0' } = {}) {
    requireFile(SERVER, 'build it with `cargo build -p server`, or set SECURE_CHAT_SERVER');
    const server = new Server();
    server.#args = args;
    server.#listen = listen;
    server.#http = http;
    server.#dataDir = await mkdtemp(join(tmpdir(), 'secure-chat-e2e-'));
    try {
      await server.start();
    } catch (failure) {
      await server.dispose();
      throw failure;
    }
    return server;
  }

  /** Returns the address at which browsers open the page. */
  get url() {
    return `http://127.0.0.1:${this.httpPort}/`;
  }

  get httpPort() {
    return port(this.#http);
  }

  get tcpPort() {
    return port(this.#listen);
  }

  get keyFile() {
    return join(this.#dataDir, 'server_key.pem');
  }

  /** Starts it, for the first time or again. */
  async start() {
    const args = ['--listen', this.#listen, '--http', this.#http, '--data-dir', this.#dataDir];
    const mark = this.log.length;
    const child = spawn(SERVER, [...args, ...this.#args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    child.stderr.setEncoding('utf8').on('data', (text) => (this.log += text));
    let timer;
    const timeout = new Promise((_, reject) => {
      timer = globalThis.setTimeout(reject, START_MS, new Error(`the server does not say where it listens:\n${this.log}`));
    });
    try {
      await Promise.race([this.#listening(child), timeout]);
      // The log is written by a thread of its own, so it may come behind the addresses.
      const logged = async () => {
        const runs = () => child.exitCode === null && child.signalCode === null;
        while (runs() && !this.log.slice(mark).includes('key in the link:')) await setTimeout(10);
      };
      await Promise.race([logged(), timeout]);
    } catch (failure) {
      child.kill('SIGKILL');
      throw failure;
    } finally {
      globalThis.clearTimeout(timer);
    }
  }

  /** Waits for both lines on standard output, and keeps the addresses. */
  async #listening(child) {
    await once(child, 'spawn');
    await new Promise((resolve, reject) => {
      const lines = createInterface({ input: child.stdout });
      lines.on('line', (line) => {
        const [, kind, address] = /^(tcp|http) listening on (\S+)$/.exec(line) ?? [];
        if (kind === 'tcp') this.#listen = address;
        if (kind === 'http') {
          this.#http = address;
          resolve();
        }
        this.#claimLink = /^operator claim link: (\S+)$/.exec(line)?.[1] ?? this.#claimLink;
      });
      lines.on('close', () => reject(new Error(`the server did not start:\n${this.log}`)));
    });
  }

  /** The link that makes an operator of whoever opens it first. */
  async claimLink() {
    for (let tries = 0; !this.#claimLink && tries < 100; tries++) await setTimeout(50);
    if (!this.#claimLink) throw new Error('the server printed no claim link');
    return this.#claimLink;
  }

  /**
   * Ends it and waits until it is gone.
   * @param {'SIGTERM' | 'SIGKILL'} signal
   * @returns {Promise<number | null>} its exit code
   */
  async stop(signal) {
    const child = this.#process;
    if (!child) return null;
    child.kill(signal);
    await ended(child);
    this.#process = null;
    return child.exitCode;
  }

  /** Makes it silent without ending it: its sockets stay open, and nobody answers. */
  freeze() {
    this.#process.kill('SIGSTOP');
  }

  /** Lets it go on where it was frozen. */
  thaw() {
    this.#process.kill('SIGCONT');
  }

  /** Ends it for good and removes its data. */
  async dispose() {
    await this.stop('SIGKILL');
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}

function port(address) {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

async function ended(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
