// A page that is loaded again comes back to where one was; rooms are addresses, and "back" goes to
// the former one.
import { expect, test } from '../lib/test.js';

const title = (chat) => chat.id('room-title');

test('a reload comes back to the room, and back and forward go through the rooms', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await expect(page).toHaveURL(server.url);
  await chat.type('/join größe');
  await expect(title(chat)).toHaveText('größe');
  await chat.type('/join den');
  await expect(title(chat)).toHaveText('den');
  await expect(page).toHaveURL(`${server.url}#room=den`);
  await page.reload();
  await expect(title(chat)).toHaveText('den');
  await expect(chat.ownName).toHaveText('ada');
  await chat.goBack();
  await expect(title(chat)).toHaveText('größe');
  await chat.goBack();
  await expect(title(chat)).toHaveText('lobby');
  await chat.goForward();
  await expect(title(chat)).toHaveText('größe');
});

test('a link to a room leads there, also somebody who is not in it', async ({ server, visitor }) => {
  const ada = await visitor();
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  await ada.chat.type('/join den');
  await expect(title(ada.chat)).toHaveText('den');
  const bob = await visitor();
  await bob.chat.open(`${server.url}#room=den`);
  await bob.chat.join('bob');
  await expect(title(bob.chat)).toHaveText('den');
  // Nor is it made by its link, if there is none.
  const eve = await visitor();
  await eve.chat.open(`${server.url}#room=nowhere`);
  await eve.chat.join('eve');
  await expect(title(eve.chat)).toHaveText('lobby');
  await expect(eve.chat.notices(/nowhere|no such room|room/i).first()).toBeVisible();
});

test('a link to a private room says whom to ask, and leads there after the invitation', async ({ server, visitor }) => {
  const ada = await visitor();
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  await ada.chat.type('/private cellar');
  await expect(title(ada.chat)).toHaveText('cellar');
  const { chat, page } = await visitor();
  await chat.open(`${server.url}#room=cellar`);
  await chat.join('bob');
  await expect(title(chat)).toHaveText('lobby');
  await expect(chat.notices('cellar is private, or there is none')).toContainText('ask whoever sent you its link');
  await expect(page).toHaveURL(`${server.url}#room=cellar`);
  await ada.chat.type('/invite bob');
  await expect(chat.notices('ada invites you to cellar')).toBeVisible();
  await page.reload();
  await expect(title(chat)).toHaveText('cellar');
  await expect(page).toHaveURL(`${server.url}#room=cellar`);
});

test('a name that was taken instead of one that belongs to somebody else is the one that a reload claims', async ({ server, visitor }) => {
  const ada = await visitor();
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.submit({ name: 'ada' });
  await chat.enter();
  const taken = chat.notices('belongs to somebody else');
  await expect(taken).toHaveCount(1);
  await chat.type('/name ada-2');
  await expect(chat.ownName).toHaveText('ada-2');
  await page.reload();
  await expect(chat.ownName).toHaveText('ada-2');
  await chat.expectRoom();
  await expect(taken).toHaveCount(0);
  await chat.menu('disconnect');
  await expect(chat.id('connect-name')).toHaveValue('ada-2');
});

test('a room that is renamed keeps its place in the history', async ({ server, visitor }) => {
  const ada = await visitor();
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  await ada.chat.type('/join den');
  await expect(title(ada.chat)).toHaveText('den');
  const entries = () => ada.page.evaluate(() => history.length);
  const before = await entries();
  for (const name of ['cave', 'hall']) {
    await ada.chat.type(`/rename ${name}`);
    await expect(title(ada.chat)).toHaveText(name);
    await expect(ada.page).toHaveURL(`${server.url}#room=${name}`);
  }
  expect(await entries()).toBe(before);
  await ada.chat.goBack();
  await expect(title(ada.chat)).toHaveText('lobby');
});

test('who left, or was never in, is asked first', async ({ server, visitor }) => {
  const { chat, page, tunnels } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.menu('disconnect');
  await expect(chat.id('connect-submit')).toBeVisible();
  const before = tunnels.length;
  await page.reload();
  await expect(chat.id('connect-submit')).toBeEnabled();
  expect(tunnels).toHaveLength(before);
});

test('a page does not come back by itself to a server that is not pinned', async ({ server, visitor }) => {
  const { chat, page, tunnels } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const open = indexedDB.open('secure-chat-pins');
        open.onerror = reject;
        open.onsuccess = () => {
          const clear = open.result.transaction('servers', 'readwrite').objectStore('servers').clear();
          clear.onsuccess = () => resolve(open.result.close());
        };
      }),
  );
  const before = tunnels.length;
  await page.reload();
  await expect(chat.id('connect-submit')).toBeEnabled();
  expect(tunnels).toHaveLength(before);
});

test('the person can stop a page that comes back', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  // A tunnel that never opens.
  await page.addInitScript(() => {
    window.WebSocket = function () {
      return Object.assign(new EventTarget(), { readyState: 0, send() {}, close() {} });
    };
  });
  await page.reload();
  await chat.id('coming-back-cancel').click();
  await expect(chat.id('connect-submit')).toBeEnabled();
});

test('a browser that has lost its key comes back as somebody new', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  const fingerprint = await chat.readFingerprint();
  await chat.join('ada');
  // The page knows the public side still; only the vault knows that there is no key.
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const open = indexedDB.open('secure-chat');
        open.onerror = reject;
        open.onsuccess = () => {
          const clear = open.result.transaction('identity', 'readwrite').objectStore('identity').clear();
          clear.onsuccess = () => resolve(open.result.close());
        };
      }),
  );
  await page.reload();
  await expect(chat.banner).toHaveAttribute('data-state', 'connected');
  expect(await chat.readFingerprint()).not.toBe(fingerprint);
});

test('a remembered key that is damaged is not used', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  const fingerprint = await chat.readFingerprint();
  await chat.join('ada');
  const name = 'secure-chat.public-key';
  expect(await page.evaluate((name) => localStorage.getItem(name), name)).toContain('BEGIN PUBLIC KEY');
  for (const damaged of ['', 'ada', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n']) {
    await page.evaluate(([name, damaged]) => localStorage.setItem(name, damaged), [name, damaged]);
    await page.reload();
    await expect(chat.ownName).toHaveText('ada');
    expect(await chat.readFingerprint()).toBe(fingerprint);
  }
});

test('Ctrl+K can be typed into at once', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.type('/join den');
  await expect(title(chat)).toHaveText('den');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('lob');
  await page.keyboard.press('Enter');
  await expect(title(chat)).toHaveText('lobby');
  await expect(chat.composer).toBeFocused();
});
