// Muted rooms: quiet for the person alone, but for mentions, in all tabs and after a reload.
import { watchNotifications } from '../lib/notifications.js';
import { come, enter } from '../lib/people.js';
import { expect, test } from '../lib/test.js';

const entry = ({ page }, room) => page.locator(`[data-testid="room"][data-room="${room}"]`);
const names = ({ chat }) => chat.id('rooms').locator('[data-testid="room"] .room-entry-name');

/** Shows one of the person's own rooms. */
async function go(one, room) {
  await entry(one, room).click();
  await expect(one.chat.id('room-title')).toHaveText(room);
}

test('a muted room is quiet but for mentions, and stays so after a reload', { tag: '@engines' }, async ({ server, visitor }) => {
  const ada = await visitor();
  await watchNotifications(ada.page, { focused: false });
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  const bob = await come(visitor, server, 'bob');
  const other = await come(visitor, server, 'cyd');
  await enter(ada, 'rust');
  await go(ada, 'lobby');
  const mute = ada.chat.id('mute-toggle');
  await expect(mute).toHaveAccessibleName('Mute all but mentions');
  await mute.click();
  await expect(mute).toHaveAccessibleName('Unmute');
  await expect(entry(ada, 'lobby').getByTestId('room-muted')).toHaveText('muted');
  await go(ada, 'rust');

  await bob.chat.type('not for her');
  await expect(entry(other, 'lobby')).toHaveCount(1);
  await bob.chat.type('@ada look');
  await expect(entry(ada, 'lobby').getByTestId('room-mentions')).toHaveText('@1 for you');
  await expect(entry(ada, 'lobby').getByTestId('room-unread')).toHaveCount(0);
  await expect(ada.page).toHaveTitle('(1) Secure Chat');
  await expect.poll(() => ada.page.evaluate(() => window.notifications.map(({ body }) => body))).toEqual(['bob mentions you in lobby']);
  // Whatever is written there, the room is not above others.
  await expect(names(ada)).toHaveText(['rust', 'lobby']);
  // For nobody else.
  await expect(other.chat.id('room-muted')).toHaveCount(0);

  await ada.page.reload();
  await ada.chat.expectState('connected');
  await expect(entry(ada, 'lobby').getByTestId('room-muted')).toBeVisible();
  await go(ada, 'lobby');
  await mute.click();
  await expect(ada.chat.id('room-muted')).toHaveCount(0);
  await go(ada, 'rust');
  await bob.chat.type('for everybody');
  await expect(entry(ada, 'lobby').getByTestId('room-unread').or(entry(ada, 'lobby').getByTestId('room-mentions'))).toBeVisible();
  await expect(names(ada)).toHaveText(['lobby', 'rust']);
});

test('without a mention nothing is counted, in the list or in the title', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  const bob = await come(visitor, server, 'bob');
  await enter(ada, 'rust');
  await go(ada, 'lobby');
  await ada.chat.id('mute-toggle').click();
  await go(ada, 'rust');
  await enter(bob, 'rust');
  await go(bob, 'lobby');
  await bob.chat.type('one');
  await go(bob, 'rust');
  await bob.chat.type('two');
  // What was said last has come, and so has what was said before.
  await expect(ada.chat.messages('two', 'bob')).toHaveCount(1);
  await expect(entry(ada, 'lobby').getByTestId('room-unread')).toHaveCount(0);
  await expect(ada.page).toHaveTitle('Secure Chat');
});

test('another tab and a new name follow', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  await enter(ada, 'rust');
  await ada.chat.id('mute-toggle').click();
  await expect(entry(ada, 'rust').getByTestId('room-muted')).toBeVisible();
  await ada.chat.type('/rename iron');
  await expect(ada.chat.id('room-title')).toHaveText('iron');
  await expect(entry(ada, 'iron').getByTestId('room-muted')).toBeVisible();
  await ada.page.reload();
  await expect(entry(ada, 'iron').getByTestId('room-muted')).toBeVisible();
  // Another tab of the same browser, in both directions.
  const tab = await visitor({ like: ada });
  await tab.chat.open(`${server.url}#room=iron`);
  await expect(entry(tab, 'iron').getByTestId('room-muted')).toBeVisible();
  await expect(tab.chat.id('room-title')).toHaveText('iron');
  await tab.chat.id('mute-toggle').click();
  await expect(ada.chat.id('room-muted')).toHaveCount(0);
  await expect(tab.chat.id('room-muted')).toHaveCount(0);
  await ada.chat.id('mute-toggle').click();
  await expect(entry(tab, 'iron').getByTestId('room-muted')).toBeVisible();
});

test('what no page has stored mutes nothing, and an earlier page stored nothing', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  await expect(ada.chat.id('room-muted')).toHaveCount(0);
  await ada.page.evaluate(() => localStorage.setItem('secure-chat.muted', '\u0000 strange\n{}\nlobby'));
  await ada.page.reload();
  await ada.chat.expectRoom();
  await expect(ada.chat.id('room-muted')).toHaveCount(0);
  await ada.chat.id('mute-toggle').click();
  await ada.page.reload();
  await expect(entry(ada, 'lobby').getByTestId('room-muted')).toBeVisible();
});

test('a room is muted on a phone, and a room of two', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada', { viewport: { width: 360, height: 740 } });
  const bob = await come(visitor, server, 'bob');
  await bob.chat.tool('members-toggle');
  await bob.chat.member('ada').getByTestId('member-direct').click();
  await expect(bob.chat.id('room-title')).toContainText('ada');
  await bob.chat.type('between us');
  await ada.chat.id('rooms-toggle').click();
  await ada.chat.id('room').filter({ hasText: 'bob' }).click();
  await expect(ada.chat.messages('between us', 'bob')).toHaveCount(1);
  await ada.chat.tool('mute-toggle');
  await expect(ada.chat.id('mute-toggle')).toBeHidden();
  await ada.chat.id('rooms-toggle').click();
  await expect(ada.chat.id('room').filter({ hasText: 'bob' }).getByTestId('room-muted')).toBeVisible();
});
