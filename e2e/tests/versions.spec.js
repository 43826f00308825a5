// A page lives in its tab while the server is upgraded and its worker dies: it says so, and nothing
// that was written is lost.
import { rm } from 'node:fs/promises';

import { expect, test } from '../lib/test.js';
import { identityOf, openPins, removeOnlyPin } from '../lib/trust.js';

/** Lets the server give out another page than the one that is open: one with another program. */
async function upgrade({ page }, url) {
  const { body } = await served(page, url);
  const other = body.replace(/web-client-[0-9a-f]{16}/g, 'web-client-0123456789abcdef');
  expect(other).not.toBe(body);
  await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: other }));
}

async function served(page, url) {
  const response = await page.request.get(url);
  return { body: await response.text() };
}

test('a page that is older than its server says so, and loses no draft when it is loaded anew', async ({ server, visitor }) => {
  const ada = await visitor({ allow: [/./] });
  const { chat, page } = ada;
  await chat.open(server.url);
  await chat.join('ada');
  await expect(chat.id('renewal')).toHaveCount(0);
  await chat.composer.fill('half a thought');
  await upgrade(ada, server.url);
  await server.stop('SIGTERM');
  await chat.expectState('waiting');
  await server.start();
  await expect(chat.id('renewal')).toBeVisible();
  await expect(chat.id('renewal')).toContainText('your drafts stay');
  await chat.expectState('connected');
  // It can still be used, and nothing is done to it.
  await expect(chat.composer).toHaveValue('half a thought');
  await chat.composer.fill('a whole thought');
  await page.unrouteAll();
  await chat.id('renewal-load').click();
  await chat.expectRoom();
  await expect(chat.composer).toHaveValue('a whole thought');
  await expect(chat.id('renewal')).toHaveCount(0);
});

// The attack: a server with another key gives out a page of its own, too.
test('the page of a server whose key has changed is not offered', async ({ server, visitor }) => {
  const ada = await visitor({ allow: [/./] });
  const { chat, page } = ada;
  await chat.open(server.url);
  await chat.join('ada');
  await upgrade(ada, server.url);
  await server.stop('SIGTERM');
  await chat.expectState('waiting');
  await server.start();
  await expect(chat.id('renewal')).toBeVisible();
  await chat.expectState('connected');
  const { httpPort } = server;
  await server.stop('SIGTERM');
  await chat.expectState('waiting');
  await rm(server.keyFile);
  await server.start();
  expect(server.httpPort).toBe(httpPort);
  await expect(chat.id('key-changed')).toBeVisible();
  await expect(chat.id('renewal')).toHaveCount(0);
  await chat.id('blocked-back').click();
  await expect(chat.id('connect-submit')).toBeEnabled();
  await expect(chat.id('renewal')).toHaveCount(0);
  // The way out ends the suspicion.
  await openPins(chat);
  await removeOnlyPin(chat);
  await page.keyboard.press('Escape');
  await chat.submit();
  await chat.trust(identityOf(server).words);
  await chat.expectState('connected');
  await expect(chat.id('renewal')).toBeVisible();
});

test('a page that a proxy answers for does not call itself old', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ allow: [/./] });
  await chat.open(server.url);
  await chat.join('ada');
  const asked = new Promise((resolve) => {
    page.route(server.url, async (route) => {
      await route.fulfill({ contentType: 'text/html', body: '<h1>Log in to the network</h1>' });
      resolve();
    });
  });
  await server.stop('SIGKILL');
  await chat.expectState('waiting');
  await server.start();
  await chat.expectState('connected');
  await asked;
  await chat.type('still here');
  await expect(chat.messages('still here', 'ada')).toHaveCount(1);
  await expect(chat.id('renewal')).toHaveCount(0);
});

test('a vault that dies is started anew when it is needed, and the draft stays where it is', async ({ server, visitor }) => {
  const { chat, page } = await visitor({ allow: [/./] });
  await chat.open(server.url);
  await chat.join('ada');
  // As a browser ends a worker for want of memory: it says nothing, and answers nothing.
  const [worker] = page.workers();
  await worker.evaluate(() => self.close());
  await chat.type('the session does not need it');
  await expect(chat.messages('the session does not need it', 'ada')).toHaveCount(1);
  await chat.composer.fill('half a thought');
  await server.stop('SIGTERM');
  await chat.expectState('waiting');
  await server.start();
  // The first attempt waits for the dead worker until it is given up.
  await expect(chat.banner).toHaveAttribute('data-state', 'connected', { timeout: 60_000 });
  await chat.expectRoom();
  await expect(chat.composer).toHaveValue('half a thought');
  await chat.composer.press('Enter');
  await expect(chat.messages('half a thought', 'ada')).toHaveCount(1);
});
