// How the tests run: with installed browsers, in two workers, without second chances.
import { env } from 'node:process';

import { defineConfig } from '@playwright/test';

import * as chromium from './lib/chromium.js';
import * as firefox from './lib/firefox/options.js';

/**
 * In the other engines the tests that hang on the engine most, by their tag; with
 * SECURE_CHAT_ENGINES=all every test that can run there, which takes long.
 */
const grep = env.SECURE_CHAT_ENGINES === 'all' ? /./ : /@engines/;

/** What every engine is driven through: the page's faults, and its main paths. */
const EVERYWHERE = ['browse', 'composer', 'inspector', 'keyboard', 'liveness', 'lobby', 'locale', 'panels', 'return', 'rooms', 'search', 'settings', 'unread', 'unsent', 'widths'];

/** What Firefox is driven through beside that. */
const IN_FIREFOX = ['accessibility', 'completion', 'identity', 'mute', 'notifications', 'reconnect', 'translation', 'trust', 'typing'];

const specs = (...lists) => lists.flat().map((name) => `${name}.spec.js`);

export default defineConfig({
  testDir: 'tests',
  workers: 2,
  fullyParallel: true,
  // A test that passes the second time only has found something.
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  // Deadlines are for what hangs; nothing here asserts speed, and a busy machine may be slow.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'chromium', use: { engine: 'chromium', browserName: 'chromium', launchOptions: chromium.launchOptions } },
    {
      name: 'firefox',
      testMatch: specs(EVERYWHERE, IN_FIREFOX),
      grep,
      use: { engine: 'firefox', browserName: 'firefox', launchOptions: firefox.launchOptions },
    },
    // Not Playwright's own WebKit: the one of the system, by WebDriver (lib/webdriver).
    { name: 'webkit', testMatch: specs(EVERYWHERE), grep, use: { engine: 'webkit' } },
  ],
});
