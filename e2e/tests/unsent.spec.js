// What is written and not sent: nothing that arrives, no other tab, no reload, no end of the tab and
// no outage loses, doubles or changes it, and nothing but the person moves the focus.
import { LOST_SERVER } from '../lib/guard.js';
import { come } from '../lib/people.js';
import { expect, test } from '../lib/test.js';

const ALLOW = { allow: [LOST_SERVER] };

const entry = (chat, room) => chat.page.locator(`[data-testid="room"][data-room="${room}"]`);

/** Reacts to a message, and waits until another person sees it. */
async function react(from, to, text, name) {
  await from.chat.press(from.chat.messages(text), 'react');
  await from.chat.page.getByTestId('reaction-board').locator(`[aria-label="${name}"]`).click();
  await expect(to.chat.messages(text).getByTestId('reaction').filter({ hasText: /\d/ })).not.toHaveCount(0);
}

/** Waits until the browser has stored a text that is to be sent. */
async function expectKept(page, text) {
  const kept = () =>
    page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const open = indexedDB.open('secure-chat-unsent');
          open.onerror = reject;
          open.onsuccess = () => {
            const all = open.result.transaction('tabs').objectStore('tabs').getAll();
            all.onsuccess = () => resolve(all.result.flatMap((record) => JSON.parse(record).outbox.map((it) => it.what.Say?.text)));
          };
        }),
    );
  await expect.poll(kept).toContain(text);
}

test('what arrives while one edits or searches changes neither the text nor the focus', { tag: '@engines' }, async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  const bob = await come(visitor, server, 'bob');
  await ada.chat.type('one');
  await expect(bob.chat.messages('one', 'ada')).toHaveCount(1);
  await ada.chat.press(ada.chat.messages('one'), 'edit');
  await ada.chat.composer.pressSequentially(' and a half');
  await react(bob, ada, 'one', 'thumbs up');
  await expect(ada.chat.composer).toHaveValue('one and a half');
  await expect(ada.chat.composer).toBeFocused();
  // Half a word in the search, and the message that is edited changes once more.
  await ada.chat.tool('search-toggle');
  const query = ada.chat.id('search-query');
  await query.fill('ha');
  await react(bob, ada, 'one', 'heart');
  await bob.chat.type('news');
  await expect(ada.chat.messages('news', 'bob')).toHaveCount(1);
  await expect(query).toBeFocused();
  await expect(query).toHaveValue('ha');
  await expect(ada.chat.composer).toHaveValue('one and a half');
  await ada.chat.composer.press('Enter');
  await expect(bob.chat.messages('one and a half', 'ada')).toHaveCount(1);
});

test('a deletion of the edited message leaves the text, which is sent as a new one', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada');
  const other = await come(visitor, server, 'ada', { like: ada });
  await ada.chat.type('one');
  await expect(other.chat.messages('one')).toHaveCount(1);
  await ada.chat.press(ada.chat.messages('one'), 'edit');
  await ada.chat.composer.fill('two');
  await other.chat.press(other.chat.messages('one'), 'delete');
  await other.chat.id('delete-yes').click();
  await expect(ada.chat.id('composer-about')).toContainText('This message was deleted');
  await expect(ada.chat.composer).toHaveValue('two');
  await ada.chat.composer.press('Enter');
  await expect(other.chat.messages('two', 'ada')).toHaveCount(1);
});

test('an edit survives a room switch, Escape and a reload; an answer, too', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await come(visitor, server, 'ada');
  await chat.type('one');
  await chat.type('two');
  await expect(chat.messages('two', 'ada')).toHaveCount(1);
  await chat.type('/join den');
  await expect(chat.id('room-title')).toHaveText('den');
  await entry(chat, 'lobby').click();
  await chat.composer.fill('a half');
  await chat.press(chat.messages('one'), 'edit');
  await chat.composer.fill('one more');
  await entry(chat, 'den').click();
  await expect(chat.composer).toHaveValue('');
  await entry(chat, 'lobby').click();
  await expect(chat.id('composer-about')).toContainText('Edit your message');
  await expect(chat.composer).toHaveValue('one more');
  await chat.composer.press('Escape');
  await expect(chat.composer).toHaveValue('a half');
  await chat.id('composer-undo').click();
  await expect(chat.composer).toHaveValue('one more');
  // Another message is edited meanwhile: the first edit goes on where it was.
  await chat.press(chat.messages('two'), 'edit');
  await expect(chat.composer).toHaveValue('two');
  await chat.press(chat.messages('one'), 'edit');
  await expect(chat.composer).toHaveValue('one more');
  await page.reload();
  await chat.join('ada');
  await expect(chat.id('composer-about')).toContainText('Edit your message');
  await expect(chat.composer).toHaveValue('one more');
  await chat.composer.press('Enter');
  await expect(chat.messages('one more', 'ada')).toHaveCount(1);
  await expect(chat.composer).toHaveValue('a half');
  await chat.press(chat.messages('two'), 'reply');
  await expect(chat.composer).toHaveValue('a half');
  await page.reload();
  await chat.join('ada');
  await expect(chat.id('composer-about')).toContainText('Reply to ada');
  await chat.composer.press('Enter');
  await expect(chat.messages('a half').getByTestId('reply-line')).toContainText('two');
});

