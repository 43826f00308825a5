// Looks at what the page shows now with axe-core, and whether it fits its window.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { engineOf, lack } from './engines.js';
import { expect } from './expect.js';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Returns the problems that axe-core finds in the page as it is now.
 * @param {import('@playwright/test').Page} page
 * @returns {Promise<Array<{ id: string, help: string, nodes: string[] }>>}
 */
export async function audit(page) {
  // Evaluated through the debugger, so that the page's policy has no say in it.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
  return page.evaluate(async () => {
    // Colours that are just fading are not the page's colours.
    const fading = document
      .getAnimations()
      .filter((animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime));
    await Promise.allSettled(fading.map((animation) => animation.finished));
    const { violations, passes } = await window.axe.run();
    if (passes.length === 0) throw new Error('axe-core looked at nothing');
    return violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)}: ${failureSummary}`),
    }));
  });
}

/**
 * Expects that axe-core finds nothing, and that the page is not wider than its window.
 * @param {import('@playwright/test').Page} page
 * @param {string} screen its name, for the report
 */
export async function expectAccessible(page, screen) {
  // Soft, so that one run tells of every screen.
  if (!lack(engineOf(page), 'axe')) expect.soft(await audit(page), `axe-core: ${screen}`).toEqual([]);
  const overflow = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  expect.soft(overflow, `${screen} is wider than its window`).toBeLessThanOrEqual(0);
}
