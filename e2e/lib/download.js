// What a page gives to be saved. Only Playwright's Chromium tells of it; elsewhere the page is asked
// what it gave.
import { readFile } from 'node:fs/promises';

import { engineOf } from './engines.js';

/**
 * Does something that ends in a download, and returns the file's name and text.
 * @param {import('@playwright/test').Page} page
 * @param {() => Promise<void>} action
 * @returns {Promise<{ name: string, text: string }>}
 */
export async function downloadOf(page, action) {
  if (engineOf(page) === 'chromium') {
    const downloading = page.waitForEvent('download');
    await action();
    const download = await downloading;
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
  }
  await page.evaluate(() => {
    const blobs = new Map();
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => {
      const url = make.call(URL, blob);
      blobs.set(url, blob);
      return url;
    };
    const { click } = HTMLAnchorElement.prototype;
    HTMLAnchorElement.prototype.click = function () {
      if (!blobs.has(this.href)) return click.call(this);
      [URL.createObjectURL, HTMLAnchorElement.prototype.click] = [make, click];
      window.downloaded = { name: this.download, blob: blobs.get(this.href) };
    };
  });
  await action();
  await page.waitForFunction(() => 'downloaded' in window);
  return page.evaluate(async () => ({ name: window.downloaded.name, text: await window.downloaded.blob.text() }));
}
