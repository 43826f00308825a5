// An ACME directory: Let's Encrypt's `pebble`, at which every name leads to this machine.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const START_MS = 30_000;

/** Returns whether the programs are there. */
export function isInstalled() {
  return ['pebble', 'openssl'].every((program) => spawnSync(program, ['-h']).error === undefined);
}

/** A directory whose challenges go to `serving`. */
export class Pebble {
  /** The address of the server that gets its certificate here. */
  serving;
  #directory;
  #management;
  #folder;
  #children = [];

  static async start() {
    const pebble = new Pebble();
    try {
      await pebble.#start();
    } catch (failure) {
      await pebble.dispose();
      throw failure;
    }
    return pebble;
  }

  async #start() {
    this.#folder = await mkdtemp(join(tmpdir(), 'secure-chat-pebble-'));
    const [directory, management, names, control, serving] = await free(5);
    [this.#directory, this.#management, this.serving] = [directory, management, serving].map((port) => `127.0.0.1:${port}`);
    const file = (name) => join(this.#folder, name);
    // It vouches for itself, and the server is told to trust it.
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=pebble', '-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'],
      ...['-keyout', file('key.pem'), '-out', file('cert.pem')],
    ]);
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
    const settings = {
      listenAddress: this.#directory,
      managementListenAddress: this.#management,
      certificate: file('cert.pem'),
      privateKey: file('key.pem'),
      httpPort: 1,
      tlsPort: serving,
    };
    await writeFile(file('settings.json'), JSON.stringify({ pebble: settings }));
    const resolver = ['-dns01', `127.0.0.1:${names}`, '-management', `127.0.0.1:${control}`, '-defaultIPv6', ''];
    this.#run('pebble-challtestsrv', [...resolver, '-http01', '', '-https01', '', '-tlsalpn01', '']);
    this.#run('pebble', ['-config', file('settings.json'), '-dnsserver', `127.0.0.1:${names}`]);
    for (const port of [directory, management, names]) await listening(port);
  }

  #run(program, args) {
    const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1' };
    this.#children.push(spawn(program, args, { env, stdio: 'ignore' }));
  }

  /** The flags of a server that gets a certificate for `name` here. */
  flags(name) {
    const directory = ['--acme-directory', `https://${this.#directory}/dir`, '--acme-ca', join(this.#folder, 'cert.pem')];
    return ['--acme', name, '--acme-agree-tos', ...directory];
  }

  /** The hash by which Chromium trusts what the directory issues. */
  async spkiHash() {
    const pem = await new Promise((resolve, reject) => {
      const asked = request(`https://${this.#management}/intermediates/0`, { rejectUnauthorized: false }, async (answer) => {
        let text = '';
        for await (const chunk of answer) text += chunk;
        resolve(text);
      });
      asked.on('error', reject).end();
    });
    const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(key).digest('base64');
  }

  /** Ends it, and removes its files. */
  async dispose() {
    for (const child of this.#children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Returns ports on which nobody listens. */
async function free(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function listening(port) {
  const end = Date.now() + START_MS;
  while (Date.now() < end) {
    const socket = connect(port, '127.0.0.1');
    const opened = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
    socket.destroy();
    if (opened) return;
    await setTimeout(20);
  }
  throw new Error(`nobody listens on port ${port}`);
}
