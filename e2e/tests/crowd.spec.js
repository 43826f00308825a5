// Fifty rooms with a hundred thousand messages: a person is in all of them, goes from one to another,
// and finds the first message of one.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { CLIENT, requireFile } from '../lib/paths.js';
import { expect, test } from '../lib/test.js';

const ROOMS = 50;
const MESSAGES = 2000;

test.use({
  serverOptions: {
    args: ['sends', 'joins', 'creates', 'asks'].flatMap((what) => [`--${what}-per-minute`, '0']).concat('--mib-per-day', '0'),
  },
});

test('fifty rooms with a hundred thousand messages can be walked through', async ({ server, visitor }, info) => {
  test.setTimeout(300_000);
  requireFile(CLIENT, 'build it with `cargo build -p cli`, or set SECURE_CHAT_CLIENT');
  const load = ['--rooms', ROOMS, '--clients', ROOMS, '--messages', MESSAGES, '--size', 60, '--keep', 'forever'];
  const args = ['bench', `127.0.0.1:${server.tcpPort}`, ...load.map(String), '--data-dir', info.outputPath('client')];
  await promisify(execFile)(CLIENT, args);

  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  await chat.browse();
  const rooms = chat.id('browse-room');
  await expect(rooms).toHaveCount(ROOMS + 1);
  const names = await rooms.evaluateAll((all) => all.map((room) => room.dataset.room).filter((name) => name !== 'lobby'));
  await page.keyboard.press('Escape');
  const entry = (name) => page.locator(`[data-testid="room"][data-room="${name}"]`);
  for (const name of names) {
    await chat.joinRoom(name);
    await chat.expectRoom();
  }
  // What is written in one of many is there after all the others.
  await chat.composer.fill('half a thought');
  for (const name of names.slice(0, 5)) {
    await entry(name).click();
    await expect(chat.id('room-title')).toHaveText(name);
  }
  const last = names.at(-1);
  await entry(last).click();
  await expect(chat.composer).toHaveValue('half a thought');
  await chat.composer.fill('');
  const first = () =>
    chat.id('log').evaluate((log) => {
      log.scrollTop = 0;
      return Number(log.querySelector('[data-seq]')?.dataset.seq);
    });
  await expect.poll(first, { timeout: 120_000 }).toBe(1);
  expect(await chat.id('message').count()).toBeLessThanOrEqual(200);
  await page.reload();
  await expect(chat.id('room-title')).toHaveText(last);
  await chat.expectRoom();
  await chat.type('still here');
  await expect(chat.messages('still here', 'ada')).toHaveCount(1);
});
