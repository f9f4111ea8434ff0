import { hostsWith, type Inventory, type InventoryProblem } from 'osha';
import { HEALTH_PORT } from './files/health-endpoint.ts';
import { REPLICATION_PORT } from './files/my-cnf.ts';
import { charsetOf, type GaleraSettings } from './settings.ts';

/** Ports in use on the members: replication, incremental and full state transfers, the health endpoint. */
const TAKEN = [REPLICATION_PORT, REPLICATION_PORT + 1, 4444, HEALTH_PORT];

/** Mistakes in the `galera` key of an inventory. */
export function galeraProblems(inventory: Inventory, settings: GaleraSettings): readonly InventoryProblem[] {
  return [...arbitratorProblems(inventory, settings), ...valueProblems(settings)];
}

function arbitratorProblems(
  inventory: Inventory,
  { arbitrator }: GaleraSettings,
): readonly InventoryProblem[] {
  if (arbitrator === undefined) return [];
  const path = ['galera', 'arbitrator'];
  const members = hostsWith(inventory, 'database');
  const others = inventory.hosts.filter((host) => !members.includes(host)).map((host) => host.name);
  const choice =
    others.length > 0 ? `name one of ${others.join(', ')}` : 'add a host without the role database';
  const host = inventory.hosts.find(({ name }) => name === arbitrator);
  if (!host) {
    return [{ severity: 'error', path, message: `there is no host "${arbitrator}"`, hint: choice }];
  }
  if (members.includes(host)) {
    const message = `${arbitrator} is already a member: it would hold two votes, and lose both at once`;
    return [{ severity: 'error', path, message, hint: choice }];
  }
  if (members.length % 2 === 0) return [];
  return [
    {
      severity: 'warning',
      path,
      message: `with ${members.length} ${members.length === 1 ? 'member' : 'members'} the arbitrator makes the number of votes even, and half of them is no majority`,
      hint: 'remove it: an arbitrator helps only an even number of members',
    },
  ];
}

function valueProblems(settings: GaleraSettings): readonly InventoryProblem[] {
  const { port, collation } = settings;
  const charset = charsetOf(settings);
  const problems: InventoryProblem[] = [];
  if (TAKEN.includes(port)) {
    problems.push({
      severity: 'error',
      path: ['galera', 'port'],
      message: `port ${port} is used for inter-node traffic or by the health endpoint`,
      hint: 'choose another port',
    });
  }
  if (collation !== undefined && !collation.startsWith(`${charset}_`)) {
    problems.push({
      severity: 'error',
      path: ['galera', 'collation'],
      message: `${collation} is not a collation of ${charset}`,
      hint: `write one that begins with ${charset}_`,
    });
  }
  return problems;
}
