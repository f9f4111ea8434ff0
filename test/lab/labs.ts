import { docker, mustDocker } from './engine.ts';
import type { LabInventory } from './inventory.ts';

/** A lab in the engine, with running or stopped hosts. */
export interface KnownLab {
  readonly name: string;
  /** The inventory it was brought up from; empty if only its network is left. */
  readonly inventory: string;
  readonly subnets: readonly string[];
}

interface Labelled {
  readonly lab: string;
  readonly inventory: string;
  readonly subnet?: string;
}

/** All labs of this engine, including those of other inventories and checkouts. */
export async function knownLabs(): Promise<readonly KnownLab[]> {
  const ids = (await mustDocker(['network', 'ls', '--quiet', '--filter', 'label=osha.lab'])).split('\n');
  const networks = await Promise.all(ids.filter((id) => id !== '').map(networkOf));
  const hosts = (
    await mustDocker([
      'container',
      'ls',
      '--all',
      '--filter',
      'label=osha.lab',
      '--format',
      '{{.Label "osha.lab"}}\t{{.Label "osha.inventory"}}',
    ])
  )
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
  return labsOf([...networks.flat(), ...hosts.map(([lab = '', inventory = '']) => ({ lab, inventory }))]);
}

/** Groups networks and hosts into labs, in order of appearance. */
export function labsOf(parts: readonly Labelled[]): readonly KnownLab[] {
  return [...new Set(parts.map(({ lab }) => lab))].map((name) => {
    const own = parts.filter(({ lab }) => lab === name);
    return {
      name,
      inventory: own.find(({ inventory }) => inventory !== '')?.inventory ?? '',
      subnets: own.flatMap(({ subnet }) => subnet ?? []),
    };
  });
}

/** The labs in `known` that use a network of `lab`. */
export function rivalsOf(
  lab: Pick<LabInventory, 'name' | 'subnets'>,
  known: readonly KnownLab[],
): readonly KnownLab[] {
  return known.filter(
    ({ name, subnets }) => name !== lab.name && subnets.some((subnet) => lab.subnets.includes(subnet)),
  );
}

async function networkOf(id: string): Promise<Labelled[]> {
  // Ignores objects that are removed meanwhile.
  const { stdout, exitCode } = await docker(['network', 'inspect', id]);
  if (exitCode !== 0) return [];
  const found = JSON.parse(stdout) as {
    Labels: Record<string, string>;
    IPAM: { Config: { Subnet: string }[] };
  }[];
  return found.flatMap(({ Labels, IPAM }) =>
    IPAM.Config.map(({ Subnet }) => ({
      lab: Labels['osha.lab'] ?? '',
      inventory: Labels['osha.inventory'] ?? '',
      subnet: Subnet,
    })),
  );
}
