// A real man in the middle, who forwards the page and takes the tunnel: what he can read in each
// version, and what the page says before and after.
import { LOST_SERVER } from '../lib/guard.js';
import { Mitm } from '../lib/mitm.js';
import { expect, test as base } from '../lib/test.js';
import { identityOf, openPins, removeOnlyPin, sessionsOf, shownKey } from '../lib/trust.js';

const ALLOW = { allow: [LOST_SERVER] };

const test = base.extend({
  /** Stands in front of the server, harmless until told otherwise. */
  mitm: async ({ server }, use, info) => {
    const mitm = await Mitm.start(server);
    await use(mitm);
    await mitm.dispose();
    if (info.status !== info.expectedStatus) {
      await info.attach('man in the middle', { body: mitm.log, contentType: 'text/plain' });
    }
  },
});

/** The frames that a v2 client has sent when it refuses the server's key: preface and client_hello, an alert. */
const REFUSED_BYTES = 5 + 1253 + (5 + 64 + 16);

test('one who only forwards changes nothing', async ({ server, mitm, visitor }) => {
  const { chat } = await visitor();
  await chat.open(mitm.url);
  await chat.submit({ name: 'ada' });
  await chat.trust(identityOf(server).words);
  await chat.expectState('connected');
  await chat.type('through him');
  await expect(chat.messages('through him', 'ada')).toHaveCount(1);
  await chat.menu('verify-open');
  const id = await chat.id('verify-session').textContent();
  await expect.poll(() => sessionsOf(server).map(({ session }) => session)).toEqual([id]);
  expect(mitm.read).toEqual([]);
});

test('v2 blocks when he takes over a session, and nothing is said to him', async ({ server, mitm, visitor }) => {
  const { chat, tunnels } = await visitor(ALLOW);
  const { words, fingerprint } = identityOf(server);
  await chat.open(mitm.url);
  await chat.join('ada');
  await chat.type('before');
  await expect(chat.messages('before', 'ada')).toHaveCount(1);
  await chat.composer.fill('a secret, not sent yet');
  const sessions = sessionsOf(server).length;

  // He cuts the tunnel, the page comes back by itself, and there he is.
  await mitm.turn('swap');
  await expect(chat.id('key-changed')).toBeVisible();
  expect(await shownKey(chat, 'key-expected')).toEqual({ words, fingerprint });
  const shown = await shownKey(chat, 'key-presented');
  expect(shown.fingerprint).toBe(mitm.fingerprint);
  expect(shown.words).not.toBe(words);
  await expect.poll(() => mitm.log).toContain('the peer reported handshake_failed');
  const sent = tunnels.at(-1).sent.reduce((sum, { length }) => sum + length, 0);
  expect(sent).toBe(REFUSED_BYTES);
  expect(mitm.read).toEqual([]);
  expect(sessionsOf(server)).toHaveLength(sessions);

  // He gives up: all is as it was.
  await mitm.turn('pass');
  await chat.id('blocked-back').click();
  await chat.submit();
  await chat.expectState('connected');
  await expect(chat.composer).toHaveValue('a secret, not sent yet');
  await chat.composer.press('Enter');
  await expect(chat.messages('a secret, not sent yet', 'ada')).toHaveCount(1);
  expect(mitm.read).toEqual([]);
});

test('v2 lets nobody in whose words a person has compared', async ({ server, mitm, visitor }) => {
  const { chat } = await visitor(ALLOW);
  const { words } = identityOf(server);
  await mitm.turn('swap');
  await chat.open(mitm.url);
  await chat.submit({ name: 'ada' });
  await expect(chat.firstContact).toBeVisible();
  const shown = await shownKey(chat, 'first-contact');
  expect(shown.words).not.toBe(words);
  expect(shown.fingerprint).toBe(mitm.fingerprint);
  await chat.id('first-contact-refuse').click();
  await expect(chat.id('connect-submit')).toBeEnabled();
  expect(await openPins(chat)).toEqual([]);
  expect(mitm.read).toEqual([]);
  expect(sessionsOf(server)).toEqual([]);
});

