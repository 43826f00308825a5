// Three people, on a desktop, a tablet and a phone, through everything that one does in rooms.
import { expectAccessible } from '../lib/axe.js';
import { LOST_SERVER } from '../lib/guard.js';
import { expect, test } from '../lib/test.js';

const DESKTOP = { width: 1280, height: 800 };
const TABLET = { width: 900, height: 700 };
const PHONE = { width: 360, height: 740 };

/** Connects somebody with a window of this size. */
async function come(visitor, server, name, viewport, options = {}) {
  const one = await visitor({ viewport, ...options });
  await one.chat.open(server.url);
  await one.chat.join(name);
  // The panel is open at first only beside the chat; these tests do not look at it.
  return one;
}

/** Shows a room; on a phone, out of the drawer. */
async function go(chat, room) {
  const toggle = chat.id('rooms-toggle');
  if (await toggle.isVisible()) await toggle.click();
  await entry(chat, room).click();
  await expect(entry(chat, room)).toHaveAttribute('aria-current', 'true');
}

const entry = (chat, room) => chat.page.locator(`[data-testid="room"][data-room="${room}"]`);

test('rooms: made, found, private with an invitation, left', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada', DESKTOP);
  const bob = await come(visitor, server, 'bob', PHONE);
  const eve = await come(visitor, server, 'eve', TABLET);

  await ada.chat.id('room-new').click();
  await ada.chat.id('new-room-name').fill('two words');
  await ada.chat.id('new-room-submit').click();
  await expect(ada.chat.id('new-room-name-error')).not.toBeEmpty();
  await ada.chat.id('new-room-name').fill('Rust');
  await ada.chat.id('new-room-topic').fill('what we build');
  await ada.chat.id('new-room-submit').click();
  await expect(ada.chat.id('room-title')).toHaveText('rust');
  await ada.chat.type('first!');
  await expect(ada.chat.messages('first!', 'ada')).toHaveCount(1);

  // Everybody finds it at once.
  await bob.chat.joinRoom('rust');
  await expect(bob.chat.messages('first!', 'ada')).toHaveCount(1);
  await expect(ada.chat.notices('bob joined')).toBeVisible();
  // A person who wants to create it enters it, too.
  await eve.chat.type('/join rust');
  await expect(eve.chat.id('room-title')).toHaveText('rust');

  await ada.chat.id('room-new').click();
  await ada.chat.id('new-room-name').fill('secret');
  await ada.chat.id('new-room-private').check();
  await ada.chat.id('new-room-submit').click();
  await expect(ada.chat.id('room-title')).toHaveText('secret');
  await ada.chat.tool('members-toggle');
  await ada.chat.id('invite-known').filter({ hasText: 'bob' }).click();
  await expect(ada.chat.id('invite-done')).toHaveText('bob may join now.');
  await ada.chat.id('invite-id').fill('nonsense');
  await ada.chat.id('invite-submit').click();
  await expect(ada.chat.id('invite-id-error')).not.toBeEmpty();
  await expect(bob.chat.notices('ada invites you to secret.')).toBeVisible();
  await go(bob.chat, 'secret');
  await bob.chat.type('here I am');
  await expect(ada.chat.messages('here I am', 'bob')).toHaveCount(1);
  await expect(entry(eve.chat, 'secret')).toHaveCount(0);

  await bob.chat.tool('members-toggle');
  await bob.chat.id('room-leave').click();
  await expect(bob.chat.id('room-title')).toHaveText('lobby');
  await expect(entry(bob.chat, 'secret')).toHaveCount(0);
  await expect(ada.chat.notices('bob left')).toBeVisible();
});

