// A proxy between one profile of a browser and everything it opens, for engines that do not do it
// themselves: it records what crosses the WebSockets on the wire, and brings a test's scripts into
// documents. Everything else it passes on as it is.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';

import { MessageReader, WebSocketReader } from './websocket.js';

/** Where documents find the scripts of a test: a file of their own origin, which their policy allows. */
const SCRIPTS_PATH = '/scripts-of-the-test.js';

/** A running proxy. */
export class Tap {
  /** The programs that run in every document before its own; no document is changed if there are none. */
  scripts = [];
  /** Returns its address, host and port. */
  address = '';
  /** Gets each tunnel that is opened; a test that looks at tunnels puts its own in place. */
  onTunnel = () => {};
  #http;
  #sockets = new Set();

  /** Starts one on a free port. */
  static async start() {
    const tap = new Tap();
    tap.#http = createServer((asked, reply) => forward(asked, reply, tap.scripts));
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
function forward(asked, reply, scripts) {
  const { method, headers, url } = asked;
  if (new URL(url).pathname === SCRIPTS_PATH) {
    reply.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' }).end(scripts.join('\n'));
    return;
  }
  // What is to be changed must not come compressed.
  if (scripts.length) delete headers['accept-encoding'];
  const sent = request(url, { method, headers, setHost: false, agent: false }, async (answer) => {
    const isDocument = answer.headers['content-type']?.startsWith('text/html');
    if (!scripts.length || !isDocument) {
      reply.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
      answer.pipe(reply);
      return;
    }
    const document = (await answer.setEncoding('utf8').toArray()).join('');
    // The head's own tags may be left out of a document; this is what is in it.
    const changed = Buffer.from(document.replace(/(?=<(meta|link|title|script)\b)/i, `<script src="${SCRIPTS_PATH}"></script>`));
    reply.writeHead(answer.statusCode, { ...answer.headers, 'content-length': changed.length }).end(changed);
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
