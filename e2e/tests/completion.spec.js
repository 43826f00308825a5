// Help while one writes: people and commands are offered, marks are set around what is selected, and
// nothing of that takes a text away.
import { expectAccessible } from '../lib/axe.js';
import { expect, test } from '../lib/test.js';

test('people are offered after an @, and the chosen one is written', { tag: '@engines' }, async ({ server, visitor }) => {
  const [ada, bob] = [await visitor(), await visitor()];
  await bob.chat.open(server.url);
  await bob.chat.join('bobby');
  const { chat, page } = ada;
  const options = chat.id('completion-option');
  await chat.open(server.url);
  await chat.join('ada');
  await chat.composer.pressSequentially('hi @bo');
  await expect(options).toHaveText(['@bobby']);
  await expect(chat.composer).toHaveAttribute('aria-activedescendant', await options.getAttribute('id'));
  await expectAccessible(page, 'people are offered');
  await chat.composer.press('Tab');
  await expect(chat.composer).toHaveValue('hi @bobby ');
  await expect(chat.composer).toBeFocused();
  await expect(options).toHaveCount(0);
  // It can be undone like what was typed.
  await page.keyboard.press('Control+Z');
  await expect(chat.composer).toHaveValue('hi @bo');
  await page.keyboard.press('Control+Y');
  await expect(chat.composer).toHaveValue('hi @bobby ');
  await chat.composer.pressSequentially('there');
  await chat.composer.press('Enter');
  await expect(chat.messages('hi @bobby there', 'ada')).toHaveCount(1);

  // A name that is whole is sent as it is, and Escape leaves the text alone.
  await chat.composer.pressSequentially('@bobby');
  await expect(options).toHaveCount(0);
  await chat.composer.press('Enter');
  await expect(chat.messages('@bobby', 'ada')).toHaveCount(1);
  await chat.composer.pressSequentially('@b');
  await expect(options).toHaveCount(1);
  await chat.composer.press('Escape');
  await expect(options).toHaveCount(0);
  await chat.composer.press('Enter');
  await expect(chat.messages('@b', 'ada')).toHaveCount(1);

  // The name of somebody who is here, with which another begins: it is whole.
  const short = await visitor();
  await short.chat.open(server.url);
  await short.chat.join('bo');
  await chat.composer.pressSequentially('@bo');
  await expect(options).toHaveCount(0);
  await chat.composer.press('Enter');
  await expect(chat.messages('@bo', 'ada')).toHaveCount(1);
  await chat.composer.pressSequentially('@bob');
  await expect(options).toHaveText(['@bobby']);
  await chat.composer.press('Enter');
  await expect(chat.composer).toHaveValue('@bobby ');
  await chat.composer.fill('');

  // By mouse; the focus stays where one writes.
  await chat.composer.pressSequentially('and @BOB');
  await options.first().click();
  await expect(chat.composer).toHaveValue('and @bobby ');
  await expect(chat.composer).toBeFocused();
});

test('commands are offered after a slash, with what they do', async ({ server, visitor }) => {
  const { chat } = await visitor();
  const options = chat.id('completion-option');
  await chat.open(server.url);
  await chat.join('ada');
  await chat.composer.pressSequentially('/');
  await expect(options.first()).toContainText('/name');
  await chat.composer.press('ArrowDown');
  await expect(options.nth(1)).toHaveAttribute('aria-selected', 'true');
  await chat.composer.press('ArrowUp');
  await chat.composer.press('ArrowUp');
  await expect(options.last()).toHaveAttribute('aria-selected', 'true');
  await chat.composer.pressSequentially('jo');
  await expect(options).toHaveCount(1);
  await chat.composer.press('Enter');
  await expect(chat.composer).toHaveValue('/join ');
  await chat.composer.pressSequentially('den');
  await chat.composer.press('Enter');
  await expect(chat.id('room-title')).toHaveText('den');
  // What is no command is a text, whatever was offered.
  await chat.type('/usr/bin/env');
  await expect(chat.messages('/usr/bin/env', 'ada')).toHaveCount(1);
});

