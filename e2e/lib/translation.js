// What a browser that translates pages may change, and what it must leave alone.
import { expect } from './expect.js';

/** The texts of people, which a browser may translate. */
const MESSAGES = '[data-testid="message-text"], [data-testid="quoted-text"], .outgoing .bubble';

/**
 * What else may be translated: it never changes, and says nothing of this connection, these keys or
 * these people.
 */
const STATIC = [
  '.skip',
  '.connect-card > h1',
  '.connect-card form > .field > :is(label, .hint)',
  '[data-testid="first-contact"]',
].join(', ');

/** Expects that every visible text but those is marked as one that is not translated. */
export async function expectUntranslated(page, screen) {
  const faults = await page.evaluate(
    ([free]) => {
      const found = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const { parentElement: element, data } = walker.currentNode;
        if (!/\p{L}/u.test(data) || !element.checkVisibility()) continue;
        // A browser does not look into what is marked, so nothing in it can be allowed again.
        if (!element.closest('[translate="no"]') && !element.closest(free)) {
          found.push(`<${element.localName} class="${element.className}"> ${data.trim()}`);
        }
      }
      return found;
    },
    [`${MESSAGES}, ${STATIC}`],
  );
  expect(faults, screen).toEqual([]);
}

/** Does what a browser does that translates: other nodes take the place of those with text. */
export async function translate(page) {
  await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
      const text = walker.currentNode;
      if (text.data.trim() && text.parentElement.translate) texts.push(text);
    }
    for (const text of texts) {
      const font = document.createElement('font');
      font.textContent = `[${text.data}]`;
      text.replaceWith(font);
    }
  });
}
