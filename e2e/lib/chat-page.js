// The page as a person uses it: what can be seen and done, by the page's own test ids.
import { expect } from './expect.js';

/** The longest line that is typed key by key. */
const TYPED_CHARACTERS = 100;

/** The time of one attempt to press a tool of a message, in milliseconds. */
const ATTEMPT_MS = 3000;

/** A page of the chat. */
export class ChatPage {
  /** @param {import('@playwright/test').Page} page */
  constructor(page) {
    this.page = page;
    this.banner = this.id('banner');
    this.bannerState = this.id('banner-state');
    this.composer = this.id('composer');
    this.outgoing = this.id('outgoing');
    this.ownName = this.id('own-name');
    this.firstContact = this.id('first-contact');
    this.dialog = this.id('identity-dialog');
    this.fingerprint = this.id('identity-fingerprint');
  }

  /** @param {string} testId */
  id(testId) {
    return this.page.getByTestId(testId);
  }

  /** @param {string} url */
  async open(url) {
    const response = await this.page.goto(url);
    await this.expectLoaded();
    return response;
  }

  /** Waits for the first screen, or for the chat, to which a page comes back by itself. */
  async expectLoaded() {
    await expect(this.id('connect-submit').or(this.id('log'))).toBeVisible();
  }

  /**
   * Presses Connect, and does not wait for what comes of it.
   * @param {{ name?: string, server?: string, protocol?: 'v1' | 'v2' }} [fields]
   */
  async submit({ name, server, protocol } = {}) {
    if (name !== undefined) await this.id('connect-name').fill(name);
    if (server !== undefined || protocol !== undefined) await this.unfold('connect-elsewhere');
    if (server !== undefined) await this.id('connect-server').fill(server);
    if (protocol !== undefined) await this.id(`protocol-${protocol}`).check();
    await this.id('connect-submit').click();
  }

  /**
   * Answers the question of the first contact with yes.
   * @param {string} [told] what the person was told of the key; without it, the person looks around
   */
  async trust(told) {
    await expect(this.firstContact).toBeVisible();
    if (told === undefined) {
      await this.id('first-contact-look').check();
    } else {
      await this.id('first-contact-told').fill(told);
    }
    await this.id('first-contact-trust').click();
    await expect(this.firstContact).toBeHidden();
  }

  /** Shows the steps of the handshake, in the inspector. */
  async showHandshake() {
    if (await this.id('inspector').isHidden()) await this.tool('inspect-toggle');
    await this.id('inspect-handshake').click();
    await expect(this.id('handshake-panel')).toBeVisible();
  }

  /**
   * Opens what is folded.
   * @param {string} testId of a `<details>`
   */
  async unfold(testId) {
    const open = await this.id(testId).evaluate((details) => details.open);
    if (!open) await this.id(testId).locator('summary').first().click();
  }

  /**
   * Whether the page shows the one element or the other, once it shows either: right after a load
   * it shows nothing yet, and a question asked then has no answer.
   * @param {string} testId
   * @param {string} otherwise the test id of what stands for it in a narrow window
   */
  async shows(testId, otherwise) {
    const [one, other] = [this.id(testId), this.id(otherwise)];
    await expect.poll(async () => (await one.isVisible()) || (await other.isVisible())).toBe(true);
    return one.isVisible();
  }

  /**
   * Chooses something in the person's own menu, which is in the list of rooms while there is one.
   * @param {string} testId
   */
  async menu(testId) {
    await this.openMenu();
    await this.id(testId).click();
  }

  async openMenu() {
    const button = this.id('own-menu-open');
    if (!(await this.shows('own-menu-open', 'rooms-toggle'))) await this.id('rooms-toggle').click();
    if (!(await this.id('own-menu').isVisible())) await button.click();
    await expect(this.id('own-menu')).toBeVisible();
  }

  /** Closes the list of rooms, if it lies over the chat. */
  async closeDrawer() {
    if (await this.page.locator('.with-drawer').isVisible()) await this.id('rooms-toggle').click();
  }

  /** Opens the dialog of all rooms, which is in the list of rooms. */
  async browse() {
    if (!(await this.shows('browse-rooms', 'rooms-toggle'))) await this.id('rooms-toggle').click();
    await this.id('browse-rooms').click();
    await expect(this.id('browse-query')).toBeFocused();
  }

  /** @param {string} name of a room in the dialog of all rooms */
  browsed(name) {
    return this.page.locator(`[data-testid="browse-room"][data-room="${name}"]`);
  }

  /**
   * Joins a room by the dialog of all rooms.
   * @param {string} name
   */
  async joinRoom(name) {
    await this.browse();
    await this.browsed(name).getByTestId('browse-join').click();
    await expect(this.id('browse')).toBeHidden();
    await expect(this.id('room-title')).toHaveText(name);
  }

  /**
   * Presses a button of the bar, which on a phone is in its popover.
   * @param {string} testId
   */
  async tool(testId) {
    if (!(await this.shows(testId, 'bar-more'))) await this.id('bar-more').click();
    await this.id(testId).click();
  }

