// The bars at every width: nothing is cut off, and the room's name can be read.
import { narrowest } from '../lib/engines.js';
import { expect, test } from '../lib/test.js';

const WIDTHS = [320, 360, 480, 600, 700, 701, 768, 800, 801, 900, 1000, 1099, 1100, 1280, 1366, 1440, 1920];

/** Returns what stands out of the window or of its bar, and what has no width left. */
function cutOff() {
  const faults = [];
  const wide = document.scrollingElement.scrollWidth;
  if (wide > innerWidth) faults.push(`the page is ${wide} px wide`);
  for (const bar of document.querySelectorAll('.top, .bar')) {
    if (bar.scrollWidth > bar.clientWidth) faults.push(`${bar.className} is ${bar.scrollWidth} px wide`);
    for (const part of bar.querySelectorAll('button, summary, h1')) {
      const box = part.getBoundingClientRect();
      // Not shown at this width.
      if (box.height === 0 || !part.checkVisibility()) continue;
      const name = part.dataset.testid ?? part.tagName;
      if (box.left < 0 || box.right > innerWidth + 0.5) faults.push(`${name} ends at ${box.right} px`);
      // A room's long name ends in dots.
      const tooLong = part.tagName !== 'H1' && part.scrollWidth > part.clientWidth;
      if (tooLong) faults.push(`the text of ${name} is ${part.scrollWidth} px wide`);
      if (box.width < 24) faults.push(`${name} is ${box.width} px wide`);
    }
  }
  return faults;
}

test('no bar is cut off at any width', { tag: '@engines' }, async ({ server, visitor, engine }) => {
  // The operator's bar has one button more, and the longest name takes most place.
  const { chat, page } = await visitor();
  await chat.open(await server.claimLink());
  const look = async (screen) => {
    for (const width of WIDTHS.filter((it) => it >= narrowest(engine))) {
      await page.setViewportSize({ width, height: 800 });
      await expect.poll(() => page.evaluate(cutOff), `${screen}, ${width} px`).toEqual([]);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  };
  await look('connect');
  await chat.join(`ada-${'m'.repeat(28)}`);
  await expect(chat.id('console-toggle')).toBeVisible();
  await look('lobby');
  await chat.type(`/join ${'room-'.repeat(6)}1`);
  await expect(page.locator('.bar h1')).toContainText('room-room-');
  await look('a long name');
  await chat.tool('members-toggle');
  await look('members');
});

const PHONE = { width: 360, height: 740 };

test('what to search for can be typed as soon as the search is there', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor({ viewport: PHONE });
  await chat.open(server.url);
  await chat.join('ada');
  // Most people hit the icon in the button.
  await chat.id('search-toggle').locator('svg').click();
  await expect(page.locator('#search-query')).toBeFocused();
  await chat.id('search-close').click();
  await expect(chat.id('search-toggle')).toBeFocused();
  // Beside the log, too.
  await page.setViewportSize({ width: 1280, height: 800 });
  await chat.tool('search-toggle');
  await expect(page.locator('#search-query')).toBeFocused();
});

test('on a phone a panel leaves no strip of the log', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor({ viewport: { width: 460, height: 740 } });
  await chat.open(server.url);
  await chat.join('ada');
  await chat.tool('members-toggle');
  expect(await page.locator('.chat-aside').evaluate((panel) => panel.getBoundingClientRect().left)).toBe(0);
});

test('a room with a long name has a field of one line', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat } = await visitor({ viewport: PHONE });
  await chat.open(server.url);
  await chat.join('ada');
  const height = () => chat.composer.evaluate((area) => area.offsetHeight);
  const one = await height();
  await chat.type(`/join ${'room-'.repeat(10)}1`);
  await expect(chat.id('room-title')).toContainText('room-room-');
  await chat.expectRoom();
  expect(await height()).toBe(one);
});

