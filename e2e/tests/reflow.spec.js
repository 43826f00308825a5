// Every screen at every width, and magnified: nothing is cut off, and nothing stands out of the
// window (WCAG 2.2, success criterion 1.4.10).
import { beforeChat, inChat, looker } from '../lib/every-screen.js';
import { test } from '../lib/test.js';

/** Windows; the last two are a window of 1280 × 1024 px, magnified to 200 % and to 400 %. */
const look = looker(
  [
    [320, 640], [360, 740], [447, 740], [701, 800], [768, 1024], [900, 800], [1024, 768], [1280, 800], [1920, 1080],
    [640, 512], [320, 256],
  ],
  [1280, 800],
);

test('nothing is cut off before the chat, at any width', async ({ server, visitor }) => {
  test.slow();
  await beforeChat({ server, visitor }, look);
});

test('nothing is cut off in the chat, at any width', async ({ server, visitor }) => {
  test.setTimeout(240_000);
  await inChat({ server, visitor }, look);
});
