// Keeps a page at "Creating your key…" for as long as a test wants to look at it. What the worker
// does is real; only its news arrives later.

/**
 * To be called before the page is opened. Returns what lets the news through.
 * @param {import('@playwright/test').Page} page
 */
export async function holdNewKey(page) {
  await page.addInitScript(() => {
    const held = [];
    let holding = false;
    window.releaseNewKey = () => {
      holding = false;
      for (const { worker, data } of held) worker.dispatchEvent(new MessageEvent('message', { data }));
    };
    window.Worker = class extends Worker {
      constructor(...args) {
        super(...args);
        // The first listener of all: what it stops, the page does not hear.
        super.addEventListener('message', (event) => {
          if (!event.isTrusted) return;
          if (holding) {
            event.stopImmediatePropagation();
            held.push({ worker: this, data: event.data });
          }
          if (event.data === '"Creating"') holding = true;
        });
      }
    };
  });
  return () => page.evaluate(() => window.releaseNewKey());
}
