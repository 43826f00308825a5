// How long it takes from opening the page to being connected, in a real browser: on the first
// visit, where the key is made, and on the next one. Then the handshake alone, when the key is
// there: from the open WebSocket to the session, and how long the page's frames take meanwhile. Then a room
// in which a hundred messages a second arrive while somebody types.
// Starts a server of its own unless it is given the URL of one; prints `result:` lines for
// `cargo xtask bench`.
//
//   node bench.mjs [URL] [VISITS]
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, exit } from 'node:process';
import { setTimeout } from 'node:timers/promises';

import { chromium } from '@playwright/test';

import { launchOptions } from './lib/chromium.js';
import { PythonClient } from './lib/python.js';
import { Server } from './lib/server.js';

const [given, count = '10'] = argv.slice(2);
const visits = Number(count);
if (!Number.isInteger(visits) || visits < 1) {
  console.error('usage: node bench.mjs [URL] [VISITS]');
  exit(64);
}

/** Enters, and trusts the server to look around, as soon as that can be done; notes when the session is there. */
function hurry() {
  // A person's click is a task of its own.
  const press = (element) => globalThis.setTimeout(() => element.click());
  const observer = new MutationObserver(() => {
    const find = (testId) => document.querySelector(`[data-testid="${testId}"]`);
    if (find('banner')?.dataset.state === 'connected') {
      // Since the beginning of the navigation, on the page's own clock.
      window.connectedAt = performance.now();
      console.log('connected');
      observer.disconnect();
    } else if (!window.looked && find('first-contact')?.open) {
      window.looked = true;
      press(find('first-contact-look'));
    } else if (!window.trusted && find('first-contact-look')?.checked) {
      window.trusted = true;
      press(find('first-contact-trust'));
    } else if (!window.pressed && find('connect-submit')) {
      window.pressed = true;
      press(find('connect-submit'));
    }
  });
  observer.observe(document, { attributes: true, childList: true, subtree: true });
}

/** Handshakes of each version that are measured, at least. */
const HANDSHAKES = 20;

/** The longest opening in milliseconds, of a first visit and of a returning one. */
const FIRST_GOAL = 500;
const RETURNING_GOAL = 250;

/** The longest handshake of v2 in milliseconds, and the longest frame and task of the page. */
const HANDSHAKE_GOAL = 150;
const FRAME_GOAL = 50;
const TASK_GOAL = 50;

/** The messages a second that arrive in the busy room, and for how many seconds. */
const BUSY_RATE = 100;
const BUSY_SECONDS = 10;

/** The frames in the inspector when it is measured: as many as it keeps. */
const INSPECTED_FRAMES = 10_000;

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

/** The durations of the page's long tasks from its beginning on. */
function longTasks() {
  return new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => resolve(list.getEntries().map((it) => it.duration)));
    observer.observe({ type: 'longtask', buffered: true });
    // Nothing is told if there was none.
    globalThis.setTimeout(() => resolve([]), 100);
  });
}

/** One handshake in a page that was just opened, in a profile that knows the server. */
async function handshake(context, url, protocol) {
  const page = await context.newPage();
  await page.addInitScript(watchTunnel, MESSAGES[protocol]);
  // It would come back to the chat by itself.
  await page.addInitScript(() => localStorage.removeItem('secure-chat.entered'));
  await page.goto(url);
  await page.getByTestId('connect-elsewhere').evaluate((fold) => (fold.open = true));
  await page.getByTestId(`protocol-${protocol}`).check();
  // The line about the key goes when the key is there.
  await page.getByTestId('connect-submit').waitFor();
  await page.waitForFunction(() => !document.querySelector('.key-detail, [data-testid=key-progress]'));
  // Work that is left from opening the page is not the handshake's.
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
  const measured = await page.evaluate(measure);
  await page.close();
  return measured;
}

