import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { livingAgent } from '../../src/transport/agent.ts';
import { folderForTest } from '../support/temporary-folder.ts';

let server: Server | undefined;
afterEach(() => {
  vi.unstubAllEnvs();
  server?.close();
});

it('an agent that takes connections and never answers is left out', async () => {
  const socket = join(folderForTest(), 'agent');
  server = createServer();
  await new Promise<void>((listening) => server?.listen(socket, listening));
  vi.stubEnv('SSH_AUTH_SOCK', socket);
  expect(await livingAgent(undefined, 50)).toBeUndefined();
});

it('an agent whose socket is gone is left out', async () => {
  vi.stubEnv('SSH_AUTH_SOCK', join(folderForTest(), 'nobody'));
  expect(await livingAgent()).toBeUndefined();
});