test('the board of reactions is in view, also for a message at the top', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor({ viewport: PHONE });
  await chat.open(server.url);
  await chat.join('ada');
  for (let line = 1; line <= 14; line++) await chat.type(`line ${line}`);
  // Nothing moves under the pointer when all have come back.
  await expect(chat.messages('line 14')).toHaveCount(1);
  await expect(chat.outgoing).toHaveCount(0);
  const message = chat.messages('line 5');
  await expect(message).toBeInViewport();
  await chat.press(message, 'react');
  await expect(page.locator('#reaction-search')).toBeFocused();
  const board = () => page.locator('.board').evaluate((element) => {
    const [inner, log] = [element, element.closest('.log')].map((it) => it.getBoundingClientRect());
    return inner.top >= log.top && inner.bottom <= log.bottom;
  });
  await expect.poll(board).toBe(true);
});

test('a short message is one line', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  const height = (text) => chat.messages(text).locator('.bubble').evaluate((bubble) => bubble.offsetHeight);
  await chat.type('first');
  await expect(chat.messages('first')).toHaveCount(1);
  const one = await height('first');
  // Of several widths, for which a browser may round in different ways.
  for (const text of ['a b c', 'yes it is', 'kept for later', 'one two three']) {
    await chat.type(text);
    await expect(chat.messages(text)).toHaveCount(1);
    expect(await height(text)).toBe(one);
  }
});

test('nothing moves when a message has arrived, or was edited', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat } = await visitor({ viewport: PHONE });
  await chat.open(server.url);
  await chat.join('ada');
  await chat.type('first');
  await expect(chat.messages('first')).toHaveCount(1);
  const boxes = (rows) => rows.evaluateAll((all) => all.map((row) => {
    const { top, height } = row.querySelector('.bubble').getBoundingClientRect();
    return { top: Math.round(top), height: Math.round(height) };
  }));
  const sayings = ['short', '**bold** and `code`', '- one\n- two', 'so long that it needs more than one line on a phone'];
  server.freeze();
  for (const text of sayings) await chat.type(text);
  await expect(chat.outgoing).toHaveCount(sayings.length);
  const before = await boxes(chat.outgoing);
  server.thaw();
  await expect(chat.outgoing).toHaveCount(0);
  expect((await boxes(chat.id('message'))).slice(1)).toEqual(before);
  // The first of its group, too, and what answers.
  await chat.type('/join den');
  await expect(chat.id('room-title')).toHaveText('den');
  await chat.expectRoom();
  await chat.type('a question');
  await expect(chat.messages('a question')).toHaveCount(1);
  await chat.press(chat.messages('a question'), 'reply');
  server.freeze();
  await chat.type('an answer');
  await expect(chat.outgoing).toHaveCount(1);
  const answer = await boxes(chat.outgoing);
  server.thaw();
  await expect(chat.outgoing).toHaveCount(0);
  const arrived = await boxes(chat.id('message'));
  expect(arrived.slice(1)).toEqual(answer);
  await chat.press(chat.messages('a question'), 'edit');
  await chat.composer.fill('a word');
  await chat.composer.press('Enter');
  await expect(chat.id('edited')).toBeVisible();
  expect(await boxes(chat.id('message'))).toEqual(arrived);
});

test('no time is cut beside a message, whatever its length', { tag: '@engines' }, async ({ server, visitor, python }) => {
  const { chat, page } = await visitor({ viewport: { width: 320, height: 740 } });
  await chat.open(server.url);
  await chat.join('ada');
  const long = 'so long that it needs more than one line on a phone';
  for (const text of [long, 'short', `${long}, too`]) await chat.type(text);
  const py = await python();
  for (const text of ['one', 'two', `${long} of somebody else`]) await py.say(text);
  await expect(page.locator('.log .row-time')).toHaveCount(4);
  const lefts = await page.locator('.log .row-time').evaluateAll((times) => times.map((time) => {
    const range = document.createRange();
    range.selectNodeContents(time);
    return range.getBoundingClientRect().left;
  }));
  for (const left of lefts) expect(left).toBeGreaterThanOrEqual(0);
});

test('a window that becomes wide can be written in at once', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  // It lies over the log in a narrow window.
  await chat.tool('inspect-toggle');
  const column = page.locator('.chat-column');
  await expect(column).not.toHaveJSProperty('inert', true);
  await page.setViewportSize({ width: 1000, height: 800 });
  await expect(column).toHaveJSProperty('inert', true);
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(column).toHaveJSProperty('inert', false);
  await chat.type('here again');
  await expect(chat.messages('here again', 'ada')).toHaveCount(1);
});
