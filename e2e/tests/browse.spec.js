// The dialog of all rooms: one is found by its name and joined, by keyboard and on a phone; one that
// is not there is made; and a rejection is told where one asked.
import { LOST_SERVER } from '../lib/guard.js';
import { come } from '../lib/people.js';
import { expect, test } from '../lib/test.js';

const PHONE = { width: 360, height: 740 };

async function make({ chat }, name, topic = '') {
  await chat.id('room-new').click();
  await chat.id('new-room-name').fill(name);
  await chat.id('new-room-topic').fill(topic);
  await chat.id('new-room-submit').click();
  await expect(chat.id('room-title')).toHaveText(name);
}

test('a room is found and joined with the keyboard alone', { tag: '@engines' }, async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  await make(ada, 'rust', 'what we build');
  await make(ada, 'den');
  const { chat, page } = await come(visitor, server, 'bob');
  await expect(chat.id('browse-rooms')).toHaveText('Browse rooms2 to join');
  // Only one's own rooms are in the list.
  await expect(chat.id('room')).toHaveCount(1);
  await chat.id('browse-rooms').focus();
  await page.keyboard.press('Enter');
  await expect(chat.id('browse-query')).toBeFocused();
  await expect(chat.browsed('rust')).toContainText('what we build');
  await expect(chat.browsed('lobby')).toContainText('You are in it, 2 people');
  await page.keyboard.press('ArrowDown');
  await expect(chat.browsed('den').getByTestId('browse-join')).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(chat.browsed('rust').getByTestId('browse-join')).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(chat.id('browse-query')).toBeFocused();
  await page.keyboard.type('#RU');
  await expect(chat.id('browse-room')).toHaveCount(1);
  await expect(chat.id('browse-status')).toHaveText('1 room');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(chat.id('room-title')).toHaveText('rust');
  await expect(chat.id('browse')).toBeHidden();
  await expect(chat.composer).toBeFocused();
  await expect(chat.id('room')).toHaveCount(2);

  // The only one that is left is chosen by Enter: here one that the person is in.
  await chat.browse();
  await page.keyboard.type('lob');
  await expect(chat.id('browse-open')).toHaveText('Open lobby');
  await page.keyboard.press('Enter');
  await expect(chat.id('room-title')).toHaveText('lobby');
  await expect(chat.composer).toBeFocused();
});

test('on a phone the dialog has the whole screen, and returns the focus', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  await make(ada, 'rust');
  const { chat, page } = await come(visitor, server, 'bob', { viewport: PHONE });
  await chat.browse();
  const box = await chat.id('browse').boundingBox();
  expect(box).toEqual({ x: 0, y: 0, ...PHONE });
  await page.keyboard.press('Escape');
  await expect(chat.id('browse')).toBeHidden();
  await expect(chat.id('browse-rooms')).toBeFocused();
  await chat.id('browse-rooms').click();
  await chat.browsed('rust').getByTestId('browse-join').click();
  await expect(chat.id('room-title')).toHaveText('rust');
  // The list does not lie over the room.
  await expect(page.locator('.with-drawer')).toHaveCount(0);
});

test('a room that is not there is made, if it can be called so', async ({ server, visitor }) => {
  const { chat, page } = await come(visitor, server, 'ada');
  await chat.browse();
  await chat.id('browse-query').fill('two words');
  await expect(chat.id('browse-status')).toHaveText('No room is called so.');
  await expect(chat.id('browse-query-error')).not.toBeEmpty();
  await expect(chat.id('browse-make')).toHaveCount(0);
  await chat.id('browse-query').fill('lob');
  await expect(chat.id('browse-query-error')).toBeEmpty();
  await chat.id('browse-query').fill('cellar');
  await chat.id('browse-make').click();
  await expect(chat.id('browse')).toBeHidden();
  await expect(chat.id('new-room-name')).toHaveValue('cellar');
  await expect(chat.id('new-room-name')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(chat.id('browse-rooms')).toBeFocused();
  await chat.browse();
  await chat.id('browse-query').fill('cellar');
  await chat.id('browse-make').click();
  await expect(chat.id('new-room-name')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(chat.id('room-title')).toHaveText('cellar');
});

test.describe('few rooms a minute', () => {
  test.use({ serverOptions: { args: ['--joins-per-minute', '7'] } });

  test('a rejection is told in the dialog', async ({ server, visitor }) => {
    test.slow();
    const ada = await come(visitor, server, 'ada');
    const names = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `room-${number}`);
    for (const name of names) await make(ada, name);
    const { chat, page } = await come(visitor, server, 'bob');
    const error = chat.id('browse-error');
    for (const name of names) {
      await chat.browse();
      await chat.browsed(name).getByTestId('browse-join').click();
      const answer = page.locator('[data-testid="browse-error"]:not(:empty)').or(chat.id('room-title').filter({ hasText: name }));
      await expect(answer).not.toHaveCount(0);
      if ((await chat.id('room-title').textContent()) !== name) break;
      await expect(chat.id('browse')).toBeHidden();
    }
    await expect(error).not.toBeEmpty();
    await expect(chat.id('browse')).toBeVisible();
    // What is told of one room is not said of the next search.
    await page.keyboard.press('Escape');
    await chat.browse();
    await expect(error).toBeEmpty();
  });
});

test('without a connection no room can be joined, and the dialog says so', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  await make(ada, 'rust');
  const { chat } = await come(visitor, server, 'bob', { allow: [LOST_SERVER] });
  await chat.browse();
  await expect(chat.browsed('rust').getByTestId('browse-join')).toBeEnabled();
  await ada.context.close();
  await server.stop('SIGTERM');
  await expect(chat.id('browse-status')).toContainText('Not connected');
  await expect(chat.browsed('rust').getByTestId('browse-join')).toBeDisabled();
  await expect(chat.browsed('lobby').getByTestId('browse-open')).toBeEnabled();
});
