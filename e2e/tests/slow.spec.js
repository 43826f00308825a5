// A line that is slow, loses pieces and is cut: what is written arrives once, in order, and nothing
// that is typed meanwhile is lost.
import { LOST_SERVER } from '../lib/guard.js';
import { SlowLine } from '../lib/slow-line.js';
import { expect, test } from '../lib/test.js';

/** The time for what crosses the line, in milliseconds. */
const PATIENCE = { timeout: 90_000 };

test('a chat over a slow line that is cut loses and doubles nothing', async ({ server, visitor }) => {
  test.slow();
  const line = await SlowLine.start(server.httpPort);
  try {
    const bob = await visitor();
    await bob.chat.open(server.url);
    await bob.chat.join('bob');
    const { chat, page } = await visitor({ allow: [LOST_SERVER, /net::ERR_/] });
    await page.goto(line.url, { timeout: 120_000 });
    await expect(chat.id('connect-submit')).toBeVisible(PATIENCE);
    await chat.submit({ name: 'ada' });
    await expect(chat.firstContact).toBeVisible(PATIENCE);
    await chat.trust();
    await expect(chat.id('log')).toHaveAttribute('aria-busy', 'false', PATIENCE);
    const texts = Array.from({ length: 12 }, (_, n) => `line ${n}`);
    for (const [n, text] of texts.entries()) {
      await chat.type(text);
      // In the middle of what is under way.
      if (n % 4 === 3) line.cut();
    }
    await chat.composer.fill('half a thought');
    await expect(bob.chat.messages('line 11', 'ada')).toHaveCount(1, PATIENCE);
    const arrived = () => bob.page.locator('[data-testid="message"][data-name="ada"] [data-testid="message-text"]').allTextContents();
    expect(await arrived()).toEqual(texts);
    await expect(chat.outgoing).toHaveCount(0, PATIENCE);
    await expect(chat.composer).toHaveValue('half a thought');
    await expect(chat.composer).toBeFocused();
  } finally {
    line.dispose();
  }
});
