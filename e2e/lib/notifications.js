// The browser's notifications, and the focus of its window.

/** Takes the place of the browser's notifications and of its focus, which the window has at first, or not. */
export async function watchNotifications(page, { focused: atFirst = true } = {}) {
  await page.addInitScript((atFirst) => {
    window.notifications = [];
    window.Notification = class extends EventTarget {
      static permission = 'granted';
      constructor(title, { body }) {
        super();
        Object.assign(this, { title, body, closed: false });
        window.notifications.push(this);
      }
      close() {
        this.closed = true;
      }
    };
    let focused = atFirst;
    document.hasFocus = () => focused;
    window.setFocus = (has) => {
      focused = has;
      window.dispatchEvent(new Event(has ? 'focus' : 'blur'));
    };
    window.focus = () => window.setFocus(true);
  }, atFirst);
}

/** Gives the window the focus, or takes it away. */
export const setFocus = (page, has) => page.evaluate((it) => window.setFocus(it), has);
