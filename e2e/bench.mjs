// How long it takes from opening the page to being connected, in a real browser: on the first
// visit, where the key is made, and on the next one. Then the handshake alone, when the key is
// there: from the open WebSocket to the session, and how long the page's frames take meanwhile.
// Starts a server of its own unless it is given the URL of one; prints `result:` lines for
// `cargo xtask bench`.
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

/** Handshakes of each version that are measured, at least. */
const HANDSHAKES = 20;

/** The longest handshake of v2 in milliseconds, and the longest frame meanwhile. */
const HANDSHAKE_GOAL = 150;
const FRAME_GOAL = 50;

/** How many messages a client has sent when its side of the handshake is done. */
const MESSAGES = { v1: 1, v2: 2 };

/**
 * Notes when a tunnel has opened, and when its client has sent the message that completes the
 * handshake: its session is established then. Told by the socket, not by the page.
 */
function watchTunnel(messages) {
  window.WebSocket = class extends WebSocket {
    #sent = 0;
    constructor(...args) {
      super(...args);
      window.tunnel = {};
      // The first listener of all, so that what the page does when it opens counts.
      this.addEventListener('open', () => (window.tunnel.opened = performance.now()));
    }
    send(data) {
      super.send(data);
      this.#sent += 1;
      if (this.#sent === messages) window.tunnel.established = performance.now();
    }
  };
}

/** Presses Connect and returns, when the chat has been on the screen for a moment, what it took. */
function measure() {
  const AFTERWARDS = 10;
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
  observer.observe({ type: 'longtask' });
  return new Promise((resolve) => {
    let last;
    let longestFrame = 0;
    let left = AFTERWARDS;
    const frame = (now) => {
      longestFrame = Math.max(longestFrame, now - last);
      last = now;
      const state = document.querySelector('[data-testid="banner"]')?.dataset.state;
      if (state === 'connected') left -= 1;
      if (left > 0) return requestAnimationFrame(frame);
      const { opened, established } = window.tunnel;
      const longestTask = Math.max(0, ...tasks.map(({ duration }) => duration));
      resolve({ handshake: established - opened, longestFrame, longestTask });
    };
    // Pressed inside of a frame: the time to the next one holds all that the press begins.
    requestAnimationFrame((now) => {
      last = now;
      document.querySelector('[data-testid="connect-submit"]').click();
      requestAnimationFrame(frame);
    });
  });
}

/** One handshake in a page that was just opened, in a profile that knows the server. */
async function handshake(context, url, protocol) {
  const page = await context.newPage();
  await page.addInitScript(watchTunnel, MESSAGES[protocol]);
  await page.goto(url);
  await page.getByTestId(`protocol-${protocol}`).check();
  await page.getByText('kept in this browser').waitFor();
  // Work that is left from opening the page is not the handshake's.
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
  const measured = await page.evaluate(measure);
  await page.close();
  return measured;
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

/** The value that this share of all does not exceed (nearest rank), rounded. */
function quantile(values, share, digits = 0) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1].toFixed(digits);
}

/** Prints the median and the 90th percentile, in whole milliseconds. */
function report(name, times) {
  console.log(`result: opening to connected, ${name}, median = ${quantile(times, 0.5)} ms`);
  console.log(`result: opening to connected, ${name}, 90th percentile = ${quantile(times, 0.9)} ms`);
}

/** Prints what the handshakes of one version took. */
function reportHandshakes(protocol, measured) {
  const each = (what) => measured.map((one) => one[what]);
  const goal = (limit) => (protocol === 'v2' ? ` (goal ${limit} ms)` : '');
  const of = `${protocol} in the page, ${measured.length} times`;
  const times = each('handshake');
  console.log(`result: ${of}: open to established, median${goal(HANDSHAKE_GOAL)} = ${quantile(times, 0.5, 1)} ms`);
  console.log(`result: ${of}: open to established, 90th percentile = ${quantile(times, 0.9, 1)} ms`);
  const frames = each('longestFrame');
  console.log(`result: ${of}: longest frame, median = ${quantile(frames, 0.5)} ms`);
  console.log(`result: ${of}: longest frame of all${goal(FRAME_GOAL)} = ${quantile(frames, 1)} ms`);
  // Browsers report tasks from 50 ms on only.
  const tasks = each('longestTask').filter((duration) => duration > 0);
  const longest = tasks.length ? `${quantile(tasks, 1)} ms, ${tasks.length} times over 50 ms` : 'none over 50 ms';
  console.log(`result: ${of}: longest task of all = ${longest}`);
}

const browser = await chromium.launch(launchOptions);
const server = given ? null : await Server.start();
const url = given ?? server.url;
const times = { first: [], returning: [] };
const handshakes = { v1: [], v2: [] };
try {
  for (let n = 0; n < visits; n++) {
    const context = await browser.newContext();
    times.first.push(await visit(context, url));
    times.returning.push(await visit(context, url));
    await context.close();
  }
  for (const [protocol, measured] of Object.entries(handshakes)) {
    const context = await browser.newContext();
    // Makes the key, and pins the server for v2; v1 is for those who have not spoken v2 with it.
    if (protocol === 'v2') await visit(context, url);
    while (measured.length < Math.max(HANDSHAKES, visits)) {
      measured.push(await handshake(context, url, protocol));
    }
    await context.close();
  }
} finally {
  await browser.close();
  await server?.dispose();
}
report('first visit (a key is made)', times.first);
report('returning visitor', times.returning);
for (const [protocol, measured] of Object.entries(handshakes)) reportHandshakes(protocol, measured);