  /**
   * The shield while it states this.
   * @param {'insecure' | 'without-tls' | 'unproven' | 'trusted' | 'verified'} look
   */
  shield(look) {
    return this.page.locator(`[data-testid="shield"][data-look="${look}"]`);
  }

  /**
   * Connects and waits until the person is in the lobby under the name. Trusts the server if this
   * profile does not know it. A page that has come back by itself is in already.
   * @param {string} name
   * @param {{ protocol?: 'v1' | 'v2' }} [fields]
   */
  async join(name, { protocol } = {}) {
    await this.expectLoaded();
    if (await this.id('connect-submit').isVisible()) await this.submit({ name, protocol });
    await this.enter();
    await expect(this.ownName).toHaveText(name);
    await this.expectRoom();
  }

  /** Connects to a server that does not admit this key yet. */
  async waitOutside(name) {
    await this.submit({ name });
    await this.enter();
    await expect(this.id('waiting')).toBeVisible();
  }

  /** Waits until the room on the screen is there: from then on what is typed is sent at once. */
  async expectRoom() {
    await expect(this.id('log')).toHaveAttribute('aria-busy', 'false');
  }

  /** Waits for the session, and answers the question of the first contact if it comes. */
  async enter() {
    const asked = '[data-testid="first-contact"][open]';
    const connected = '[data-testid="banner"][data-state="connected"]';
    // The first visit makes a key, for which a busy machine takes its time.
    await expect(this.page.locator(`${asked}, ${connected}`)).not.toHaveCount(0, { timeout: 60_000 });
    if (await this.firstContact.isVisible()) await this.trust();
    await this.expectState('connected');
  }

  /**
   * Waits until the banner says so.
   * @param {'waiting-for-key' | 'opening' | 'asking' | 'connected' | 'waiting' | 'stopped' | 'offline'} state
   */
  async expectState(state) {
    await expect(this.banner).toHaveAttribute('data-state', state);
  }

  /**
   * Types a line and sends it with Enter. What nobody would type key by key is inserted at once: a
   * thousand keys took longer than a test may on a busy machine.
   * @param {string} text may have several lines
   */
  async type(text) {
    for (const [index, line] of text.split('\n').entries()) {
      if (index > 0) await this.composer.press('Shift+Enter');
      if (line.length <= TYPED_CHARACTERS) {
        await this.composer.pressSequentially(line);
      } else {
        await this.composer.focus();
        await this.page.keyboard.insertText(line);
      }
    }
    await this.composer.press('Enter');
    await expect(this.composer).toHaveValue('');
  }

  /** @param {string} name of somebody in the panel of members */
  member(name) {
    return this.page.locator(`[data-testid="member"][data-name="${name}"]`);
  }

  /**
   * The messages with this text, by whoever.
   * @param {string} text
   * @param {string} [name] by this sender only
   */
  messages(text, name) {
    const sender = name === undefined ? '' : `[data-name="${name}"]`;
    // The whole text: its parts stand in elements of their own.
    const whole = new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+')}\\s*$`, 'u');
    const bubble = this.id('message-text').filter({ hasText: whole });
    return this.page.locator(`[data-testid="message"]${sender}`).filter({ has: bubble });
  }

  /**
   * Presses a tool of a message, which shows while the message is pointed at. A message that moved away
   * from under the pointer, because another one arrived, is pointed at again.
   * @param {import('@playwright/test').Locator} message
   * @param {'react' | 'reply' | 'unread' | 'edit' | 'delete'} tool
   */
  async press(message, tool) {
    await expect(async () => {
      await message.hover({ timeout: ATTEMPT_MS });
      await message.getByTestId(`message-${tool}`).click({ timeout: ATTEMPT_MS });
    }).toPass({ timeout: 20_000 });
  }

  /** @param {string | RegExp} text */
  notices(text) {
    return this.id('notice').filter({ hasText: text });
  }

  /**
   * Goes back in the history, within the page. Asked in the page, because Firefox does not tell
   * Playwright of an end of that.
   */
  async goBack() {
    await this.page.evaluate(() => history.back());
  }

  /** Goes forward in it. */
  async goForward() {
    await this.page.evaluate(() => history.forward());
  }

  /**
   * Closes the settings, and waits until their step in the history is left: a reload that is asked
   * for before that is dropped by the browser.
   */
  async closeSettings() {
    await this.page.keyboard.press('Escape');
    await expect(this.id('settings')).toBeHidden();
    await expect(this.page).not.toHaveURL(/#settings$/);
  }

  /** Opens the identity dialog, reads the whole fingerprint, and closes it. */
  async readFingerprint() {
    await this.menu('identity-open');
    await expect(this.fingerprint).toHaveText(/^SHA256:[A-Za-z0-9+/]{43}$/);
    const fingerprint = await this.fingerprint.textContent();
    await this.page.keyboard.press('Escape');
    await expect(this.dialog).toBeHidden();
    return fingerprint;
  }
}
