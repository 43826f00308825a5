// Owners and moderators of a room at work, and a list of rooms that is too long for one page.
import { expectAccessible } from '../lib/axe.js';
import { come as comeWith, enter } from '../lib/people.js';
import { expect, test } from '../lib/test.js';

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };

/** Connects somebody with a window of this size. */
const come = (visitor, server, name, viewport = DESKTOP, options = {}) =>
  comeWith(visitor, server, name, { viewport, ...options });

const entry = (chat, room) => chat.page.locator(`[data-testid="room"][data-room="${room}"]`);

/** Shows the members, and the buttons for one of them. */
async function manage({ chat }, name) {
  if (!(await chat.id('members').isVisible())) await chat.tool('members-toggle');
  await chat.member(name).getByTestId('member-manage').click();
}

test('the owner changes the topic, and another sees it', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  const bob = await come(visitor, server, 'bob');
  await enter(ada, 'rust');
  await enter(bob, 'rust');
  await bob.chat.tool('members-toggle');
  await expect(bob.chat.member('ada')).toHaveAttribute('data-role', 'owner');
  await expect(bob.chat.member('ada').getByTestId('member-role')).toHaveText('owner');
  await expect(bob.chat.id('room-settings-open')).toHaveCount(0);
  await expect(bob.chat.id('member-manage')).toHaveCount(0);

  await ada.chat.tool('members-toggle');
  await ada.chat.id('room-settings-open').click();
  await ada.chat.id('room-topic').fill('what we build');
  await ada.chat.id('room-topic').press('Enter');
  await expect(ada.chat.id('room-settings')).toBeHidden();
  await expect(bob.page.locator('.bar-topic')).toHaveText('what we build');
  await ada.chat.type('/topic and why');
  await expect(bob.page.locator('.bar-topic')).toHaveText('and why');
  // A command that only moderators have is refused to the others.
  await bob.chat.type('/topic nothing');
  await expect(bob.chat.notices('Only moderators change the topic.')).toBeVisible();
});

test('a renamed room keeps what is read and what is being written', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  const bob = await come(visitor, server, 'bob');
  await enter(ada, 'rust');
  await enter(bob, 'rust');
  await ada.chat.type('before');
  await expect(bob.chat.messages('before', 'ada')).toHaveCount(1);
  await bob.chat.composer.fill('half a sentence');
  await ada.chat.tool('members-toggle');
  await ada.chat.id('room-settings-open').click();
  await ada.chat.id('room-rename').fill('two words');
  await ada.chat.id('room-rename-submit').click();
  await expect(ada.chat.id('room-rename-error')).not.toBeEmpty();
  await ada.chat.id('room-rename').fill('iron');
  await ada.chat.id('room-rename-submit').click();
  await expect(bob.chat.id('room-title')).toHaveText('iron');
  await expect(entry(bob.chat, 'rust')).toHaveCount(0);
  await expect(bob.chat.messages('before', 'ada')).toHaveCount(1);
  await expect(bob.chat.composer).toHaveValue('half a sentence');
  // The draft of a room that is not on the screen moves, too.
  await entry(bob.chat, 'lobby').click();
  await expect(bob.chat.id('room-title')).toHaveText('lobby');
  await ada.chat.type('/rename steel');
  await entry(bob.chat, 'steel').click();
  await expect(bob.chat.composer).toHaveValue('half a sentence');
  await bob.chat.composer.press('Enter');
  await expect(ada.chat.messages('half a sentence', 'bob')).toHaveCount(1);
});

test('a member is removed, after a question', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  const bob = await come(visitor, server, 'bob', PHONE);
  await enter(ada, 'rust');
  await enter(bob, 'rust');
  await manage(ada, 'bob');
  await ada.chat.id('member-remove').click();
  await ada.chat.id('member-no').click();
  await expect(ada.chat.member('bob')).toBeVisible();
  await ada.chat.id('member-remove').click();
  await ada.chat.id('member-yes').click();
  await expect(ada.chat.member('bob')).toHaveCount(0);
  await expect(bob.chat.id('room-title')).toHaveText('lobby');
});

