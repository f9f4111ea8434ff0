import type { Draft, DraftHost } from './draft.ts';
import { addressFault, isLoopback, nameFault, parseIpv4 } from './network.ts';
import type { InventoryProblem } from './problem.ts';
import { ROLE_WORDS } from './roles.ts';

function nameProblem(host: DraftHost): readonly InventoryProblem[] | undefined {
  const path = ['hosts', host.name];
  if ((ROLE_WORDS as readonly string[]).includes(host.name)) {
    const message = `"${host.name}" is the name of a role`;
    const hint = `call the host ${host.name}1, so that --limit can tell them apart`;
    return [{ severity: 'error', path, at: 'key', message, hint }];
  }
  const fault = nameFault(host.name);
  return fault && [{ severity: 'error', path, at: 'key', ...fault }];
}

interface Written {
  readonly host: DraftHost;
  readonly path: readonly string[];
  readonly address: string;
}

/** Every address in the hosts, with its path. */
function writtenAddresses(draft: Draft): readonly Written[] {
  return draft.hosts.flatMap((host) => {
    const path = ['hosts', host.name];
    return [
      ...(host.address === undefined ? [] : [{ host, path: [...path, 'address'], address: host.address }]),
      ...Object.entries(host.networks).map(([network, address]) => {
        return { host, path: [...path, 'networks', network], address };
      }),
    ];
  });
}

function addressProblem(
  draft: Draft,
  { host, path, address }: Written,
  all: readonly Written[],
): InventoryProblem | undefined {
  const fault = addressFault(address);
  if (fault !== undefined) return { severity: 'error', path, ...fault };
  const ip = parseIpv4(address);
  if (ip === undefined && path.includes('networks')) {
    const message = `an address in a further network must be an IPv4 address, not the name "${address}"`;
    return { severity: 'error', path, message, hint: 'write one such as 203.0.113.11' };
  }
  if ((ip !== undefined && isLoopback(ip)) || address === 'localhost') {
    // A single host can be this machine itself; with several, each would reach only itself.
    const severity = draft.hosts.length > 1 ? 'error' : 'warning';
    const message = `${address} is a loopback address, which no other host can reach`;
    return { severity, path, message, hint: 'write the address that the other hosts reach it at' };
  }
  const first = all.find((other) => other.address.toLowerCase() === address.toLowerCase());
  if (first === undefined || first.path.join() === path.join()) return undefined;
  const message = `${address} is the address of ${first.host === host ? 'this host' : first.host.name} already`;
  return { severity: 'error', path, message, hint: 'give each host an address of its own' };
}

/** Mistakes in names and addresses of hosts, including duplicates. */
export function hostProblems(draft: Draft): readonly InventoryProblem[] {
  const addresses = writtenAddresses(draft);
  return draft.hosts.flatMap((host) => [
    ...(nameProblem(host) ?? []),
    ...addresses
      .filter((written) => written.host === host)
      .flatMap((written) => addressProblem(draft, written, addresses) ?? []),
  ]);
}
