// A page that its browser translates: what it says of security, of the connection and of people stays
// its own, and the texts of people are never older than the messages.
import { LOST_SERVER } from '../lib/guard.js';
import { expect, test } from '../lib/test.js';
import { expectUntranslated, translate } from '../lib/translation.js';
import { anotherFingerprint, identityOf } from '../lib/trust.js';

test('no statement about security, the connection or people is translated', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ allow: [LOST_SERVER] });
  const look = (screen) => expectUntranslated(page, screen);
  await chat.open(`${server.url}#pin=${anotherFingerprint(identityOf(server).fingerprint)}`);
  await look('a link that names a key');
  await chat.unfold('connect-elsewhere');
  await chat.id('protocol-v1').check();
  await look('the warning of v1');
  await chat.id('protocol-v2').check();
  await chat.submit({ name: 'ada' });
  await expect(chat.id('key-changed')).toBeVisible();
  await look('not the key of the link');
  await chat.id('blocked-forget-link').click();
  await chat.submit({ name: 'two words' });
  await expect(chat.id('connect-name-error')).not.toBeEmpty();
  await look('an error in a field');
  await chat.submit({ name: 'ada' });
  await expect(chat.firstContact).toBeVisible();
  await look('the first contact');
  // Its prose may be; the address and the key, which is made when it is looked at, may not.
  await chat.unfold('first-contact-key');
  for (const part of ['address', 'words', 'fingerprint']) {
    await expect(chat.id(`first-contact-${part}`)).toHaveJSProperty('translate', false);
  }
  await chat.trust();
  await expect(chat.ownName).toHaveText('ada');
  await chat.expectRoom();

  await chat.type('a message');
  await chat.type('/unknown-command');
  const message = chat.messages('a message', 'ada');
  await expect(message).toHaveCount(1);
  await chat.press(message, 'reply');
  await look('an answer');
  await chat.type('an answer');
  await chat.press(message, 'react');
  await look('the board of reactions');
  await chat.page.getByRole('button', { name: 'heart', exact: true }).click();
  await chat.press(message, 'delete');
  await look('the question before a deletion');
  await message.getByTestId('delete-no').click();
  for (const panel of ['members', 'search']) {
    await chat.id(`${panel}-toggle`).click();
    await expect(chat.id(panel)).toBeVisible();
    if (panel === 'search') {
      await chat.id('search-query').fill('mess');
      await expect(chat.id('search-hit')).not.toHaveCount(0);
    }
    await look(`the panel ${panel}`);
  }
  await chat.menu('verify-open');
  await look('verify');
  await chat.id('verify-pins').click();
  await look('the servers that are trusted');
  await page.keyboard.press('Escape');
  await chat.menu('identity-open');
  await look('the identity');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+/');
  await expect(chat.id('shortcuts')).toBeVisible();
  await look('the shortcuts');
  await page.keyboard.press('Escape');
  await server.stop('SIGKILL');
  await chat.expectState('waiting');
  await chat.type('not sent yet');
  await look('without a connection');
});

test('after an edit nobody reads the translation of the former text', { tag: '@engines' }, async ({ server, visitor }) => {
  const ada = await visitor({ allow: [LOST_SERVER] });
  const bob = await visitor({ allow: [LOST_SERVER] });
  for (const [one, name] of [[ada, 'ada'], [bob, 'bob']]) {
    await one.chat.open(server.url);
    await one.chat.join(name);
  }
  await ada.chat.type('meet at **six**, bob');
  await expect(bob.chat.messages('meet at six, bob', 'ada')).toHaveCount(1);
  await translate(bob.page);
  const text = bob.chat.id('message-text');
  await expect(text).toHaveText('[meet at ][six][, bob]');
  await ada.chat.composer.press('ArrowUp');
  await ada.chat.composer.fill('meet at **seven**, bob');
  await ada.chat.composer.press('Enter');
  await expect(text).toHaveText('meet at seven, bob');

  // What the page says of the connection was not changed, and goes on to be true.
  await translate(bob.page);
  await expect(bob.chat.bannerState).toHaveText(/^Connected to /);
  await server.stop('SIGKILL');
  await bob.chat.expectState('waiting');
  await expect(bob.chat.bannerState).not.toHaveText(/^Connected/);
});
