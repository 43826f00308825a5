// Whom the page trusts, seen from both sides: what the server says of itself in its log, and what a
// person finds in the page's dialogs. It must not know how either is made.
import { expect } from './expect.js';

/** A fingerprint, as everybody writes it. */
export const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

/**
 * Returns the words, the fingerprint and the link that the server printed when it was last started.
 * @param {import('./server.js').Server} server
 */
export function identityOf(server) {
  const last = (pattern) => [...server.log.matchAll(pattern)].at(-1)?.[1];
  const identity = {
    words: last(/this server's words: ([a-z ]+)$/gm),
    fingerprint: last(/server key .*?fingerprint=(SHA256:\S{43})/g),
    link: last(/key in the link: (\S+)$/gm),
  };
  for (const [what, value] of Object.entries(identity)) {
    if (!value) throw new Error(`the server has not printed its ${what}:\n${server.log}`);
  }
  return identity;
}

/**
 * The sessions that the server has logged, oldest first. v1 has no session id.
 * @param {import('./server.js').Server} server
 */
export function sessionsOf(server) {
  return server.log
    .split('\n')
    .filter((line) => line.includes('handshake done'))
    .map((line) => ({
      version: /version=(\S+)/.exec(line)?.[1],
      key: /key=(\S+)/.exec(line)?.[1],
      session: /session=(\S+)/.exec(line)?.[1],
    }));
}

/**
 * A fingerprint that is nobody's: the given one with its first letter changed.
 * @param {string} fingerprint
 */
export function anotherFingerprint(fingerprint) {
  return fingerprint.replace(/:(.)/, (_, letter) => `:${letter === 'A' ? 'B' : 'A'}`);
}

/**
 * The indexes of the eight words in their list, from the fingerprint alone: 11 bits each.
 * @param {string} fingerprint
 */
export function wordIndexes(fingerprint) {
  const hash = Buffer.from(fingerprint.slice('SHA256:'.length), 'base64');
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return Array.from({ length: 8 }, (_, place) => parseInt(bits.slice(place * 11, place * 11 + 11), 2));
}

/**
 * A key as a dialog shows it.
 * @param {import('./chat-page.js').ChatPage} chat
 * @param {'first-contact' | 'verify-server' | 'verify-own' | 'key-expected' | 'key-presented'} place
 */
export async function shownKey(chat, place) {
  // Where a key is to be compared, the page's own words are folded.
  const folded = chat.id(`${place}-key`);
  await expect(folded.or(chat.id(`${place}-words`)).first()).toBeVisible();
  if ((await folded.count()) > 0) await chat.unfold(`${place}-key`);
  const list = chat.id(`${place}-words`);
  await expect(list.getByRole('listitem')).toHaveCount(8);
  const words = (await list.getByRole('listitem').allTextContents()).join(' ');
  // People and programs read the same words.
  await expect(list).toHaveAttribute('data-words', words);
  const fingerprint = await chat.id(`${place}-fingerprint`).textContent();
  expect(fingerprint).toMatch(FINGERPRINT);
  return { words, fingerprint };
}

/**
 * Opens the list of trusted servers from wherever the page is, and returns it: address and text.
 * Leaves the dialog open.
 * @param {import('./chat-page.js').ChatPage} chat
 */
export async function openPins(chat) {
  await chat.menu('verify-open');
  await chat.id('verify-pins').click();
  return readPins(chat);
}

/**
 * The list of trusted servers that is open.
 * @param {import('./chat-page.js').ChatPage} chat
 */
export async function readPins(chat) {
  await expect(chat.id('pins-list').or(chat.id('pins-empty'))).toBeVisible();
  return chat.id('pin').evaluateAll((rows) =>
    rows.map((row) => ({ address: row.dataset.address, text: row.textContent })),
  );
}

/**
 * Removes the only pin in the list that is open, in its two steps, and closes the dialog.
 * @param {import('./chat-page.js').ChatPage} chat
 */
export async function removeOnlyPin(chat) {
  await expect(chat.id('pin')).toHaveCount(1);
  await chat.id('pin-remove').click();
  await chat.id('pin-remove-confirm').click();
  await expect(chat.id('pins-empty')).toBeVisible();
  await chat.page.keyboard.press('Escape');
  await expect(chat.id('verify')).toBeHidden();
}

/**
 * Spoils what is stored for the only trusted server, as a broken disk or somebody at it would.
 * @param {import('@playwright/test').Page} page
 */
export async function damageOnlyPin(page) {
  await page.evaluate(async () => {
    const done = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open('secure-chat-pins'));
    const store = database.transaction('servers', 'readwrite').objectStore('servers');
    const [address, ...others] = await done(store.getAllKeys());
    if (!address || others.length) throw new Error('there is not exactly one pin');
    const pin = await done(store.get(address));
    await done(store.put({ ...pin, fingerprint: pin.fingerprint.slice(0, -1) }, address));
    database.close();
  });
}
