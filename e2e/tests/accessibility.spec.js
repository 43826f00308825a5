// Every screen, light and dark, on a small phone and on a desktop: axe-core finds nothing, and
// nothing sticks out.
import { audit, expectAccessible } from '../lib/axe.js';
import { LOST_SERVER } from '../lib/guard.js';
import { holdNewKey } from '../lib/held-key.js';
import { expect, test } from '../lib/test.js';

const WINDOWS = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };

for (const colorScheme of ['light', 'dark']) {
  for (const [device, viewport] of Object.entries(WINDOWS)) {
    test(`every screen, ${colorScheme}, ${device}`, async ({ server, visitor, python }) => {
      const { chat, page } = await visitor({ colorScheme, viewport, allow: [LOST_SERVER] });
      const look = (screen) => expectAccessible(page, screen);

      const release = await holdNewKey(page);
      await chat.open(server.url);
      await expect(chat.id('key-progress')).toBeVisible();
      await look('the key is being made');
      await chat.submit({ name: 'ada' });
      await chat.expectState('waiting-for-key');
      await look('waiting for the key');
      await chat.id('connect-cancel').click();
      await release();
      await expect(chat.id('key-progress')).toHaveCount(0);
      await look('connect');
      await chat.submit({ name: 'two words', server: 'ftp://x' });
      await expect(chat.id('connect-server-error')).not.toBeEmpty();
      await look('connect, with mistakes');
      await chat.id('connect-server').fill('');
      await chat.id('protocol-v1').check();
      await look('connect, with v1');
      await chat.id('protocol-v2').check();
      await chat.submit({ name: 'ada' });
      await expect(chat.firstContact).toBeVisible();
      await look('first contact');
      for (const way of ['ask', 'look', 'given']) {
        await chat.id(`first-contact-${way}`).check();
        await look(`first contact: ${way}`);
      }
      await chat.id('first-contact-trust').click();
      await expect(chat.id('first-contact-told-error')).not.toBeEmpty();
      await chat.unfold('first-contact-key');
      await look('first contact, with a mistake and the key');
      await chat.trust();
      await chat.expectState('connected');

      const py = await python();
      for (const text of ['hello', 'a-word-without-any-place-to-break-it'.repeat(8), 'two\nlines']) {
        await py.say(text);
        await expect(chat.messages(text)).toHaveCount(1);
      }
      await chat.type('hello to you');
      await expect(chat.messages('hello to you', 'ada')).toHaveCount(1);
      await look('chat, as it opens');
      const panel = chat.id('handshake-panel');
      await chat.showHandshake();
      await expect(panel).toBeVisible();
      await chat.id('handshake-frame').first().locator('summary').click();
      await look('the handshake, with a frame');
      await chat.id('inspect-close').click();
      await expect(panel).toBeHidden();
      await look('chat alone');
      await chat.shield('trusted').locator('summary').click();
      await look('what is proven');
      await page.keyboard.press('Escape');

      await chat.openMenu();
      await look('the own menu');
      await chat.id('settings-open').click();
      await expect(chat.id('theme-default')).toBeFocused();
      await look('the settings');
      await page.keyboard.press('Escape');
      await expect(chat.id('settings')).toBeHidden();
      await chat.openMenu();
      await chat.id('verify-open').click();
      await chat.unfold('verify-server-key');
      await expect(chat.id('verify-server-words')).toBeVisible();
      await look('verify');
      await chat.id('verify-pins').click();
      await expect(chat.id('pins-list')).toBeVisible();
      await look('servers you trust');
      await chat.id('pin-remove').click();
      await expect(chat.id('pin-remove-confirm')).toBeVisible();
      await look('forget a server');
      await page.keyboard.press('Escape');

      await chat.menu('identity-open');
      await expect(chat.fingerprint).toBeVisible();
      await look('identity');
      for (const form of ['export', 'import', 'delete']) {
        await chat.id(`identity-${form}`).click();
        const submit = chat.id(`${form}-submit`);
        await expect(submit).toBeVisible();
        await look(`identity: ${form}`);
        if (form !== 'delete') {
          await submit.click();
          await look(`identity: ${form}, with mistakes`);
        }
        await chat.dialog.getByRole('button', { name: /^(Back|Keep it)$/ }).click();
      }
      await page.keyboard.press('Escape');
      await expect(chat.dialog).toBeHidden();
      await chat.closeDrawer();

      await server.stop('SIGKILL');
      await chat.expectState('waiting');
      await chat.type('not sent yet');
      await expect(chat.outgoing).toBeVisible();
      await look('chat without its server');
      await chat.menu('disconnect');
      await look('connect, with a message that waits');

      await chat.submit({ protocol: 'v1' });
      await expect(chat.id('version-floor')).toBeVisible();
      await look('the version floor');
      await chat.id('blocked-back').click();
    });
  }
}

test('axe-core would find something', async ({ server, visitor, needs }) => {
  needs('axe');
  const { chat, page } = await visitor();
  await chat.open(server.url);
  expect(await audit(page)).toEqual([]);
  await page.evaluate(() => {
    document.querySelector('[data-testid="connect-elsewhere"] summary').textContent = '';
    document.documentElement.removeAttribute('lang');
  });
  const found = (await audit(page)).map(({ id }) => id);
  expect(found).toContain('html-has-lang');
  expect(found).toContain('summary-name');
});
