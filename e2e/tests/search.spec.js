// Looking for what was said: what is here is found while somebody types, and is shown in its place.
import { expectAccessible } from '../lib/axe.js';
import { expect, test } from '../lib/test.js';

const WINDOWS = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };

for (const [device, viewport] of Object.entries(WINDOWS)) {
  for (const colorScheme of ['light', 'dark']) {
    const tag = colorScheme === 'light' && device === 'phone' ? '@engines' : [];
    test(`a message is found and shown, ${colorScheme}, ${device}`, { tag }, async ({ server, visitor, python }) => {
      const { chat, page } = await visitor({ viewport, colorScheme });
      await chat.open(server.url);
      await chat.join('ada');
      const py = await python();
      await py.say('the needle in the haystack');
      for (let at = 1; at <= 40; at += 1) await py.say(`hay number ${at}`);
      await expect(chat.messages('hay number 40')).toHaveCount(1);
      await expect(chat.messages('the needle in the haystack')).not.toBeInViewport();

      await chat.tool('search-toggle');
      await expect(chat.id('search')).toBeVisible();
      await chat.id('search-query').fill('HAY');
      await expect(chat.id('search-hit')).toHaveCount(41);
      await expect(chat.id('search-hit').first()).toContainText('hay number 40');
      await chat.id('search-query').fill('haystack need');
      await expect(chat.id('search-hit')).toHaveCount(1);
      await chat.id('search-query').fill('no-such-word');
      await expect(chat.id('search-status')).toHaveText(/^0 messages found/);
      await chat.id('search-query').fill('...');
      await expect(chat.id('search-query-error')).not.toBeEmpty();
      await chat.id('search-query').fill('hays');
      await expect(chat.id('search-hit')).toHaveCount(1);
      await expectAccessible(page, `search, ${colorScheme}, ${device}`);
      await chat.id('search-hit').click();
      await expect(chat.messages('the needle in the haystack')).toBeInViewport();
      await expect(chat.id('search')).toBeVisible({ visible: device === 'desktop' });
    });
  }
}

test('what is far up in another room is shown', async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.type('long ago');
  for (let at = 1; at <= 120; at += 1) {
    await chat.composer.fill(`later ${at}`);
    await chat.composer.press('Enter');
  }
  await expect(chat.messages('later 120', 'ada')).toHaveCount(1);
  await expect(chat.outgoing).toHaveCount(0);
  await chat.id('room-new').click();
  await chat.id('new-room-name').fill('garden');
  await chat.id('new-room-submit').click();
  await expect(chat.id('room-title')).toHaveText('garden');
  await chat.tool('search-toggle');
  await chat.id('search-query').fill('long');
  await chat.id('search-hit').click();
  await expect(chat.id('room-title')).toHaveText('lobby');
  await expect(chat.messages('long ago', 'ada')).toBeInViewport();
});
