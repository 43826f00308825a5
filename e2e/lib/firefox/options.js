// Which Firefox runs and how: a released one, driven by WebDriver BiDi. FIREFOX names it.
import { fileURLToPath } from 'node:url';
import { homedir } from 'node:os';

/** @type {import('@playwright/test').LaunchOptions} */
export const launchOptions = {
  channel: 'moz-firefox',
  executablePath: fileURLToPath(new URL('launcher.js', import.meta.url)),
  env: { ...process.env, HOME: homedir() },
  // The proxy that records tunnels is one for addresses of this machine, too.
  firefoxUserPrefs: { 'network.proxy.allow_hijacking_localhost': true },
};
