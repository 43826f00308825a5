// Long sessions: keys are replaced while people talk, nobody notices, and nothing is lost.
import { expect, test } from '../lib/test.js';

/** How often the keys of both directions were replaced, by the panel of the handshake. */
async function rekeys(chat) {
  const text = await chat.id('handshake-rekeys').textContent();
  const [, sent, received] = /^sent (\d+), received (\d+)$/.exec(text) ?? [];
  if (sent === undefined) throw new Error(`the panel says ${text}`);
  return { sent: Number(sent), received: Number(received) };
}

async function showPanel(chat) {
  await chat.showHandshake();
  await expect(chat.id('handshake-rekeys')).toBeVisible();
}

test.describe('a server that renews its keys after five records', () => {
  test.use({ serverOptions: { args: ['--rekey-records', '5'] } });

  test('forty messages both ways arrive once, in order', async ({ server, visitor }) => {
    const EACH = 40;
    const [ada, bob] = [await visitor(), await visitor()];
    for (const [{ chat }, name] of [
      [ada, 'ada'],
      [bob, 'bob'],
    ]) {
      await chat.open(server.url);
      await chat.join(name);
      await showPanel(chat);
    }
    await expect(ada.chat.notices('bob joined')).toBeVisible();
    const say = async ({ chat }, text) => {
      await chat.composer.fill(text);
      await chat.composer.press('Enter');
    };
    for (let n = 1; n <= EACH; n++) {
      await say(ada, `ada ${n}`);
      await say(bob, `bob ${n}`);
      // One after the other, so that each is a record of its own.
      await expect(bob.chat.messages(`ada ${n}`, 'ada')).toHaveCount(1);
      await expect(ada.chat.messages(`bob ${n}`, 'bob')).toHaveCount(1);
    }
    const expected = Array.from({ length: EACH }, (_, at) => at + 1);
    for (const { chat, tunnels } of [ada, bob]) {
      for (const name of ['ada', 'bob']) {
        const said = chat.page.locator(`[data-testid="message"][data-name="${name}"]`).getByTestId('message-text');
        expect(await said.allTextContents()).toEqual(expected.map((n) => `${name} ${n}`));
      }
      await expect(chat.outgoing).toHaveCount(0);
      // 80 messages and 40 acks for each, and who is writing; what came together may have shared a
      // record, in twos.
      const counted = await rekeys(chat);
      expect(counted.received).toBeGreaterThanOrEqual(EACH / 5);
      expect(counted.received).toBeLessThanOrEqual((4 * EACH + 20) / 5);
      expect(counted.sent).toBe(0);
      await chat.menu('verify-open');
      await expect(chat.id('verify-rekeys')).toHaveText(`sent ${counted.sent}, received ${counted.received}`);
      await chat.page.keyboard.press('Escape');
      // In one and the same session: the first contact's, and this one.
      expect(tunnels).toHaveLength(2);
    }
  });
});

test('the page renews its own keys after ten minutes, and the server follows', async ({ server, visitor }) => {
  const { chat, page, tunnels } = await visitor();
  await page.clock.install();
  await chat.open(server.url);
  await chat.join('ada');
  await showPanel(chat);
  await chat.type('with the first keys');
  await expect(chat.messages('with the first keys', 'ada')).toHaveCount(1);
  expect(await rekeys(chat)).toEqual({ sent: 0, received: 0 });

  await page.clock.fastForward('09:00');
  await chat.type('still with them');
  await expect(chat.messages('still with them', 'ada')).toHaveCount(1);
  expect((await rekeys(chat)).sent).toBe(0);

  for (const times of [1, 2]) {
    await page.clock.fastForward('10:01');
    const text = `with new keys, ${times}`;
    await chat.type(text);
    await expect(chat.messages(text, 'ada')).toHaveCount(1);
    expect(await rekeys(chat)).toEqual({ sent: times, received: 0 });
  }
  await expect(chat.shield('trusted')).toBeVisible();
  expect(tunnels).toHaveLength(2);
});
