// The field in which one writes: as high as its text, in every browser.
import { expect, test } from '../lib/test.js';

/** The composer's height, and how much of its text is out of view, in pixels. */
const sizes = (chat) =>
  chat.composer.evaluate((area) => ({
    height: Math.round(area.getBoundingClientRect().height),
    hidden: area.scrollHeight - area.clientHeight,
  }));

test('the composer is as high as its text, up to a limit', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  const height = async () => (await sizes(chat)).height;
  const one = await height();
  await chat.composer.pressSequentially('one');
  expect(await height()).toBe(one);
  for (const line of ['two', 'three']) {
    const before = await height();
    await chat.composer.press('Shift+Enter');
    await chat.composer.pressSequentially(line);
    await expect.poll(height).toBeGreaterThan(before);
  }
  const three = await sizes(chat);
  expect(three.hidden).toBeLessThanOrEqual(1);

  // A text that comes at once: of a draft, after a reload.
  await page.reload();
  await chat.join('ada');
  await expect(chat.composer).toHaveValue('one\ntwo\nthree');
  await expect.poll(() => sizes(chat)).toEqual(three);

  // What is too long is scrolled, and the log keeps its place.
  await chat.composer.fill(Array.from({ length: 60 }, (_, at) => `line ${at}`).join('\n'));
  await expect.poll(async () => (await sizes(chat)).hidden).toBeGreaterThan(100);
  expect(await height()).toBeLessThan(await page.evaluate(() => innerHeight / 2));
  await chat.composer.fill('one\ntwo\nthree');
  await expect.poll(() => sizes(chat)).toEqual(three);
  // It keeps fitting in a window that becomes narrower.
  await chat.composer.fill('word '.repeat(40).trim());
  await page.setViewportSize({ width: 500, height: 800 });
  await expect.poll(async () => (await sizes(chat)).hidden).toBeLessThanOrEqual(1);
  await page.setViewportSize({ width: 1280, height: 720 });
  await chat.composer.fill('one\ntwo\nthree');
  await expect.poll(() => sizes(chat)).toEqual(three);
  await chat.composer.press('Enter');
  await expect(chat.messages('one\ntwo\nthree', 'ada')).toHaveCount(1);
  await expect.poll(height).toBe(one);
});
