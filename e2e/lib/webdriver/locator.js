// A locator of Playwright's API over WebDriver: the part of it that the tests use.
import { setTimeout as sleep } from 'node:timers/promises';

/** How long an action waits for its element, in milliseconds; as in the configuration of Playwright. */
const ACTION_MS = 20_000;

/** How long it waits between two looks. */
const POLL_MS = 50;

/** What the page is told of a text or a pattern. */
export function pattern(wanted) {
  return wanted instanceof RegExp ? { source: wanted.source, flags: wanted.flags } : { text: String(wanted) };
}

/** Elements of a page, found anew whenever something is done with them. */
export class Locator {
  #page;

  /**
   * @param {import('./page.js').Page} page
   * @param {object[]} steps as `find` in injected.js takes them
   */
  constructor(page, steps) {
    this.#page = page;
    this.steps = steps;
  }

  page() {
    return this.#page;
  }

  toString() {
    return `locator(${JSON.stringify(this.steps)})`;
  }

  #then(step) {
    return new Locator(this.#page, [...this.steps, step]);
  }

  locator(css) {
    return this.#then({ css });
  }

  getByTestId(id) {
    return this.#then({ css: `[data-testid="${id}"]` });
  }

  getByRole(role, { name } = {}) {
    return this.#then({ role, name: name === undefined ? undefined : pattern(name) });
  }

  getByText(text) {
    return this.#then({ text: pattern(text) });
  }

  filter({ hasText, has }) {
    const steps = [];
    if (hasText !== undefined) steps.push({ hasText: pattern(hasText) });
    if (has !== undefined) steps.push({ has: has.steps });
    return new Locator(this.#page, [...this.steps, ...steps]);
  }

  or(other) {
    return this.#then({ or: other.steps });
  }

  nth(nth) {
    return this.#then({ nth });
  }

  first() {
    return this.nth(0);
  }

  last() {
    return this.nth(-1);
  }

  count() {
    return this.#page.inject('return find(args[0]).length', this.steps);
  }

  async all() {
    const count = await this.count();
    return Array.from({ length: count }, (_, at) => this.nth(at));
  }

  allTextContents() {
    return this.#page.inject('return find(args[0]).map((element) => element.textContent)', this.steps);
  }

  isVisible() {
    return this.#page.inject('const it = only(args[0]); return it !== null && isShown(it)', this.steps);
  }

  async isHidden() {
    return !(await this.isVisible());
  }

  textContent() {
    return this.#with('return { value: element.textContent }');
  }

  inputValue() {
    return this.#with('return { value: element.value }');
  }

  getAttribute(name) {
    return this.#with('return { value: element.getAttribute(args[0]) }', name);
  }

  evaluate(method, argument) {
    return this.#with(`return Promise.resolve((${method})(element, args[0])).then((value) => ({ value }))`, argument);
  }

  evaluateAll(method, argument) {
    return this.#page.inject(`return (${method})(find(args[0]), args[1])`, this.steps, argument);
  }

  boundingBox() {
    return this.#with('const { x, y, width, height } = element.getBoundingClientRect(); return { value: { x, y, width, height } }');
  }

  async focus() {
    await this.#with('element.focus(); return { value: null }');
  }

  async hover() {
    await this.#page.mouse.move(...(await this.#target(true)));
  }

  async click() {
    const place = await this.#target(false);
    await this.#page.mouse.click(...place);
  }

  async check() {
    if (await this.#with('return { value: element.checked }')) return;
    await this.click();
    await this.#with('return element.checked ? { value: true } : { why: "not checked" }');
  }

  async selectOption(value) {
    await this.#with(
      `element.value = args[0];
       for (const type of ['input', 'change']) element.dispatchEvent(new Event(type, { bubbles: true }));
       return { value: null }`,
      value,
    );
  }

  /** Replaces what is in a field, as an input method does. */
  async fill(text) {
    await this.#with(
      `if (!isShown(element) || element.matches(':disabled')) return { why: 'not to be written in' };
       element.focus();
       element.select();
       if (args[0]) document.execCommand('insertText', false, args[0]);
       else if (element.value) document.execCommand('delete');
       return { value: null }`,
      text,
    );
  }

  async press(keys) {
    await this.focus();
    await this.#page.keyboard.press(keys);
  }

  async pressSequentially(text) {
    await this.focus();
    await this.#page.keyboard.type(text);
  }

  async waitFor() {
    await this.#with('return isShown(element) ? { value: null } : { why: "not visible" }');
  }

  /** Waits until the element could be clicked, and returns where. */
  async #target(forHover) {
    const { x, y } = await this.#until(() => this.#page.inject('return target(...args)', this.steps, forHover));
    return [x, y];
  }

  /** Does something with the only element as soon as it is there and can be used. */
  async #with(body, argument) {
    const script = `const element = only(args.shift()); if (!element) return { why: 'not there' }; ${body}`;
    return (await this.#until(() => this.#page.inject(script, this.steps, argument))).value;
  }

  async #until(look) {
    const until = Date.now() + ACTION_MS;
    for (;;) {
      const { why, ...result } = await look();
      if (why === undefined) return result;
      if (Date.now() > until) throw new Error(`${this} is ${why}`);
      await sleep(POLL_MS);
    }
  }
}
