// Whom the page believes: the first contact, links that name a key, a server whose key was replaced,
// the version floor, and the dialog in which two people compare. The server and its keys are real.
import { rm } from 'node:fs/promises';

import { LOST_SERVER } from '../lib/guard.js';
import { expect, test } from '../lib/test.js';
import {
  anotherFingerprint,
  damageOnlyPin,
  identityOf,
  openPins,
  readPins,
  removeOnlyPin,
  sessionsOf,
  shownKey,
  wordIndexes,
} from '../lib/trust.js';

test('the first contact shows what the server prints, and is the last', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page, tunnels } = await visitor();
  const identity = identityOf(server);
  await chat.open(server.url);
  await chat.submit({ name: 'ada' });
  await expect(chat.firstContact).toBeVisible();
  await expect(chat.id('first-contact-address')).toHaveText(`127.0.0.1:${server.httpPort}`);
  const { words, fingerprint } = identity;
  expect(await shownKey(chat, 'first-contact')).toEqual({ words, fingerprint });
  await expect(chat.id('first-contact-qr')).toHaveAttribute('data-text', identity.link);
  // The protocol does not wait for the person: the connection has ended, as both have agreed to,
  // before the server learnt who is here.
  await expect.poll(() => server.log).toMatch(/closed.*reason=the peer closed/);
  expect(sessionsOf(server)).toEqual([]);
  expect(tunnels).toHaveLength(1);

  await chat.trust(words);
  await chat.expectState('connected');
  await expect(chat.shield('verified')).toBeVisible();
  expect(tunnels).toHaveLength(2);
  await expect.poll(() => sessionsOf(server).map(({ version }) => version)).toEqual(['v2']);

  // The page comes back by itself. Had it asked, nothing would come of it.
  await page.reload();
  await chat.expectState('connected');
  await expect(chat.firstContact).toBeHidden();
  const [pin, ...others] = await openPins(chat);
  expect(others).toEqual([]);
  expect(pin.address).toBe(`ws://127.0.0.1:${server.httpPort}/ws`);
  expect(pin.text).toContain(fingerprint);
  expect(pin.text).toContain('spoke v2');
});

for (const [how, refuse] of [
  ['the button', (chat) => chat.id('first-contact-refuse').click()],
  ['Escape', (chat) => chat.page.keyboard.press('Escape')],
  ['a reload', (chat) => chat.page.reload()],
]) {
  test(`refusing by ${how} connects to nobody and pins nothing`, async ({ server, visitor }) => {
    const { chat, tunnels } = await visitor();
    await chat.open(server.url);
    await chat.submit({ name: 'ada' });
    await expect(chat.firstContact).toBeVisible();
    await refuse(chat);
    await expect(chat.firstContact).toBeHidden();
    await expect(chat.id('connect-submit')).toBeEnabled();
    expect(await openPins(chat)).toEqual([]);
    await chat.page.keyboard.press('Escape');
    expect(tunnels).toHaveLength(1);
    expect(sessionsOf(server)).toEqual([]);
    await chat.submit();
    await expect(chat.firstContact).toBeVisible();
    expect(sessionsOf(server)).toEqual([]);
  });
}

