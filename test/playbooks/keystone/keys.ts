import { createHash } from 'node:crypto';
import {
  fernetKey,
  type KeyRepository,
  type RepositoryState,
} from '../../../playbooks/keystone/key-repository.ts';
import type { Answer, Answers, ClusterDecision } from '../../../src/playbook/operation.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { aHost } from '../../support/inventory.ts';

export const hosts = [aHost('c1'), aHost('c2'), aHost('c3')];

export const repository: KeyRepository = {
  directory: '/etc/keystone/fernet-keys',
  seed: new Secret('keystoneKeys', 'gW3rt7zUi9oPlM2nQ4sX6vB8'),
  purpose: 'token',
  owner: 'keystone',
  keep: 4,
};

/** The files of a host: by name, the number of the key or other content. */
export type Files = Readonly<Record<string, number | string>>;

interface Looks {
  readonly access?: string;
  readonly ageSeconds?: number;
}

/** The probe's answer of a host with these files; by default a minute old, with the right owner and mode. */
export function holding(files: Files, looks: Looks = {}): Answer<RepositoryState> {
  const observed = Object.entries(files).map(([name, content]) => {
    const key = typeof content === 'number' ? fernetKey(repository, content).reveal() : content;
    const sha256 = createHash('sha256').update(key).digest('hex');
    return [name, { sha256, access: 'keystone:keystone,600', ageSeconds: 60, ...looks }] as const;
  });
  return { reachable: true, observed: new Map(observed) };
}

export const unreachable: Answer<RepositoryState> = { reachable: false, reason: 'no route to host' };

/** The answers of c1, c2, ... */
export function answersOf(said: readonly Answer<RepositoryState>[]): Answers<RepositoryState> {
  return new Map(said.map((answer, index) => [`c${index + 1}`, answer]));
}

/** A summary: which host gets which files. */
export function inShort(decision: ClusterDecision): readonly string[] {
  if (decision.verdict === 'converged') return [];
  if (decision.verdict === 'refuse') return [`refused: ${decision.reason}`];
  return decision.stages.flat().map(({ host, change }) => {
    const lines = String(change.input).trim();
    if (/^(\d+ <secret keystoneKeys>\n?)+$/.exec(lines) === null) throw new Error(`no keys: ${lines}`);
    return `${host}: ${lines.replaceAll(' <secret keystoneKeys>', '').replaceAll('\n', ' ')}`;
  });
}
