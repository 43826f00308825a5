// The developer's way: `trunk serve` beside a server, both on their default ports, with the tunnel
// proxied.
import { decrypt } from '../lib/python.js';
import { expect, test as base } from '../lib/test.js';
import { Trunk } from '../lib/trunk.js';

/** It builds the page first, which takes as long as it takes. */
const BUILD_MS = 15 * 60_000;

const test = base.extend({
  /** The address of a page served by trunk. */
  trunk: [
    async ({}, use, info) => {
      const trunk = await Trunk.serve();
      await use(trunk.url);
      await trunk.dispose();
      if (info.status !== info.expectedStatus) {
        await info.attach('trunk', { body: trunk.output, contentType: 'text/plain' });
      }
    },
    { timeout: BUILD_MS },
  ],
});

// The address to which Trunk.toml sends the tunnel.
test.use({ serverOptions: { http: '127.0.0.1:8080' } });

test('a page from `trunk serve` chats through the proxied tunnel', async ({ server, trunk, visitor, python }) => {
  const ada = await visitor();
  await ada.chat.open(trunk);
  await ada.chat.join('ada', { protocol: 'v1' });
  const py = await python();
  await ada.chat.type('hello through trunk');
  expect(await py.hear((text) => text.includes('hello'))).toEqual(['ada: hello through trunk']);
  await py.say('and back');
  await expect(ada.chat.messages('and back')).toHaveCount(1);
  await ada.chat.type('/quit');
  await expect(ada.chat.bannerState).toHaveText('You left the chat.');
  expect(ada.tunnels.map(({ url }) => url.port)).toEqual([new URL(trunk).port]);
  const events = await decrypt(ada.tunnels, server.keyFile);
  expect(events.at(-1).event).toBe('ok');
});
