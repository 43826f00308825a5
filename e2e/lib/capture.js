// Records what the browser itself says crossed its WebSockets: the same frames that its developer
// tools show. It must not know what they mean.

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
 * @returns {Tunnel[]}
 */
export function recordTunnels(page) {
  /** @type {Tunnel[]} */
  const tunnels = [];
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
