// Paths of the things under test. Each can be moved by the environment.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';

/** The project's root. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const TARGET = resolve(ROOT, env.CARGO_TARGET_DIR ?? 'target');

/** The server's program. */
export const SERVER = env.SECURE_CHAT_SERVER ?? resolve(TARGET, 'debug/secure-chat-server');

/** The terminal client's program. */
export const CLIENT = env.SECURE_CHAT_CLIENT ?? resolve(TARGET, 'debug/secure-chat');

/** A Python with the packages of `server/tests/interop/requirements.txt`. */
export const PYTHON = env.SECURE_CHAT_PYTHON ?? resolve(TARGET, 'interop-venv/bin/python');

/** The Python programs. */
export const INTEROP = resolve(ROOT, 'server/tests/interop');

/**
 * Says what is missing instead of a spawn error.
 * @param {string} path
 * @param {string} remedy
 */
export function requireFile(path, remedy) {
  if (!existsSync(path)) throw new Error(`${path} is missing: ${remedy}`);
}
