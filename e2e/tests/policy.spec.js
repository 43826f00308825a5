// The page under its content security policy. That nothing breaks it is checked in every test
// (lib/guard.js); here is what the policy says, and that a breach would be noticed.
import { createHash } from 'node:crypto';

import { expect, test } from '../lib/test.js';

test('the policy names the page’s own script and nothing else that is inline', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  const response = await chat.open(server.url);
  const policy = (await response.allHeaders())['content-security-policy'];
  const directives = new Map(
    policy.split(';').map((directive) => {
      const [name, ...sources] = directive.trim().split(/\s+/);
      return [name, sources];
    }),
  );
  const inline = await page.locator('script:not([src])').allTextContents();
  const hashes = inline.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  expect(hashes).not.toEqual([]);
  expect(directives.get('script-src')).toEqual(["'self'", "'wasm-unsafe-eval'", ...hashes]);
  expect(directives.get('default-src')).toEqual(["'none'"]);
  expect(directives.get('connect-src')).toEqual(["'self'"]);
  expect(directives.get('worker-src')).toEqual(["'self'"]);
  expect(directives.get('frame-ancestors')).toEqual(["'none'"]);
  expect(policy).not.toContain('unsafe-inline');
  expect(policy).not.toContain("'unsafe-eval'");
});

test('a breach is noticed', async ({ server, visitor }) => {
  const { chat, page, problems } = await visitor();
  await chat.open(server.url);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.broken = true';
    document.body.append(script);
  });
  await expect.poll(() => problems.join('\n')).toContain('policy: script-src');
  expect(await page.evaluate(() => window.broken)).toBe(undefined);
  problems.length = 0;
});
