import { createFakeTransport } from '../../src/transport/fake.ts';
import { createLocalTransport, type LocalSession } from '../../src/transport/local.ts';
import type { Transport } from '../../src/transport/session.ts';
import { aHost } from '../support/inventory.ts';
import { fulfilsTheContract } from './contract.ts';

const CONNECT = { timeoutMs: 10_000, acceptNew: false };

/** The local transport, and the sessions that it opened. */
function observed(): { readonly transport: Transport; readonly sessions: LocalSession[] } {
  const transport = createLocalTransport();
  const sessions: LocalSession[] = [];
  return {
    sessions,
    transport: {
      ...transport,
      connect: async (host, options) => {
        const session = await transport.connect(host, options);
        sessions.push(session);
        return session;
      },
    },
  };
}

fulfilsTheContract('the local transport', () => {
  const { transport, sessions } = observed();
  return Promise.resolve({
    open: () => transport.connect(aHost('here'), CONNECT),
    drop: () => sessions.at(-1)?.drop(),
    end: () => transport.close(),
  });
});

fulfilsTheContract('the fake transport, with the local one behind it', () => {
  const { transport: behind, sessions } = observed();
  const transport = createFakeTransport({ behind });
  return Promise.resolve({
    open: () => transport.connect(aHost('here'), CONNECT),
    drop: () => sessions.at(-1)?.drop(),
    end: () => transport.close(),
  });
});
