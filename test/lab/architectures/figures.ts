import { table } from '../support/table.ts';

/** Measurements of one architecture. Times are in milliseconds; missing ones are absent. */
export interface Figures {
  readonly hosts: number;
  deployMs?: number;
  rerunMs?: number;
  /** How long each virtual IP, by name, did not answer when its holder died. */
  readonly failoverMs: Map<string, number>;
}

const HEAD = ['architecture', 'hosts', 'deploy', 'rerun', 'failover of each virtual IP'];

/** The table of all architectures, as Markdown. */
export function figuresTable(measured: ReadonlyMap<string, Figures>): string {
  const rows = [...measured].map(([name, { hosts, deployMs, rerunMs, failoverMs }]) => [
    name,
    String(hosts),
    inSeconds(deployMs, 0),
    inSeconds(rerunMs, 1),
    [...failoverMs].map(([vip, ms]) => `${vip} ${inSeconds(ms, 1)}`).join(', ') || '-',
  ]);
  return table(HEAD, rows);
}

function inSeconds(ms: number | undefined, digits: number): string {
  return ms === undefined ? '-' : `${(ms / 1000).toFixed(digits)} s`;
}
