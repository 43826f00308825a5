// People everywhere: times in their language and zone, shortcuts on their keyboard, texts in their
// direction, and colours that are the system's.
import { expect, test } from '../lib/test.js';

for (const [locale, timezoneId, time] of [
  ['en-US', 'America/New_York', /^\d{1,2}:\d{2}\s[AP]M$/u],
  ['de-DE', 'Asia/Tokyo', /^\d{2}:\d{2}$/],
]) {
  test(`times are those of ${locale} in ${timezoneId}, on every message`, { tag: '@engines' }, async ({ server, visitor }) => {
    const { chat, page } = await visitor({ locale, timezoneId });
    await chat.open(server.url);
    await chat.join('ada');
    await chat.type('one');
    await chat.type('two');
    await expect(chat.messages('two', 'ada')).toHaveCount(1);
    const [head, row] = [chat.messages('one', 'ada').locator('time'), chat.messages('two', 'ada').locator('time')];
    for (const shown of [head, row]) {
      await expect(shown).toHaveText(time);
      const expected = await shown.evaluate(({ dateTime }) => {
        const format = (options) => new Intl.DateTimeFormat(undefined, options).format(new Date(dateTime));
        const text = format({ timeStyle: 'short' }).replace(/\s/gu, ' ');
        return { text, title: format({ dateStyle: 'full', timeStyle: 'medium' }) };
      });
      expect(await shown.evaluate(({ textContent, title }) => ({ text: textContent, title }))).toEqual(expected);
    }

    // Within a group it shows with the pointer, and with the focus.
    await expect(head).toHaveCSS('opacity', '1');
    await page.mouse.move(0, 0);
    await expect(row).toHaveCSS('opacity', '0');
    await chat.messages('two', 'ada').hover();
    await expect(row).toHaveCSS('opacity', '1');
    await page.mouse.move(0, 0);
    await expect(row).toHaveCSS('opacity', '0');
    await chat.messages('two', 'ada').getByTestId('message-reply').focus();
    await expect(row).toHaveCSS('opacity', '1');
    const inView = await row.evaluate((element) => element.getBoundingClientRect().left >= 0);
    expect(inView).toBe(true);
  });
}

test('shortcuts work on a Russian keyboard', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  const press = (key, code) =>
    page.evaluate((init) => window.dispatchEvent(new KeyboardEvent('keydown', init)), { key, code, ctrlKey: true });
  await press('л', 'KeyK');
  await expect(chat.id('switcher')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(chat.id('switcher')).toBeHidden();
  // Shortcuts are heard again some frames after the dialog has gone.
  await expect(async () => {
    await press('.', 'Slash');
    await expect(chat.id('shortcuts')).toBeVisible({ timeout: 1000 });
  }).toPass();
});

test('the composer takes the direction of its text', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.composer.fill('שלום');
  await expect(chat.composer).toHaveCSS('direction', 'rtl');
  await chat.composer.fill('hello');
  await expect(chat.composer).toHaveCSS('direction', 'ltr');
});

test('the room in use is marked in forced colours', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ forcedColors: 'active' });
  await chat.open(server.url);
  await chat.join('ada');
  await chat.type('/join rust');
  await expect(chat.id('room-title')).toHaveText('rust');
  const room = (name) => page.locator(`[data-testid="room"][data-room="${name}"]`);
  await expect(room('rust')).toHaveCSS('border-left-style', 'solid');
  await expect(room('rust')).not.toHaveCSS('border-left-width', '0px');
  await expect(room('lobby')).toHaveCSS('border-left-width', '0px');
});