test('a room that keeps nothing: told to who is there, and gone with a reload', async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada', DESKTOP, { allow: [LOST_SERVER] });
  const bob = await come(visitor, server, 'bob', PHONE, { allow: [LOST_SERVER] });
  await ada.chat.id('room-new').click();
  await ada.chat.id('new-room-name').fill('den');
  await ada.chat.id('new-room-keep').selectOption('nothing');
  await ada.chat.id('new-room-submit').click();
  await expect(ada.chat.id('room-title')).toHaveText('den');
  await expect(ada.chat.id('log')).toContainText('The server keeps nothing of this room.');
  await bob.chat.joinRoom('den');
  await ada.chat.type('between us');
  await expect(bob.chat.messages('between us', 'ada')).toHaveCount(1);
  await bob.chat.press(bob.chat.messages('between us'), 'react');
  await bob.chat.id('reaction-board').getByRole('button').first().click();
  await expect(ada.chat.id('reaction')).toBeVisible();

  // Nobody finds it any more, not even after a start of the server, and the room goes on.
  await bob.page.reload();
  await bob.chat.join('bob');
  await go(bob.chat, 'den');
  await expect(bob.chat.messages('between us')).toHaveCount(0);
  await ada.chat.type('what did I miss?');
  await expect(bob.chat.messages('what did I miss?', 'ada')).toHaveCount(1);
  await server.stop('SIGKILL');
  await ada.chat.expectState('waiting');
  await server.start();
  await ada.chat.expectState('connected');
  await bob.chat.expectState('connected');
  await bob.chat.type('back');
  await expect(ada.chat.messages('back', 'bob')).toHaveCount(1);
  await expect(bob.chat.messages('what did I miss?')).toHaveCount(0);
});

test('messages: reply, react, edit, delete, Markdown, typing', { tag: '@engines' }, async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada', DESKTOP);
  const bob = await come(visitor, server, 'bob', PHONE);

  await ada.chat.composer.pressSequentially('wri');
  await expect(bob.chat.id('typing')).toHaveText('ada is writing…');
  await ada.chat.composer.fill('');
  await ada.chat.type('what do you think?');
  await bob.chat.press(bob.chat.messages('what do you think?'), 'reply');
  await expect(bob.chat.id('composer-about')).toContainText('Reply to ada');
  await bob.chat.type('a lot');
  await expect(ada.chat.messages('a lot', 'bob').getByTestId('reply-line')).toContainText('ada: what do you think?');

  const asked = bob.chat.messages('what do you think?');
  await bob.chat.press(asked, 'react');
  await asked.getByRole('button', { name: 'thumbs up' }).click();
  const chip = ada.chat.messages('what do you think?').getByTestId('reaction');
  await expect(chip).toContainText('1');
  await chip.click();
  await expect(chip).toContainText('2');
  await expect(chip).toHaveAttribute('aria-pressed', 'true');
  await chip.click();
  await expect(chip).toContainText('1');

  // An empty composer and the arrow: what was written last.
  await ada.chat.composer.press('ArrowUp');
  await expect(ada.chat.composer).toHaveValue('what do you think?');
  await ada.chat.composer.fill('what do you **really** think?');
  await ada.chat.composer.press('Enter');
  const edited = bob.chat.messages('what do you really think?', 'ada');
  await expect(edited.getByTestId('edited')).toBeVisible();
  await expect(edited.locator('strong')).toHaveText('really');
  await expect(edited.getByTestId('message-edit')).toHaveCount(0);
  // What it said before can be read, by everybody.
  await edited.getByTestId('edited').click();
  await expect(edited.getByTestId('former')).toContainText('what do you think?');
  await edited.getByTestId('edited').click();
  await expect(edited.getByTestId('former')).toHaveCount(0);

  await bob.chat.press(bob.chat.messages('a lot'), 'delete');
  await bob.chat.id('delete-no').click();
  await expect(bob.chat.messages('a lot')).toHaveCount(1);
  await bob.chat.press(bob.chat.messages('a lot'), 'delete');
  await bob.chat.id('delete-yes').click();
  await expect(ada.chat.id('deleted')).toBeVisible();
  await expect(ada.chat.messages('a lot')).toHaveCount(0);

  await bob.chat.type('`code` https://a.example/x. [bank](https://evil.example) <img src=x onerror=alert(1)>');
  const said = ada.chat.page.getByTestId('message').last();
  await expect(said.locator('code')).toHaveText('code');
  await expect(said.getByRole('link')).toHaveCount(2);
  await expect(said.getByRole('link').first()).toHaveAttribute('href', 'https://a.example/x');
  await expect(said.getByRole('link').last()).toHaveAttribute('rel', /noopener/);
  await expect(said).toContainText('bank (evil.example)');
  await expect(said.locator('img')).toHaveCount(0);
});

