import { afterAll, expect, it } from 'vitest';
import type { GlusterfsSettings } from '../../../playbooks/glusterfs/settings.ts';
import { clientsOf, serversOf } from '../../../playbooks/glusterfs/storage.ts';
import { until } from '../support/until.ts';
import type { Aspect } from './architecture.ts';
import { expectRecovery } from './whole.ts';

const FILE = 'osha-lab-word';
/** How long clients wait for a silent server: `ping_timeout`, with a margin for two cores. */
const MOST_SILENCE_MS = 60_000;

/** Each volume has the same content on all clients, even after losing a copy. */
export const sharedFiles: Aspect = {
  title: 'GlusterFS',
  fits: ({ systems }) => systems.has('glusterfs'),
  tests: (architecture) => {
    const { inventory, lab } = architecture;
    const settings = inventory.settings['glusterfs'] as GlusterfsSettings;
    const servers = serversOf(inventory, settings).map(({ name }) => name);
    const volumes = Object.entries(settings.volumes).map(([name, volume]) => {
      return { name, mount: volume.mount, clients: clientsOf(inventory, volume).map((host) => host.name) };
    });
    // A server that is no client, or the last one: the others keep reading.
    const victim =
      servers.find((name) => volumes.every(({ clients }) => !clients.includes(name))) ?? servers.at(-1);
    const write = (host: string, mount: string, word: string): Promise<string> =>
      lab.on(host, `printf %s '${word}' | timeout 20 tee ${mount}/${FILE}`);
    const read = (host: string, mount: string): Promise<string> =>
      lab.on(host, `timeout 20 cat ${mount}/${FILE}`);

    it.each(volumes.map((volume) => [volume.name, volume] as const))(
      '%s: a file written on one client is read on the others',
      async (_, { mount, clients }) => {
        const [first = '', ...others] = clients;
        expect(others).not.toEqual([]);
        await write(first, mount, `written on ${first}`);
        for (const other of others) expect(await read(other, mount)).toBe(`written on ${first}`);
      },
    );

    it(`files are read and written when ${victim ?? 'a server'} dies with its copies`, async () => {
      await lab.kill(victim ?? '');
      for (const { name, mount, clients } of volumes) {
        const alive = clients.filter((client) => client !== victim);
        const [first = '', second = first] = alive;
        for (const client of alive) {
          await until(`${client} reads ${name}`, MOST_SILENCE_MS, async () =>
            (await read(client, mount)).startsWith('written on'),
          );
        }
        await until(`${first} writes ${name}`, MOST_SILENCE_MS, async () => {
          await write(first, mount, `written on ${first}, with two copies`);
          return true;
        });
        // Clients cache file attributes for a second.
        await until(`${second} reads that`, 10_000, async () => {
          return (await read(second, mount)) === `written on ${first}, with two copies`;
        });
      }
    });

    it('heals the lost copies when their host is back', async () => {
      await expectRecovery(architecture, victim ?? '');
      for (const { mount, clients } of volumes) {
        for (const client of clients) expect(await read(client, mount)).toMatch(/with two copies$/);
      }
    });

    afterAll(async () => {
      for (const { mount, clients } of volumes) {
        await lab.on(clients[0] ?? '', `timeout 20 rm -f ${mount}/${FILE}`);
      }
    });
  },
};
