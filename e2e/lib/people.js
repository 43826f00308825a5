// People who enter, and go to rooms.
import { expect } from './test.js';

/** Connects somebody, whose browser has these options. */
export async function come(visitor, server, name, options = {}) {
  const one = await visitor(options);
  await one.chat.open(server.url);
  await one.chat.join(name);
  return one;
}

/** Enters a room by its name, and creates it if it is not there. */
export async function enter({ chat }, room) {
  await chat.type(`/join ${room}`);
  await expect(chat.id('room-title')).toHaveText(room);
  await chat.expectRoom();
}
