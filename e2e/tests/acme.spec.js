// The page over https with a certificate from an ACME directory, as people outside have it.
import { Pebble, isInstalled } from '../lib/pebble.js';
import { expect, test as base } from '../lib/test.js';

const NAME = 'chat.example';

const test = base.extend({
  /** A directory, or null where its program is not installed. */
  directory: [
    async ({}, use) => {
      const pebble = isInstalled() ? await Pebble.start() : null;
      await use(pebble);
      await pebble?.dispose();
    },
    { scope: 'worker' },
  ],

  launchOptions: [
    async ({ launchOptions, directory }, use) => {
      const args = [...(launchOptions?.args ?? []), `--host-resolver-rules=MAP ${NAME} 127.0.0.1`];
      // Chromium takes certificates of this issuer as it takes those of a public one.
      if (directory) args.push(`--ignore-certificate-errors-spki-list=${await directory.spkiHash()}`);
      await use({ ...launchOptions, args });
    },
    { scope: 'worker' },
  ],

  serverOptions: async ({ directory }, use, info) => {
    info.skip(directory === null, 'pebble or openssl is not installed');
    await use({ http: directory.serving, args: directory.flags(NAME) });
  },
});

test('a page with a certificate from a directory is a secure context, and chats', async ({ server, visitor }) => {
  await expect.poll(() => server.log, { timeout: 60_000 }).toContain('got a TLS certificate');
  const address = `https://${NAME}:${server.httpPort}/`;
  const ada = await visitor();
  await ada.chat.open(address);
  expect(await ada.page.evaluate(() => window.isSecureContext)).toBe(true);
  await expect(ada.chat.id('insecure-page')).toHaveCount(0);
  // The page over HTTP/2; the tunnel has a connection of HTTP/1.1.
  const hop = () => performance.getEntriesByType('navigation')[0].nextHopProtocol;
  expect(await ada.page.evaluate(hop)).toBe('h2');
  const bert = await visitor();
  await bert.chat.open(address);
  await ada.chat.join('ada');
  await bert.chat.join('bert');
  await ada.chat.type('over https');
  await expect(bert.chat.messages('over https')).toHaveCount(1);
  const protocols = new Set(ada.tunnels.map(({ url }) => url.protocol));
  expect([...protocols]).toEqual(['wss:']);
});
