// Panels have addresses and are remembered; on a phone "back" closes what covers the messages.
import { expect, test } from '../lib/test.js';

test('panels are closed at first, have addresses, and are remembered', { tag: '@engines' }, async ({ server, visitor }) => {
  const ada = await visitor();
  const { chat, page } = ada;
  await chat.open(server.url);
  await chat.join('ada');
  await expect(chat.id('inspector')).toHaveCount(0);
  await chat.tool('members-toggle');
  await expect(page).toHaveURL(`${server.url}#panel=people`);
  await chat.type('/join den');
  await expect(page).toHaveURL(`${server.url}#room=den&panel=people`);
  await page.reload();
  await chat.expectState('connected');
  await expect(chat.id('members')).toBeVisible();
  await expect(chat.id('room-title')).toHaveText('den');
  // Beside the log a panel is no step of its own: "back" leads to the former room.
  await chat.goBack();
  await expect(chat.id('room-title')).toHaveText('lobby');

  // Another visit begins as the last one was.
  const again = await visitor({ like: ada });
  await again.chat.open(server.url);
  await again.chat.join('ada');
  await expect(again.chat.id('members')).toBeVisible();
  await again.chat.tool('members-toggle');
  await expect(again.page).toHaveURL(server.url);
  await again.page.reload();
  await again.chat.expectState('connected');
  await expect(again.chat.id('members')).toHaveCount(0);
});

test('back closes a panel that covers the messages, and nothing more', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor({ viewport: { width: 360, height: 740 } });
  await chat.open(server.url);
  await chat.join('ada');
  await chat.type('/join den');
  await expect(chat.id('room-title')).toHaveText('den');
  await chat.tool('members-toggle');
  await expect(chat.id('members')).toBeVisible();
  await chat.goBack();
  await expect(chat.id('members')).toHaveCount(0);
  await expect(chat.id('room-title')).toHaveText('den');
  // Closed by its button, the panel leaves no step behind.
  await chat.tool('members-toggle');
  await chat.id('members-close').click();
  await expect(chat.id('members')).toHaveCount(0);
  await expect(page).toHaveURL(`${server.url}#room=den`);
  await chat.goBack();
  await expect(chat.id('room-title')).toHaveText('lobby');
  await chat.expectState('connected');
});

test('an address that names what is not there shows the chat', async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(`${server.url}#room=lobby&panel=attic`);
  await chat.join('ada');
  await expect(chat.id('room-title')).toHaveText('lobby');
  // The console is for operators, whatever the address says.
  const other = await visitor();
  await other.chat.open(`${server.url}#panel=console`);
  await other.chat.join('bob');
  await expect(other.chat.id('console')).toHaveCount(0);
});

test('an empty room says who can read it, and leads to the first steps', async ({ server, visitor }) => {
  const [ada, bob] = [await visitor(), await visitor()];
  const { chat, page } = ada;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await chat.open(server.url);
  await chat.join('ada');
  const welcome = chat.id('welcome');
  // Nobody has compared the server's key yet: nobody may pass it on.
  await expect(welcome).toContainText('Once you have compared the server’s words');
  await expect(chat.id('welcome-link')).toHaveText('Copy a link to this room');
  await chat.type('/join den');
  await expect(chat.id('room-title')).toHaveText('den');
  await expect(welcome).toContainText('Everybody on');
  await expect(welcome).toContainText('The server can read it, too.');
  await chat.id('welcome-link').click();
  await expect(chat.id('welcome-link')).toHaveText('Copied');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await bob.chat.open(link);
  await bob.chat.join('bob');
  await expect(bob.chat.id('room-title')).toHaveText('den');
  await chat.id('welcome-topic').click();
  await expect(chat.id('room-settings')).toBeVisible();
  await page.keyboard.press('Escape');
  await chat.id('welcome-write').click();
  await expect(chat.composer).toBeFocused();
  await chat.type('the first');
  await expect(welcome).toHaveCount(0);
  await chat.type('/private cellar');
  await expect(welcome).toContainText('Only people who were invited');
  await expect(welcome.getByRole('button').first()).toHaveText('Invite people');
  await expect(chat.id('welcome-link')).toHaveText('Copy a link for people who are invited');
  await chat.id('welcome-invite').click();
  await expect(chat.id('members')).toBeVisible();
});

test('rooms are in the order of their latest message, and a draft is marked', async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  for (const room of ['attic', 'den']) {
    await chat.type(`/join ${room}`);
    await expect(chat.id('room-title')).toHaveText(room);
    await chat.type(`first in ${room}`);
    await expect(chat.messages(`first in ${room}`)).toHaveCount(1);
  }
  const names = chat.id('room').locator('.room-entry-name');
  await expect(names).toHaveText(['den', 'attic', 'lobby']);
  await chat.composer.fill('half a thought');
  await expect(chat.id('room-draft')).toHaveCount(0);
  await chat.page.locator('[data-testid="room"][data-room="attic"]').click();
  await expect(chat.id('room-draft')).toHaveCount(1);
  await chat.type('and more');
  await expect(names).toHaveText(['attic', 'den', 'lobby']);
});

test('the person changes the name in their own menu', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.openMenu();
  await chat.id('own-rename').fill('two words');
  await chat.id('own-rename-submit').click();
  await expect(chat.id('own-rename-error')).not.toBeEmpty();
  await chat.id('own-rename').fill('zoe');
  await page.keyboard.press('Enter');
  await expect(chat.ownName).toHaveText('zoe');
  await expect(chat.id('own-menu')).toBeHidden();
});
