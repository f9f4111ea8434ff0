import { createFakeTransport, type FakeSession } from './fake.ts';
import { createLocalTransport, type LocalSession } from './local.ts';
import { aHost } from '../support/inventory.ts';
import { fulfilsTheContract } from './contract.ts';
import { forwardsConnections } from './forward-contract.ts';

const CONNECT = { timeoutMs: 10_000, acceptNew: false };

fulfilsTheContract('the local transport', () => {
  const transport = createLocalTransport();
  return Promise.resolve({
    open: () => transport.connect(aHost('here'), CONNECT),
    drop: (session) => (session as LocalSession).drop(),
    end: () => transport.close(),
  });
});

fulfilsTheContract('the fake transport, with the local one behind it', () => {
  const transport = createFakeTransport({ behind: createLocalTransport() });
  return Promise.resolve({
    open: () => transport.connect(aHost('here'), CONNECT),
    drop: (session) => ((session as FakeSession).behind as LocalSession).drop(),
    end: () => transport.close(),
  });
});

forwardsConnections('the fake transport, with the local one behind it', () => {
  const transport = createFakeTransport({ behind: createLocalTransport() });
  return Promise.resolve({
    open: () => transport.connect(aHost('here'), CONNECT),
    drop: () => undefined,
    end: () => transport.close(),
  });
});
