// Every screen of the page, one after the other, and what of it cannot be seen.
import { LOST_SERVER } from './guard.js';
import { expect } from './test.js';

/** Returns the controls and texts that stand out of the window, or of which a part cannot be seen. */
function cutOff() {
  const faults = new Set();
  const wide = document.scrollingElement.scrollWidth;
  if (wide > innerWidth) faults.add(`the page is ${wide} px wide`);
  const scrolls = (element) => {
    for (let outer = element.parentElement; outer; outer = outer.parentElement) {
      const { overflowX } = getComputedStyle(outer);
      if (['auto', 'scroll'].includes(overflowX) && outer.scrollWidth > outer.clientWidth + 1) return true;
    }
    return false;
  };
  const modal = [...document.querySelectorAll('dialog[open]')].at(-1);
  const all = (modal ?? document.body).querySelectorAll('button, a, input, textarea, select, summary, label, h1, h2, h3, th, p, li, dt, dd, legend');
  for (const element of all) {
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1 || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    // For screen readers alone.
    if (element.closest('.visually-hidden, [inert], .skip')) continue;
    const name = `${element.tagName.toLowerCase()} ${element.dataset.testid ?? element.textContent.trim().slice(0, 24)}`;
    const outside = box.left < -0.5 || box.right > innerWidth + 0.5;
    // What is wider than its place may scroll by itself, as code and tables do.
    if (outside && !scrolls(element)) faults.add(`${name}: ${Math.round(box.left)} to ${Math.round(box.right)} px`);
    const style = getComputedStyle(element);
    // A field scrolls with the caret.
    if (element.matches('input, textarea, select')) continue;
    const clips = style.overflowX !== 'visible' && style.textOverflow !== 'ellipsis' && !['auto', 'scroll'].includes(style.overflowX);
    if (clips && element.scrollWidth > element.clientWidth + 1) faults.add(`${name}: its text is ${element.scrollWidth} px wide`);
  }
  return [...faults];
}

/**
 * Returns what looks at a screen in windows of these sizes, and leaves it in the last argument's.
 * @param {[number, number][]} windows
 * @param {[number, number]} usual a window in which the rooms stand beside the log
 */
export function looker(windows, usual) {
  const resize = (page, [width, height]) => page.setViewportSize({ width, height });
  return async (page, screen) => {
    for (const size of windows) {
      await resize(page, size);
      await expect.poll(() => page.evaluate(cutOff), `${screen}, ${size.join(' × ')} px`).toEqual([]);
    }
    await resize(page, usual);
  };
}

/** Goes through the screens before the chat. */
export async function beforeChat({ server, visitor }, look) {
  const { chat, page } = await visitor({ allow: [LOST_SERVER] });
  await chat.open(server.url);
  await look(page, 'the first screen');
  await chat.unfold('connect-elsewhere');
  await chat.id('protocol-v1').check();
  await look(page, 'other server or protocol');
  await chat.id('protocol-v2').check();
  await chat.menu('identity-open');
  await look(page, 'the identity');
  await chat.id('identity-export').click();
  await look(page, 'a backup of the identity');
  await page.keyboard.press('Escape');
  await chat.submit({ name: 'ada' });
  await expect(chat.firstContact).toBeVisible();
  for (const way of ['given', 'ask', 'look']) {
    await chat.id(`first-contact-${way}`).check();
    await look(page, `first contact: ${way}`);
  }
  await chat.id('first-contact-given').check();
  await chat.id('first-contact-told').fill('abandon ability able about above absent absorb abstract');
  await chat.id('first-contact-trust').click();
  await look(page, 'first contact: other words');
}

/** Goes through the screens of the chat. */
export async function inChat({ server, visitor }, look) {
  const boss = await visitor({ allow: [LOST_SERVER] });
  const { chat, page } = boss;
  await chat.open(await server.claimLink());
  await chat.join(`ada-${'m'.repeat(28)}`);
  await chat.type(`/join ${'room-'.repeat(6)}1`);
  await expect(chat.id('room-title')).toContainText('room-room-');
  await chat.expectRoom();
  await look(page, 'an empty room');
  const bob = await visitor({ allow: [LOST_SERVER] });
  await bob.chat.open(server.url);
  await bob.chat.join('bob');
  await bob.chat.type(`/join ${'room-'.repeat(6)}1`);
  await expect(bob.chat.id('room-title')).toContainText('room-room-');
  const long = `${'x'.repeat(300)} https://a.example/${'path/'.repeat(40)} \`${'code '.repeat(40)}\`\n\`\`\`\n${'let a = 1; '.repeat(30)}\n\`\`\``;
  await bob.chat.composer.fill(long);
  await bob.chat.composer.press('Enter');
  await bob.chat.type('- one\n- two\n- שלום עולם');
  await chat.type(`> quoted\n${'long words '.repeat(30)}`);
  await expect(chat.id('message')).toHaveCount(3);
  await look(page, 'messages');
  await chat.id('forms-toggle').click();
  await chat.id('preview-toggle').click();
  await chat.composer.fill(long);
  await look(page, 'the composer with a preview');
  await chat.composer.fill('');
  await chat.id('forms-toggle').click();
  for (const panel of ['search', 'members', 'inspect', 'console']) {
    await chat.tool(`${panel}-toggle`);
    await look(page, `the panel ${panel}`);
    if (panel === 'console') {
      await page.locator(`[data-testid="connection"][data-name="bob"]`).getByTestId('row-tools').click();
      await look(page, 'the tools of a connection');
    }
    await chat.tool(`${panel}-toggle`);
  }
  await page.keyboard.press('Control+K');
  await look(page, 'the switcher');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+/');
  await look(page, 'the shortcuts');
  await page.keyboard.press('Escape');
  await chat.id('room-new').click();
  await look(page, 'a new room');
  await page.keyboard.press('Escape');
  await chat.browse();
  await look(page, 'all rooms');
  await chat.id('browse-query').fill('x'.repeat(64));
  await expect(chat.id('browse-make')).toBeVisible();
  await look(page, 'a room that is not there');
  await page.keyboard.press('Escape');
  await chat.openMenu();
  await page.keyboard.press('Escape');
  await chat.menu('settings-open');
  await look(page, 'the settings');
  await page.keyboard.press('Escape');
  await chat.menu('verify-open');
  await look(page, 'verify');
  await chat.unfold('verify-server-key');
  await look(page, 'verify, with the key');
  await page.keyboard.press('Escape');
  await server.stop('SIGTERM');
  await chat.expectState('waiting');
  await look(page, 'without a server');
}
