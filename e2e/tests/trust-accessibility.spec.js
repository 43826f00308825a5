// Every screen on which a person decides whom to trust, light and dark, on a small phone and on a
// desktop. (First contact, verify, the list of pins and the version floor: accessibility.spec.js.)
import { rm } from 'node:fs/promises';

import { expectAccessible } from '../lib/axe.js';
import { LOST_SERVER } from '../lib/guard.js';
import { expect, test } from '../lib/test.js';
import { anotherFingerprint, damageOnlyPin, identityOf, removeOnlyPin } from '../lib/trust.js';

const WINDOWS = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };

for (const colorScheme of ['light', 'dark']) {
  for (const [device, viewport] of Object.entries(WINDOWS)) {
    test(`every screen of trust, ${colorScheme}, ${device}`, async ({ server, visitor }) => {
      const ada = await visitor({ colorScheme, viewport, allow: [LOST_SERVER] });
      const { chat, page } = ada;
      const look = (screen) => expectAccessible(page, screen);
      const { fingerprint, link } = identityOf(server);
      const open = async (url) => {
        // A new document: another fragment alone would not be one.
        await page.goto('about:blank');
        await chat.open(url);
      };

      await open(`${server.url}#pin=SHA256:short`);
      await expect(chat.id('link-problem')).toBeVisible();
      await look('a damaged link');
      await open(`${server.url}#pin=${anotherFingerprint(fingerprint)}`);
      await expect(chat.id('link-pin')).toBeVisible();
      await look('a link that names a key');
      await chat.submit({ name: 'ada' });
      await expect(chat.id('key-changed')).toBeVisible();
      await look('not the key of the link');
      await open(link);
      await chat.submit();
      await chat.expectState('connected');
      await chat.menu('verify-open');
      await expect(chat.id('verify-session')).toBeVisible();
      await look('verify, in a session');
      await page.keyboard.press('Escape');
      await chat.closeDrawer();

      await server.stop('SIGKILL');
      await chat.expectState('waiting');
      await chat.composer.fill('not sent yet');
      await chat.composer.press('Enter');
      await rm(server.keyFile);
      await server.start();
      await expect(chat.id('key-changed')).toBeVisible();
      await look('the server’s key has changed');
      await chat.id('blocked-pins').click();
      await expect(chat.id('pins-list')).toBeVisible();
      await look('servers you trust, over the blocking screen');
      await page.keyboard.press('Escape');

      await open(identityOf(server).link);
      await chat.submit();
      await expect(chat.id('link-contradicts')).toBeVisible();
      await look('the link contradicts the pin');
      await chat.id('blocked-forget-link').click();

      await damageOnlyPin(page);
      await chat.submit();
      await expect(chat.id('pin-damaged')).toBeVisible();
      await look('a damaged pin');
      await chat.id('blocked-pins').click();
      await expect(chat.id('pin-damage')).toBeVisible();
      await look('servers you trust, one of them damaged');
      await removeOnlyPin(chat);

      // The server does not take a key over v1 that has used v2.
      const eve = await visitor({ colorScheme, viewport });
      await eve.chat.open(server.url);
      await eve.chat.join('eve', { protocol: 'v1' });
      await expectAccessible(eve.page, 'a session of v1');
      await eve.chat.shield('insecure').locator('summary').click();
      await expectAccessible(eve.page, 'why v1 is insecure');
      await eve.page.keyboard.press('Escape');
      await eve.chat.menu('verify-open');
      await expect(eve.chat.id('verify-server-words')).toBeVisible();
      await expectAccessible(eve.page, 'verify, in v1');
    });
  }
}
