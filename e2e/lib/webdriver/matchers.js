// Playwright's matchers for locators and pages over WebDriver: looked at again until they hold.
import { setTimeout as sleep } from 'node:timers/promises';

import { Locator, pattern } from './locator.js';
import { Page } from './page.js';

/** How long a matcher looks, in milliseconds; as in the configuration of Playwright. */
const EXPECT_MS = 20_000;

const POLL_MS = 50;

/** What `judge` is asked for each matcher of Playwright's, and whether that is turned round. */
const JUDGED = {
  toBeHidden: ['toBeVisible', true],
  toBeDisabled: ['toBeEnabled', true],
};

/** How many arguments each matcher has before its options. */
const ARITY = { toHaveText: 1, toContainText: 1, toHaveValue: 1, toHaveClass: 1, toHaveCount: 1, toHaveCSS: 2, toHaveJSProperty: 2 };

/** The matchers that are known here. */
export const MATCHERS = [
  ...Object.keys(ARITY),
  ...Object.keys(JUDGED),
  'toBeChecked',
  'toBeEmpty',
  'toBeEnabled',
  'toBeFocused',
  'toBeInViewport',
  'toBeVisible',
  'toHaveAttribute',
  'toHaveTitle',
  'toHaveURL',
];

/** Whether something is judged here. */
export const isForeign = (subject) => subject instanceof Locator || subject instanceof Page;

/**
 * Looks until a matcher holds, or, negated, until it does not.
 * @param {Locator | Page} subject
 * @param {string} name
 * @param {unknown[]} given what the test gave the matcher
 * @param {boolean} isNot
 */
export async function match(subject, name, given, isNot) {
  const arity = name === 'toHaveAttribute' ? Math.min(given.length, 2) : (ARITY[name] ?? 0);
  const options = (subject instanceof Page ? given[1] : given[arity]) ?? {};
  const wanted = options.visible === false ? isNot : !isNot;
  const until = Date.now() + (options.timeout ?? EXPECT_MS);
  for (;;) {
    const { holds, got } = await look(subject, name, given.slice(0, arity || 1));
    // What is not there has no properties, and lacks none either.
    if (holds === wanted) return { pass: !isNot, message: () => '' };
    if (Date.now() > until) {
      const asked = given.map((it) => (it instanceof RegExp ? String(it) : JSON.stringify(it))).join(', ');
      const message = () => `${isNot ? 'not ' : ''}${name}(${asked}) of ${subject}\nthere is: ${got}`;
      return { pass: isNot, message };
    }
    await sleep(POLL_MS);
  }
}

async function look(subject, name, given) {
  if (subject instanceof Page) {
    const got = name === 'toHaveURL' ? await subject.url() : await subject.title();
    return { holds: given[0] instanceof RegExp ? given[0].test(got) : got === given[0], got };
  }
  const [judged, turned] = JUDGED[name] ?? [name, false];
  // Numbers and truth values are compared as they are.
  const told = given.map((it) => (it instanceof RegExp || typeof it === 'string' ? pattern(it) : it));
  const { holds, got } = await subject.page().inject('return judge(...args)', subject.steps, judged, told);
  return { holds: turned && holds !== null ? !holds : holds, got };
}
