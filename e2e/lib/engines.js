// The browsers in which the tests run, and what each cannot do here. A test that needs what an engine
// lacks is skipped there, with the reason.

/** The options of a visitor's profile that not every engine has, and the values that need nothing. */
const PROFILE_NEEDS = { colorScheme: ['light'], forcedColors: ['none'], locale: ['en-US'] };

const NO_MEDIA = 'no released Firefox emulates media features';

/** What an engine lacks, and why. */
const LACKS = {
  chromium: {},
  firefox: {
    colorScheme: NO_MEDIA,
    forcedColors: NO_MEDIA,
    axe: 'in axe-core, Firefox 153 ends the process of the page now and then',
  },
  webkit: {
    forcedColors: 'WebKit has no forced colours',
    locale: 'WebKitGTK takes a locale that the system has installed, from its environment',
  },
};

/** Returns the width of the narrowest window that an engine has, in pixels: a bar of MiniBrowser needs 447. */
export const narrowest = (engine) => (engine === 'webkit' ? 447 : 0);

/**
 * Returns why an engine cannot do something, or null if it can.
 * @param {keyof typeof LACKS} engine
 * @param {string} capability
 */
export function lack(engine, capability) {
  return LACKS[engine][capability] ?? null;
}

/**
 * Returns why an engine cannot have a profile with these options, or null if it can.
 * @param {keyof typeof LACKS} engine
 * @param {Record<string, unknown>} options
 */
export function lackOf(engine, options) {
  const wanted = Object.keys(PROFILE_NEEDS).filter((name) => name in options && !PROFILE_NEEDS[name].includes(options[name]));
  return wanted.map((name) => lack(engine, name)).find((reason) => reason !== null) ?? null;
}

/**
 * Returns the engine that shows a page.
 * @param {import('@playwright/test').Page} page
 */
export function engineOf(page) {
  return page.context().browser().browserType().name();
}

/**
 * Lets every page of a profile believe that its window has the focus, as Chromium's developer tools do
 * for the tests there: each visitor looks at their own.
 * @param {import('@playwright/test').BrowserContext} context
 */
export async function emulateFocus(context) {
  await context.addInitScript(() => {
    document.hasFocus = () => true;
  });
}