test('what is new: badges, the divider, people, another device', { tag: '@engines' }, async ({ server, visitor }) => {
  const ada = await come(visitor, server, 'ada', DESKTOP);
  const bob = await come(visitor, server, 'bob', DESKTOP);
  await ada.chat.type('/join rust');
  await expect(ada.chat.id('room-title')).toHaveText('rust');
  await bob.chat.type('one');
  await bob.chat.type('@ada two');
  await expect(entry(ada.chat, 'lobby').getByTestId('room-mentions')).toContainText('1');
  await expect(ada.page).toHaveTitle('(2) Secure Chat');
  await go(ada.chat, 'lobby');
  await expect(ada.chat.id('new-divider')).toBeVisible();
  await expect(ada.chat.page.locator('mark')).toHaveText('@ada');
  await expect(entry(ada.chat, 'lobby').getByTestId('room-mentions')).toHaveCount(0);
  await expect(ada.page).toHaveTitle('Secure Chat');

  await bob.chat.tool('members-toggle');
  await bob.chat.member('ada').getByTestId('member-direct').click();
  await expect(bob.chat.id('room-title')).toContainText('ada');
  await bob.chat.type('between us');
  const direct = ada.chat.page.getByTestId('room').filter({ hasText: 'bob' });
  await expect(direct.getByTestId('room-mentions')).toContainText('1');
  await ada.page.keyboard.press('Control+k');
  await ada.chat.id('switcher-query').fill('bo');
  await ada.chat.id('switcher-query').press('Enter');
  await expect(ada.chat.id('room-title')).toContainText('bob');
  await expect(ada.chat.messages('between us', 'bob')).toHaveCount(1);
  await expect(direct.getByTestId('room-mentions')).toHaveCount(0);

  // The same person on another device: what was read here is read there.
  const tablet = await visitor({ like: ada });
  await tablet.chat.open(server.url);
  await tablet.chat.join('ada');
  await expect(entry(tablet.chat, 'rust')).toBeVisible();
  await expect(tablet.chat.id('room-mentions')).toHaveCount(0);
  await expect(tablet.chat.id('room-unread')).toHaveCount(0);
  await ada.page.keyboard.press('Control+/');
  await expect(ada.chat.id('shortcuts')).toContainText('Go to a room or person');
});

test.describe('without a limit of rates', () => {
  // Three hundred lines at once are more than a person may write.
  test.use({ serverOptions: { args: ['--sends-per-minute', '0'] } });

  test('a long history: loaded upwards, in its place, and back to the latest', { tag: '@engines' }, async ({ server, visitor, python }) => {
    test.slow();
    const py = await python();
    for (let n = 1; n <= 300; n++) await py.say(`line ${n}`);
    await py.hear((text) => text.endsWith(': line 300'));
    const { chat, page } = await come(visitor, server, 'ada', PHONE);
    await expect(chat.messages('line 300')).toHaveCount(1);
    const log = chat.id('log');
    const place = () =>
      log.evaluate((element) => {
        const edge = element.getBoundingClientRect().top;
        const rows = [...element.querySelectorAll('[data-seq]')];
        const first = rows.find((row) => row.getBoundingClientRect().bottom > edge);
        return { seq: Number(first.dataset.seq), below: Math.round(first.getBoundingClientRect().top - edge) };
      });
    await expect.poll(() => log.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight)).toBeLessThan(3);
    let { seq } = await place();
    // However long the pages take to come; the test's own time ends it.
    while (seq > 1) {
      await log.evaluate((element) => element.scrollBy(0, -500));
      // Whatever comes above, what is read does not jump away.
      await page.waitForTimeout(60);
      const now = await place();
      expect(now.seq).toBeLessThanOrEqual(seq);
      expect(now.seq).toBeGreaterThan(seq - 40);
      seq = now.seq;
    }
    expect(seq).toBe(1);
    await expect(chat.messages('line 1')).toHaveCount(1);
    // Only a part of a long log is in the document.
    expect(await chat.id('message').count()).toBeLessThanOrEqual(200);
    await py.say('one more');
    await expect(chat.id('jump-latest')).toContainText('1 new message');
    await chat.id('jump-latest').click();
    await expect(chat.messages('one more')).toBeInViewport();
    await expect(chat.id('jump-latest')).toHaveCount(0);
  });

  // At the upper edge of the part in the document no scrolling could ask for more: whoever was there
  // when a page arrived stayed there.
  test('whoever waits at the beginning is led back to the first message', { tag: '@engines' }, async ({ server, visitor, python }) => {
    test.slow();
    const { chat } = await come(visitor, server, 'ada', DESKTOP);
    const py = await python();
    for (let n = 1; n <= 420; n++) await py.say(`line ${n}`);
    await expect(chat.messages('line 420')).toHaveCount(1);
    await chat.page.reload();
    await expect(chat.messages('line 420')).toHaveCount(1);
    const log = chat.id('log');
    await expect.poll(() => log.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight)).toBeLessThan(3);
    const top = () =>
      log.evaluate((it) => {
        it.scrollTop = 0;
        return Number(it.querySelector('[data-seq]').dataset.seq);
      });
    await expect.poll(top, { timeout: 60_000 }).toBe(1);
  });

  // Each of the hundred rows in the document was built anew for every message that came.
  test('a message that arrives leaves the rows of the others as they are', { tag: '@engines' }, async ({ server, visitor, python }) => {
    const { chat } = await come(visitor, server, 'ada', DESKTOP);
    const py = await python();
    for (let n = 1; n <= 130; n++) await py.say(`line ${n}`);
    await expect(chat.messages('line 130')).toHaveCount(1);
    const log = chat.id('log');
    await expect.poll(() => log.evaluate((it) => it.querySelectorAll('[data-seq]').length)).toBe(100);
    await log.evaluate((it) => it.querySelectorAll('[data-seq]').forEach((row) => (row.isOld = true)));
    await py.say('line 131');
    await expect(chat.messages('line 131')).toHaveCount(1);
    const old = () => log.evaluate((it) => [...it.querySelectorAll('[data-seq]')].filter((row) => row.isOld).length);
    expect(await old()).toBe(99);
  });

  test('three hundred messages arrive while one reads back, and the place stays', { tag: '@engines' }, async ({ server, visitor, python }) => {
    test.slow();
    const py = await python();
    for (let n = 1; n <= 60; n++) await py.say(`line ${n}`);
    await py.hear((text) => text.endsWith(': line 60'));
    const { chat } = await come(visitor, server, 'ada', PHONE);
    await expect(chat.messages('line 60')).toHaveCount(1);
    const log = chat.id('log');
    await expect.poll(() => log.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight)).toBeLessThan(3);
    await log.evaluate((element) => element.scrollBy(0, -400));
    await expect(chat.id('jump-latest')).toBeVisible();
    const place = () =>
      log.evaluate((element) => {
        const edge = element.getBoundingClientRect().top;
        const rows = [...element.querySelectorAll('[data-seq]')];
        const first = rows.find((row) => row.getBoundingClientRect().bottom > edge);
        return [first.dataset.seq, Math.round(first.getBoundingClientRect().top - edge)];
      });
    const before = await place();
    for (let n = 61; n <= 360; n++) await py.say(`line ${n}`);
    await expect(chat.id('jump-latest')).toContainText('300 new messages');
    expect(await place()).toEqual(before);
  });
});

