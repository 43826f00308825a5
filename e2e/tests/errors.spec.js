// The sentence that a person reads when something does not work, in the right place, for every cause.
import { LOST_SERVER } from '../lib/guard.js';
import { expect, test } from '../lib/test.js';

// Whoever comes by this name comes from elsewhere. Browsers know it as this machine without asking anybody.
const PUBLIC = 'http://chat.localhost';

function publicUrl(server) {
  return `${PUBLIC}:${server.httpPort}/`;
}

const ALLOW_LOST = { allow: [LOST_SERVER] };

test.describe('a full server', () => {
  test.use({ serverOptions: { args: ['--max-connections', '1'] } });

  test('says that it has no place', async ({ server, python, visitor }) => {
    const inside = await python();
    const { chat } = await visitor(ALLOW_LOST);
    await chat.open(server.url);
    await chat.submit({ name: 'ada' });
    await expect(chat.bannerState).toHaveText('The server has no place left for another connection.');
    await expect(chat.banner).toContainText('Close other tabs');
    await chat.unfold('connect-report');
    await chat.id('inspect-handshake').click();
    await expect(chat.id('handshake-panel')).toContainText(/The server (answered with an error frame|ended it with an alert)/);
    // It goes on by itself as soon as there is a place.
    inside.dispose();
    await chat.enter();
  });
});

test.describe('a server without v1', () => {
  test.use({ serverOptions: { args: ['--public-url', PUBLIC] } });

  test('says so, and how to allow it', async ({ server, visitor }) => {
    const { chat } = await visitor();
    await chat.open(publicUrl(server));
    await chat.submit({ name: 'ada', protocol: 'v1' });
    await chat.expectState('stopped');
    await expect(chat.bannerState).toHaveText('This server does not accept protocol v1.');
    await expect(chat.banner).toContainText('--allow-v1');
    await expect(chat.id('retry-now')).toHaveText('Try again');
  });
});

test.describe('a server with v1 allowed everywhere', () => {
  test.use({ serverOptions: { args: ['--public-url', PUBLIC, '--allow-v1'] } });

  test('takes it, and the page warns', async ({ server, visitor }) => {
    const { chat } = await visitor();
    await chat.open(publicUrl(server));
    await chat.unfold('connect-elsewhere');
    await chat.id('protocol-v1').check();
    await expect(chat.id('v1-warning')).toContainText('Not verified.');
    await chat.join('ada');
    await expect(chat.shield('insecure')).toBeVisible();
    await expect(chat.bannerState).toContainText('not verified');
  });
});

test('a server that is gone before the first attempt', async ({ server, visitor }) => {
  const { chat } = await visitor(ALLOW_LOST);
  await chat.open(server.url);
  await chat.readFingerprint();
  await server.stop('SIGKILL');
  await chat.submit({ name: 'ada' });
  await chat.expectState('waiting');
  await expect(chat.bannerState).toHaveText('The server cannot be reached.');
  await chat.id('connect-cancel').click();
  await expect(chat.banner).toHaveCount(0);
  await chat.submit();
  await chat.expectState('waiting');
  await server.start();
  await chat.enter();
});

test('a bad name or address is told beside its field', async ({ server, visitor }) => {
  const { chat, tunnels } = await visitor();
  await chat.open(server.url);
  for (const [address, message] of [
    ['ftp://chat.example', /^Start the address with ws:\/\/ or wss:\/\//],
    ['chat.example:99999', /^The port must be a number from 1 to 65535\.$/],
    ['not a host', /^This is not a host name\./],
  ]) {
    await chat.submit({ server: address });
    await expect(chat.id('connect-server-error')).toHaveText(message);
    await expect(chat.id('connect-server')).toHaveAttribute('aria-invalid', 'true');
  }
  await chat.submit({ name: 'two words', server: '' });
  await expect(chat.id('connect-server-error')).toBeEmpty();
  await expect(chat.id('connect-name-error')).not.toBeEmpty();
  await expect(chat.id('connect-name')).toHaveAttribute('aria-invalid', 'true');
  expect(tunnels).toEqual([]);
  await chat.join('ada');
});

test('an address that the page’s policy blocks is told beside its field', async ({ server, visitor }) => {
  const { chat } = await visitor({ allow: [/connect-src/, /Content Security Policy/] });
  await chat.open(server.url);
  await chat.submit({ name: 'ada', server: 'localhost:9' });
  await expect(chat.id('connect-server-error')).toHaveText(
    /^Your browser did not let this page connect to localhost:9\. .*--allow-origin/,
  );
});

test('a text over the limit is refused before it is sent', async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.composer.fill('ß'.repeat(8193));
  await expect(chat.page.locator('#composer-error')).toHaveText(/^2 bytes too long/);
  await expect(chat.id('send')).toBeDisabled();
  await chat.composer.fill('ß'.repeat(8192));
  await chat.id('send').click();
  await expect(chat.messages('ß'.repeat(8192), 'ada')).toHaveCount(1);
});