test.describe('a link that names the key', () => {
  test('answers the question ahead of time, and is then forgotten', async ({ server, visitor }) => {
    const { chat, page, tunnels } = await visitor();
    const { link, words } = identityOf(server);
    await chat.open(link);
    await expect(chat.id('link-pin')).toContainText(words);
    await chat.submit({ name: 'ada' });
    await chat.expectState('connected');
    await expect(chat.shield('verified')).toBeVisible();
    expect(tunnels).toHaveLength(1);
    await expect(page).toHaveURL(server.url);
    // The key is pinned now, and no link is needed any more.
    await page.reload();
    await chat.expectState('connected');
    await expect(chat.id('link-pin')).toHaveCount(0);
    await expect.poll(() => sessionsOf(server)).toHaveLength(2);
  });

  for (const protocol of ['v1', 'v2']) {
    test(`to another server blocks, with ${protocol}`, async ({ server, visitor }) => {
      const { chat, page, tunnels } = await visitor();
      const { words, fingerprint } = identityOf(server);
      const named = anotherFingerprint(fingerprint);
      await chat.open(`${server.url}#pin=${named}`);
      await chat.submit({ name: 'ada', protocol });
      await expect(chat.id('key-changed')).toBeVisible();
      expect((await shownKey(chat, 'key-expected')).fingerprint).toBe(named);
      expect(await shownKey(chat, 'key-presented')).toEqual({ words, fingerprint });
      expect(tunnels).toHaveLength(1);
      // v1 would encrypt its session to whatever key it was shown.
      if (protocol === 'v1') expect(tunnels[0].sent).toEqual([]);
      else await expect.poll(() => server.log).toMatch(/reason=the peer reported handshake_failed/);
      expect(sessionsOf(server)).toEqual([]);

      await chat.id('blocked-forget-link').click();
      await expect(chat.id('connect-submit')).toBeEnabled();
      await expect(page).toHaveURL(server.url);
      expect(await openPins(chat)).toEqual([]);
      await page.keyboard.press('Escape');
      await chat.submit({ protocol: 'v2' });
      await chat.trust(words);
      await chat.expectState('connected');
    });
  }

  test('lets v1 connect to this key only, and pins nothing by it', async ({ server, visitor }) => {
    const { chat } = await visitor();
    await chat.open(identityOf(server).link);
    await chat.submit({ name: 'ada', protocol: 'v1' });
    await chat.expectState('connected');
    await expect(chat.shield('insecure')).toBeVisible();
    expect(await openPins(chat)).toEqual([]);
  });

  test('and is damaged is told, and is no answer', async ({ server, visitor }) => {
    const { chat } = await visitor();
    const { link, words } = identityOf(server);
    await chat.open(link.slice(0, -1));
    await expect(chat.id('link-problem')).toContainText('it is damaged');
    await expect(chat.id('link-pin')).toHaveCount(0);
    await chat.submit({ name: 'ada' });
    await chat.trust(words);
    await chat.expectState('connected');
  });

  test('and contradicts the pin changes nothing', async ({ server, visitor }) => {
    const ada = await visitor();
    const { chat } = ada;
    const { fingerprint, words } = identityOf(server);
    await chat.open(server.url);
    await chat.join('ada');
    await chat.menu('disconnect');

    const again = await visitor({ like: ada });
    const named = anotherFingerprint(fingerprint);
    await again.chat.open(`${server.url}#pin=${named}`);
    await again.chat.submit({ name: 'ada' });
    await expect(again.chat.id('link-contradicts')).toBeVisible();
    expect(await shownKey(again.chat, 'key-expected')).toEqual({ words, fingerprint });
    expect((await shownKey(again.chat, 'key-presented')).fingerprint).toBe(named);
    expect(again.tunnels).toEqual([]);
    await again.chat.id('blocked-forget-link').click();
    await again.chat.submit();
    await again.chat.expectState('connected');
  });
});

test('a server with another key blocks the session that was, and keeps what was typed', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, tunnels } = await visitor({ allow: [LOST_SERVER] });
  const before = identityOf(server);
  await chat.open(server.url);
  await chat.join('ada');
  await chat.type('said before');
  await expect(chat.messages('said before', 'ada')).toHaveCount(1);

  await server.stop('SIGKILL');
  await chat.expectState('waiting');
  await chat.type('for the old server’s ears');
  await chat.composer.fill('half a thought');
  await rm(server.keyFile);
  await server.start();
  const after = identityOf(server);
  expect(after.fingerprint).not.toBe(before.fingerprint);
  const sessions = sessionsOf(server).length;

  // By itself: nobody has to press anything for it.
  await expect(chat.id('key-changed')).toBeVisible();
  await expect(chat.id('key-changed')).toContainText('Somebody may be between you and');
  await expect(chat.id('key-changed')).toContainText('One message waits to be sent; it is kept.');
  const keyOf = ({ words, fingerprint }) => ({ words, fingerprint });
  expect(await shownKey(chat, 'key-expected')).toEqual(keyOf(before));
  expect(await shownKey(chat, 'key-presented')).toEqual(keyOf(after));
  await expect.poll(() => server.log).toMatch(/reason=the peer reported handshake_failed/);
  expect(sessionsOf(server)).toHaveLength(sessions);

  // It stays so, however often it is tried.
  const tried = tunnels.length;
  await chat.id('blocked-back').click();
  await chat.submit();
  await expect(chat.id('key-changed')).toBeVisible();
  expect(tunnels).toHaveLength(tried + 1);
  expect(sessionsOf(server)).toHaveLength(sessions);

  // The way out: forget the old key, and look at the new one.
  await chat.id('blocked-pins').click();
  const [pin] = await readPins(chat);
  expect(pin.text).toContain(before.fingerprint);
  await removeOnlyPin(chat);
  await expect(chat.id('key-changed')).toHaveCount(0);
  await chat.submit();
  await chat.trust(after.words);
  await chat.expectState('connected');
  await expect(chat.messages('for the old server’s ears', 'ada')).toHaveCount(1);
  await expect(chat.composer).toHaveValue('half a thought');
});