for (const colorScheme of ['light', 'dark']) {
  for (const [device, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    test(`rooms are accessible, ${colorScheme}, ${device}`, async ({ server, visitor }) => {
      const ada = await come(visitor, server, 'ada', viewport, { colorScheme, allow: [LOST_SERVER] });
      const bob = await come(visitor, server, 'bob', DESKTOP);
      const { chat, page } = ada;
      const look = (screen) => expectAccessible(page, screen);
      await bob.chat.type('/join rust');
      await bob.chat.type('in another room');
      await chat.type('a **bold** word, `code`, a [link](https://a.example)');
      await chat.press(chat.messages('a bold word, code, a link (a.example)'), 'react');
      await chat.id('reaction-board').getByRole('button').first().click();
      await expect(chat.id('reaction')).toBeVisible();
      await look('a message with a reaction');
      await chat.press(chat.messages('a bold word, code, a link (a.example)'), 'reply');
      await look('an answer');
      await chat.id('composer-forget').click();
      if (await chat.id('rooms-toggle').isVisible()) await chat.id('rooms-toggle').click();
      await expect(chat.id('browse-rooms')).toBeVisible();
      await look('rooms');
      await chat.id('browse-rooms').click();
      await expect(chat.browsed('rust')).toBeVisible();
      await look('all rooms');
      await chat.id('browse-query').fill('nowhere');
      await expect(chat.id('browse-make')).toBeVisible();
      await look('a room that is not there');
      await chat.id('browse-query').fill('rust');
      await chat.browsed('rust').getByTestId('browse-join').click();
      await expect(chat.id('room-title')).toHaveText('rust');
      await chat.tool('members-toggle');
      await expect(chat.member('bob')).toBeVisible();
      await look('members');
      await chat.id('members-close').click();
      await page.keyboard.press('Alt+n');
      await expect(chat.id('new-room-name')).toBeVisible();
      await look('a new room');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await look('the switcher');
    });
  }
}