test('a moderator is made, the room is handed over, and its new owner closes it', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  const bob = await come(visitor, server, 'bob');
  await enter(ada, 'rust');
  await enter(bob, 'rust');
  await manage(ada, 'bob');
  await ada.chat.id('member-promote').click();
  await expect(ada.chat.member('bob')).toHaveAttribute('data-role', 'moderator');
  await bob.chat.tool('members-toggle');
  await bob.chat.id('room-settings-open').click();
  await expect(bob.chat.id('room-topic')).toBeVisible();
  await expect(bob.chat.id('room-rename')).toHaveCount(0);
  await bob.page.keyboard.press('Escape');

  await ada.chat.id('member-handover').click();
  await expect(ada.chat.page.getByText('Make bob the owner of rust? You become a moderator.')).toBeVisible();
  await ada.chat.id('member-yes').click();
  await expect(ada.chat.member('bob')).toHaveAttribute('data-role', 'owner');
  await expect(ada.chat.member('ada')).toHaveAttribute('data-role', 'moderator');
  await expect(ada.chat.id('member-manage')).toHaveCount(0);

  await bob.chat.id('room-settings-open').click();
  await bob.chat.id('room-close').click();
  await bob.chat.id('room-close-no').click();
  await bob.chat.id('room-close').click();
  await bob.chat.id('room-close-yes').click();
  await expect(bob.chat.id('room-title')).toHaveText('lobby');
  await expect(ada.chat.id('room-title')).toHaveText('lobby');
  await expect(entry(ada.chat, 'rust')).toHaveCount(0);
});

test.describe('more rooms than one page', () => {
  test.use({ serverOptions: { args: ['--creates-per-minute', '0', '--joins-per-minute', '0'] } });

  test('the list goes on at the press of a button, and finds a room by its name', async ({ server, visitor }) => {
    test.slow();
    const name = (number) => `room-${String(number).padStart(3, '0')}`;
    // Nobody may own more than a hundred rooms.
    for (const [person, from, to] of [['ada', 0, 70], ['bob', 70, 140]]) {
      const { chat, context } = await come(visitor, server, person);
      for (let number = from; number < to; number++) {
        await chat.type(`/join ${name(number)}`);
        // What is typed before the answer stays with the room in which it was typed.
        await expect(chat.id('room-title')).toHaveText(name(number));
      }
      await context.close();
    }
    const { chat } = await come(visitor, server, 'eve');
    await expect(chat.id('browse-rooms')).toContainText(/\d+\+ to join/);
    await chat.browse();
    await expect(chat.browsed(name(0))).toBeVisible();
    await expect(chat.browsed(name(139))).toHaveCount(0);
    await expect(chat.id('browse-status')).toHaveText(/^The server has more/);
    // The server finds what is not listed yet, and nothing is said to be missing before.
    await chat.id('browse-query').fill('139');
    await expect(chat.browsed(name(139))).toBeVisible();
    await expect(chat.id('browse-status')).toHaveText('1 room');
    await chat.id('browse-query').fill('');
    await expect(chat.browsed(name(138))).toHaveCount(0);
    await chat.id('browse-more').click();
    await expect(chat.browsed(name(138))).toBeVisible();
    await expect(chat.id('browse-more')).toHaveCount(0);
    await expect(chat.id('browse-status')).toHaveText('141 rooms');
  });
});

for (const colorScheme of ['light', 'dark']) {
  for (const [device, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    test(`moderation is accessible, ${colorScheme}, ${device}`, async ({ server, visitor }) => {
      const bob = await come(visitor, server, 'bob');
      const ada = await come(visitor, server, 'ada', viewport, { colorScheme });
      await enter(ada, 'rust');
      await enter(bob, 'rust');
      await manage(ada, 'bob');
      await ada.chat.id('member-remove').click();
      await expectAccessible(ada.page, 'the buttons for a member');
      await ada.chat.id('room-settings-open').click();
      await ada.chat.id('room-close').click();
      await expectAccessible(ada.page, 'the settings of a room');
    });
  }
}
