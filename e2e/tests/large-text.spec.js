// Every screen with text of twice the size, as a browser's settings give it: nothing is cut off (WCAG
// 2.2, success criterion 1.4.4).
import { launchOptions } from '../lib/chromium.js';
import { beforeChat, inChat, looker } from '../lib/every-screen.js';
import { expect, test } from '../lib/test.js';

const args = [...launchOptions.args, '--blink-settings=defaultFontSize=32,defaultFixedFontSize=26'];
test.use({ launchOptions: { ...launchOptions, args } });

const look = looker([[360, 740], [768, 1024], [1280, 800], [1920, 1080]], [2560, 1600]);

test('with text of twice the size nothing is cut off before the chat', async ({ server, visitor }) => {
  test.slow();
  await beforeChat({ server, visitor }, look);
});

test('with text of twice the size nothing is cut off in the chat', async ({ server, visitor }) => {
  test.setTimeout(240_000);
  const ada = await visitor();
  await ada.chat.open(server.url);
  const size = await ada.page.evaluate(() => getComputedStyle(document.documentElement).fontSize);
  expect(size).toBe('32px');
  await inChat({ server, visitor }, look);
});
