// How long it takes from opening the page to being connected, in a real browser: on the first
// visit, where the key is made, and on the next one. Prints one line of JSON.
//
//   node bench.mjs URL [VISITS]
import { argv, exit, stdout } from 'node:process';

import { chromium } from '@playwright/test';

import { launchOptions } from './lib/chromium.js';

const [url, count = '10'] = argv.slice(2);
const visits = Number(count);
if (!url || !Number.isInteger(visits) || visits < 1) {
  console.error('usage: node bench.mjs URL [VISITS]');
  exit(64);
}

/** Presses Connect as soon as it is there, and notes when the session is. */
function hurry() {
  const observer = new MutationObserver(() => {
    const find = (testId) => document.querySelector(`[data-testid="${testId}"]`);
    if (find('banner')?.dataset.state === 'connected') {
      // Since the beginning of the navigation, on the page's own clock.
      window.connectedAt = performance.now();
      observer.disconnect();
    } else if (!window.pressed && find('connect-submit')) {
      window.pressed = true;
      find('connect-submit').click();
    }
  });
  observer.observe(document, { attributes: true, childList: true, subtree: true });
}

/** One visit in this profile; the milliseconds it took. */
async function visit(context) {
  const page = await context.newPage();
  await page.addInitScript(hurry);
  await page.goto(url);
  const connected = await page.waitForFunction(() => window.connectedAt);
  const took = await connected.jsonValue();
  await page.close();
  return took;
}

/** The median and the 90th percentile (nearest rank), in whole milliseconds. */
function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const rank = (share) => Math.round(sorted[Math.ceil(share * sorted.length) - 1]);
  return { median_ms: rank(0.5), p90_ms: rank(0.9) };
}

const browser = await chromium.launch(launchOptions);
const times = { first: [], returning: [] };
try {
  for (let n = 0; n < visits; n++) {
    const context = await browser.newContext();
    times.first.push(await visit(context));
    times.returning.push(await visit(context));
    await context.close();
  }
} finally {
  await browser.close();
}
const result = { url, visits, first: summary(times.first), returning: summary(times.returning) };
stdout.write(`${JSON.stringify(result)}\n`);
