// Forms of a text by buttons and keys, and its preview.
import { expectAccessible } from '../lib/axe.js';
import { expect, test } from '../lib/test.js';

/** Selects the first occurrence of a part of what is written. */
const select = (chat, part) =>
  chat.composer.evaluate((area, wanted) => {
    const start = area.value.indexOf(wanted);
    area.setSelectionRange(start, start + wanted.length);
  }, part);

test('buttons give forms to what is selected, take them away, and can be undone', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.composer.fill('one two three');
  await chat.id('forms-toggle').click();
  await expect(chat.composer).toBeFocused();
  const press = async (form, part, expected) => {
    await select(chat, part);
    await chat.id(`form-${form}`).click();
    await expect(chat.composer).toHaveValue(expected);
    await expect(chat.composer).toBeFocused();
  };
  await press('bold', 'two', 'one **two** three');
  await press('bold', 'two', 'one two three');
  await press('struck', 'one', '~~one~~ two three');
  await press('code', 'three', '~~one~~ two `three`');
  await press('quote', 'two', '> ~~one~~ two `three`');
  await press('quote', 'two', '~~one~~ two `three`');
  await press('list', 'two', '- ~~one~~ two `three`');
  await press('link', 'two', '- ~~one~~ [two](https://) `three`');
  // What is still to be written is selected.
  await chat.page.keyboard.type('https://a.example');
  await expect(chat.composer).toHaveValue('- ~~one~~ [two](https://a.example) `three`');
});

test('the preview shows what others will see, while it is written', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.id('forms-toggle').click();
  await chat.id('preview-toggle').click();
  const preview = chat.id('preview');
  await expect(preview).toContainText('as others will see it');
  await chat.composer.fill('a **bold** word\n```rust\nlet a = 1;\n```\n<img src=x onerror=alert(1)>');
  await expect(preview.locator('strong')).toHaveText('bold');
  await expect(preview.locator('pre')).toHaveText('let a = 1;');
  await expect(preview).toContainText('<img src=x onerror=alert(1)>');
  await expect(preview.locator('img')).toHaveCount(0);
  await expectAccessible(page, 'the composer with forms and a preview');
  await chat.id('send').click();
  await expect(chat.composer).toHaveValue('');
  await expect(preview).toContainText('as others will see it');
});

test('Ctrl+K makes a link of what is selected, and leads to a room otherwise', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.composer.fill('see this');
  await select(chat, 'this');
  await page.keyboard.press('Control+K');
  await expect(chat.composer).toHaveValue('see [this](https://)');
  await expect(chat.id('switcher')).toBeHidden();
  await page.keyboard.press('End');
  await page.keyboard.press('Control+K');
  await expect(chat.id('switcher')).toBeVisible();
});
