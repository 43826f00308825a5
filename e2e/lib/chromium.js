// Which browser runs and how. Nothing is downloaded: CHROMIUM names an installed one.
import { env } from 'node:process';

/** A host that is not loopback by its name, and leads to this machine all the same. */
export const FOREIGN_HOST = 'evil.test';

/** @type {import('@playwright/test').LaunchOptions} */
export const launchOptions = {
  executablePath: env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless',
    // Containers and CI machines often run as root, where Chromium's sandbox refuses to start.
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--host-resolver-rules=MAP ${FOREIGN_HOST} 127.0.0.1`,
  ],
};
