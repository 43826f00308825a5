// How long it takes from opening the page to being connected, in a real browser: on the first
// visit, where the key is made, and on the next one. Starts a server of its own unless it is given
// the URL of one; prints `result:` lines for `cargo xtask bench`.
//
//   node bench.mjs [URL] [VISITS]
import { argv, exit } from 'node:process';

import { chromium } from '@playwright/test';

import { launchOptions } from './lib/chromium.js';
import { Server } from './lib/server.js';

const [given, count = '10'] = argv.slice(2);
const visits = Number(count);
if (!Number.isInteger(visits) || visits < 1) {
  console.error('usage: node bench.mjs [URL] [VISITS]');
  exit(64);
}

/** Presses Connect and trusts the server as soon as that can be done, and notes when the session is there. */
function hurry() {
  const observer = new MutationObserver(() => {
    const find = (testId) => document.querySelector(`[data-testid="${testId}"]`);
    if (find('banner')?.dataset.state === 'connected') {
      // Since the beginning of the navigation, on the page's own clock.
      window.connectedAt = performance.now();
      observer.disconnect();
    } else if (!window.trusted && find('first-contact-trust')) {
      window.trusted = true;
      find('first-contact-trust').click();
    } else if (!window.pressed && find('connect-submit')) {
      window.pressed = true;
      find('connect-submit').click();
    }
  });
  observer.observe(document, { attributes: true, childList: true, subtree: true });
}

/** One visit in this profile; the milliseconds it took. */
async function visit(context, url) {
  const page = await context.newPage();
  await page.addInitScript(hurry);
  await page.goto(url);
  const connected = await page.waitForFunction(() => window.connectedAt);
  const took = await connected.jsonValue();
  await page.close();
  return took;
}

/** Prints the median and the 90th percentile (nearest rank), in whole milliseconds. */
function report(name, times) {
  const sorted = [...times].sort((a, b) => a - b);
  const rank = (share) => Math.round(sorted[Math.ceil(share * sorted.length) - 1]);
  console.log(`result: opening to connected, ${name}, median = ${rank(0.5)} ms`);
  console.log(`result: opening to connected, ${name}, 90th percentile = ${rank(0.9)} ms`);
}

const browser = await chromium.launch(launchOptions);
const server = given ? null : await Server.start();
const url = given ?? server.url;
const times = { first: [], returning: [] };
try {
  for (let n = 0; n < visits; n++) {
    const context = await browser.newContext();
    times.first.push(await visit(context, url));
    times.returning.push(await visit(context, url));
    await context.close();
  }
} finally {
  await browser.close();
  await server?.dispose();
}
report('first visit (a key is made)', times.first);
report('returning visitor', times.returning);