test('the keys for marks set and remove them around what is selected', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.composer.fill('größe 😀 counts');
  await chat.composer.evaluate((area) => area.setSelectionRange(6, 8));
  await page.keyboard.press('Control+B');
  await expect(chat.composer).toHaveValue('größe **😀** counts');
  await page.keyboard.press('Control+I');
  await expect(chat.composer).toHaveValue('größe ***😀*** counts');
  await page.keyboard.press('Control+I');
  await page.keyboard.press('Control+B');
  await expect(chat.composer).toHaveValue('größe 😀 counts');
  await page.keyboard.press('Control+Z');
  await expect(chat.composer).toHaveValue('größe **😀** counts');
  await chat.composer.press('Enter');
  await expect(chat.id('message-text').locator('strong')).toHaveText('😀');
  await chat.composer.fill('as it is');
  // At a caret they are for what is typed next; once more takes them away.
  await page.keyboard.press('Control+B');
  await expect(chat.composer).toHaveValue('as it is****');
  await page.keyboard.press('Control+B');
  await expect(chat.composer).toHaveValue('as it is');
});

test('emoji are offered by their names, in a message and as a reaction', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.composer.pressSequentially('lift off at 10:30 :rock');
  await expect(chat.id('completion-option').first()).toContainText('rocket');
  await chat.composer.press('Enter');
  await expect(chat.composer).toHaveValue('lift off at 10:30 🚀 ');
  await chat.composer.press('Enter');
  const message = chat.messages('lift off at 10:30 🚀', 'ada');
  await expect(message).toHaveCount(1);

  const react = async () => {
    await chat.press(message, 'react');
    await expect(chat.id('reaction-search')).toBeFocused();
  };
  await react();
  await page.keyboard.type('unicorn');
  await expectAccessible(page, 'a search for a reaction');
  await page.keyboard.press('Enter');
  await expect(message.getByTestId('reaction')).toContainText(['🦄']);
  // By the arrows; what was used last comes first.
  await react();
  await page.keyboard.press('ArrowDown');
  await expect(page.locator(':focus')).toHaveAttribute('aria-label', 'unicorn');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator(':focus')).toHaveAttribute('aria-label', 'thumbs up');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(message.getByTestId('reaction')).toHaveCount(2);
  await react();
  await page.keyboard.press('Escape');
  await expect(chat.id('reaction-board')).toHaveCount(0);
  await page.reload();
  await chat.expectRoom();
  await react();
  await expect(chat.id('reaction-board').locator('.board-grid button').first()).toHaveAttribute('aria-label', 'thumbs up');
});

// The fault: the list of a text that had gone on completed its beginning, and Enter sent what was
// rendered last.
test('keys that come faster than they are rendered send all that was typed', async ({ server, visitor }) => {
  const [ada, bob] = [await visitor(), await visitor()];
  await bob.chat.open(server.url);
  await bob.chat.join('bobby');
  const { chat, page } = ada;
  await chat.open(server.url);
  await chat.join('ada');
  /** Types and presses Enter in one task of the page, within which nothing is rendered. */
  const typeAtOnce = (text) => page.evaluate((typed) => {
    document.execCommand('insertText', false, typed);
    const enter = { key: 'Enter', code: 'Enter', bubbles: true, cancelable: true };
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', enter));
  }, text);
  await chat.composer.pressSequentially('@');
  await expect(chat.id('completion-option')).not.toHaveCount(0);
  await typeAtOnce('b and everybody');
  await expect(bob.chat.messages('@b and everybody', 'ada')).toHaveCount(1);
  await expect(chat.composer).toHaveValue('');
  await chat.composer.pressSequentially('one ');
  await typeAtOnce('two');
  await expect(bob.chat.messages('one two', 'ada')).toHaveCount(1);
  await expect(chat.composer).toHaveValue('');
  // Nothing is left that could be sent.
  await typeAtOnce(' ');
  await expect(chat.composer).toHaveValue(' ');
});
