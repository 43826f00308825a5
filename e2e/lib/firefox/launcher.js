#!/usr/bin/env node
// Starts Firefox for Playwright, and stands between the two. Playwright asks for the emulation of
// media features whenever it makes a context, which released versions of Firefox do not know and
// refuse; here it is answered, and has no effect. Everything else is passed on as it is.
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { argv, env, exit, stderr, stdout } from 'node:process';
import { createInterface } from 'node:readline';

import { MessageReader, WebSocketReader, textFrame } from '../websocket.js';

/** The command that is answered here. */
const UNKNOWN = 'emulation.setMediaFeaturesOverride';

const browser = spawn(env.FIREFOX ?? '/usr/bin/firefox-esr', argv.slice(2), { stdio: ['ignore', 'pipe', 'pipe'] });
browser.stdout.pipe(stdout);
browser.once('error', (error) => {
  stderr.write(`${error}\n`);
  exit(1);
});
browser.once('exit', (code) => exit(code ?? 1));

createInterface({ input: browser.stderr }).on('line', (line) => {
  const [, port] = /WebDriver BiDi listening on ws:\/\/[^/]*:(\d+)/.exec(line) ?? [];
  if (port) listen(Number(port));
  else stderr.write(`${line}\n`);
});

/** Tells Playwright an address of our own, and leads who connects there to Firefox's. */
function listen(port) {
  const front = createServer((client) => {
    const firefox = connect(port, '127.0.0.1');
    for (const [socket, other] of [[client, firefox], [firefox, client]]) {
      socket.setNoDelay(true);
      socket.once('close', () => other.destroy());
      socket.on('error', () => other.destroy());
    }
    const [sent, received] = [new WebSocketReader(), new WebSocketReader()];
    const commands = new MessageReader();
    client.on('data', (chunk) => {
      const { head, frames } = sent.take(chunk);
      // Firefox serves nobody who came to another port.
      if (head) firefox.write(head.replace(/^Host:.*$/im, `Host: 127.0.0.1:${port}`), 'latin1');
      for (const frame of frames) {
        const command = commands.take(frame);
        // Only a whole message is answered; this one is short, and comes in a single frame.
        const { id, method } = typeof command === 'string' && command.includes(UNKNOWN) ? JSON.parse(command) : {};
        if (method === UNKNOWN) client.write(textFrame(JSON.stringify({ type: 'success', id, result: {} })));
        else firefox.write(frame.raw);
      }
    });
    // Frame by frame, so that an answer of ours never comes into the middle of one.
    firefox.on('data', (chunk) => {
      const { head, frames } = received.take(chunk);
      if (head) client.write(head, 'latin1');
      for (const { raw } of frames) client.write(raw);
    });
  });
  front.listen(0, '127.0.0.1', () => stderr.write(`WebDriver BiDi listening on ws://127.0.0.1:${front.address().port}\n`));
}
