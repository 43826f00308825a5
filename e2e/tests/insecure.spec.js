// A page that came without TLS, and not from this machine, says what that means.
import { expectAccessible } from '../lib/axe.js';
import { expect, test } from '../lib/test.js';
import { identityOf } from '../lib/trust.js';

// A name that the browser takes to this machine and does not know as such.
const NAME = 'chat.example';

test.use({
  serverOptions: { args: ['--public-url', `http://${NAME}`] },
  launchOptions: async ({ launchOptions }, use) => {
    const args = [...(launchOptions?.args ?? []), `--host-resolver-rules=MAP ${NAME} 127.0.0.1`];
    await use({ ...launchOptions, args });
  },
});

// Browsers ignore the policy without TLS, and say so.
const IGNORED = /Cross-Origin-Opener-Policy header has been ignored/;

test('a page without TLS says so on its first screen, and its shield afterwards', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ allow: [IGNORED] });
  await chat.open(`http://${NAME}:${server.httpPort}/`);
  await expect(chat.id('insecure-page')).toContainText('This page came without TLS');
  await chat.submit({ name: 'ada' });
  await chat.trust(identityOf(server).words);
  await chat.expectState('connected');
  // Whatever was compared: the page itself may have been changed on its way.
  const shield = chat.shield('without-tls');
  await expect(shield).toBeVisible();
  await expect(chat.shield('verified')).toHaveCount(0);
  await expect(shield.locator('summary')).toHaveText(/Protection: No TLS/);
  await shield.locator('summary').click();
  const said = shield.locator('.shield-body p');
  await expect(said.first()).toContainText('This page came without TLS');
  await expect(said.nth(1)).toContainText('You compared this server’s key');
  await expectAccessible(page, 'the shield of a page without TLS');
});

test('a link that may not be copied there is shown, and selected', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ allow: [IGNORED] });
  const url = `http://${NAME}:${server.httpPort}/`;
  await chat.open(url);
  await chat.submit({ name: 'ada' });
  await chat.trust(identityOf(server).words);
  await chat.expectRoom();
  const button = chat.id('welcome-link');
  await expect(button).toHaveText('Copy a link for a friend');
  await button.click();
  await expect(button).toContainText('Not allowed');
  const link = `${url}#pin=${identityOf(server).fingerprint}`;
  const field = chat.id('copy-by-hand');
  await expect(field).toHaveValue(link);
  await expect(field).toBeFocused();
  await expect.poll(() => page.evaluate(() => getSelection().toString())).toBe(link);
  await expectAccessible(page, 'a link to be copied by hand');
  await chat.type('/join den');
  await expect(chat.id('room-title')).toHaveText('den');
  await button.click();
  await expect(field).toHaveValue(`${url}#room=den`);
});

test('a page from this machine does not', async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(server.url);
  await expect(chat.id('connect-submit')).toBeVisible();
  await expect(chat.id('insecure-page')).toHaveCount(0);
});
