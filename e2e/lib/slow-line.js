// A line such as a train has: far away, narrow, with pauses, and now and then cut. It stands between
// browsers and the server's page and tunnel; a browser's own throttling leaves WebSockets alone.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** The time that bytes are under way, in milliseconds, in each direction. */
const DELAY_MS = 200;
/** The bytes that come through in a second, in each direction: slow 3G has 400 kbit/s. */
const BYTES_PER_SECOND = 50_000;
/** The bytes that are passed on at once. */
const PIECE_BYTES = 1400;
/** One of so many pieces is lost, and sent again by TCP after this time, in milliseconds. */
const LOST_PIECES = 40;
const SENT_AGAIN_MS = 1000;

/** A running line. */
export class SlowLine {
  #server;
  #pairs = new Set();
  #random;

  /**
   * Starts one to a server's page.
   * @param {number} port of the server
   * @param {number} seed of what is lost
   */
  static async start(port, seed = 1) {
    const line = new SlowLine();
    line.#random = generator(seed);
    line.#server = createServer((browser) => line.#carry(browser, port));
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  /** The address at which browsers open the page through it. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  /** Cuts every connection, as a tunnel does: neither side says goodbye. */
  cut() {
    for (const socket of this.#pairs) socket.resetAndDestroy();
  }

  /** Ends it. */
  dispose() {
    this.cut();
    this.#server.close();
  }

  #carry(browser, port) {
    const server = connect(port, '127.0.0.1');
    for (const [from, to] of [[browser, server], [server, browser]]) {
      this.#pairs.add(from);
      from.on('error', () => to.destroy());
      from.once('close', () => this.#pairs.delete(from));
      // Ends with the connection, which says so by itself.
      this.#pass(from, to).catch(() => {});
    }
  }

  async #pass(from, to) {
    // When the line is free again; what is behind a lost piece waits for it.
    let free = 0;
    let last = Promise.resolve();
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES);
        const now = performance.now();
        free = Math.max(free, now) + (piece.length * 1000) / BYTES_PER_SECOND;
        if (this.#random() % LOST_PIECES === 0) free += SENT_AGAIN_MS;
        const arrives = setTimeout(free + DELAY_MS - now);
        // Timers of one time may come in any order; the bytes may not.
        last = Promise.all([last, arrives]).then(() => !to.destroyed && to.write(piece));
        // As much is under way as the line holds, and no more.
        if (free - now > DELAY_MS) await setTimeout(free - now - DELAY_MS);
      }
    }
    await last;
    to.end();
  }
}

/** Numbers that are the same for the same seed (xorshift32, Marsaglia 2003). */
function generator(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
