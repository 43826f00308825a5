// A person types, sends, answers, edits and goes from room to room by a seeded script, while others
// talk, react, edit and delete, tabs are loaded again, closed and opened, and the server ends or
// stops answering. After each step the composer must have what the person has written, and the focus;
// at the end each message must be there once, in its room, in order, and as it was written.
import { env } from 'node:process';

import { LOST_SERVER } from '../lib/guard.js';
import { expect, test } from '../lib/test.js';

const ALLOW = { allow: [LOST_SERVER] };
const ROOMS = ['lobby', 'den', 'attic'];
const STEPS = 40;

/** What people write; all of it is shown as it was typed. */
const SNIPPETS = [
  'some words', 'größe', 'שלום', '日本語', '👩‍👩‍👧', 'é', 'a_b_c', '2*3*4', '>_<', '¯\\_(ツ)_/¯', 'C:\\dir\\*.txt',
  'https://a.example/x_(y)', '[note]', '3) 7)', 'x  y',
];

/** The seeds of the scripts; others by `SECURE_CHAT_SEEDS=3,4,5`. */
const SEEDS = env.SECURE_CHAT_SEEDS?.split(',').map(Number) ?? [1, 2];

for (const seed of SEEDS) {
  test(`nothing that was typed is lost, doubled, moved or changed (seed ${seed})`, { tag: seed === 1 ? '@engines' : [] }, async ({ server, visitor, python }) => {
    test.setTimeout(300_000);
    const dice = new Dice(seed);
    const bob = await visitor(ALLOW);
    await bob.chat.open(server.url);
    await bob.chat.join('bob');
    const py = await python();
    let ada = await visitor(ALLOW);
    await ada.chat.open(server.url);
    await ada.chat.join('ada');
    for (const room of ROOMS.slice(1)) {
      await bob.chat.type(`/join ${room}`);
      await expect(bob.chat.id('room-title')).toHaveText(room);
      await ada.chat.type(`/join ${room}`);
      await expect(ada.chat.id('room-title')).toHaveText(room);
    }
    const writer = new Writer('attic');
    const story = [];
    let frozen = false;
    let pyLives = true;
    const awake = async () => {
      if (frozen) server.thaw();
      frozen = false;
    };

    /** What the person does, by how often. */
    const acts = {
      type: [12, async () => {
        const text = `${dice.of(SNIPPETS)} ${dice.upTo(1000)} `;
        await ada.page.keyboard.insertText(text);
        writer.type(text);
      }],
      erase: [2, async () => {
        if (!writer.shown) return;
        await ada.page.keyboard.press('Backspace');
        writer.erase();
      }],
      send: [7, async () => {
        if (!writer.shown.trim() || writer.unchanged) return;
        writer.tag(` #${story.length}`);
        await ada.page.keyboard.insertText(` #${story.length}`);
        await ada.page.keyboard.press('Enter');
        writer.send();
      }],
      'go to another room': [5, async () => {
        const room = dice.of(ROOMS.filter((it) => it !== writer.room));
        await ada.page.locator(`[data-testid="room"][data-room="${room}"]`).click();
        await expect(ada.chat.id('room-title')).toHaveText(room);
        writer.room = room;
      }],
      answer: [3, async () => {
        const message = await pick(ada.chat, writer, dice, (it) => !it.deleted);
        if (!message) return;
        await ada.chat.press(ada.chat.messages(message.text, 'ada'), 'reply');
        writer.begin('answer', message);
      }],
      edit: [3, async () => {
        const message = await pick(ada.chat, writer, dice, (it) => !it.deleted);
        if (!message) return;
        await ada.chat.press(ada.chat.messages(message.text, 'ada'), 'edit');
        writer.begin('edit', message);
      }],
      'put aside': [2, async () => {
        if (!writer.intent) return;
        await ada.page.keyboard.press('Escape');
        writer.putAside();
      }],
      reload: [2, async () => {
        await awake();
        await ada.page.reload();
        await ada.chat.expectRoom();
      }],
      'close the tab and open another': [2, async () => {
        await awake();
        await ada.page.close();
        ada = await visitor({ ...ALLOW, like: ada });
        await ada.chat.open(`${server.url}${writer.room === 'lobby' ? '' : `#room=${writer.room}`}`);
        await ada.chat.expectRoom();
      }],
      'the server ends': [2, async () => {
        await server.stop('SIGKILL');
        await server.start();
        frozen = false;
        // The demo's client does not come back.
        pyLives = false;
      }],
      'the server stops answering': [1, async () => {
        if (!frozen) server.freeze();
        frozen = true;
      }],
      'it answers again': [2, awake],
      'somebody talks': [4, async () => {
        if (frozen || !pyLives) return;
        await py.say(`${dice.of(SNIPPETS)} of somebody`);
      }],
      'another one acts on a message': [8, async () => {
        if (frozen) return;
        await bob.chat.expectState('connected');
        const room = dice.of(ROOMS);
        await bob.page.locator(`[data-testid="room"][data-room="${room}"]`).click();
        await expect(bob.chat.id('room-title')).toHaveText(room);
        await bob.chat.expectRoom();
        const message = await pick(bob.chat, { said: writer.said, room }, dice, (it) => !it.deleted);
        if (!message) {
          await bob.chat.type(`bob says ${story.length}`);
          return;
        }
        // The owner of a room may delete what others have written.
        if (room !== 'lobby' && dice.upTo(3) === 0) {
          await bob.chat.press(bob.chat.messages(message.text, 'ada'), 'delete');
          await bob.page.getByTestId('delete-yes').click();
          await expect(bob.chat.messages(message.text, 'ada')).toHaveCount(0);
          message.deleted = true;
          await expect(ada.chat.messages(message.text, 'ada')).toHaveCount(0);
        } else {
          await bob.chat.press(bob.chat.messages(message.text, 'ada'), 'react');
          await bob.page.getByTestId('reaction-board').getByRole('button').nth(dice.upTo(8)).click();
        }
      }],
    };

    for (let step = 0; step < STEPS; step++) {
      const name = dice.by(Object.entries(acts).map(([name, [weight]]) => [name, weight]));
      story.push(name);
      await acts[name][1]();
      const so = story.slice(-6).join(', ');
      await expect(ada.chat.composer, so).toHaveValue(writer.shown);
      await expect(ada.chat.composer, so).toBeFocused();
    }
    await awake();
    await ada.chat.expectState('connected');
    await bob.chat.expectState('connected');
    await expect(ada.chat.outgoing).toHaveCount(0);
    for (const room of ROOMS) {
      await bob.page.locator(`[data-testid="room"][data-room="${room}"]`).click();
      await expect(bob.chat.id('room-title')).toHaveText(room);
      const texts = bob.page.locator('[data-testid="message"][data-name="ada"] [data-testid="message-text"]');
      const written = writer.said[room].filter(({ deleted }) => !deleted).map(({ text }) => text.trimEnd());
      await expect(texts, `${room}: ${story.join(', ')}`).toHaveText(written, { useInnerText: true });
    }
  });
}

/** What the person has written, by the rules that the page is to follow. */
class Writer {
  said = Object.fromEntries(ROOMS.map((room) => [room, []]));
  #drafts = Object.fromEntries(ROOMS.map((room) => [room, { text: '', intent: null, edits: new Map() }]));

  constructor(room) {
    this.room = room;
  }

  get #draft() {
    return this.#drafts[this.room];
  }

  get intent() {
    return this.#draft.intent;
  }

  get shown() {
    const { text, intent, edits } = this.#draft;
    return intent?.kind === 'edit' ? edits.get(intent.message) : text;
  }

  set #shown(text) {
    const { intent, edits } = this.#draft;
    if (intent?.kind === 'edit') edits.set(intent.message, text);
    else this.#draft.text = text;
  }

  /** An edit that changes nothing is not sent. */
  get unchanged() {
    return this.intent?.kind === 'edit' && this.shown === this.intent.message.text;
  }

  type(text) {
    this.#shown = this.shown + text;
  }

  tag(text) {
    this.type(text);
  }

  erase() {
    const characters = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(this.shown)];
    this.#shown = characters.slice(0, -1).map(({ segment }) => segment).join('');
  }

  begin(kind, message) {
    this.#draft.intent = { kind, message };
    const { edits } = this.#draft;
    if (kind === 'edit' && !edits.has(message)) edits.set(message, message.text);
  }

  putAside() {
    const { intent, edits } = this.#draft;
    if (intent.kind === 'edit' && edits.get(intent.message) === intent.message.text) edits.delete(intent.message);
    this.#draft.intent = null;
  }

  send() {
    const { intent, edits } = this.#draft;
    const text = this.shown.trimEnd();
    if (intent?.kind === 'edit' && !intent.message.deleted) intent.message.text = text;
    else this.said[this.room].push({ text, deleted: false });
    if (intent?.kind === 'edit') edits.delete(intent.message);
    else this.#draft.text = '';
    this.#draft.intent = null;
  }
}

/** Returns one of the person's messages in the room that is on the screen as it should be, if any is. */
async function pick(chat, { said, room }, dice, of) {
  const candidates = said[room].filter(of);
  if (!candidates.length) return null;
  const message = dice.of(candidates);
  // What is on its way is no message yet.
  return (await chat.messages(message.text, 'ada').count()) === 1 ? message : null;
}

/** Random numbers that are the same for the same seed (mulberry32). */
class Dice {
  #state;

  constructor(seed) {
    this.#state = seed;
  }

  #next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  upTo(end) {
    return Math.floor(this.#next() * end);
  }

  of(list) {
    return list[this.upTo(list.length)];
  }

  by(weighted) {
    let at = this.upTo(weighted.reduce((sum, [, weight]) => sum + weight, 0));
    return weighted.find(([, weight]) => (at -= weight) < 0)[0];
  }
}
