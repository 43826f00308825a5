// Walks the steps of docs/TOUR.md. With SECURE_CHAT_TOUR it writes the pictures of that document into the
// folder that it names: SECURE_CHAT_TOUR=../docs/tour npx playwright test --project=chromium tests/tour.spec.js
import { join } from 'node:path';
import { env } from 'node:process';

import { come } from '../lib/people.js';
import { expect, test } from '../lib/test.js';

const TEXT = 'Meet me at noon.';

/** Writes a picture of the page, if pictures are wanted. */
async function picture(page, name) {
  if (env.SECURE_CHAT_TOUR) await page.screenshot({ path: join(env.SECURE_CHAT_TOUR, `${name}.png`) });
}

/** Shows a layer of the chosen frame, with its fields at the top of the panel. */
async function show(chat, layer) {
  await chat.page.locator(`[data-testid="inspect-layer"][data-layer="${layer}"]`).click();
  await chat.id('inspect-detail').evaluate((detail) => detail.scrollIntoView());
}

/** Opens the frame of an arrow of the diagram. */
async function openArrow(chat, name) {
  await chat.id('inspect-handshake').click();
  await chat.id('inspect-arrow').filter({ hasText: name }).first().click();
}

/** The bytes of the ciphertext of every frame that was sent with the text. */
async function ciphertexts(chat) {
  await chat.id('inspect-frames').click();
  await chat.id('inspect-direction').selectOption('Sent');
  await chat.id('inspect-find').fill(TEXT);
  const rows = chat.id('inspect-frame');
  await expect(rows).toHaveCount(2);
  const all = [];
  for (let n = 0; n < 2; n++) {
    await rows.nth(n).click();
    await show(chat, 'ciphertext');
    all.push((await chat.id('inspect-bytes').locator('.hex-bytes').allTextContents()).join('').replace(/\s/g, ''));
  }
  return all;
}

test('the tour shows what its document says', async ({ server, visitor }) => {
  const { chat, page } = await come(visitor, server, 'ada', { viewport: { width: 1280, height: 860 } });
  await chat.tool('inspect-toggle');
  await chat.id('inspect-handshake').click();
  await expect(chat.id('inspect-arrow').filter({ hasText: 'server_auth, sealed' })).toHaveCount(1);
  await picture(page, '1-handshake');

  await openArrow(chat, 'client_hello');
  await show(chat, 'message');
  await page.locator('[data-testid="inspect-field"][data-name="mlkem_key"]').click();
  await expect(chat.id('inspect-bytes').locator('.hex-bytes .lit').first()).toBeVisible();
  await picture(page, '2-client-hello');

  await openArrow(chat, 'server_auth');
  await show(chat, 'plaintext');
  await expect(page.locator('[data-testid="inspect-field"][data-name="padding"]')).toBeVisible();
  await show(chat, 'message');
  await expect(page.locator('[data-testid="inspect-field"][data-name="signature"]')).toBeVisible();
  await expect(chat.id('inspect-key-uses')).toContainText('hs_s, from PRK');
  await picture(page, '3-server-auth');

  await chat.type(TEXT);
  await expect(chat.messages(TEXT)).toHaveCount(1);
  await chat.press(chat.messages(TEXT), 'frames');
  await page.locator('[data-testid="inspect-frame"][data-direction="sent"]').first().click();
  await show(chat, 'message');
  await expect(chat.id('inspect-key-uses')).toContainText(/ap_c, .*record \d+, nonce/);
  await picture(page, '4-message');

  await chat.type(TEXT);
  await expect(chat.messages(TEXT)).toHaveCount(2);
  const [first, second] = await ciphertexts(chat);
  expect(first.slice(0, 32)).not.toBe(second.slice(0, 32));
  await chat.id('inspect-keys').click();
  await expect(chat.id('inspect-tree')).toContainText('ap_c');
  await picture(page, '5-keys');
});

test('the tour of v1 shows what its document says', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ viewport: { width: 1280, height: 860 } });
  await chat.open(server.url);
  await chat.join('ada', { protocol: 'v1' });
  for (const times of [1, 2]) {
    await chat.type(TEXT);
    await expect(chat.messages(TEXT)).toHaveCount(times);
  }
  await chat.tool('inspect-toggle');
  const [first, second] = await ciphertexts(chat);
  // The kind of the request and the room are the same; the ids of the messages are not.
  expect(first.slice(0, 32)).toBe(second.slice(0, 32));
  await picture(page, '6-v1');
});
