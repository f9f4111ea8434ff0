import { expect, it } from 'vitest';
import type { Aspect } from './architecture.ts';

const KEY = 'osha-lab/word';

/** All etcd members serve the same data. */
export const coordination: Aspect = {
  title: 'etcd',
  fits: ({ systems }) => systems.has('etcd'),
  tests: ({ inventory, lab, systems }) => {
    const members = inventory.hosts.filter(({ name }) => systems.get('etcd')?.includes(name));
    const etcdctl = (on: string, at: string, command: string): Promise<string> =>
      lab.on(on, `ETCDCTL_API=3 etcdctl --endpoints=http://${at}:2379 --command-timeout=10s ${command}`);

    it('returns on every member what was written on the first', async () => {
      const [first] = members;
      if (!first) throw new Error('etcd has no member');
      const word = `put on ${first.name}`;
      await etcdctl(first.name, first.address, `put ${KEY} "${word}"`);
      try {
        for (const { name, address } of members) {
          expect(await etcdctl(name, address, `get --print-value-only ${KEY}`)).toBe(word);
        }
      } finally {
        await etcdctl(first.name, first.address, `del ${KEY}`);
      }
    });
  },
};
