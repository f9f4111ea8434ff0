import type { Draft, DraftHost } from './draft.ts';
import { addressFault, isLoopback, nameFault, parseIpv4 } from './network.ts';
import type { InventoryProblem } from './problem.ts';
import { ROLE_WORDS } from './roles.ts';

function nameProblem(host: DraftHost): InventoryProblem | undefined {
  const path = ['hosts', host.name];
  if ((ROLE_WORDS as readonly string[]).includes(host.name)) {
    const message = `"${host.name}" is the name of a role`;
    const hint = `call the host ${host.name}1, so that --limit can tell them apart`;
    return { severity: 'error', path, at: 'key', message, hint };
  }
  const fault = nameFault(host.name);
  return fault && { severity: 'error', path, at: 'key', ...fault };
}

function addressProblems(draft: Draft, host: DraftHost): readonly InventoryProblem[] {
  const { address } = host;
  if (address === undefined) return [];
  const path = ['hosts', host.name, 'address'];
  const fault = addressFault(address);
  if (fault !== undefined) return [{ severity: 'error', path, ...fault }];
  const ip = parseIpv4(address);
  if ((ip !== undefined && isLoopback(ip)) || address === 'localhost') {
    // One host alone can be this machine itself; of several, each would reach only itself at it.
    const severity = draft.hosts.length > 1 ? 'error' : 'warning';
    const message = `${address} is a loopback address, which no other host can reach`;
    return [{ severity, path, message, hint: 'write the address that the other hosts reach it at' }];
  }
  const first = draft.hosts.find((other) => other.address?.toLowerCase() === address.toLowerCase());
  if (first === host || first === undefined) return [];
  const message = `${address} is the address of ${first.name} already`;
  return [{ severity: 'error', path, message, hint: 'give each host an address of its own' }];
}

/** Names and addresses of hosts, each for itself and compared with each other. */
export function hostProblems(draft: Draft): readonly InventoryProblem[] {
  return draft.hosts.flatMap((host) => {
    const name = nameProblem(host);
    return [...(name === undefined ? [] : [name]), ...addressProblems(draft, host)];
  });
}
