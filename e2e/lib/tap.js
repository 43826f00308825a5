// A proxy between one profile of a browser and everything it opens: it records what crosses the
// WebSockets on the wire, for engines that do not tell it themselves. It passes every byte on as it is.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';

import { MessageReader, WebSocketReader } from './websocket.js';

/** A running proxy. */
export class Tap {
  /** Returns its address, host and port. */
  address = '';
  /** Gets each tunnel that is opened; a test that looks at tunnels puts its own in place. */
  onTunnel = () => {};
  #http;
  #sockets = new Set();

  /** Starts one on a free port. */
  static async start() {
    const tap = new Tap();
    tap.#http = createServer((asked, reply) => forward(asked, reply));
    // Browsers ask a proxy to connect them, also for WebSockets without TLS.
    tap.#http.on('connect', (asked, socket, head) => tap.#tunnel(asked.url, '', socket, head));
    tap.#http.on('upgrade', (asked, socket, head) => {
      const url = new URL(asked.url);
      tap.#tunnel(url.host, headOf(asked, url), socket, head);
    });
    tap.#http.on('connection', (socket) => tap.#keep(socket));
    tap.#http.listen(0, '127.0.0.1');
    await once(tap.#http, 'listening');
    tap.address = `127.0.0.1:${tap.#http.address().port}`;
    return tap;
  }

  /** Ends it, and every connection through it. */
  dispose() {
    for (const socket of this.#sockets) socket.destroy();
    this.#http.close();
  }

  #keep(socket) {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  /** Connects a browser with an authority; `sent` is what it has already said to it. */
  #tunnel(authority, sent, browser, head) {
    const [host, port] = authority.split(':');
    const server = connect(Number(port), host);
    this.#keep(server);
    const tunnel = { url: null, sent: [], received: [], errors: [] };
    const [out, back] = [new Recorder(tunnel.sent), new Recorder(tunnel.received)];
    const said = (chunk) => {
      server.write(chunk);
      const line = out.take(chunk);
      if (!line) return;
      tunnel.url = new URL(line.split(' ')[1], `ws://${authority}`);
      if (tunnel.url.pathname === '/ws') this.onTunnel(tunnel);
    };
    server.once('connect', () => {
      if (!sent) browser.write('HTTP/1.1 200 Connection established\r\n\r\n');
      for (const chunk of [Buffer.from(sent, 'latin1'), head]) if (chunk.length) said(chunk);
      browser.on('data', said);
    });
    server.on('data', (chunk) => {
      browser.write(chunk);
      back.take(chunk);
    });
    server.once('close', () => browser.destroySoon());
    browser.once('close', () => server.destroySoon());
    browser.once('end', () => server.end());
  }
}

/** Keeps the messages of one direction. */
class Recorder {
  #bytes = new WebSocketReader();
  #messages = new MessageReader();
  #kept;

  constructor(kept) {
    this.#kept = kept;
  }

  /** Takes what crossed, and returns the first line of the head when it is complete. */
  take(chunk) {
    const { head, frames } = this.#bytes.take(chunk);
    for (const frame of frames) {
      const message = this.#messages.take(frame);
      if (message !== null) this.#kept.push(message);
    }
    return head?.slice(0, head.indexOf('\r\n'));
  }
}

/** Asks the server what a browser asked the proxy, and hands its answer on. */
function forward(asked, reply) {
  const { method, headers } = asked;
  const sent = request(asked.url, { method, headers, setHost: false, agent: false }, (answer) => {
    reply.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
    answer.pipe(reply);
  });
  sent.on('error', () => reply.destroy());
  asked.pipe(sent);
}

/** Returns the head of an upgrade as it is to be told to the server itself. */
function headOf({ method, rawHeaders }, { pathname, search }) {
  const lines = [`${method} ${pathname}${search} HTTP/1.1`];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
