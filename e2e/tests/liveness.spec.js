// A server that does not answer any more: the page notices, says so, and connects again. The times
// are those of the page's clock, which the test moves.
import { LOST_SERVER } from '../lib/guard.js';
import { decrypt } from '../lib/python.js';
import { expect, test } from '../lib/test.js';

const ALLOW = { allow: [LOST_SERVER] };

/** Longer than the silence after which the server is asked, in milliseconds. */
const SILENCE = 30_500;

for (const protocol of ['v1', 'v2']) {
  test(`a frozen server is not “Connected”, and given up (${protocol})`, { tag: protocol === 'v2' ? '@engines' : [] }, async ({ server, visitor }) => {
    const { chat, page, tunnels } = await come(visitor, server, protocol);
    const former = tunnels.at(-1);
    server.freeze();
    // 30 s of silence, and 5 s without an answer.
    await passUntil(chat, 'silent', 40);
    await expect(chat.bannerState).toHaveText(/^127\.0\.0\.1:\d+ has not answered since \d+:\d\d.*\.$/);
    // What was proven is not proven now.
    await expect(chat.shield(protocol === 'v1' ? 'insecure' : 'unproven')).toBeVisible();
    // 15 s without an answer in all.
    await passUntil(chat, /^(waiting|opening|waiting-for-pins)$/, 13);
    await page.clock.resume();
    server.thaw();
    await chat.expectState('connected');
    expect(tunnels.at(-1)).not.toBe(former);
    await chat.type('still here');
    await expect(chat.messages('still here', 'ada')).toHaveCount(1);
  });
}

test('a server that answers late keeps its session', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page, tunnels } = await come(visitor, server, 'v2');
  const former = tunnels.at(-1);
  server.freeze();
  await passUntil(chat, 'silent', 40);
  server.thaw();
  await chat.expectState('connected');
  await expect(chat.bannerState).toHaveText(/^Connected to /);
  // Each half minute of silence is asked about once more, and answered.
  for (let minute = 0; minute < 3; minute++) {
    const heard = former.received.length;
    await page.clock.runFor(SILENCE);
    await expect.poll(() => former.received.length).toBeGreaterThan(heard);
  }
  await chat.expectState('connected');
  expect(tunnels.at(-1)).toBe(former);
});

test('who comes back to the page learns at once whether the server is there', async ({ server, visitor }) => {
  const { chat, page, tunnels } = await come(visitor, server, 'v1');
  const pings = async () => {
    const events = await decrypt([tunnels.at(-1)], server.keyFile);
    const sent = events.filter(({ direction }) => direction === 'client_to_server');
    return sent.filter(({ text }) => JSON.parse(text).type === 'ping').length;
  };
  expect(await pings()).toBe(0);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await expect.poll(pings).toBe(1);
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await expect.poll(pings).toBe(2);
  // A timer that comes this late means that the device slept.
  await page.clock.fastForward('00:20');
  await expect.poll(pings).toBe(3);
  await chat.expectState('connected');
});

/**
 * Lets the page's time pass, a second at a time, until the banner says so. What was on its way when
 * the server was frozen still arrives, and begins the silence anew.
 */
async function passUntil(chat, state, atMost) {
  for (let second = 0; second < atMost; second++) {
    await chat.page.clock.runFor(1000);
    const now = await chat.banner.getAttribute('data-state');
    if (typeof state === 'string' ? now === state : state.test(now)) return;
  }
  await expect(chat.banner).toHaveAttribute('data-state', state, { timeout: 1 });
}

/** Brings ada into the lobby, on a page whose clock moves only when the test says so. */
async function come(visitor, server, protocol) {
  const ada = await visitor(ALLOW);
  await ada.page.clock.install();
  await ada.chat.open(server.url);
  await ada.chat.join('ada', { protocol });
  await ada.page.clock.pauseAt(await ada.page.evaluate(() => Date.now() + 200));
  return ada;
}
