import { createSshTransport } from '../../src/transport/ssh.ts';
import { aHost } from '../support/inventory.ts';
import { fulfilsTheContract, type Subject } from './contract.ts';
import { forwardsConnections } from './forward-contract.ts';
import { startSshd } from './sshd.ts';

async function overSsh(): Promise<Subject> {
  const sshd = await startSshd();
  const transport = createSshTransport();
  const { port, identity, knownHosts } = sshd;
  const host = aHost('loopback', {
    address: '127.0.0.1',
    ssh: { user: 'root', port, sudo: false, identity, knownHosts: [knownHosts], jump: [], config: false },
  });
  return {
    open: () => transport.connect(host, { timeoutMs: 20_000, acceptNew: false }),
    drop: () => void sshd.dropAll(),
    end: async () => {
      await transport.close();
      await sshd.stop();
    },
  };
}

fulfilsTheContract('the SSH transport', overSsh);
forwardsConnections('the SSH transport', overSsh);
