// How the tests run: with an installed Chromium, in two workers, without second chances.
import { defineConfig } from '@playwright/test';

import { launchOptions } from './lib/chromium.js';

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
    browserName: 'chromium',
    launchOptions,
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    screenshot: 'only-on-failure',
  },
});
