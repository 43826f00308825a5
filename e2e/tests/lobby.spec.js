// Browsers and a Python client in one lobby: everybody reads everybody, and what crossed the wire
// is the protocol, byte for byte (of v1, whose messages the server's key alone opens).
import { decrypt } from '../lib/python.js';
import { expect, test } from '../lib/test.js';

test('two pages and a Python client talk in one lobby', async ({ server, visitor, python }) => {
  const [ada, bob] = [await visitor(), await visitor()];
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  const py = await python();
  await py.say('/name py');
  await py.hear((text) => text.endsWith(' is now py'));
  await bob.chat.open(server.url);
  await bob.chat.join('bob');
  await expect(ada.chat.notices('bob joined')).toBeVisible();
  await py.hear((text) => text.endsWith(' is now bob'));

  await ada.chat.type('hello from ada');
  await expect(bob.chat.messages('hello from ada', 'ada')).toHaveCount(1);
  expect(await py.hear((text) => text.includes('hello'))).toEqual(['ada: hello from ada']);

  await bob.chat.type('two lines,\nß 漢 🦀');
  await expect(ada.chat.messages('two lines,\nß 漢 🦀', 'bob')).toHaveCount(1);
  expect(await py.hear((text) => text.startsWith('bob'))).toEqual(['bob: two lines,\nß 漢 🦀']);

  await py.say('and from Python: <b>not bold</b>');
  for (const { chat } of [ada, bob]) {
    await expect(chat.messages('and from Python: <b>not bold</b>', 'py')).toHaveCount(1);
  }

  await bob.chat.type('/who');
  await expect(bob.chat.notices(/^Notice: 2 here: /)).toContainText(/ada.*bob/);
  await expect(ada.chat.notices('2 here')).toHaveCount(0);
  await expect(ada.chat.messages('hello from ada')).toHaveAttribute('data-own', 'true');
  await expect(bob.chat.messages('hello from ada')).toHaveAttribute('data-own', 'false');

  await ada.chat.tool('members-toggle');
  await expect(ada.chat.member('bob')).toHaveAttribute('data-online', 'true');
  await bob.chat.menu('disconnect');
  await expect(ada.chat.member('bob')).toHaveAttribute('data-online', 'false');
  await ada.chat.type('/quit');
  await expect(ada.chat.bannerState).toHaveText('You left the chat.');
});

test('a client on another library is understood too', async ({ server, visitor, python }) => {
  const ada = await visitor();
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  const py = await python('client_pycryptodome.py');
  await py.say('grüße');
  const [receipt] = await py.hear((text) => text.endsWith('grüße'));
  const name = receipt.slice(0, receipt.indexOf(':'));
  expect(name).toMatch(/^guest-[0-9a-f]{16}$/);
  await expect(ada.chat.messages('grüße', name)).toHaveCount(1);
});

test('a name that is taken stays with its owner', async ({ server, visitor }) => {
  const [ada, other] = [await visitor(), await visitor()];
  await ada.chat.open(server.url);
  await ada.chat.join('ada');
  await other.chat.open(server.url);
  await other.chat.submit({ name: 'ada' });
  await other.chat.enter();
  const notice = other.chat.notices('belongs to somebody else');
  await expect(notice).toContainText('To take another, write /name NEW.');
  await expect(notice).not.toContainText('name_taken');
  await expect(other.chat.ownName).toHaveText(/^guest-[0-9a-f]{16}$/);
});

test('the bytes in the browser are the protocol’s and open in Python', { tag: '@engines' }, async ({ server, visitor }) => {
  const ada = await visitor();
  await ada.chat.open(server.url);
  const fingerprint = await ada.chat.readFingerprint();
  await ada.chat.join('ada', { protocol: 'v1' });
  const typed = ['plain', 'zwei\nZeilen', '漢字 🦀 "quoted" \\ {}', 'x'.repeat(1000)];
  for (const text of typed) {
    await ada.chat.type(text);
    await expect(ada.chat.messages(text, 'ada')).toHaveCount(1);
  }
  await ada.chat.type('/quit');
  await expect(ada.chat.bannerState).toHaveText('You left the chat.');

  const [tunnel, ...others] = ada.tunnels;
  expect(others).toEqual([]);
  expect(tunnel.url.href).toBe(`${server.url.replace('http', 'ws')}ws?encoding=text`);
  for (const payload of [...tunnel.sent, ...tunnel.received]) expect(typeof payload).toBe('string');
  expect(tunnel.received[0]).toMatch(/^SERVER_PUB\n-----BEGIN PUBLIC KEY-----\n[^]*-----END PUBLIC KEY-----\n\n$/);
  expect(Object.keys(JSON.parse(tunnel.sent[0]))).toEqual(['enc_session', 'client_pub', 'client_sig']);
  expect(Object.keys(JSON.parse(tunnel.sent[1]))).toEqual(['cipher', 'hmac']);

  const events = await decrypt([tunnel], server.keyFile);
  const texts = (direction) =>
    events.filter((event) => event.direction === direction).map(({ text }) => text);
  const said = texts('client_to_server').map((text) => JSON.parse(text));
  expect(said[0]).toMatchObject({ type: 'hello', name: 'ada' });
  expect(said[1]).toMatchObject({ type: 'join', room: 'lobby' });
  const sends = said.filter(({ type }) => type === 'send');
  expect(sends.map(({ text }) => text)).toEqual(typed);
  const received = texts('server_to_client');
  // A client whose first message is JSON is not greeted in plain text.
  const heard = received.map((text) => JSON.parse(text));
  expect(heard[0]).toMatchObject({ type: 'welcome', you: { id: fingerprint, name: 'ada' } });
  const messages = heard.filter(({ type }) => type === 'message');
  expect(messages.map(({ text, seq }) => [seq, text])).toEqual(typed.map((text, at) => [at + 1, text]));
  const acks = heard.filter(({ type }) => type === 'ack').map(({ id }) => id);
  expect(acks).toEqual(sends.map(({ id }) => id));
  expect(events.find(({ event }) => event === 'handshake').fingerprint).toBe(fingerprint);
  expect(events.at(-1).event).toBe('ok');

  // The judge is no yes-man: one changed letter of a MAC, and it says so.
  const spoiled = { ...tunnel, sent: [...tunnel.sent] };
  spoiled.sent[2] = spoiled.sent[2].replace(/("hmac": *")(.)/, (_, key, first) => key + (first === 'A' ? 'B' : 'A'));
  expect(spoiled.sent[2]).not.toBe(tunnel.sent[2]);
  await expect(decrypt([spoiled], server.keyFile)).rejects.toThrow('wrong MAC');
});
