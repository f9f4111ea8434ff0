import { hostsWith, type Inventory, type InventoryProblem } from 'osha';
import { HEALTH_PORT } from './files/health-endpoint.ts';
import { REPLICATION_PORT } from './files/my-cnf.ts';
import { charsetOf, type GaleraSettings } from './settings.ts';

/** Of the members' own: replication, incremental and full state transfers, the health endpoint. */
const TAKEN = [REPLICATION_PORT, REPLICATION_PORT + 1, 4444, HEALTH_PORT];

/** Mistakes in what an inventory says under `galera:`. */
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
  const choice = others.length > 0 ? `name one of ${others.join(', ')}` : 'add a host that is no database';
  const host = inventory.hosts.find(({ name }) => name === arbitrator);
  if (!host) {
    return [{ severity: 'error', path, message: `there is no host "${arbitrator}"`, hint: choice }];
  }
  if (members.includes(host)) {
    const message = `${arbitrator} is a member already: it would have two votes, and both die with it`;
    return [{ severity: 'error', path, message, hint: choice }];
  }
  if (members.length % 2 === 0) return [];
  return [
    {
      severity: 'warning',
      path,
      message: `with ${members.length} ${members.length === 1 ? 'member' : 'members'} the arbitrator makes the number of votes even: half of them is no majority`,
      hint: 'an arbitrator is for an even number of members; leave it away',
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
      message: `${port} is used by the members among each other, or by their health endpoint`,
      hint: 'take another',
    });
  }
  if (collation !== undefined && !collation.startsWith(`${charset}_`)) {
    problems.push({
      severity: 'error',
      path: ['galera', 'collation'],
      message: `${collation} is no collation of ${charset}`,
      hint: `write one that begins with ${charset}_`,
    });
  }
  return problems;
}