test('downgrade to v1 is refused where v2 was spoken, by the page until the pin is removed, by the server after that', async ({ server, visitor }) => {
  const { chat, page, tunnels } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.menu('disconnect');
  const before = tunnels.length;
  await chat.submit({ protocol: 'v1' });
  await expect(chat.id('version-floor')).toBeVisible();
  // Refused before anything was asked of anybody.
  expect(tunnels).toHaveLength(before);

  await chat.id('blocked-connect-v2').click();
  await chat.expectState('connected');
  await expect(chat.shield('trusted')).toBeVisible();
  await chat.menu('disconnect');
  await expect(chat.id('protocol-v2')).toBeChecked();

  await chat.submit({ protocol: 'v1' });
  await chat.id('blocked-pins').click();
  await chat.id('pin-remove').click();
  await chat.id('pin-keep').click();
  expect(await readPins(chat)).toHaveLength(1);
  await page.keyboard.press('Escape');
  await expect(chat.id('version-floor')).toBeVisible();
  await chat.id('blocked-pins').click();
  await removeOnlyPin(chat);
  await expect(chat.id('version-floor')).toHaveCount(0);
  await chat.submit({ protocol: 'v1' });
  // The page would; the server does not take a key over v1 that has used v2.
  await chat.expectState('stopped');
  // The log is written by a thread of its own.
  await expect.poll(() => sessionsOf(server).map(({ version }) => version)).toEqual(['v2', 'v2', 'v1']);
});

test('a damaged pin is no first contact', async ({ server, visitor }) => {
  const { chat, page, tunnels } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.menu('disconnect');
  await damageOnlyPin(page);
  const before = tunnels.length;
  for (const protocol of ['v1', 'v2']) {
    await chat.submit({ protocol });
    await expect(chat.id('pin-damaged')).toBeVisible();
    await chat.id('blocked-back').click();
  }
  expect(tunnels).toHaveLength(before);
  await chat.submit();
  await chat.id('blocked-pins').click();
  await expect(chat.id('pin-damage')).toBeVisible();
  await removeOnlyPin(chat);
  await chat.submit();
  await chat.trust(identityOf(server).words);
  await chat.expectState('connected');
});

test('the verify dialog shows both sides’ words, and the session’s name of both sides', async ({ server, visitor }) => {
  const { chat } = await visitor();
  const { words, fingerprint, link } = identityOf(server);
  await chat.open(server.url);
  const own = await chat.readFingerprint();
  const seen = [];
  for (const _ of ['once', 'and again']) {
    await chat.join('ada');
    await chat.menu('verify-open');
    expect(await shownKey(chat, 'verify-server')).toEqual({ words, fingerprint });
    await expect(chat.id('verify-server-qr')).toHaveAttribute('data-text', link);
    await expect(chat.id('verify-server-known')).toContainText('It has proven on this connection');
    await expect(chat.id('verify-protocol')).toHaveText(/^v2/);
    const shown = await shownKey(chat, 'verify-own');
    expect(shown.fingerprint).toBe(own);
    expectWords(fingerprint, words, own, shown.words);
    const id = await chat.id('verify-session').textContent();
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    await expect.poll(() => sessionsOf(server).at(-1)).toEqual({ version: 'v2', key: own, session: id });
    seen.push(id);
    await chat.page.keyboard.press('Escape');
    await chat.menu('disconnect');
    await expect(chat.id('connect-submit')).toBeEnabled();
  }
  expect(new Set(seen).size).toBe(2);
  // Without a session there is nothing to compare it with.
  await chat.menu('verify-open');
  await expect(chat.id('verify-session')).toHaveCount(0);
  await expect(chat.id('verify-server-known')).toContainText('You are not connected now');
});