/** One visit in this profile: the milliseconds it took, and the tasks that browsers call long. */
async function visit(context, url) {
  const page = await context.newPage();
  await page.addInitScript(hurry);
  // Playwright asks nothing of the page before that: its own script takes the page 10 ms.
  const connected = page.waitForEvent('console', (message) => message.text() === 'connected');
  await page.goto(url, { waitUntil: 'commit' });
  await connected;
  const took = await page.evaluate(() => window.connectedAt);
  const tasks = await page.evaluate(longTasks);
  await page.close();
  return { took, tasks };
}

/**
 * A room in which messages arrive while the person in it types: the longest task of the page, and
 * the longest time from a key to the frame that shows it, in milliseconds.
 */
async function busyRoom(context, server) {
  const page = await context.newPage();
  await page.addInitScript(hurry);
  await page.goto(server.url);
  await page.waitForFunction(() => window.connectedAt);
  const composer = page.getByTestId('composer');
  await composer.click();
  const sender = await PythonClient.join(server);
  await page.evaluate(() => {
    window.tasks = [];
    window.keys = [];
    const durations = (into) => new PerformanceObserver((list) => into.push(...list.getEntries().map((it) => it.duration)));
    durations(window.tasks).observe({ type: 'longtask' });
    durations(window.keys).observe({ type: 'event', durationThreshold: 16 });
  });
  let sending = true;
  const typing = (async () => {
    let keys = 0;
    for (; sending; keys += 1) await page.keyboard.press('e', { delay: 20 });
    return keys;
  })();
  const started = performance.now();
  for (let sent = 0; sent < BUSY_RATE * BUSY_SECONDS; sent += 1) {
    await setTimeout(Math.max(0, started + (sent * 1000) / BUSY_RATE - performance.now()));
    await sender.say(`message ${sent}, with **some** markup, \`code\` and https://example.org/${sent}`);
  }
  const took = (performance.now() - started) / 1000;
  sending = false;
  const keys = await typing;
  await page.getByText(`message ${BUSY_RATE * BUSY_SECONDS - 1},`).first().waitFor();
  const { tasks, late } = await page.evaluate(() => ({ tasks: window.tasks, late: window.keys }));
  if ((await composer.inputValue()).length !== keys) throw new Error('a key was lost');
  sender.dispose();
  await page.close();
  return { tasks, late, keys, rate: (BUSY_RATE * BUSY_SECONDS) / took };
}

