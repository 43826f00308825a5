// A page that came without TLS, and not from this machine, says what that means.
import { expect, test } from '../lib/test.js';

// A name that the browser takes to this machine and does not know as such.
const NAME = 'chat.example';

test.use({
  serverOptions: { args: ['--public-url', `http://${NAME}`] },
  launchOptions: async ({ launchOptions }, use) => {
    const args = [...(launchOptions?.args ?? []), `--host-resolver-rules=MAP ${NAME} 127.0.0.1`];
    await use({ ...launchOptions, args });
  },
});

test('a page without TLS says so on its first screen', async ({ server, visitor }) => {
  // Browsers ignore the policy without TLS, and say so.
  const { chat } = await visitor({ allow: [/Cross-Origin-Opener-Policy header has been ignored/] });
  await chat.open(`http://${NAME}:${server.httpPort}/`);
  await expect(chat.id('insecure-page')).toContainText('This page came without TLS');
});

test('a page from this machine does not', async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(server.url);
  await expect(chat.id('connect-submit')).toBeVisible();
  await expect(chat.id('insecure-page')).toHaveCount(0);
});
