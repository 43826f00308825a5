// What a conversation goes through, light and dark, on a small phone and on a desktop: empty rooms,
// invitations, what was edited and deleted, what is unread, and what cannot be sent.
import { expectAccessible } from '../lib/axe.js';
import { come, enter } from '../lib/people.js';
import { expect, test } from '../lib/test.js';

const WINDOWS = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };

/** Shows one of the person's own rooms; on a phone, out of the drawer. */
async function go({ chat, page }, room) {
  if (!(await chat.shows('browse-rooms', 'rooms-toggle'))) await chat.id('rooms-toggle').click();
  await page.locator(`[data-testid="room"][data-room="${room}"]`).click();
  await expect(chat.id('room-title')).toHaveText(room);
}

for (const colorScheme of ['light', 'dark']) {
  for (const [device, viewport] of Object.entries(WINDOWS)) {
    test(`every state of a conversation, ${colorScheme}, ${device}`, async ({ server, visitor }) => {
      test.slow();
      const bob = await come(visitor, server, 'bob');
      const ada = await come(visitor, server, 'ada', { colorScheme, viewport });
      const { chat, page } = ada;
      const look = (screen) => expectAccessible(page, screen);

      await look('an empty room');
      await page.keyboard.press('Alt+n');
      await chat.id('new-room-name').fill('den');
      await chat.id('new-room-private').check();
      await chat.id('new-room-submit').click();
      await expect(chat.id('welcome-invite')).toBeVisible();
      await look('an empty private room');
      await chat.id('welcome-invite').click();
      await chat.id('invite-id').fill('nobody');
      await chat.id('invite-submit').click();
      await expect(chat.id('invite-id-error')).not.toBeEmpty();
      await look('an invitation with a mistake');
      await chat.id('invite-known').filter({ hasText: 'bob' }).click();
      await expect(chat.id('invite-done')).not.toBeEmpty();
      await look('somebody is invited');
      await chat.id('members-close').click();

      await enter(bob, 'den');
      await bob.chat.type('with a mistaek');
      await bob.chat.type('not for long');
      await bob.chat.press(bob.chat.messages('with a mistaek'), 'edit');
      await bob.chat.type('with a mistake');
      await bob.chat.press(bob.chat.messages('not for long'), 'delete');
      await bob.chat.id('delete-yes').click();
      await expect(chat.id('deleted')).toBeVisible();
      await chat.id('edited').click();
      await expect(chat.id('former')).toBeVisible();
      await look('edited and deleted messages');
      await chat.type('mine');
      await chat.press(chat.messages('mine'), 'delete');
      await look('the question before a deletion');
      await chat.id('delete-no').click();

      await chat.composer.pressSequentially('/le');
      await expect(chat.id('completion')).toBeVisible();
      await look('commands are offered');
      await chat.composer.fill('/nothing like that');
      await expect(chat.id('composer-unknown')).toBeVisible();
      await look('a word that is no command');
      await chat.composer.fill('x'.repeat(17_000));
      await expect(page.locator('#composer-error')).not.toBeEmpty();
      await look('a text that is too long');
      await chat.composer.fill('a draft');
      await chat.tool('mute-toggle');
      await go(ada, 'lobby');
      for (const text of ['one', 'two', '@ada three']) await bob.chat.type(text);
      if (device === 'phone') await chat.id('rooms-toggle').click();
      await expect(chat.id('room-mentions')).toBeVisible();
      await look('a muted room with a draft and a mention');
      await page.locator('[data-testid="room"][data-room="den"]').click();
      await expect(chat.id('new-divider')).toBeVisible();
      await look('where the unread messages begin');
      await page.keyboard.press('Control+/');
      await expect(page.getByRole('heading', { name: 'Shortcuts' })).toBeVisible();
      await look('the shortcuts');
      await page.keyboard.press('Escape');
      server.freeze();
      await chat.composer.fill('is anybody there?');
      await chat.composer.press('Enter');
      await expect(chat.outgoing).toHaveAttribute('data-state', 'sent');
      await look('a message without an answer');
      server.thaw();
      await expect(chat.outgoing).toHaveCount(0);
    });
  }
}
