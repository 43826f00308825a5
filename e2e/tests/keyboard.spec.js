// The whole way without a mouse: from the first sight of the page to a line that is said, and
// through the identity dialog and back.
import { expect, test } from '../lib/test.js';

/** Presses Tab (or Shift+Tab) until the element with this test id has the focus. */
async function tabTo(page, testId, key = 'Tab') {
  const visited = [];
  for (let press = 0; press < 40; press++) {
    await page.keyboard.press(key);
    const here = await page.evaluate(() => {
      const { dataset, tagName, textContent } = document.activeElement;
      return dataset.testid ?? `${tagName} ${textContent.slice(0, 20)}`;
    });
    if (here === testId) return;
    visited.push(here);
  }
  throw new Error(`${testId} is not reached by ${key}; reached ${visited.join(', ')}`);
}

for (const width of [360, 1280]) {
  test(`from opening to chatting with the keyboard alone, ${width} px`, { tag: width > 1000 ? '@engines' : [] }, async ({ server, visitor }) => {
    const { chat, page } = await visitor({ viewport: { width, height: 800 } });
    const keys = page.keyboard;
    await chat.open(server.url);
    await tabTo(page, 'connect-name');
    await expect(chat.id('connect-name')).toBeFocused();
    await keys.type('ada');
    await tabTo(page, 'connect-submit');
    await keys.press('Enter');
    // Nobody trusts a server by pressing Enter once more: the answer has to be gone to.
    await expect(chat.firstContact).toBeVisible();
    expect(await focusIsIn(page, 'first-contact')).toBe(true);
    await keys.press('Enter');
    await expect(chat.firstContact).toBeVisible();
    await tabTo(page, 'first-contact-given');
    await keys.press('ArrowDown');
    await expect(chat.id('first-contact-ask')).toBeChecked();
    await keys.press('ArrowDown');
    await expect(chat.id('first-contact-look')).toBeChecked();
    await tabTo(page, 'first-contact-trust');
    await keys.press('Enter');
    await chat.expectState('connected');
    // A person who enters wants to write: the composer has the focus already.
    await expect(chat.composer).toBeFocused();
    await keys.type('one');
    await keys.press('Shift+Enter');
    await keys.type('two');
    await keys.press('Enter');
    await expect(chat.messages('one\ntwo', 'ada')).toHaveCount(1);
    await expect(chat.composer).toBeFocused();

    const openMenu = async () => {
      if (!(await chat.shows('own-menu-open', 'rooms-toggle'))) {
        await tabTo(page, 'rooms-toggle', 'Shift+Tab');
        await keys.press('Enter');
      }
      await tabTo(page, 'own-menu-open', 'Shift+Tab');
      await keys.press('Enter');
    };
    await openMenu();
    await tabTo(page, 'identity-open');
    await keys.press('Enter');
    await expect(chat.dialog).toBeVisible();
    expect(await focusIsIn(page, 'identity-dialog')).toBe(true);
    await tabTo(page, 'identity-export');
    await keys.press('Enter');
    await tabTo(page, 'export-passphrase');
    await keys.press('Escape');
    await expect(chat.dialog).toBeHidden();
    await expect(chat.id('own-menu-open')).toBeFocused();

    const inBar = await chat.shows('inspect-toggle', 'bar-more');
    if (!inBar) {
      await tabTo(page, 'bar-more');
      await keys.press('Enter');
    }
    await tabTo(page, 'inspect-toggle');
    const panel = chat.id('inspector');
    await keys.press('Enter');
    await expect(panel).toBeVisible();
    await tabTo(page, 'inspect-close');
    await keys.press('Enter');
    await expect(panel).toBeHidden();
    await expect(chat.id(inBar ? 'inspect-toggle' : 'bar-more')).toBeFocused();
    await tabTo(page, 'composer');
    await keys.type('three');
    await tabTo(page, 'send');
    await keys.press('Enter');
    await expect(chat.messages('three', 'ada')).toHaveCount(1);
    await openMenu();
    await tabTo(page, 'disconnect');
    await keys.press('Enter');
    await expect(chat.id('connect-submit')).toBeVisible();
  });
}

test('the first Tab offers to skip to the content', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await page.keyboard.press('Tab');
  await expect(page.getByText('Skip to the content')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();
});

test('the theme is chosen with the arrow keys and stays', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await tabTo(page, 'own-menu-open');
  await page.keyboard.press('Enter');
  await tabTo(page, 'settings-open');
  await page.keyboard.press('Enter');
  await expect(chat.id('theme-default')).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('the log is one Tab stop, however long it is, and the arrows go through it', { tag: '@engines' }, async ({ server, visitor, python }) => {
  test.slow();
  const py = await python();
  const { chat, page } = await visitor();
  const keys = page.keyboard;
  await chat.open(server.url);
  await chat.join('ada');
  for (let n = 1; n <= 20; n++) await py.say(`line ${n} https://a.example/${n}`);
  await expect(chat.messages('line 20 https://a.example/20')).toHaveCount(1);
  await expect(chat.id('announcement')).toHaveText(/line 20/);
  await tabTo(page, 'log', 'Shift+Tab');
  await keys.press('Tab');
  await expect(chat.composer).toBeFocused();
  await tabTo(page, 'log', 'Shift+Tab');
  // From the log to its newest message, the one before, and what can be done with that.
  await keys.press('ArrowUp');
  await expect(chat.messages('line 20 https://a.example/20')).toBeFocused();
  await keys.press('ArrowUp');
  const row = chat.messages('line 19 https://a.example/19');
  await expect(row).toBeFocused();
  await keys.press('Enter');
  await expect(row.getByRole('link')).toBeFocused();
  await tabTo(page, 'message-react');
  await expect(row.getByTestId('message-react')).toBeFocused();
  await keys.press('Escape');
  await expect(row).toBeFocused();
  await tabTo(page, 'composer');
});

const focusIsIn = (page, testId) =>
  page.evaluate((id) => document.activeElement.closest(`[data-testid="${id}"]`) !== null, testId);