test('v2 cannot help who says yes to the wrong words, and tells it when he goes', async ({ server, mitm, visitor }) => {
  const { chat } = await visitor(ALLOW);
  await mitm.turn('swap');
  await chat.open(mitm.url);
  await chat.submit({ name: 'ada' });
  await chat.trust();
  await chat.expectState('connected');
  await chat.type('not compared');
  await expect(chat.messages('not compared', 'ada')).toHaveCount(1);
  expect(mitm.messagesFrom('page')).toEqual(['not compared']);
  expect(mitm.messagesFrom('server')).toEqual(['not compared']);
  // Even then the names of the session differ: people who compare them find out.
  await chat.menu('verify-open');
  const id = await chat.id('verify-session').textContent();
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  await expect.poll(() => sessionsOf(server)).toHaveLength(1);
  const [session] = sessionsOf(server);
  expect(session.version).toBe('v2');
  expect(session.session).not.toBe(id);
  expect(session.key).toBe(mitm.fingerprint);
  await chat.page.keyboard.press('Escape');

  await mitm.turn('pass');
  await expect(chat.id('key-changed')).toBeVisible();
  expect((await shownKey(chat, 'key-expected')).fingerprint).toBe(mitm.fingerprint);
  expect((await shownKey(chat, 'key-presented')).fingerprint).toBe(identityOf(server).fingerprint);
});

for (const protocol of ['v1', 'v2']) {
  test(`a link that names the key keeps him out of ${protocol}`, async ({ server, mitm, visitor }) => {
    const { chat, tunnels } = await visitor(ALLOW);
    const { words, fingerprint } = identityOf(server);
    await mitm.turn('swap');
    await chat.open(`${mitm.url}#pin=${fingerprint}`);
    await chat.submit({ name: 'ada', protocol });
    await expect(chat.id('key-changed')).toBeVisible();
    expect(await shownKey(chat, 'key-expected')).toEqual({ words, fingerprint });
    expect((await shownKey(chat, 'key-presented')).fingerprint).toBe(mitm.fingerprint);
    await expect.poll(() => mitm.log).toContain("the page's side has ended");
    const sent = tunnels[0].sent.reduce((sum, { length }) => sum + length, 0);
    expect(sent).toBe(protocol === 'v1' ? 0 : REFUSED_BYTES);
    expect(tunnels).toHaveLength(1);
    expect(mitm.read).toEqual([]);
    expect(sessionsOf(server)).toEqual([]);
  });
}

test('v1 is read word for word, as the page has said', async ({ server, mitm, visitor }) => {
  const [ada, bob] = [await visitor(ALLOW), await visitor(ALLOW)];
  await bob.chat.open(server.url);
  await bob.chat.join('bob');
  await mitm.turn('swap');
  const { chat } = ada;
  await chat.open(mitm.url);
  await chat.unfold('connect-elsewhere');
  await chat.id('protocol-v1').check();
  // Said before anybody connects.
  await expect(chat.id('v1-warning')).toContainText('anyone between you and it can read and change everything');
  expect(ada.tunnels).toEqual([]);
  await chat.join('ada');
  await chat.type('a secret');
  await expect(bob.chat.messages('a secret', 'ada')).toHaveCount(1);
  await bob.chat.type('an answer\nof two lines');
  await expect(chat.messages('an answer\nof two lines', 'bob')).toHaveCount(1);

  expect(mitm.messagesFrom('page')).toEqual(['a secret']);
  expect(mitm.messagesFrom('server')).toContain('an answer\nof two lines');
  // All looks well to Ada, but for the shield; the server has met somebody else.
  await expect(chat.shield('insecure')).toBeVisible();
  expect(sessionsOf(server).at(-1)).toMatchObject({ version: 'v1', key: mitm.fingerprint });
  expect(await openPins(chat)).toEqual([]);
});

test('he cannot have the page go back to v1 after v2', async ({ mitm, visitor }) => {
  const { chat, tunnels } = await visitor(ALLOW);
  await chat.open(mitm.url);
  await chat.join('ada');
  await chat.menu('disconnect');
  await mitm.turn('swap');
  const before = tunnels.length;
  await chat.submit({ protocol: 'v1' });
  await expect(chat.id('version-floor')).toBeVisible();
  expect(tunnels).toHaveLength(before);
  expect(mitm.read).toEqual([]);
  expect(mitm.log).not.toContain('has accepted our key');

  // A person can: in two steps, and with the warning.
  await chat.id('blocked-pins').click();
  await removeOnlyPin(chat);
  await expect(chat.id('v1-warning')).toBeVisible();
  // Under another name: hers belongs to her key, which he does not have.
  await chat.join('countess');
  await chat.type('on my own head');
  await expect(chat.messages('on my own head', 'countess')).toHaveCount(1);
  expect(mitm.messagesFrom('page')).toContain('on my own head');
});
