// The settings: they have an address, take effect at once, and are kept; what a browser keeps of them
// may be anything.
import { come } from '../lib/people.js';
import { expect, test } from '../lib/test.js';

/** The times of the messages, of the notices and of their tool tips. */
const times = (page) =>
  page.locator('[data-testid="log"] time').evaluateAll((all) => all.map(({ textContent, title }) => ({ text: textContent.trim(), title })));

test('the settings have an address: back closes them, and a reload shows them over the same room', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await come(visitor, server, 'ada');
  await chat.type('/join den');
  await expect(chat.id('room-title')).toHaveText('den');
  await chat.menu('settings-open');
  await expect(page).toHaveURL(`${server.url}#settings`);
  await expect(chat.id('theme-default')).toBeFocused();
  await page.reload();
  await expect(chat.id('settings')).toBeVisible();
  await expect(chat.id('room-title')).toHaveText('den');
  await chat.closeSettings();
  await expect(page).toHaveURL(`${server.url}#room=den`);

  await chat.menu('settings-open');
  await expect(chat.id('settings')).toBeVisible();
  await chat.goBack();
  await expect(chat.id('settings')).toBeHidden();
  await expect(chat.id('room-title')).toHaveText('den');
  // Closed by its button it leaves no step behind.
  await chat.menu('settings-open');
  await chat.id('settings').getByRole('button', { name: 'Close' }).click();
  await expect(chat.id('settings')).toBeHidden();
  await expect(chat.id('own-menu-open')).toBeFocused();
  await expect(page).toHaveURL(`${server.url}#room=den`);
  await chat.goBack();
  await expect(chat.id('room-title')).toHaveText('lobby');
  await chat.expectState('connected');
});

test('the address of the settings opens them before the chat', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ viewport: { width: 360, height: 740 } });
  await page.goto(`${server.url}#settings`);
  await expect(chat.id('settings')).toBeVisible();
  // On a phone they have the whole screen.
  expect(await chat.id('settings').boundingBox()).toEqual({ x: 0, y: 0, width: 360, height: 740 });
  await chat.id('theme-dark').check();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await chat.id('theme-default').check();
  await expect(page.locator('html')).not.toHaveAttribute('data-theme');
  await chat.closeSettings();
  await expect(page).toHaveURL(server.url);
  await chat.join('ada');
});

test('all times follow the clock at once, and after a reload', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await come(visitor, server, 'ada', { locale: 'en-US' });
  await chat.type('one');
  await chat.type('two');
  await chat.type('/who');
  await expect(chat.messages('two', 'ada')).toHaveCount(1);
  await expect(chat.notices('1 here')).toBeVisible();
  const twelve = /^\d{1,2}:\d{2}\s[AP]M$/u;
  const twentyFour = /^\d{2}:\d{2}$/;
  const expectTimes = async (text, title) => {
    await expect.poll(async () => (await times(page)).every((it) => text.test(it.text) && title.test(it.title))).toBe(true);
    expect((await times(page)).length).toBeGreaterThan(2);
  };
  await expectTimes(twelve, /[AP]M$/);
  await chat.menu('settings-open');
  await chat.id('clock-24').check();
  await expectTimes(twentyFour, /\d{2}:\d{2}:\d{2}$/);
  await chat.closeSettings();
  await page.reload();
  await chat.expectRoom();
  await expect(chat.messages('two', 'ada')).toHaveCount(1);
  await expect.poll(async () => (await times(page)).every((it) => twentyFour.test(it.text))).toBe(true);
  await chat.menu('settings-open');
  await expect(chat.id('clock-24')).toBeChecked();
  await chat.id('clock-12').check();
  await expect.poll(async () => (await times(page)).every((it) => twelve.test(it.text))).toBe(true);
});

test('Ctrl+Enter sends, Enter breaks the line, and what is said of the keys follows', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await come(visitor, server, 'ada');
  const hint = page.locator('#composer-hint');
  await expect(hint).toHaveText('Enter sends, Shift + Enter breaks the line, Ctrl + / lists shortcuts.');
  await expect(chat.id('send')).toHaveAttribute('title', 'Send (Enter)');
  await chat.menu('settings-open');
  await chat.id('send-key-ctrl-enter').check();
  await chat.closeSettings();
  await expect(hint).toHaveText('Ctrl + Enter sends, Enter breaks the line, Ctrl + / lists shortcuts.');
  await expect(chat.id('send')).toHaveAttribute('title', 'Send (Ctrl + Enter)');
  await chat.composer.focus();
  await page.keyboard.type('one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  await expect(chat.composer).toHaveValue('one\ntwo');
  // The keys that end a composition belong to the input method.
  for (const init of [{ isComposing: true }, { keyCode: 229 }]) {
    await chat.composer.evaluate((area, more) => {
      area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true, cancelable: true, ...more }));
    }, init);
  }
  await expect(chat.composer).toHaveValue('one\ntwo');
  await page.keyboard.press('Control+Enter');
  await expect(chat.messages('one\ntwo', 'ada')).toHaveCount(1);
  await expect(chat.composer).toHaveValue('');
  await page.keyboard.press('Control+/');
  await expect(chat.id('shortcuts')).toContainText('Ctrl + EnterSend');
  await page.keyboard.press('Escape');
  await expect(chat.id('shortcuts')).toBeHidden();
  await page.reload();
  await chat.expectRoom();
  await expect(chat.id('send')).toHaveAttribute('title', 'Send (Ctrl + Enter)');
});

test('what no page has stored means the default', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ locale: 'de-DE' });
  await page.addInitScript(() => {
    for (const name of ['theme', 'clock', 'send-key']) localStorage.setItem(`secure-chat.${name}`, `${name}\u0000 {"garbage": 1}`);
  });
  await chat.open(server.url);
  await chat.join('ada');
  await expect(page.locator('html')).not.toHaveAttribute('data-theme');
  await chat.type('one');
  await expect(chat.messages('one', 'ada').locator('time')).toHaveText(/^\d{2}:\d{2}$/);
  await chat.menu('settings-open');
  for (const name of ['theme', 'clock', 'send-key']) await expect(chat.id(`${name}-default`)).toBeChecked();
});

for (const [permission, said, asks] of [
  ['granted', /^You are told of mentions/, 0],
  ['denied', /does not let this page notify you/, 0],
  ['default', /^You are not told of mentions/, 1],
]) {
  test(`the settings say whether the page may notify: ${permission}`, async ({ server, visitor }) => {
    const { chat, page } = await visitor();
    await page.addInitScript((permission) => {
      window.Notification = class {
        static permission = permission;
        static async requestPermission() {
          return (this.permission = 'granted');
        }
      };
    }, permission);
    await chat.open(server.url);
    await chat.menu('settings-open');
    await expect(chat.id('settings-notify')).toHaveText(said);
    await expect(chat.id('settings-notify-ask')).toHaveCount(asks);
    if (asks > 0) {
      await chat.id('settings-notify-ask').click();
      await expect(chat.id('settings-notify')).toHaveText(/^You are told of mentions/);
    }
  });
}
