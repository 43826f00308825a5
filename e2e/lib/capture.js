// Records what crossed a page's WebSockets: what the browser itself says, the same frames that its
// developer tools show, or what a proxy saw on the wire. It must not know what they mean.

/**
 * @typedef {object} Tunnel
 * @property {URL} url
 * @property {Array<string | Buffer>} sent string for text, Buffer for binary
 * @property {Array<string | Buffer>} received
 * @property {string[]} errors
 */

/**
 * Records every tunnel that the page opens from now on.
 * @param {import('@playwright/test').Page} page
 * @param {import('./tap.js').Tap} [tap] of a browser that does not tell it itself; it knows no pages, so
 *   the tunnels of a profile are those of the page that came last
 * @returns {Tunnel[]}
 */
export function recordTunnels(page, tap) {
  /** @type {Tunnel[]} */
  const tunnels = [];
  if (tap) {
    tap.onTunnel = (tunnel) => tunnels.push(tunnel);
    return tunnels;
  }
  page.on('websocket', (socket) => {
    const url = new URL(socket.url());
    if (url.pathname !== '/ws') return;
    const tunnel = { url, sent: [], received: [], errors: [] };
    tunnels.push(tunnel);
    socket.on('framesent', ({ payload }) => tunnel.sent.push(payload));
    socket.on('framereceived', ({ payload }) => tunnel.received.push(payload));
    socket.on('socketerror', (error) => tunnel.errors.push(error));
  });
  return tunnels;
}
