// Keys by the names of the DOM, as WebDriver wants them (W3C WebDriver §17.4.2).

const SPECIAL = {
  Backspace: '\uE003',
  Tab: '\uE004',
  Enter: '\uE007',
  Shift: '\uE008',
  Control: '\uE009',
  Alt: '\uE00A',
  Escape: '\uE00C',
  PageUp: '\uE00E',
  PageDown: '\uE00F',
  End: '\uE010',
  Home: '\uE011',
  ArrowLeft: '\uE012',
  ArrowUp: '\uE013',
  ArrowRight: '\uE014',
  ArrowDown: '\uE015',
  Delete: '\uE017',
  F6: '\uE036',
};

/** What a keyboard of the tests has a key for; all else is inserted, as Playwright does. */
const HAS_KEY = /^[ -~]$/;

/** Returns the actions that press a key with its modifiers, such as `Control+Shift+k`. */
export function chord(keys) {
  // The plus itself is a key, too.
  const names = keys.split(/\+(?=.)/);
  const values = names.map((name) => {
    const value = SPECIAL[name] ?? (name.length === 1 ? name : null);
    if (value === null) throw new Error(`there is no key ${name}`);
    return value;
  });
  return [
    ...values.map((value) => ({ type: 'keyDown', value })),
    ...[...values].reverse().map((value) => ({ type: 'keyUp', value })),
  ];
}

/**
 * Splits a text into runs that are typed and runs that are inserted.
 * @param {string} text
 * @returns {Array<{ typed: boolean, text: string }>}
 */
export function runs(text) {
  const found = [];
  for (const character of text) {
    const typed = HAS_KEY.test(character);
    if (found.at(-1)?.typed === typed) found.at(-1).text += character;
    else found.push({ typed, text: character });
  }
  return found;
}

/** Returns the actions that type a text, key by key. */
export function strokes(text) {
  return [...text].flatMap((value) => [
    { type: 'keyDown', value },
    { type: 'keyUp', value },
  ]);
}