test('what was queued offline is sent by another tab after its own was closed', { tag: '@engines' }, async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada', ALLOW);
  await server.stop('SIGKILL');
  await ada.chat.expectState('waiting');
  await ada.chat.type('away 1');
  await ada.chat.type('away 2');
  await expect(ada.chat.outgoing).toHaveCount(2);
  await expectKept(ada.page, 'away 2');
  await ada.page.close();
  await server.start();
  const next = await come(visitor, server, 'ada', { like: ada });
  for (const text of ['away 1', 'away 2']) await expect(next.chat.messages(text, 'ada')).toHaveCount(1);
  await expect(next.chat.outgoing).toHaveCount(0);
  const bob = await come(visitor, server, 'bob');
  for (const text of ['away 1', 'away 2']) await expect(bob.chat.messages(text, 'ada')).toHaveCount(1);
});

test('a tab that lives sends what a closed one has left', async ({ server, visitor }) => {
  const first = await come(visitor, server, 'ada', ALLOW);
  const second = await come(visitor, server, 'ada', { like: first, ...ALLOW });
  await server.stop('SIGKILL');
  await first.chat.expectState('waiting');
  await first.chat.type('left behind');
  await expect(first.chat.outgoing).toHaveCount(1);
  await expectKept(first.page, 'left behind');
  await first.page.close();
  await server.start();
  await second.chat.expectState('connected');
  // As when the person turns to the tab, which may be before the browser has ended the other one.
  await expect(async () => {
    await second.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await expect(second.chat.messages('left behind', 'ada')).toHaveCount(1, { timeout: 1000 });
  }).toPass();
  await expect(second.chat.outgoing).toHaveCount(0);
});

test('tabs neither delete nor replace the drafts of each other', { tag: '@engines' }, async ({ server, visitor }) => {
  const one = await come(visitor, server, 'ada');
  const two = await come(visitor, server, 'ada', { like: one });
  await one.chat.composer.fill('half of one');
  await two.chat.type('sent by two');
  await expect(one.chat.messages('sent by two')).toHaveCount(1);
  await two.chat.composer.fill('half of two');
  for (const [tab, text] of [[one, 'half of one'], [two, 'half of two']]) {
    await tab.page.reload();
    await tab.chat.join('ada');
    await expect(tab.chat.composer).toHaveValue(text);
  }
  // Both are closed: whoever comes next has both.
  await one.page.close();
  await two.page.close();
  const next = await come(visitor, server, 'ada', { like: one });
  const both = await next.chat.composer.inputValue();
  expect(both.split('\n').sort()).toEqual(['half of one', 'half of two']);
});

// The composer was led to only when what it is used for changed.
test('whoever chooses to edit the same message again is led to the composer again', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat } = await come(visitor, server, 'ada');
  await chat.type('one');
  const message = chat.messages('one', 'ada');
  await expect(message).toHaveCount(1);
  for (const tool of ['edit', 'reply']) {
    for (let times = 0; times < 2; times++) {
      await chat.press(message, tool);
      await expect(chat.composer).toBeFocused();
      await chat.composer.pressSequentially('x');
    }
    await expect(chat.composer).toHaveValue(tool === 'edit' ? 'onexx' : 'xx');
  }
});

test('what begins with a slash and is no command is a message', async ({ server, visitor }) => {
  const { chat } = await come(visitor, server, 'ada');
  await chat.type('/usr/bin/env is a path');
  await expect(chat.messages('/usr/bin/env is a path', 'ada')).toHaveCount(1);
  await chat.composer.fill('/dance with me');
  await expect(chat.id('composer-unknown')).toContainText('There is no command /dance');
  await chat.composer.press('Enter');
  await expect(chat.messages('/dance with me', 'ada')).toHaveCount(1);
  // A command that cannot be carried out stays in the composer, with the text in it.
  await chat.composer.fill('/msg nobody a long text');
  await chat.composer.press('Enter');
  await expect(chat.notices('Nobody in your rooms is called nobody.')).toBeVisible();
  await expect(chat.composer).toHaveValue('/msg nobody a long text');
});

test('the key that ends a composition does not send', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat } = await come(visitor, server, 'ada');
  await chat.composer.fill('にほ');
  // Safari reports it after the end of the composition, and only its code tells.
  const prevented = await chat.composer.evaluate((area) => {
    const event = new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true });
    return !area.dispatchEvent(event);
  });
  expect(prevented).toBe(false);
  await expect(chat.composer).toHaveValue('にほ');
  await chat.composer.press('Enter');
  await expect(chat.messages('にほ', 'ada')).toHaveCount(1);
});

test('a browser that keeps nothing says so, and asks before the tab is closed', { tag: '@engines' }, async ({ server, visitor }) => {
  const one = await visitor();
  await one.page.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...args) {
      if (this.name === 'tabs') throw new DOMException('no room', 'QuotaExceededError');
      return put.apply(this, args);
    };
  });
  await one.chat.open(server.url);
  await one.chat.join('ada');
  await expect(one.chat.id('composer-forgets')).toBeHidden();
  await one.chat.composer.pressSequentially('half');
  await expect(one.chat.id('composer-forgets')).toBeVisible();
  const asked = one.page.waitForEvent('dialog');
  await one.page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await expect(one.chat.composer).toHaveValue('half');
});
