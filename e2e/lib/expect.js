// The tests' own `expect`: Playwright's, but for what an engine does otherwise.
import { expect as base } from '@playwright/test';

import { engineOf } from './engines.js';

export const expect = base.extend({
  /** Whether an element has the focus, also in a window that has none because another is in use. */
  async toBeFocused(locator, options) {
    if (engineOf(locator.page()) === 'chromium') {
      const expectation = this.isNot ? base(locator).not : base(locator);
      return passed(() => expectation.toBeFocused(options), this);
    }
    const focused = () => locator.evaluate((element) => element === element.ownerDocument.activeElement);
    return passed(() => base.poll(focused, { message: `${locator} has the focus`, ...options }).toBe(!this.isNot), this);
  },
});

/** Makes a matcher's result of an expectation that already knows whether it is negated. */
async function passed(expectation, { isNot }) {
  try {
    await expectation();
    return { pass: !isNot, message: () => '' };
  } catch (failure) {
    return { pass: isNot, message: () => failure.message };
  }
}
