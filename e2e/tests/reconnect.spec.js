// The server goes away and comes back: the page says so, returns by itself, and what was typed
// arrives once. That it left once is read from the wire, in Python, with the server's key, which
// opens v1 only: in v2 nobody but the two ends ever can.
import { LOST_SERVER } from '../lib/guard.js';
import { decrypt } from '../lib/python.js';
import { expect, test } from '../lib/test.js';

const ALLOW = { allow: [LOST_SERVER] };

for (const [signal, sentence] of [
  ['SIGKILL', /^The connection (was lost|broke in the middle of a message)\.$/],
  ['SIGTERM', /^The server is stopping\.$/],
]) {
  test(`what is typed while the server is away (${signal}) arrives once`, async ({ server, visitor }) => {
    const { chat, page, tunnels } = await visitor(ALLOW);
    await chat.open(server.url);
    await chat.join('ada', { protocol: 'v1' });
    await chat.type('before');
    await expect(chat.messages('before', 'ada')).toHaveCount(1);
    // Said by the banner before the first attempt that fails replaces it.
    const seen = await watchSentences(page);
    expect(await server.stop(signal)).toBe(signal === 'SIGTERM' ? 0 : null);
    await chat.expectState('waiting');
    await expect.poll(seen).toContainEqual(expect.stringMatching(sentence));
    await expect(chat.id('retry-now')).toBeVisible();
    await chat.type('away 1');
    await chat.type('away 2');
    await chat.composer.fill('a draft');
    await expect(chat.outgoing).toHaveCount(2);
    for (const line of await chat.outgoing.all()) await expect(line).toHaveAttribute('data-state', 'queued');

    await server.start();
    await chat.expectState('connected');
    await expect(chat.ownName).toHaveText('ada');
    for (const text of ['before', 'away 1', 'away 2']) {
      await expect(chat.messages(text, 'ada')).toHaveCount(1);
    }
    await expect(chat.outgoing).toHaveCount(0);
    await expect(chat.composer).toHaveValue('a draft');
    await chat.composer.fill('');
    await chat.type('/quit');
    await expect(chat.bannerState).toHaveText('You left the chat.');
    const sent = (await textsSent(tunnels.at(-1), server)).map((text) => JSON.parse(text));
    expect(sent.filter(({ type }) => type === 'send').map(({ text }) => text)).toEqual(['away 1', 'away 2']);
    // Only what was missed is asked for.
    expect(sent.find(({ type }) => type === 'join')).toMatchObject({ room: 'lobby', after: 1 });
  });
}

test('a line without an answer is sent again by itself, and is there once', async ({ server, visitor }) => {
  const { chat } = await visitor(ALLOW);
  await chat.open(server.url);
  await chat.join('ada');
  server.freeze();
  await chat.type('did it arrive?');
  await expect(chat.outgoing).toHaveAttribute('data-state', 'sent');
  await server.stop('SIGKILL');
  await expect(chat.outgoing).toHaveAttribute('data-state', 'queued');
  await server.start();
  await chat.expectState('connected');
  await expect(chat.messages('did it arrive?', 'ada')).toHaveCount(1);
  await chat.type('after');
  await expect(chat.messages('after', 'ada')).toHaveCount(1);
  await expect(chat.messages('did it arrive?', 'ada')).toHaveCount(1);
  await expect(chat.outgoing).toHaveCount(0);
});

test('what waits survives a reload, and can be cancelled', { tag: '@engines' }, async ({ server, visitor }) => {
  const { chat, page, problems } = await visitor(ALLOW);
  await chat.open(server.url);
  await chat.join('ada');
  await server.stop('SIGKILL');
  await chat.expectState('waiting');
  await chat.type('keep me');
  await chat.type('drop me');
  await chat.outgoing.filter({ hasText: 'drop me' }).getByTestId('outgoing-cancel').click();
  await expect(chat.outgoing).toHaveCount(1);
  await server.start();
  await page.reload();
  await chat.join('ada');
  await expect(chat.messages('keep me', 'ada')).toHaveCount(1);
  await expect(chat.messages('drop me')).toHaveCount(0);
  expect(problems).toEqual([]);
});

test('“Retry now” does not wait for the back-off', async ({ server, visitor }) => {
  const { chat, page } = await visitor(ALLOW);
  await page.clock.install();
  await chat.open(server.url);
  await chat.join('ada');
  await server.stop('SIGKILL');
  await chat.expectState('waiting');
  // From here on no timer of the page comes due: only the button can bring the next attempt.
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 200));
  await chat.expectState('waiting');
  await expect(chat.id('countdown')).toHaveText(/^Next attempt in \d+ s$/);
  await server.start();
  await page.clock.runFor(0);
  await chat.expectState('waiting');
  await chat.id('retry-now').click();
  await chat.expectState('connected');
});

/** Collects what the banner says from now on. */
async function watchSentences(page) {
  const sentences = [];
  await page.exposeFunction('bannerSaid', (text) => sentences.push(text));
  await page.evaluate(() => {
    const state = document.querySelector('[data-testid="banner-state"]');
    new MutationObserver(() => window.bannerSaid(state.textContent)).observe(state, {
      characterData: true,
      childList: true,
      subtree: true,
    });
  });
  return () => sentences;
}

async function textsSent(tunnel, server) {
  const events = await decrypt([tunnel], server.keyFile);
  return events.filter(({ direction }) => direction === 'client_to_server').map(({ text }) => text);
}
