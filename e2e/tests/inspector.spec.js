// The inspector: every frame with its layers, fields and bytes, as the protocol's own parser saw it.
import { readFile } from 'node:fs/promises';

import { expectAccessible } from '../lib/axe.js';
import { LOST_SERVER } from '../lib/guard.js';
import { come } from '../lib/people.js';
import { expect, test } from '../lib/test.js';

const frames = (chat, kind) => chat.page.locator(`[data-testid="inspect-frame"]${kind ? `[data-kind="${kind}"]` : ''}`);
const field = (chat, name) => chat.page.locator(`[data-testid="inspect-field"][data-name="${name}"]`);
const layer = (chat, name) => chat.page.locator(`[data-testid="inspect-layer"][data-layer="${name}"]`);

/** The bytes of the view, in hexadecimal digits. */
async function shownBytes(chat) {
  const text = await chat.id('inspect-bytes').locator('.hex-bytes').allTextContents();
  return text.join('').replace(/\s/g, '');
}

/** The printable ASCII beside the bytes. */
async function shownText(chat) {
  return (await chat.id('inspect-bytes').locator('.hex-ascii').allTextContents()).join('');
}

test('a handshake of v2 is listed from the first byte on, and every byte is in a field', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat } = await come(visitor, server, 'ada');
  await chat.tool('inspect-toggle');
  const kinds = await frames(chat).evaluateAll((rows) => rows.map((row) => row.dataset.kind));
  for (const kind of ['preface', 'client_hello', 'announcement', 'server_hello', 'server_auth', 'client_auth', 'message']) {
    expect(kinds).toContain(kind);
  }
  await chat.id('inspect-find').fill('client_hello');
  await frames(chat, 'client_hello').last().click();
  await expect(chat.id('inspect-verdict')).toHaveText('Accepted');
  await layer(chat, 'wire').click();
  const ranges = await chat.id('inspect-field').locator('.field-range').allTextContents();
  const length = (await shownBytes(chat)).length / 2;
  let end = 0;
  for (const range of ranges) {
    const [from, to] = range.split('–').map(Number);
    expect(from).toBe(end);
    end = to;
  }
  expect(end).toBe(length);
  // What is chosen in the list stands out in the bytes, and the other way round.
  await field(chat, 'length').click();
  await expect(chat.id('inspect-bytes').locator('.hex-bytes .lit')).toHaveCount(1);
  await chat.id('inspect-bytes').locator('.hex-bytes .field-1').first().click();
  await expect(field(chat, 'type')).toHaveAttribute('aria-pressed', 'true');
});

test('a message leads to its frames, and a frame to its message', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat } = await come(visitor, server, 'ada');
  await chat.type('look inside');
  await expect(chat.messages('look inside', 'ada')).toHaveCount(1);
  await chat.press(chat.messages('look inside'), 'frames');
  await expect(frames(chat, 'message')).not.toHaveCount(0);
  const sent = chat.page.locator('[data-testid="inspect-frame"][data-direction="sent"]');
  await sent.first().click();
  await layer(chat, 'message').click();
  await expect.poll(() => shownText(chat)).toContain('look inside');
  await layer(chat, 'ciphertext').click();
  await expect.poll(() => shownText(chat)).not.toContain('look');
  await expect(chat.id('inspect-key-uses')).toContainText('record');
  await chat.page.locator('[data-testid="inspect-frame"][data-direction="received"]').last().click();
  await chat.id('inspect-show').first().click();
  await expect(chat.messages('look inside')).toHaveClass(/glow/);
});

test('frames are found by kind, direction and text, and the list can be paused', async ({ server, visitor }) => {
  const { chat } = await come(visitor, server, 'ada');
  await chat.tool('inspect-toggle');
  await chat.id('inspect-kinds').selectOption('Handshake');
  await expect(frames(chat, 'message')).toHaveCount(0);
  await chat.id('inspect-direction').selectOption('Sent');
  await expect(frames(chat, 'server_hello')).toHaveCount(0);
  await expect(frames(chat, 'client_hello')).not.toHaveCount(0);
  await chat.id('inspect-kinds').selectOption('All kinds');
  await chat.id('inspect-direction').selectOption('Both directions');
  await chat.id('inspect-pause').click();
  const count = await chat.id('inspect-count').textContent();
  await chat.type('needle in the hay');
  await expect(chat.messages('needle in the hay')).toHaveCount(1);
  await expect(chat.id('inspect-count')).toHaveText(count);
  await chat.id('inspect-pause').click();
  await expect(chat.id('inspect-count')).not.toHaveText(count);
  await chat.id('inspect-find').fill('NEEDLE in');
  await expect(frames(chat)).not.toHaveCount(0);
  await expect(frames(chat, 'client_hello')).toHaveCount(0);
  await chat.id('inspect-find').fill('nothing like that');
  await expect(frames(chat)).toHaveCount(0);
  await expect(chat.id('inspect-count')).toHaveText('0 frames found');
});

test('what a frame has of hostile texts is shown as codes, and changes nothing', async ({ server, visitor }) => {
  const { chat, page } = await come(visitor, server, 'ada');
  const text = 'a\u202eb <img src=x onerror=alert(1)> \u{1f980}';
  await chat.type(text);
  await expect(chat.id('message')).toHaveCount(1);
  await chat.press(chat.id('message').first(), 'frames');
  await page.locator('[data-testid="inspect-frame"][data-direction="sent"]').first().click();
  await field(chat, 'message').click();
  const value = await field(chat, 'message').locator('.field-value').textContent();
  expect(value).not.toMatch(/[\u202a-\u202e]/);
  await expect(chat.id('inspector').locator('img')).toHaveCount(0);
});

