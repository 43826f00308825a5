// The page answers while its key is made and used: that work is the worker's.
import { holdNewKey } from '../lib/held-key.js';
import { expect, test } from '../lib/test.js';

test('the page answers while the key is being made', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  // In the page itself, so that no way from here to there adds to what is measured.
  await page.addInitScript(() => {
    const seen = (window.seen = { began: 0, answered: 0, ended: 0, ticks: 0, longestGap: 0, connected: 0 });
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      seen.longestGap = Math.max(seen.longestGap, now - last);
      last = now;
      if (seen.began && !seen.ended) seen.ticks += 1;
    }, 10);
    const look = () => {
      const now = performance.now();
      const creating = document.querySelector('[data-testid="key-progress"]');
      if (creating && !seen.began) {
        seen.began = now;
        document.querySelector('[data-testid="protocol-v1"]').click();
      }
      if (seen.began && !seen.answered && document.querySelector('[data-testid="v1-warning"]')) {
        seen.answered = now;
        document.querySelector('[data-testid="protocol-v2"]').click();
      }
      if (seen.began && !creating && !seen.ended) seen.ended = now;
      const banner = document.querySelector('[data-testid="banner"]');
      if (!seen.connected && banner?.dataset.state === 'connected') seen.connected = now;
    };
    new MutationObserver(look).observe(document, { attributes: true, childList: true, subtree: true });
  });
  await chat.open(server.url);
  await chat.join('ada');
  const seen = await page.evaluate(() => window.seen);
  test.info().annotations.push({ type: 'measured', description: JSON.stringify(seen) });
  expect(seen.began).toBeGreaterThan(0);
  // The click was handled before the key was there, and timers went on: work on the page's own
  // thread would have let neither happen.
  expect(seen.answered).toBeGreaterThanOrEqual(seen.began);
  expect(seen.answered).toBeLessThan(seen.ended);
  expect(seen.ticks).toBeGreaterThan(0);
});

test('nothing that one is about to press moves when the key is there', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  const release = await holdNewKey(page);
  await chat.open(server.url);
  await expect(chat.id('key-progress')).toBeVisible();
  const places = () => page.evaluate(() => [...document.querySelectorAll('main button, main summary, main input')].map((it) => it.getBoundingClientRect().top));
  const before = await places();
  expect(before.length).toBeGreaterThan(3);
  await release();
  await expect(chat.id('key-progress')).toHaveCount(0);
  expect(await places()).toEqual(before);
});
