import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL_HOSTILE, LIVE } from '../support/hostile.ts';
import { folderForAll } from '../support/temporary-folder.ts';
import { oshaWith } from './run-cli.ts';

/** An SSH packet before any key is agreed on (RFC 4253, section 6): nothing of it is encrypted or signed. */
function packet(payload: Buffer): Buffer {
  const padding = 8 - ((payload.length + 5) % 8) + 8;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + padding + 1);
  head.writeUInt8(padding, 4);
  return Buffer.concat([head, payload, Buffer.alloc(padding)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** SSH_MSG_DISCONNECT (1), reason 2: protocol error (RFC 4253, section 11.1). */
const GOODBYE = packet(Buffer.concat([Buffer.from([1, 0, 0, 0, 2]), text(ALL_HOSTILE), text('')]));
const VERSION = 'SSH-2.0-OpenSSH_9.2p1';

/** What the server sends to any client, before authentication. */
const SAYS: Readonly<Record<string, Buffer>> = {
  'disconnects with a message': Buffer.concat([Buffer.from(`${VERSION}\r\n`), GOODBYE]),
  'greets before its version': Buffer.concat([
    Buffer.from(`${ALL_HOSTILE.replaceAll(/[\r\n]/g, '')}\r\n${VERSION}\r\n`),
    GOODBYE,
  ]),
  'has a hostile version': Buffer.from(`SSH-2.0-${ALL_HOSTILE.replaceAll(/[\r\n]/g, '')}\r\n`),
  'speaks something else': Buffer.from(`${ALL_HOSTILE}\r\n`),
};

const folder = folderForAll();
const servers: Server[] = [];
const ports = new Map<string, number>();

beforeAll(async () => {
  for (const [name, bytes] of Object.entries(SAYS)) {
    const server = createServer((socket) => void socket.on('error', () => undefined).end(bytes));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    servers.push(server);
    ports.set(name, (server.address() as AddressInfo).port);
  }
});
afterAll(() => servers.forEach((server) => server.close()));

describe.each(Object.keys(SAYS))('a server that %s', (name) => {
  it.each([
    ['exec', ['inventory.yaml', '--', 'true']],
    ['exec', ['inventory.yaml', '--json', '--', 'true']],
    ['check', ['inventory.yaml']],
    ['deploy', ['inventory.yaml']],
    ['deploy', ['inventory.yaml', '--json']],
  ])('writes nothing to the terminal of osha %s %j that it would obey', async (verb, args) => {
    const port = ports.get(name) ?? 0;
    writeFileSync(
      join(folder, 'inventory.yaml'),
      `name: test\nssh: { user: root, port: ${port}, config: false }\nhosts: { a: { address: 127.0.0.1, networks: { public: 192.0.2.1 }, roles: [controller] } }\nvips: { api: { address: 192.0.2.20/24, interface: eth0 } }\nhaproxy: { internal_vip: api }\n`,
    );
    const { exitCode, stdout, stderr } = await oshaWith({ cwd: folder }, verb, ...args);
    expect(stdout + stderr).not.toMatch(LIVE);
    expect(exitCode).toBe(4);
    // It is seen, so that the operator knows.
    if (name === 'disconnects with a message' && !args.includes('--json')) {
      expect(stdout + stderr).toContain('\\x1b[2J');
    }
  });
});
