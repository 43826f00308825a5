// Drives the independent Python programs: clients by JSON lines, and the judge of captured bytes.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { INTEROP, PYTHON, requireFile } from './paths.js';

const REMEDY =
  'make it with `python3 -m venv` and server/tests/interop/requirements.txt, or set SECURE_CHAT_PYTHON';

/** A Python client in the lobby, over TCP. */
export class PythonClient {
  #child;
  #events;
  #errors = '';

  /**
   * @param {import('./server.js').Server} server
   * @param {string} [program]
   */
  static async join(server, program = 'client_cryptography.py') {
    requireFile(PYTHON, REMEDY);
    const client = new PythonClient();
    const args = [join(INTEROP, program), '--port', String(server.tcpPort)];
    const child = spawn(PYTHON, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    client.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text) => (client.#errors += text));
    // A write to a client that is gone shows as a missing answer.
    child.stdin.on('error', () => {});
    client.#events = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await client.#event('announced');
    await client.#event('established');
    await client.hear((text) => text.startsWith('* Welcome'));
    return client;
  }

  /** @param {string} text */
  async say(text) {
    this.#write({ op: 'send', text });
    await this.#event('sent');
  }

  /**
   * Reads until a text fits, and returns everything read, that text last.
   * @param {string | ((text: string) => boolean)} wanted
   * @returns {Promise<string[]>}
   */
  async hear(wanted) {
    const fits = typeof wanted === 'string' ? (text) => text === wanted : wanted;
    const heard = [];
    do {
      this.#write({ op: 'recv', timeout: 20 });
      heard.push((await this.#event('message', heard)).text);
    } while (!fits(heard.at(-1)));
    return heard;
  }

  /** Ends it, whatever it is doing. */
  dispose() {
    this.#child.kill('SIGKILL');
  }

  #write(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  async #event(expected, before = []) {
    const { done, value } = await this.#events.next();
    const event = done ? { event: 'exited', why: this.#errors } : JSON.parse(value);
    if (event.event !== expected) {
      const texts = before.length ? ` after ${JSON.stringify(before)}` : '';
      throw new Error(`the Python client should say ${expected}, and said ${JSON.stringify(event)}${texts}`);
    }
    return event;
  }
}

/**
 * Decrypts captured tunnels with the server's key, and checks every byte of them against the
 * protocol. Throws at the first departure.
 * @param {import('./capture.js').Tunnel[]} tunnels
 * @param {string} keyFile
 * @returns {Promise<Array<Record<string, any>>>} what the judge printed
 */
export async function decrypt(tunnels, keyFile) {
  const capture = {
    tunnels: tunnels.map((tunnel) => ({
      client_to_server: tunnel.sent.map(base64),
      server_to_client: tunnel.received.map(base64),
    })),
  };
  const folder = await mkdtemp(join(tmpdir(), 'secure-chat-capture-'));
  try {
    const file = join(folder, 'capture.json');
    await writeFile(file, JSON.stringify(capture));
    return jsonLines(await python(join(INTEROP, 'decrypt_capture.py'), file, keyFile));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a Python program and returns what it printed.
 * @param {...string} args
 */
export async function python(...args) {
  requireFile(PYTHON, REMEDY);
  try {
    return (await promisify(execFile)(PYTHON, args)).stdout;
  } catch (failure) {
    throw new Error(`python failed: ${failure.stdout}${failure.stderr}`, { cause: failure });
  }
}

const base64 = (payload) => Buffer.from(payload).toString('base64');

const jsonLines = (text) => text.trim().split('\n').map((line) => JSON.parse(line));
