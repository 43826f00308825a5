// The person who runs the server opens the claim link that it prints, and has its console: start and
// stop, connections, bans, operators, rooms, and the log.
import { expectAccessible } from '../lib/axe.js';
import { LOST_SERVER } from '../lib/guard.js';
import { expect, test } from '../lib/test.js';

const WINDOWS = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };

/** Opens the claim link, connects, and shows the console. */
async function operate(visitor, server, options = {}) {
  const boss = await visitor(options);
  await boss.chat.open(await server.claimLink());
  await boss.chat.join('boss');
  await boss.chat.tool('console-toggle');
  await expect(boss.chat.id('console-status')).toHaveAttribute('data-listening', 'true');
  return boss;
}

const connection = (chat, name) => chat.page.locator(`[data-testid="connection"][data-name="${name}"]`);

/** Shows the tools below a row of a table, and returns them. */
async function toolsOf(chat, table, name) {
  const tools = chat.page.locator(`[data-testid="${table}-tools"][data-name="${name}"]`);
  const row = chat.page.locator(`[data-testid="${table}"][data-name="${name}"]`);
  if (!(await tools.isVisible())) await row.getByTestId('row-tools').click();
  return tools;
}

test('the claim link works once, and the console stops and starts the server', async ({ server, visitor }) => {
  const boss = await operate(visitor, server);
  await expect(boss.chat.notices('You are an operator')).toBeVisible();
  expect(new URL(boss.page.url()).hash).toBe('#panel=console');
  const bob = await visitor({ allow: [LOST_SERVER] });
  await bob.chat.open(await server.claimLink());
  await bob.chat.join('bob');
  await expect(bob.chat.id('console-toggle')).toHaveCount(0);
  await expect(connection(boss.chat, 'bob')).toContainText('ws v2');
  await expect(boss.chat.id('console-log')).toContainText('handshake done');
  await expect(boss.chat.id('console-limits')).toContainText('A text has at most 16\u202f384 bytes');

  await boss.chat.id('console-stop').click();
  await boss.chat.id('console-no').click();
  await expect(boss.chat.id('console-status')).toHaveAttribute('data-listening', 'true');
  await boss.chat.id('console-stop').click();
  await boss.chat.id('console-yes').click();
  await expect(boss.chat.id('console-status')).toHaveAttribute('data-listening', 'false');
  await bob.chat.expectState('waiting');
  await expect(boss.chat.banner).toHaveAttribute('data-state', 'connected');
  await boss.chat.id('console-start').click();
  await expect(boss.chat.id('console-status')).toHaveAttribute('data-listening', 'true');
  await bob.chat.expectState('connected');
});

// The loss: the page took the code out of its address before it had looked at it.
test('a claim link that is opened in a tab with the chat makes an operator there', async ({ server, visitor }) => {
  const { chat, page } = await visitor();
  await chat.open(server.url);
  await chat.join('ada');
  const link = await server.claimLink();
  await page.evaluate((link) => location.assign(link), link);
  await expect(chat.notices('You are an operator')).toBeVisible();
  await expect(chat.id('console-toggle')).toBeVisible();
  await expect(page).toHaveURL(server.url);
});

test('kicked, kept out, and let in again', async ({ server, visitor }) => {
  const boss = await operate(visitor, server);
  const bob = await visitor({ allow: [LOST_SERVER] });
  await bob.chat.open(server.url);
  await bob.chat.join('bob');
  await bob.chat.type('noise');
  await expect(connection(boss.chat, 'bob')).toBeVisible();
  await (await toolsOf(boss.chat, 'connection', 'bob')).getByTestId('connection-ban-key').click();
  await boss.chat.id('console-yes').click();
  await expect(boss.chat.id('ban')).toHaveCount(1);
  await expect(bob.chat.banner).not.toHaveAttribute('data-state', 'connected');
  await expect(connection(boss.chat, 'bob')).toHaveCount(0);
  // An operator deletes what others wrote.
  const noise = boss.chat.messages('noise', 'bob');
  await boss.chat.press(noise, 'delete');
  await boss.chat.id('delete-yes').click();
  await expect(boss.chat.id('deleted')).toBeVisible();
  await boss.chat.id('ban-lift').click();
  await expect(boss.chat.id('ban')).toHaveCount(0);
  await bob.page.reload();
  await bob.chat.join('bob');
});

test('operators appoint and revoke others, and give any room an owner', async ({ server, visitor }) => {
  const boss = await operate(visitor, server);
  const bob = await visitor();
  await bob.chat.open(server.url);
  await bob.chat.join('bob');
  await bob.chat.type('/join den');
  await expect(bob.chat.id('room-title')).toHaveText('den');
  const eve = await visitor();
  await eve.chat.open(server.url);
  await eve.chat.join('eve');
  await eve.chat.type('/join den');
  await expect(eve.chat.id('room-title')).toHaveText('den');
  await expect(connection(boss.chat, 'eve')).toBeVisible();

  const den = boss.page.locator('[data-testid="console-room"][data-name="den"]');
  await boss.chat.id('console-rooms-again').click();
  await expect(den).toContainText('bob');
  await (await toolsOf(boss.chat, 'console-room', 'den')).getByTestId('console-room-own').click();
  await boss.chat.id('console-owner').fill('nobody-here');
  await boss.chat.id('console-owner-submit').click();
  await expect(boss.chat.id('console-owner-error')).not.toBeEmpty();
  await boss.chat.id('console-owner').fill('eve');
  await boss.chat.id('console-owner-submit').click();
  await boss.chat.id('console-yes').click();
  await expect(den).toContainText('eve');

  const operator = (name) => boss.page.locator(`[data-testid="operator"][data-name="${name}"]`);
  await expect(operator('boss')).toBeVisible();
  await (await toolsOf(boss.chat, 'connection', 'bob')).getByTestId('connection-appoint').click();
  await boss.chat.id('console-yes').click();
  await expect(operator('bob')).toBeVisible();
  await expect(bob.chat.id('console-toggle')).toBeVisible();
  await operator('bob').getByTestId('operator-revoke').click();
  await boss.chat.id('console-yes').click();
  await expect(operator('bob')).toHaveCount(0);
});