test('the list keeps up with many frames and shows each of them', async ({ server, visitor, python }) => {
  const { chat, page } = await come(visitor, server, 'ada');
  await chat.tool('inspect-toggle');
  const py = await python();
  for (let n = 1; n <= 150; n++) await py.say(`line ${n}`);
  await expect(chat.messages('line 150')).toHaveCount(1);
  await chat.id('inspect-find').fill('"line 150"');
  await expect(frames(chat)).toHaveCount(1);
  await chat.id('inspect-find').fill('');
  const list = chat.id('inspect-list');
  // The list scrolls, and the page does not.
  expect(await page.evaluate(() => document.scrollingElement.scrollHeight - innerHeight)).toBeLessThanOrEqual(0);
  // Only a part is in the document.
  expect(await frames(chat).count()).toBeLessThanOrEqual(80);
  await list.focus();
  await page.keyboard.press('Home');
  await expect(chat.id('inspect-detail')).toContainText('preface');
  await page.keyboard.press('ArrowDown');
  await expect(chat.id('inspect-detail')).toContainText('client_hello');
  await page.keyboard.press('End');
  await expect(chat.id('inspect-detail')).toContainText('message');
});

test('v1 is inspected in the same way, and the diagram opens its frames', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada', { protocol: 'v1' });
  await chat.tool('inspect-toggle');
  await chat.id('inspect-handshake').click();
  const arrow = page.getByRole('button', { name: /^Sent handshake/ });
  await arrow.focus();
  await page.keyboard.press('Enter');
  await expect(chat.id('inspect-detail')).toContainText('handshake');
  await layer(chat, 'wire').click();
  await expect(field(chat, 'enc_session')).toBeVisible();
  await expect(field(chat, 'client_sig')).toBeVisible();
  await chat.id('inspect-keys').click();
  await expect(chat.id('inspect-tree')).toContainText('aes_key');
});

test('values of keys are recorded only when asked for, and from the next connection on', async ({ server, visitor }) => {
  const { chat } = await come(visitor, server, 'ada', { allow: [LOST_SERVER] });
  await chat.tool('inspect-toggle');
  await chat.id('inspect-keys').click();
  await expect(chat.id('inspect-tree')).toContainText('ap_c');
  await expect(chat.id('inspect-secret')).toHaveCount(0);
  await chat.id('inspect-secrets').check();
  await expect(chat.id('inspect-secret')).toHaveCount(0);
  await server.stop('SIGKILL');
  await server.start();
  await expect(chat.id('inspect-secret').first()).toHaveText(/^[0-9a-f]{64}$/);
  await chat.page.reload();
  await chat.expectState('connected');
  await chat.id('inspect-keys').click();
  await expect(chat.id('inspect-secrets')).not.toBeChecked();
  await expect(chat.id('inspect-secret')).toHaveCount(0);
});

test('exported frames are read by other programs, and hold no values of keys', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ allow: [LOST_SERVER] });
  await chat.open(server.url);
  await chat.join('ada', { protocol: 'v1' });
  await chat.tool('inspect-toggle');
  await chat.id('inspect-keys').click();
  await chat.id('inspect-secrets').check();
  await server.stop('SIGKILL');
  await server.start();
  await chat.id('inspect-frames').click();
  await chat.id('inspect-find').fill('handshake');
  // Of the session that was made with the choice.
  await expect(frames(chat, 'handshake')).toHaveCount(2);
  await frames(chat, 'handshake').last().click();
  await layer(chat, 'plaintext').click();
  await expect(field(chat, 'aes_key')).toBeVisible();
  const download = page.waitForEvent('download');
  await chat.id('inspect-export').click();
  const file = await (await download).path();
  const exported = JSON.parse(await readFile(file, 'utf8'));
  expect(exported).toMatchObject({ format: 'secure-chat-frames', version: 1, protocol: 'v1' });
  const kinds = exported.frames.map(({ kind }) => kind);
  expect(kinds.slice(0, 2)).toEqual(['announcement', 'handshake']);
  expect(exported.frames[1].layers.map(({ name }) => name)).not.toContain('plaintext');
  expect(exported.frames.map(({ number }) => number)).toEqual(kinds.map((_, at) => at + 1));
  for (const { wire, layers, keys } of exported.frames) {
    expect(layers[0].fields.at(-1).end).toBe(Buffer.from(wire, 'base64').length);
    for (const key of keys) expect(key).not.toHaveProperty('value');
  }
});

test('the inspector has an address of its own', async ({ server, visitor }) => {
  const { chat, page } = await come(visitor, server, 'ada');
  await page.goto(`${server.url}#inspect`);
  await page.reload();
  await chat.expectState('connected');
  await expect(chat.id('inspector')).toBeVisible();
});

for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [{ width: 360, height: 740 }, { width: 1280, height: 800 }]) {
    test(`the inspector is accessible, ${colorScheme}, ${viewport.width} px`, async ({ server, visitor }) => {
      const { chat, page } = await come(visitor, server, 'ada', { colorScheme, viewport });
      await chat.type('hello');
      await expect(chat.messages('hello')).toHaveCount(1);
      await chat.tool('inspect-toggle');
      await expectAccessible(page, 'the frames');
      await frames(chat, 'message').last().click();
      for (const name of ['wire', 'ciphertext', 'plaintext', 'message']) {
        await layer(chat, name).click();
        await expectAccessible(page, `a frame, ${name}`);
      }
      await chat.id('inspect-field').first().click();
      await expectAccessible(page, 'a field');
      await chat.id('inspect-handshake').click();
      await expectAccessible(page, 'the handshake');
      await chat.id('inspect-keys').click();
      await expectAccessible(page, 'the keys');
    });
  }
}
