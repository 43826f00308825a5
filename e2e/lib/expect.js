// The tests' own `expect`: Playwright's, but for what an engine does otherwise.
import { expect as base } from '@playwright/test';

import { engineOf } from './engines.js';
import { MATCHERS, isForeign, match } from './webdriver/matchers.js';

/** A matcher of Playwright's that also takes what WebDriver drives. */
const either = (name) =>
  async function (subject, ...given) {
    if (isForeign(subject)) return match(subject, name, given, this.isNot);
    if (name === 'toBeFocused' && engineOf(subject.page()) !== 'chromium') return hasFocus(subject, given[0], this.isNot);
    const expectation = this.isNot ? base(subject).not : base(subject);
    return passed(() => expectation[name](...given), this.isNot);
  };

export const expect = base.extend(Object.fromEntries(MATCHERS.map((name) => [name, either(name)])));

/** Whether an element has the focus of its page, also while the window of another page has that of the system. */
function hasFocus(locator, options, isNot) {
  const focused = () => locator.evaluate((element) => element === element.ownerDocument.activeElement);
  return passed(() => base.poll(focused, { message: `${locator} has the focus`, ...options }).toBe(!isNot), isNot);
}

/** Makes a matcher's result of an expectation that already knows whether it is negated. */
async function passed(expectation, isNot) {
  try {
    await expectation();
    return { pass: !isNot, message: () => '' };
  } catch (failure) {
    return { pass: isNot, message: () => failure.message };
  }
}
