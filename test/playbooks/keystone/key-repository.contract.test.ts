import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  fernetKey,
  keyRepository,
  keyRotation,
  type RepositoryState,
} from '../../../playbooks/keystone/key-repository.ts';
import type { Change, ClusterOperation } from '../../../src/playbook/operation.ts';
import type { SecretText } from '../../../src/secrets/text.ts';
import { aHost } from '../../support/inventory.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { apply, me, runHere } from '../../operations/local.ts';
import { decrypted, encrypted } from './fernet.ts';
import { repository as elsewhere } from './keys.ts';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
});

/** Two hosts, each a folder on this machine. */
const hosts = [aHost('c1'), aHost('c2')];
const DIRECTORY = '/etc/keystone/keys';
const repository = { ...elsewhere, owner: me.owner, directory: DIRECTORY, keep: 3 };
const at = (host: string, file = ''): string => join(folder, host, DIRECTORY, file);
const onHost = (host: string, script: string): string => script.replaceAll(DIRECTORY, at(host));

/** The pending changes by host. */
function pending(operation: ClusterOperation<RepositoryState>): readonly (readonly [string, Change])[] {
  const answers = operation.members.map((host) => {
    const probe = operation.probe(host);
    const answer = runHere(onHost(host.name, probe.script), probe.input);
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
    return [host.name, { reachable: true, observed: probe.parse(answer) }] as const;
  });
  const decision = operation.decide(new Map(answers));
  if (decision.verdict !== 'change') return [];
  return decision.stages.flat().map(({ host, change }) => [host, change]);
}

/** Makes the pending changes, with `before` prepended to each script. */
function perform(operation: ClusterOperation<RepositoryState>, before = ''): void {
  for (const [host, change] of pending(operation)) {
    const script = onHost(host, `${before}\n${change.script}`);
    expect(apply({ ...change, script })).toMatchObject({ exitCode: 0, stderr: '' });
  }
}

/** The keys of a host by file name. */
function keysOf(host: string): ReadonlyMap<string, string> {
  const names = readdirSync(at(host));
  return new Map(names.sort().map((name) => [name, readFileSync(at(host, name), 'utf8')]));
}

const numbered = (files: Readonly<Record<string, number>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(files).map(([name, number]) => [name, fernetKey(repository, number).reveal()]));

// The keys belong to the owner and the group of the same name.
describe.skipIf(me.owner !== me.group)('a folder of keys', () => {
  const same = keyRepository(hosts, repository);
  const rotate = keyRotation(hosts, repository, -1);

  it('is created for its owner only, with a primary and a staged key, and then converged', () => {
    perform(same);
    expect(keysOf('c1')).toEqual(numbered({ 0: 2, 1: 1 }));
    expect(keysOf('c2')).toEqual(keysOf('c1'));
    const modes = ['', '0', '1'].map((name) => (statSync(at('c1', name)).mode & 0o7777).toString(8));
    expect(modes).toEqual(['700', '600', '600']);
    expect(pending(same)).toEqual([]);
  });

  it('is repaired after drift', () => {
    perform(same);
    chmodSync(at('c1', '1'), 0o644);
    writeFileSync(at('c2', '0'), 'strange');
    writeFileSync(at('c2', '7'), 'strange');
    writeFileSync(at('c2', '.new.1'), 'of a run that was broken off');
    expect(pending(same).map(([host]) => host)).toEqual(['c1', 'c2']);
    perform(same);
    expect(keysOf('c2')).toEqual(numbered({ 0: 2, 1: 1 }));
    expect(pending(same)).toEqual([]);
  });

  it('is probed correctly if it is empty or missing', () => {
    mkdirSync(at('c1'), { recursive: true });
    writeFileSync(at('c1', 'README'), '');
    expect(pending(same).map(([host]) => host)).toEqual(['c1', 'c2']);
  });

  it('rotates its keys, and is then converged', () => {
    perform(same);
    for (const expected of [
      { 0: 3, 1: 1, 2: 2 },
      { 0: 4, 2: 2, 3: 3 },
    ]) {
      const staged = keysOf('c2').get('0');
      perform(rotate);
      expect(keysOf('c1')).toEqual(numbered(expected));
      expect([...keysOf('c1').values()].at(-1)).toBe(staged);
      expect(keysOf('c2')).toEqual(keysOf('c1'));
      expect(pending(same)).toEqual([]);
    }
  });

  it('has the old and the new primary key at every moment of a rotation', () => {
    perform(same);
    const log = join(folder, 'log');
    perform(
      rotate,
      `mv() { command mv "$@"; for file in ${DIRECTORY}/[0-9]*; do printf '%s ' "$(cat "$file")"; done >>${log}; echo >>${log}; }`,
    );
    const moments = readFileSync(log, 'utf8').trim().split('\n');
    expect(moments).toHaveLength(2 * 3);
    for (const moment of moments) {
      for (const number of [1, 2]) expect(moment).toContain(fernetKey(repository, number).reveal());
    }
  });

  it('completes an interrupted rotation from any point', () => {
    for (const placed of [1, 2]) {
      rmSync(folder, { recursive: true });
      perform(same);
      const [, change] = pending(rotate)[0] ?? [];
      const script = onHost(
        'c1',
        `left=${placed}\nmv() { [ $left -gt 0 ] || exit 9; left=$((left - 1)); command mv "$@"; }\n${change!.script}`,
      );
      expect(apply({ ...change!, script }).exitCode).toBe(9);
      perform(same);
      expect(keysOf('c1')).toEqual(numbered(placed === 1 ? { 0: 2, 1: 1 } : { 0: 3, 1: 1, 2: 2 }));
      expect(keysOf('c2')).toEqual(keysOf('c1'));
    }
  });

  it('lets every host decrypt what any host encrypted before, during and after a rotation, until the key is dropped', () => {
    const write = (host: string): Buffer => encrypted(`by ${host}`, [...keysOf(host).values()].at(-1)!);
    const read = (token: Buffer, host: string): string | undefined => decrypted(token, keysOf(host).values());
    const move = ([host, change]: readonly [string, Change]): unknown =>
      apply({ ...change, script: onHost(host, change.script) });
    perform(same);
    const before = write('c1');
    const [first, second] = pending(rotate);
    move(first!);
    const during = write('c1');
    expect([read(during, 'c2'), read(write('c2'), 'c1')]).toEqual(['by c1', 'by c2']);
    move(second!);
    const both = ['c1', 'c2'].flatMap((host) => [read(before, host), read(during, host)]);
    expect(both).toEqual(['by c1', 'by c1', 'by c1', 'by c1']);
    perform(rotate);
    expect(read(before, 'c2')).toBeUndefined();
    expect(read(during, 'c2')).toBe('by c1');
  });

  it('has no key in its scripts', () => {
    const key = fernetKey(repository, 1).reveal();
    const changes = pending(same);
    expect(changes).toHaveLength(2);
    for (const [, { script, summary, input }] of changes) {
      expect(`${script}${summary}${String(input as unknown)}`).not.toContain(key);
      expect((input as SecretText).reveal()).toContain(`1 ${key}\n`);
    }
  });
});