test('new people need an invitation or an operator, when the server says so', async ({ server, visitor }) => {
  const boss = await operate(visitor, server);
  await boss.chat.id('console-admission').selectOption('invitation');
  await expect(boss.chat.id('console-invite')).toBeVisible();
  const stranger = await visitor();
  await stranger.chat.open(server.url);
  await stranger.chat.waitOutside('eve');
  await expect(stranger.chat.id('waiting')).toContainText('invitation');
  await stranger.chat.id('waiting-invitation').fill('not a link');
  await stranger.chat.id('waiting-redeem').click();
  await expect(stranger.chat.id('waiting-invitation-error')).not.toBeEmpty();

  await boss.chat.id('console-invite-uses').fill('2');
  await boss.chat.id('console-invite').click();
  const link = await boss.chat.id('invitation-link').textContent();
  expect(link).toContain('/#invitation=');
  await stranger.chat.id('waiting-invitation').fill(link);
  await stranger.chat.id('waiting-redeem').click();
  await expect(stranger.chat.id('waiting')).toHaveCount(0);
  await expect(stranger.chat.id('own-name')).toContainText('eve');
  await stranger.chat.type('I am in');
  await expect(boss.chat.messages('I am in', 'eve')).toBeVisible();

  // Whoever opens the link need not do anything else.
  const guest = await visitor();
  await guest.chat.open(link);
  await guest.chat.join('dora');
  await expect(guest.chat.id('own-name')).toContainText('dora');
  expect(new URL(guest.page.url()).hash).toBe('');

  await boss.chat.id('console-admission').selectOption('approval');
  const applicant = await visitor();
  await applicant.chat.open(server.url);
  await applicant.chat.waitOutside('carl');
  await expect(applicant.chat.id('waiting')).toContainText('operator');
  const waiting = boss.page.locator('[data-testid="applicant"][data-name="carl"]');
  await expect(waiting).toBeVisible();
  await waiting.getByTestId('applicant-admit').click();
  await expect(waiting).toHaveCount(0);
  await expect(applicant.chat.id('waiting')).toHaveCount(0);
  await expect(applicant.chat.id('own-name')).toContainText('carl');
});

test('tables are ordered by their columns, searched, and say how much there is', async ({ server, visitor }) => {
  const boss = await operate(visitor, server);
  const { chat } = boss;
  for (const room of ['zebra', 'den', 'attic', 'cellar', 'hall']) {
    await chat.type(`/join ${room}`);
    await expect(chat.id('room-title')).toHaveText(room);
  }
  await chat.type('one');
  await chat.type('two');
  await expect(chat.messages('two', 'boss')).toHaveCount(1);
  await chat.id('console-rooms-again').click();
  const rows = chat.id('console-room');
  const names = () => rows.evaluateAll((all) => all.map((row) => row.dataset.name));
  await expect.poll(names).toEqual(['attic', 'cellar', 'den', 'hall', 'lobby', 'zebra']);
  const header = (name) => chat.id('console').getByRole('columnheader', { name, exact: true });
  await header('Room').getByRole('button').click();
  await expect.poll(names).toEqual(['zebra', 'lobby', 'hall', 'den', 'cellar', 'attic']);
  await expect(header('Room')).toHaveAttribute('aria-sort', 'descending');
  // Numbers begin with the largest.
  await header('Entries').getByRole('button').click();
  await expect.poll(async () => (await names())[0]).toBe('hall');
  await expect(header('Room')).toHaveAttribute('aria-sort', 'none');
  await chat.id('console-rooms-search').fill('DEN boss');
  await expect.poll(names).toEqual(['den']);
  await chat.id('console-rooms-search').fill('no such room');
  await expect(rows).toHaveCount(0);
  await chat.id('console-rooms-search').fill('');
  await expect(rows).toHaveCount(6);
  await expect(chat.id('console-charts').getByRole('img', { name: /^Connections: 1 now/ })).toBeVisible();
});

for (const colorScheme of ['light', 'dark']) {
  for (const [device, viewport] of Object.entries(WINDOWS)) {
    test(`the console is accessible, ${colorScheme}, ${device}`, async ({ server, visitor, python }) => {
      const boss = await operate(visitor, server, { colorScheme, viewport });
      await python();
      await expect(connection(boss.chat, 'boss')).toBeVisible();
      await expect(boss.chat.id('console-log')).toContainText('handshake done');
      await expectAccessible(boss.page, 'the console');
      await toolsOf(boss.chat, 'connection', 'boss');
      await expectAccessible(boss.page, 'the tools of a connection');
    });
  }
}
