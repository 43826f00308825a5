// What is unread stays so until somebody has seen it, and says where it begins.
import { expect, test } from '../lib/test.js';

test.use({ serverOptions: { args: ['--sends-per-minute', '0'] } });

const PHONE = { width: 360, height: 740 };

/** Tells the page that it is hidden, or visible again, as another tab in front of it does. */
async function hide(page, hidden) {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (hidden ? 'hidden' : 'visible') });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

test('what came while the tab was hidden is marked, and unread until it was in view', { tag: '@engines' }, async ({ server, visitor, python }) => {
  test.slow();
  const { chat, page } = await visitor({ viewport: PHONE });
  await chat.open(server.url);
  await chat.join('ada');
  const py = await python();
  await py.say('seen');
  await expect(chat.messages('seen')).toBeInViewport();
  await hide(page, true);
  for (let n = 1; n <= 41; n++) await py.say(`line ${n}`);
  await expect(chat.messages('line 41')).toHaveCount(1);
  await hide(page, false);
  await expect(chat.id('jump-unread')).toContainText('41 unread');
  await chat.id('jump-unread').click();
  await expect(chat.messages('line 1')).toBeInViewport();
  await expect(chat.id('new-divider')).toBeInViewport();
  await expect(chat.id('jump-unread')).toHaveCount(0);
  // A reload in between: what was not in view is still unread.
  await page.reload();
  await chat.join('ada');
  await expect(chat.id('jump-unread')).toContainText(/\d+ unread/);
  await expect(chat.id('jump-unread')).not.toContainText('41 ');
  await chat.id('mark-read').click();
  await expect(chat.id('jump-unread')).toHaveCount(0);
  await page.reload();
  await chat.join('ada');
  await expect(chat.messages('line 41')).toBeInViewport();
  await expect(chat.id('jump-unread')).toHaveCount(0);
});

test('what is marked as unread stays so until the room is opened again, on every device', { tag: '@engines' }, async ({ server, visitor }) => {
  const bob = await visitor();
  await bob.chat.open(server.url);
  await bob.chat.join('bob');
  const ada = await visitor();
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  for (const text of ['one', 'two', 'three']) await bob.chat.type(text);
  const two = ada.chat.messages('two', 'bob');
  await expect(ada.chat.messages('three', 'bob')).toHaveCount(1);
  await ada.chat.press(two, 'unread');
  await expect(ada.chat.id('new-divider')).toBeVisible();
  await ada.chat.type('/join den');
  await expect(ada.chat.id('room-title')).toHaveText('den');
  const lobby = ada.page.locator('[data-testid="room"][data-room="lobby"]');
  await expect(lobby.getByTestId('room-unread')).toHaveText('2 unread');
  // The server has it, and a page that is loaded again.
  await ada.page.reload();
  await expect(ada.chat.id('room-title')).toHaveText('den');
  await expect(lobby.getByTestId('room-unread')).toHaveText('2 unread');
  await lobby.click();
  await expect(ada.chat.id('room-title')).toHaveText('lobby');
  await ada.page.locator('[data-testid="room"][data-room="den"]').click();
  await expect(lobby.getByTestId('room-unread')).toHaveCount(0);
});

test('more unread messages than a page are found from the first one on', async ({ server, visitor, python }) => {
  test.slow();
  const { chat, page } = await visitor({ viewport: PHONE });
  await chat.open(server.url);
  await chat.join('ada');
  await chat.type('here');
  await expect(chat.messages('here', 'ada')).toHaveCount(1);
  await page.goto('about:blank');
  const py = await python();
  for (let n = 1; n <= 301; n++) await py.say(`line ${n}`);
  await py.hear((text) => text.endsWith(': line 301'));
  await chat.open(server.url);
  await chat.join('ada');
  await expect(chat.id('jump-unread')).toContainText('unread');
  await chat.id('jump-unread').click();
  await expect(chat.messages('line 1')).toBeInViewport();
  await expect(chat.id('new-divider')).toBeInViewport();
  // Scrolling down reads; the end is reached, and nothing is unread.
  const log = chat.id('log');
  await expect(async () => {
    await log.evaluate((element) => element.scrollBy(0, 500));
    await expect(chat.messages('line 301')).toBeInViewport({ timeout: 50 });
  }).toPass({ timeout: 60_000 });
  await expect(chat.id('jump-unread')).toHaveCount(0);
  const other = await visitor({ like: { context: page.context() }, viewport: PHONE });
  await other.chat.open(server.url);
  await other.chat.join('ada');
  await expect(other.chat.messages('line 301')).toBeInViewport();
  await expect(other.chat.id('jump-unread')).toHaveCount(0);
});

test('an answer leads to its message, also if that is not loaded, and marks it', { tag: '@engines' }, async ({ server, visitor, python }) => {
  test.slow();
  const py = await python();
  const { chat, page } = await visitor({ viewport: PHONE });
  await chat.open(server.url);
  await chat.join('ada');
  await py.say('the question');
  await expect(chat.messages('the question')).toHaveCount(1);
  for (let n = 1; n <= 120; n++) await py.say(`line ${n}`);
  await expect(chat.messages('line 120')).toHaveCount(1);
  // Who follows the latest message has only the latest ones in the document.
  await chat.id('log').evaluate((log) => log.scrollTo(0, 0));
  await chat.press(chat.messages('the question'), 'reply');
  await chat.type('the answer');
  await expect(chat.messages('the answer', 'ada')).toHaveCount(1);
  await page.reload();
  await chat.join('ada');
  await expect(chat.messages('the question')).toHaveCount(0);
  await chat.messages('the answer').getByTestId('reply-line').click();
  await expect(chat.messages('the question')).toBeInViewport();
  await expect(chat.messages('the question')).toHaveClass(/glow/);
});

test('what one has written oneself is not new after a reload', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ viewport: { width: 1280, height: 800 } });
  await chat.open(server.url);
  await chat.join('ada');
  await chat.type('my own');
  await expect(chat.messages('my own', 'ada')).toHaveCount(1);
  await page.reload();
  await chat.join('ada');
  await expect(chat.messages('my own', 'ada')).toHaveCount(1);
  await expect(chat.id('new-divider')).toHaveCount(0);
  await expect(chat.id('room-unread')).toHaveCount(0);
});
