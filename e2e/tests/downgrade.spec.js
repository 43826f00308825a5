// Whatever the network answers, a page that speaks v2 never speaks v1: what is sent to it is not
// asked which version there is.
import { LOST_SERVER } from '../lib/guard.js';
import { expect, test } from '../lib/test.js';
import { sessionsOf } from '../lib/trust.js';

const PEM = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA
-----END PUBLIC KEY-----`;

/** Answers of a network that wants v1: what it does with a tunnel that was opened. */
const ANSWERS = {
  'an error frame that offers v1 only': (tunnel) =>
    tunnel.send(Buffer.from('{"error": "v2_disabled: This server speaks v1 only."}\n\n')),
  'v1’s words for a version that is not taken': (tunnel) =>
    tunnel.send(Buffer.from('{"error": "v1_disabled: This server does not accept protocol v1."}\n\n')),
  'the error frame of a v1 server that does not know v2': (tunnel) =>
    tunnel.send(Buffer.from('{"error": "invalid_handshake: This is not a handshake."}\n\n')),
  'an announcement with an error frame behind it': (tunnel, announcement) => {
    tunnel.send(announcement);
    tunnel.send(Buffer.from('{"error": "invalid_handshake: This is not a handshake."}\n\n'));
  },
  'an announcement and a v1 message': (tunnel, announcement) => {
    tunnel.send(announcement);
    tunnel.send(Buffer.from('{"cipher": "AAAAAAAAAAAAAAAAAAAAAA==", "hmac": "AAAA"}\n\n'));
  },
  'a key that is none': (tunnel) => tunnel.send(Buffer.from(`SERVER_PUB\n${PEM}\n\n`)),
  'an alert in clear': (tunnel, announcement) =>
    tunnel.send(Buffer.concat([announcement, Buffer.from([0, 0, 0, 1, 4, 3])])),
  'a text tunnel': (tunnel, announcement) => tunnel.send(announcement.toString()),
  'an end without a word': (tunnel) => tunnel.close({ code: 1000 }),
  'a close for what was sent': (tunnel) => tunnel.close({ code: 1003, reason: 'use v1' }),
  'a close for a policy': (tunnel) => tunnel.close({ code: 1008, reason: 'use v1' }),
};

for (const pinned of [false, true]) {
  test(`no answer leads ${pinned ? 'a pinned' : 'an unknown'} server’s page to v1`, async ({ server, visitor }) => {
    const { chat, page, tunnels } = await visitor({ allow: [LOST_SERVER] });
    await chat.open(server.url);
    await chat.submit({ name: 'ada' });
    await expect(chat.firstContact).toBeVisible();
    const announcement = Buffer.from(tunnels[0].received[0]).subarray(0, tunnels[0].received[0].indexOf('\n\n') + 2);
    expect(announcement.toString()).toMatch(/^SERVER_PUB\n[^]*\n\n$/);
    if (pinned) {
      await chat.trust();
      await chat.expectState('connected');
      await chat.menu('disconnect');
    } else {
      await chat.id('first-contact-refuse').click();
    }
    const sessions = sessionsOf(server).length;

    let answer;
    const attempts = [];
    await page.routeWebSocket(/\/ws\b/, (tunnel) => {
      const attempt = { url: tunnel.url(), sent: [] };
      attempts.push(attempt);
      tunnel.onMessage((message) => {
        attempt.sent.push(Buffer.from(message));
        if (attempt.sent.length === 1) answer(tunnel, announcement);
      });
    });
    // Only what is loaded from now on meets the route.
    await page.reload();
    for (const [name, how] of Object.entries(ANSWERS)) {
      answer = how;
      attempts.length = 0;
      await chat.submit();
      await test.step(name, async () => {
        await expect(chat.banner).toHaveAttribute('data-state', /^(waiting|stopped)$/);
        if ((await chat.banner.getAttribute('data-state')) === 'waiting') {
          // It tries again by itself, in no other way.
          await chat.id('retry-now').click();
          await expect.poll(() => attempts[1]?.sent.length ?? 0).toBeGreaterThan(0);
          await expect(chat.banner).toHaveAttribute('data-state', 'waiting');
          await chat.id('connect-cancel').click();
        }
        expect(attempts.length).toBeGreaterThan(0);
        for (const { url, sent } of attempts) {
          expect(url).toBe(`${server.url.replace('http', 'ws')}ws?encoding=binary`);
          const bytes = Buffer.concat(sent);
          expect(bytes.subarray(0, 10).toString('latin1')).toBe('SC/2\n\x00\x00\x04\xe0\x01');
          // Preface and client_hello, and at most an alert.
          expect(bytes.length).toBeLessThanOrEqual(5 + 1253 + 6);
          expect(bytes.toString('latin1')).not.toContain('enc_session');
        }
        await expect(chat.shield('insecure')).toHaveCount(0);
        await expect(chat.id('protocol-v2')).toBeChecked();
        await expect(chat.id('connect-submit')).toBeEnabled();
      });
    }
    expect(sessionsOf(server)).toHaveLength(sessions);

    // And when the network behaves again, it is v2.
    await page.unrouteAll();
    answer = (tunnel) => tunnel.close({ code: 1013 });
    const again = await visitor({ like: { context: page.context() } });
    await again.chat.open(server.url);
    await again.chat.join('ada');
    await expect.poll(() => sessionsOf(server).at(-1)?.version).toBe('v2');
  });
}
