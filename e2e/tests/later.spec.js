// The two parts of the page's program: the first is enough to chat over v2, the later one is loaded
// behind it, and waited for when somebody opens something before.
import { expect, test } from '../lib/test.js';

const LATER = /_later\.wasm/;
/** The request for which the page waits has another address than the one behind the first screen. */
const AWAITED = /_later\.wasm\?now$/;

/** Records what a page asks for of the later part, and answers it by `answer`. */
async function record(page, answer) {
  const asked = [];
  await page.route(LATER, async (route) => {
    asked.push(route.request().url());
    await answer(route);
  });
  return asked;
}

/** Leaves the request behind the first screen without an answer. */
const hold = (route) => (AWAITED.test(route.request().url()) ? route.continue() : undefined);

test('the first part is enough to enter, to write and to read over v2', async ({ server, visitor }) => {
  const [ada, bob] = [await visitor(), await visitor()];
  const asked = [await record(ada.page, hold), await record(bob.page, hold)];
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  await bob.chat.open(server.url);
  await bob.chat.join('bob');
  await ada.chat.type('hello from ada');
  await expect(bob.chat.messages('hello from ada', 'ada')).toHaveCount(1);
  await bob.chat.type('two lines,\nß 漢 🦀 https://example.org/');
  await expect(ada.page.getByText('two lines,').first()).toBeVisible();
  await ada.page.reload();
  await ada.chat.expectRoom();
  await ada.chat.type('back again');
  await expect(bob.chat.messages('back again', 'ada')).toHaveCount(1);
  for (const urls of asked) {
    await expect.poll(() => urls.length).toBeGreaterThan(0);
    expect(urls.filter((url) => AWAITED.test(url))).toEqual([]);
  }
});

test('what is opened before the later part is there waits for it', async ({ server, visitor }) => {
  const ada = await visitor();
  const asked = await record(ada.page, hold);
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  await ada.chat.tool('members-toggle');
  await expect(ada.chat.member('ada')).toBeVisible();
  await ada.chat.id('room-new').click();
  await expect(ada.chat.id('new-room-name')).toBeVisible();
  expect(asked.filter((url) => AWAITED.test(url))).toHaveLength(1);
});

test('the later part comes by itself, and only once', async ({ server, visitor }) => {
  const ada = await visitor();
  const asked = await record(ada.page, (route) => route.continue());
  const came = ada.page.waitForResponse(LATER);
  await ada.chat.open(server.url);
  await (await came).finished();
  await ada.chat.join('ada');
  await ada.chat.tool('members-toggle');
  await expect(ada.chat.member('ada')).toBeVisible();
  expect(asked).toHaveLength(1);
});

test('a page whose later part is gone says so', async ({ server, visitor }) => {
  const ada = await visitor({ allow: [/404/, /later part of the program/] });
  await record(ada.page, (route) => route.fulfill({ status: 404 }));
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  await ada.chat.type('still here');
  await expect(ada.chat.messages('still here', 'ada')).toHaveCount(1);
  const fatal = ada.page.getByRole('alert').filter({ hasText: 'could not be loaded' });
  await expect(fatal).toBeHidden();
  await ada.chat.tool('members-toggle');
  await expect(fatal).toBeVisible();
  await expect(fatal.getByRole('link', { name: 'Reload the page' })).toBeVisible();
});
