// The key is the person: it stays over reloads, leaves as an encrypted file, and comes back.
import { writeFile } from 'node:fs/promises';

import { downloadOf } from '../lib/download.js';
import { python } from '../lib/python.js';
import { expect, test } from '../lib/test.js';

const PASSPHRASE = 'correct horse battery stäple';

test('a reload keeps the identity, the name and the draft', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  const fingerprint = await chat.readFingerprint();
  await chat.join('ada');
  await chat.composer.fill('half a thought,\nin two lines');
  await page.reload();
  await chat.join('ada');
  expect(await chat.readFingerprint()).toBe(fingerprint);
  await expect(chat.composer).toHaveValue('half a thought,\nin two lines');
  await chat.composer.press('Enter');
  await expect(chat.composer).toHaveValue('');
  await page.reload();
  await chat.join('ada');
  await expect(chat.composer).toHaveValue('');
});

/** A line before the vault's start. It counts the keys that the browser makes. */
const COUNTING = `
  self.made = 0;
  const generateKey = SubtleCrypto.prototype.generateKey;
  SubtleCrypto.prototype.generateKey = function (...args) {
    self.made += 1;
    return generateKey.apply(this, args);
  };
`;
/** The same for browsers that offer no cryptography, as to a page over plain http on a local network. */
const WITHOUT = "Object.defineProperty(self.crypto, 'subtle', { value: undefined });";
/** A generator that makes another key than the one that was asked for. */
const OTHER = `
  const generateKey = SubtleCrypto.prototype.generateKey;
  SubtleCrypto.prototype.generateKey = function (algorithm, ...args) {
    return generateKey.call(this, { ...algorithm, modulusLength: 3072 }, ...args);
  };
`;

/** Lets the vault of `page` run `before` first. */
async function startVaultWith(page, before) {
  await page.route('**/vault-start.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: before + (await response.text()) });
  });
}

test('the browser makes a key once', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await startVaultWith(page, COUNTING);
  await chat.open(server.url);
  await chat.readFingerprint();
  const made = () => page.workers()[0].evaluate(() => self.made);
  expect(await made()).toBe(1);
  await page.reload();
  await chat.readFingerprint();
  expect(await made()).toBe(0);
});

for (const [what, before] of [['without cryptography', WITHOUT], ['that makes another key than asked for', OTHER]]) {
  test(`in a browser ${what} the page makes the key`, async ({ server, visitor }) => {
    const { chat, page } = await visitor();
    await startVaultWith(page, before);
    await chat.open(server.url);
    const fingerprint = await chat.readFingerprint();
    await chat.join('ada');
    await page.reload();
    await chat.join('ada');
    expect(await chat.readFingerprint()).toBe(fingerprint);
  });
}

test('two profiles are two people', async ({ server, visitor }) => {
  const [one, other] = [await visitor(), await visitor()];
  await one.chat.open(server.url);
  await other.chat.open(server.url);
  expect(await one.chat.readFingerprint()).not.toBe(await other.chat.readFingerprint());
});

test('export, delete and import bring the same key back', { tag: '@engines' }, async ({ server, visitor }, info) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  const fingerprint = await chat.readFingerprint();
  await chat.menu('identity-open');

  await chat.id('identity-export').click();
  await chat.id('export-passphrase').fill('short');
  await chat.id('export-confirm').fill('short');
  await chat.id('export-submit').click();
  await expect(chat.id('export-passphrase-error')).toHaveText(/^Use at least \d+ characters\.$/);
  await chat.id('export-passphrase').fill(PASSPHRASE);
  await chat.id('export-submit').click();
  await expect(chat.id('export-confirm-error')).toHaveText('The two are not the same.');
  await chat.id('export-confirm').fill(PASSPHRASE);
  const { name, text } = await downloadOf(page, () => chat.id('export-submit').click());
  expect(name).toBe('secure-chat-key.pem');
  expect(text).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
  const file = info.outputPath('key.pem');
  await writeFile(file, text);
  expect(await fingerprintByPython(file, PASSPHRASE)).toBe(fingerprint);
  await expect(chat.id('identity-done')).toBeVisible();
  await chat.dialog.getByRole('button', { name: 'Done' }).click();

  await chat.id('identity-delete').click();
  await chat.id('delete-submit').click();
  await expect(chat.id('identity-create')).toBeVisible();
  await chat.id('identity-import').click();
  await chat.id('import-submit').click();
  await expect(chat.id('identity-problem')).toHaveText('Choose a file first.');
  await chat.id('import-file').setInputFiles(file);
  await chat.id('import-submit').click();
  await expect(chat.id('identity-problem')).toHaveText(/enter its passphrase/);
  await chat.id('import-passphrase').fill('incorrect horse');
  await chat.id('import-submit').click();
  await expect(chat.id('identity-problem')).toHaveText(/passphrase is wrong/);
  const junk = info.outputPath('junk.pem');
  await writeFile(junk, 'no key at all');
  await chat.id('import-file').setInputFiles(junk);
  await chat.id('import-submit').click();
  await expect(chat.id('identity-problem')).toHaveText(/not a key that can be used/);
  await chat.id('import-file').setInputFiles(file);
  await chat.id('import-passphrase').fill(PASSPHRASE);
  await chat.id('import-submit').click();
  await expect(chat.id('identity-done')).toBeVisible();
  await page.keyboard.press('Escape');
  expect(await chat.readFingerprint()).toBe(fingerprint);
  await page.reload();
  expect(await chat.readFingerprint()).toBe(fingerprint);
  await chat.join('ada');
});

test('a deleted key ends its session, and a new one is another person', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  const fingerprint = await chat.readFingerprint();
  await chat.join('ada');
  await chat.menu('identity-open');
  await chat.id('identity-delete').click();
  await chat.id('delete-submit').click();
  await chat.expectState('stopped');
  await expect(chat.bannerState).toContainText('Your key could not be used.');
  await chat.id('identity-create').click();
  await expect(chat.fingerprint).toBeVisible();
  await page.keyboard.press('Escape');
  expect(await chat.readFingerprint()).not.toBe(fingerprint);
});

/** Opens an exported key with another program, and computes its fingerprint there. */
async function fingerprintByPython(file, passphrase) {
  const program = `
import base64, hashlib, sys
from cryptography.hazmat.primitives import serialization as s
key = s.load_pem_private_key(open(sys.argv[1], 'rb').read(), sys.argv[2].encode())
der = key.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
print('SHA256:' + base64.b64encode(hashlib.sha256(der).digest()).decode().rstrip('='))`;
  return (await python('-c', program, file, passphrase)).trim();
}
