import type { Host } from '../inventory/types.ts';
import type { Answers, Probe } from '../playbook/operation.ts';
import { Connections } from './connections.ts';
import type { HealthOptions } from './health.ts';
import { Observer } from './observer.ts';
import { answersOf } from './wait.ts';

/** Asks each host one question, in one round trip each. A host that cannot be asked has its reason instead. Reads only. */
export async function askHosts<Observed>(
  hosts: readonly Host[],
  probe: (host: Host) => Probe<Observed>,
  options: HealthOptions,
): Promise<Answers<Observed>> {
  const { signal } = options;
  const connections = new Connections(options.transport, {
    timeoutMs: options.connectTimeoutMs,
    acceptNew: options.acceptNew,
    signal,
  });
  const byName = new Map(hosts.map((host) => [host.name, host]));
  const source = {
    whyGone: (name: string): string | undefined => {
      const connected = connections.of(name);
      return connected.ok ? undefined : connected.message;
    },
    observer: (name: string): Observer => {
      const host = byName.get(name);
      if (!host) throw new Error(`${name} was not to be asked`);
      return new Observer(connections.lane(host), { timeoutMs: options.probeTimeoutMs, signal });
    },
  };
  try {
    await connections.open(hosts, options.forks, options.emit);
    return await answersOf(source, { members: hosts, probe }, { again: false });
  } finally {
    await connections.close();
  }
}
