// Pages from elsewhere: they may not use the tunnel, and a name that was made to point here gets
// nothing at all.
import { createServer } from 'node:http';
import { once } from 'node:events';

import { FOREIGN_HOST } from '../lib/chromium.js';
import { Server } from '../lib/server.js';
import { expect, test as base } from '../lib/test.js';

const test = base.extend({
  /** The port of a web server that is not ours, and whose page does nothing. */
  stranger: async ({}, use) => {
    const page = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>elsewhere</title></html>';
    const http = createServer((_, reply) => reply.setHeader('content-type', 'text/html').end(page));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    await use(http.address().port);
    http.closeAllConnections();
    http.close();
  },
});

/** Opens the tunnel from within a page; says what came of it. */
const openTunnel = (page, url) =>
  page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onmessage = ({ data }) => resolve(`message ${data.slice(0, 10)}`);
        socket.onclose = ({ code }) => resolve(`closed ${code}`);
      }),
    url,
  );

test('a page of a foreign origin cannot open the tunnel', async ({ server, stranger, visitor }) => {
  const tunnel = `ws://127.0.0.1:${server.httpPort}/ws?encoding=text`;
  const { page, tunnels } = await visitor({ allow: [/WebSocket connection to/] });
  await page.goto(`http://${FOREIGN_HOST}:${stranger}/`);
  expect(await openTunnel(page, tunnel)).toBe('closed 1006');
  expect(tunnels).toHaveLength(1);
  expect(tunnels[0].errors.join()).toContain('403');
  expect(tunnels[0].received).toEqual([]);
  await expect.poll(() => server.log).toContain('refused');

  // The same page under a loopback name may: it was the origin that was refused.
  await page.goto(`http://localhost:${stranger}/`);
  expect(await openTunnel(page, tunnel)).toBe('message SERVER_PUB');
});

test('an origin named with --allow-origin may', async ({ stranger, visitor }) => {
  const origin = `http://${FOREIGN_HOST}:${stranger}`;
  const server = await Server.start({ args: ['--allow-origin', origin] });
  try {
    const { page } = await visitor();
    await page.goto(`${origin}/`);
    const tunnel = `ws://127.0.0.1:${server.httpPort}/ws?encoding=text`;
    expect(await openTunnel(page, tunnel)).toBe('message SERVER_PUB');
  } finally {
    await server.dispose();
  }
});

test('a foreign name that points to this machine gets nothing', async ({ server, visitor }) => {
  const { page } = await visitor({ allow: [/status of 403/, /Cross-Origin-Opener-Policy header has been ignored/] });
  for (const path of ['', 'index.html']) {
    const response = await page.goto(`http://${FOREIGN_HOST}:${server.httpPort}/${path}`);
    expect(response.status()).toBe(403);
  }
  const response = await page.goto(`http://localhost:${server.httpPort}/`);
  expect(response.status()).toBe(200);
});