/** The memory of the browser's processes that show pages, in MiB: resident, so with the programs' own. */
async function memory(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pages = processInfo.filter(({ type }) => type === 'renderer');
  const statuses = await Promise.all(pages.map(({ id }) => readFile(`/proc/${id}/status`, 'utf8')));
  const kib = statuses.map((status) => Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  return kib.reduce((sum, it) => sum + it, 0) / 1024;
}

/** Scrolls through the inspector's list, a step in each frame, and returns the longest frame. */
function scrollThrough() {
  const STEPS = 300;
  const list = document.querySelector('[data-testid="inspect-list"]');
  const far = list.scrollHeight - list.clientHeight;
  return new Promise((resolve) => {
    let [step, last, longest] = [0, performance.now(), 0];
    const frame = (now) => {
      longest = Math.max(longest, now - last);
      last = now;
      if (step > STEPS) return resolve(longest);
      list.scrollTop = far - (far * step) / STEPS;
      step += 1;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

/** What an open inspector with this many frames costs: memory, and the longest frame while one scrolls. */
async function inspect(context, server, frames) {
  const page = await context.newPage();
  await page.addInitScript(hurry);
  await page.goto(server.url);
  await page.waitForFunction(() => window.connectedAt);
  await page.getByTestId('inspect-toggle').click();
  const count = page.getByTestId('inspect-count');
  const seen = async () => Number((await count.textContent()).replace(/\D+frame.*/s, '').replace(/\D/g, ''));
  const before = await memory(context.browser());
  const sender = await PythonClient.join(server);
  for (let sent = 1; sent % 200 || (await seen()) < frames; sent += 1) {
    await sender.say(`message ${sent}`);
    // Apart, because messages that wait together share a frame.
    await setTimeout(3);
    // A client that reads nothing is cut off in the end.
    if (sent % 200 === 0) await sender.hear((text) => text.endsWith(`message ${sent}`));
  }
  const after = await memory(context.browser());
  const longest = await page.evaluate(scrollThrough);
  const dropped = await count.textContent();
  sender.dispose();
  await page.close();
  return { grown: after - before, longest, dropped };
}

/** Prints what the inspector cost. */
function reportInspector(frames, { grown, longest, dropped }) {
  const of = `inspector with ${dropped}`;
  console.log(`result: ${of}: the page's processes have grown by, with the room's ${frames} messages = ${grown.toFixed(0)} MiB`);
  console.log(`result: ${of}: longest frame while scrolling (goal ${FRAME_GOAL} ms) = ${longest.toFixed(0)} ms`);
}

/** Prints what the busy room cost. */
function reportBusy({ tasks, late, keys, rate }) {
  const of = `page, ${Math.round(rate)} messages a second`;
  console.log(`result: ${of}: longest task (goal ${TASK_GOAL} ms) = ${longestOf(tasks, 50, tasks.length)}`);
  console.log(`result: ${of}: longest time from a key to its frame = ${longestOf(late, 16, keys)}`);
}

/** What the longest of those took that browsers report: they tell none below the threshold. */
function longestOf(durations, threshold, all) {
  if (durations.length === 0) return `none over ${threshold} ms`;
  return `${quantile(durations, 1)} ms, ${durations.length} of ${all} over ${threshold} ms`;
}

/** The value that this share of all does not exceed (nearest rank), rounded. */
function quantile(values, share, digits = 0) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1].toFixed(digits);
}

/** Prints the median and the 90th percentile, in whole milliseconds, and the longest task. */
function report(name, goal, visits) {
  const times = visits.map(({ took }) => took);
  const tasks = visits.flatMap(({ tasks }) => tasks);
  console.log(`result: opening to connected, ${name}, longest task (goal ${TASK_GOAL} ms) = ${longestOf(tasks, 50, tasks.length)}`);
  console.log(`result: opening to connected, ${name}, median (goal ${goal} ms) = ${quantile(times, 0.5)} ms`);
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
// The busy room is written by one client, faster than a person may write.
const server = given ? null : await Server.start({ args: ['--sends-per-minute', '0'] });
const url = given ?? server.url;
const visited = { first: [], returning: [] };
const handshakes = { v1: [], v2: [] };
let busy = null;
let inspected = null;
try {
  for (let n = 0; n < visits; n++) {
    const context = await browser.newContext();
    visited.first.push(await visit(context, url));
    await context.close();
  }
  // A profile on disk, as a person's: the contexts above are private windows, which keep nothing of what
  // a browser has compiled.
  const profile = await mkdtemp(join(tmpdir(), 'secure-chat-bench-'));
  const context = await chromium.launchPersistentContext(profile, launchOptions);
  try {
    await visit(context, url);
    for (let n = 0; n < visits; n++) visited.returning.push(await visit(context, url));
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
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
  if (server) {
    const context = await browser.newContext();
    busy = await busyRoom(context, server);
    inspected = await inspect(context, server, INSPECTED_FRAMES);
    await context.close();
  }
} finally {
  await browser.close();
  await server?.dispose();
}
report('first visit (a key is made)', FIRST_GOAL, visited.first);
report('returning visitor', RETURNING_GOAL, visited.returning);
for (const [protocol, measured] of Object.entries(handshakes)) reportHandshakes(protocol, measured);
if (busy) reportBusy(busy);
if (inspected) reportInspector(INSPECTED_FRAMES, inspected);
