// The tests' own `test`: a server, visitors and Python clients that are cleaned up after each test,
// and a look at what no page may ever do.
import { test as base, expect } from '@playwright/test';

import { recordTunnels } from './capture.js';
import { ChatPage } from './chat-page.js';
import { watch } from './guard.js';
import { PythonClient } from './python.js';
import { Server } from './server.js';

export { expect };

/**
 * @typedef {object} Visitor
 * @property {ChatPage} chat
 * @property {import('@playwright/test').Page} page
 * @property {import('@playwright/test').BrowserContext} context its own profile
 * @property {import('./capture.js').Tunnel[]} tunnels
 * @property {string[]} problems
 */

export const test = base.extend({
  /** The options of {@link Server.start}. */
  serverOptions: [{}, { option: true }],

  /** A running server. */
  server: async ({ serverOptions }, use, info) => {
    const server = await Server.start(serverOptions);
    await use(server);
    await server.dispose();
    if (info.status !== info.expectedStatus) {
      await info.attach('server log', { body: server.log, contentType: 'text/plain' });
    }
  },

  /**
   * Makes a visitor with a fresh profile, or with another visitor's.
   * `allow`: what its console may say beside nothing.
   */
  visitor: async ({ browser }, use) => {
    const visitors = [];
    const contexts = new Set();
    await use(async ({ allow = [], like, ...options } = {}) => {
      const context = like?.context ?? (await browser.newContext(options));
      contexts.add(context);
      const page = await context.newPage();
      const problems = await watch(page, allow);
      const visitor = { chat: new ChatPage(page), page, context, tunnels: recordTunnels(page), problems };
      visitors.push(visitor);
      return visitor;
    });
    for (const context of contexts) await context.close();
    for (const { problems } of visitors) expect(problems).toEqual([]);
  },

  /** Lets a Python client join the lobby. */
  python: async ({ server }, use) => {
    const clients = [];
    await use(async (program) => {
      const client = await PythonClient.join(server, program);
      clients.push(client);
      return client;
    });
    for (const client of clients) client.dispose();
  },
});