// The attack: somebody in between, and a person who was told the right words and wants to get on.
test('whoever was told of another key does not trust this one without clearing that', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.submit({ name: 'ada' });
  await expect(chat.firstContact).toBeVisible();
  const words = identityOf(server).words.split(' ').reverse().join(' ');
  const trust = chat.id('first-contact-trust');
  await chat.id('first-contact-told').fill(words);
  await trust.click();
  await expect(chat.id('first-contact-told-error')).toContainText('another key');
  await chat.id('first-contact-look').check();
  await expect(chat.id('first-contact-contradiction')).toContainText('another key');
  await expect(trust).not.toBeEnabled();
  await page.keyboard.press('Enter');
  await expect(chat.firstContact).toBeVisible();
  // What was told is still there to be read again.
  await chat.id('first-contact-given').check();
  await expect(chat.id('first-contact-told')).toHaveValue(words);
  await expect(trust).toBeEnabled();
  await chat.id('first-contact-look').check();
  await chat.id('first-contact-clear').click();
  await expect(chat.id('first-contact-look')).toBeFocused();
  await expect(chat.id('first-contact-contradiction')).toHaveCount(0);
  await trust.click();
  await chat.expectState('connected');
  await expect(chat.shield('trusted')).toBeVisible();
});

test('a server that was only trusted is verified when its words are compared', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  const { words, fingerprint, link } = identityOf(server);
  await chat.open(server.url);
  await chat.submit({ name: 'ada' });
  await expect(chat.firstContact).toBeVisible();
  // Nothing that is not the key passes for it.
  for (const [told, said] of [
    ['', 'Type the eight words'],
    ['yes', 'There are 8 words'],
    [words.replace(/^\w+/, 'xyzzy'), 'No key has the word “xyzzy”'],
    [words.split(' ').reverse().join(' '), 'another key'],
    [anotherFingerprint(fingerprint), 'another key'],
    [link.replace(/.$/, ''), 'The link is damaged'],
  ]) {
    await chat.id('first-contact-told').fill(told);
    await chat.id('first-contact-trust').click();
    await expect(chat.id('first-contact-told-error')).toContainText(said);
  }
  await chat.trust();
  await expect(chat.shield('trusted')).toBeVisible();
  await chat.shield('trusted').locator('summary').click();
  await expect(chat.id('shield-words')).toContainText('Nobody has compared its words');
  await chat.id('shield-compare').click();
  await expect(chat.id('verify-link')).toHaveCount(0);
  // What the page says of the key proves nothing to the page: it is not there to be copied.
  await expect(chat.id('verify-server-words')).toBeHidden();
  await chat.id('verify-compare').click();
  await expect(chat.id('verify-told-error')).toContainText('Type the eight words');
  await chat.id('verify-told').fill(`"${words.toUpperCase()}"`);
  await chat.id('verify-compare').click();
  await expect(chat.id('verify-compared')).toContainText('You compared this key');
  // From now on it can be passed on.
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await chat.id('verify-link').click();
  await expect(chat.id('verify-link')).toContainText('Copied');
  const passed = await page.evaluate(() => navigator.clipboard.readText());
  expect(decodeURIComponent(passed)).toBe(decodeURIComponent(link));
  await page.keyboard.press('Escape');
  await expect(chat.shield('verified')).toBeVisible();
  const friend = await visitor();
  await friend.chat.open(passed);
  await friend.chat.submit({ name: 'bob' });
  await expect(friend.chat.shield('verified')).toBeVisible();
  // The browser remembers it.
  await page.reload();
  await chat.expectState('connected');
  await expect(chat.shield('verified')).toBeVisible();
});

test('in v1 the verify dialog claims nothing', async ({ server, visitor }) => {
  const { chat } = await visitor();
  await chat.open(server.url);
  await chat.join('ada', { protocol: 'v1' });
  await expect(chat.shield('insecure')).toBeVisible();
  await expect(chat.shield('trusted')).toHaveCount(0);
  await chat.menu('verify-open');
  const { words, fingerprint } = identityOf(server);
  expect(await shownKey(chat, 'verify-server')).toEqual({ words, fingerprint });
  await expect(chat.id('verify-server-known')).toContainText('not verified');
  await expect(chat.id('verify-protocol')).toHaveText(/^v1: .*not verified/);
  await expect(chat.id('verify-session')).toHaveCount(0);
});

/**
 * The list of words is sorted: of any two words the one that comes first in the alphabet has the
 * lower index in it, so that words which do not belong to their fingerprints would be noticed.
 */
function expectWords(...pairs) {
  const words = new Map();
  for (let at = 0; at < pairs.length; at += 2) {
    wordIndexes(pairs[at]).forEach((index, place) => words.set(index, pairs[at + 1].split(' ')[place]));
  }
  const byIndex = [...words].sort(([a], [b]) => a - b).map(([, word]) => word);
  expect(byIndex).toEqual([...new Set(byIndex)].sort());
}
