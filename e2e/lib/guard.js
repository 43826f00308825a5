// Notices what a page does that it must not: breaks its policy, throws, or complains on the console.

import { engineOf } from './engines.js';

/** The browsers' message about a server that is gone, which the page cannot silence. */
export const LOST_SERVER =
  /WebSocket connection to '.*' failed|net::ERR_CONNECTION_REFUSED|Firefox can’t establish a connection|The connection to .* was interrupted/;

/** Chromium's remark on the build tool's preload hints; what is preloaded is used all the same. */
const PRELOAD = /`integrity` attribute is currently ignored for preload|was preloaded using link preload/;

/**
 * Watches a page from its first script on.
 * @param {import('@playwright/test').Page} page
 * @param {RegExp[]} allowed what this page may say
 * @returns {Promise<string[]>} grows with every problem
 */
export async function watch(page, allowed) {
  const problems = [];
  const note = (problem) => {
    if (![PRELOAD, ...allowed].some((pattern) => pattern.test(problem))) problems.push(problem);
  };
  page.on('problem', note);
  if (engineOf(page) === 'webkit') {
    await page.addInitScript(noteProblems);
    return problems;
  }
  page.on('pageerror', (error) => note(`exception: ${error}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      note(`console: ${message.text()} ${message.location().url}`);
    }
  });
  await page.exposeBinding('reportViolation', (_, text) => note(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
  });
  return problems;
}

/** Lets a page note of itself what its driver does not tell. */
function noteProblems() {
  const noted = (window.noted = []);
  window.addEventListener('error', ({ message }) => noted.push(`exception: ${message}`));
  window.addEventListener('unhandledrejection', ({ reason }) => noted.push(`exception: ${reason}`));
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) =>
    noted.push(`policy: ${effectiveDirective} ${blockedURI} ${sourceFile}`),
  );
  for (const type of ['error', 'warn']) {
    const say = console[type];
    console[type] = (...words) => {
      noted.push(`console: ${words.join(' ')}`);
      say.apply(console, words);
    };
  }
}
