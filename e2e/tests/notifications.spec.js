// Notifications: for whom does not look at the page, to where the message is, until it was seen.
import { setFocus, watchNotifications } from '../lib/notifications.js';
import { expect, test } from '../lib/test.js';

/** Brings ada, whose notifications are recorded, and bob into the lobby. */
async function two(visitor, server) {
  const ada = await visitor();
  await watchNotifications(ada.page);
  const bob = await visitor();
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  await bob.chat.open(server.url);
  await bob.chat.join('bob');
  return [ada, bob];
}

test('a mention notifies a window without focus, leads to the message, and goes when it was seen', { tag: '@engines' }, async ({ server, visitor }) => {
  const [ada, bob] = await two(visitor, server);
  await ada.chat.type('/join rust');
  await expect(ada.chat.id('room-title')).toHaveText('rust');
  const seen = () => ada.page.evaluate(() => window.notifications.map(({ body, closed }) => ({ body, closed })));

  // A window that is looked at gets none.
  await bob.chat.type('@ada one');
  await expect(mentions(ada)).toContainText('1');
  expect(await seen()).toEqual([]);

  await setFocus(ada.page, false);
  await bob.chat.type('not for her');
  await bob.chat.type('@ada two');
  await expect.poll(seen).toEqual([{ body: 'bob mentions you in lobby', closed: false }]);
  await bob.chat.type('@ada three');
  await expect.poll(seen).toEqual([
    { body: 'bob mentions you in lobby', closed: true },
    { body: 'bob mentions you in lobby', closed: false },
  ]);

  await ada.page.evaluate(() => window.notifications.at(-1).dispatchEvent(new Event('click')));
  await expect(ada.chat.id('room-title')).toHaveText('lobby');
  await expect(ada.chat.messages('@ada three', 'bob')).toBeInViewport();
  expect(await ada.page.evaluate(() => document.hasFocus())).toBe(true);
  await expect(mentions(ada)).toHaveCount(0);
  await expect.poll(async () => (await seen()).map(({ closed }) => closed)).toEqual([true, true]);
});

test('what comes into a visible window without focus is unread until the window is used', async ({ server, visitor }) => {
  const [ada, bob] = await two(visitor, server);
  await setFocus(ada.page, false);
  await bob.chat.type('anybody there?');
  await expect(ada.chat.messages('anybody there?', 'bob')).toHaveCount(1);
  await expect(ada.page).toHaveTitle('(1) Secure Chat');
  await setFocus(ada.page, true);
  await expect(ada.page).toHaveTitle('Secure Chat');
});

const mentions = ({ page }) => page.locator('[data-testid="room"][data-room="lobby"]').getByTestId('room-mentions');
