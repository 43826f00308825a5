// The tests' own `test`: a server, visitors and Python clients that are cleaned up after each test,
// and a look at what no page may ever do.
import { test as base } from '@playwright/test';

import { recordTunnels } from './capture.js';
import { ChatPage } from './chat-page.js';
import { emulateFocus, lack, lackOf } from './engines.js';
import { expect } from './expect.js';
import { watch } from './guard.js';
import { PythonClient } from './python.js';
import { Server } from './server.js';
import { Tap } from './tap.js';
import { Browser as WebKit } from './webdriver/browser.js';

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
  /** The engine of the project, by its name. */
  engine: ['chromium', { option: true, scope: 'worker' }],

  /** The browser of the project. */
  browser: [
    async ({ engine, playwright, launchOptions }, use) => {
      const browser = engine === 'webkit' ? await WebKit.launch() : await playwright[engine].launch(launchOptions);
      await use(browser);
      await browser.close();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  /** Skips the test if the engine lacks a capability. */
  needs: async ({ engine }, use, info) => {
    await use((capability) => {
      const reason = lack(engine, capability);
      info.skip(reason !== null, `${capability}: ${reason}`);
    });
  },

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
  visitor: async ({ browser, engine }, use, info) => {
    const visitors = [];
    const contexts = new Set();
    const taps = new Map();
    await use(async ({ allow = [], like, ...options } = {}) => {
      const reason = lackOf(engine, options);
      info.skip(reason !== null, reason ?? '');
      let context = like?.context;
      if (!context && engine === 'chromium') context = await browser.newContext(options);
      if (!context) {
        const tap = await Tap.start();
        const through = engine === 'webkit' ? { tap } : { proxy: { server: `http://${tap.address}` } };
        context = await browser.newContext({ ...options, ...through });
        taps.set(context, tap);
        await emulateFocus(context);
      }
      contexts.add(context);
      const page = await context.newPage();
      const problems = await watch(page, allow);
      const tunnels = recordTunnels(page, taps.get(context));
      const visitor = { chat: new ChatPage(page), page, context, tunnels, problems };
      visitors.push(visitor);
      return visitor;
    });
    const failed = info.status !== info.expectedStatus;
    if (engine === 'webkit') {
      if (failed) await Promise.all(visitors.map(({ page }) => attachPicture(page, info)));
      else for (const context of contexts) await context.collect();
    }
    // Looked at before the end, at which Playwright may take a picture: for it, it adds a style to the
    // page, which the policy forbids and Firefox reports.
    const problems = visitors.map((visitor) => [...visitor.problems]);
    for (const context of contexts) await context.close();
    for (const tap of taps.values()) tap.dispose();
    if (failed) {
      await info.attach('problems', { body: problems.flat().join('\n'), contentType: 'text/plain' });
      return;
    }
    for (const found of problems) expect(found).toEqual([]);
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

/** Attaches what a page looks like, unless it has been closed. */
async function attachPicture(page, info) {
  const body = await page.screenshot().catch(() => null);
  if (body) await info.attach('screenshot', { body, contentType: 'image/png' });
}
