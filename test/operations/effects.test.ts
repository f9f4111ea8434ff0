import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as service from '../../src/operations/service.ts';
import type { UnitState } from '../../src/operations/unit-state.ts';
import { disruptive, type Effect } from '../../src/playbook/operation.ts';
import { scriptedObjects, undeclared, type ScriptedObject } from '../support/shell-effects.ts';

const objects = scriptedObjects(['src/operations', 'playbooks']);

function unmet({ needs, effects = [] }: ScriptedObject): readonly (readonly Effect[])[] {
  if (effects === 'unknown') return [];
  return needs.filter((needed) => !needed.some((effect) => effects.includes(effect)));
}

const inWords = (object: ScriptedObject): string =>
  `${object.file}:${object.line} needs ${unmet(object)
    .map((effects) => effects.join(' or '))
    .join(', and ')}`;

const ROOT = resolve(import.meta.dirname, '../..');

/** An effect of a change that is had on one host at a time, written out. */
const DISRUPTIVE = /'(restarts|stops|kills|joins|wipes)'/;

/** A host operation with effects, which stand before its probe. */
const DECLARED = /scope: 'host',\n((?!\s*probe:).*\n)*?\s*effects:/;

function textOf(file: string): string {
  return readFileSync(file, 'utf8');
}

/** The folder that a file's imports are followed in: that of its system, or the one that it stands in. */
function homeOf(file: string): string {
  const [top = '', system = ''] = relative(ROOT, file).split('/');
  return join(top === 'playbooks' ? join(ROOT, top, system) : dirname(file), '/');
}

/** Sources that have a host operation, each with the files of its folder that its changes may come from. */
function hostOperations(): readonly { readonly file: string; readonly files: readonly string[] }[] {
  const withImports = (file: string, home = homeOf(file), seen = new Set<string>()): ReadonlySet<string> => {
    if (seen.has(file) || !file.startsWith(home) || !existsSync(file)) return seen;
    seen.add(file);
    for (const [, path = ''] of textOf(file).matchAll(/from '(\.\.?\/[^']+)'/g)) {
      withImports(resolve(dirname(file), path), home, seen);
    }
    return seen;
  };
  return ['src/operations', 'playbooks']
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(ROOT, folder, name),
      ),
    )
    .filter((file) => file.endsWith('.ts') && textOf(file).includes("scope: 'host'"))
    .map((file) => ({ file, files: [...withImports(file)] }));
}

describe('the sources', () => {
  it('declare the effects of every change whose script stops, restarts, kills or empties something', () => {
    const silent = objects.filter((object) => !object.isProbe && unmet(object).length > 0);
    expect(silent.map(inWords)).toEqual([]);
  });

  it('have no probe that could do so: a probe only reads', () => {
    const probes = objects.filter(({ isProbe }) => isProbe);
    expect(probes.length).toBeGreaterThan(40);
    expect(probes.filter(({ needs }) => needs.length > 0).map(inWords)).toEqual([]);
  });

  it('declare on an operation for hosts what its changes may do: a plan says so before it asks', () => {
    const making = hostOperations().filter(({ files }) =>
      files.some((file) => DISRUPTIVE.test(textOf(file))),
    );
    expect(making.length).toBeGreaterThan(5);
    expect(making.filter(({ file }) => !DECLARED.test(textOf(file))).map(({ file }) => file)).toEqual([]);
  });

  it.each([
    ['in a template with its verb filled in', 'src/operations/service.ts'],
    ['in a constant of another file', 'playbooks/etcd/cluster/changes.ts'],
    ['handed to a function that makes the change', 'src/operations/mount.ts'],
    ['in a list of lines', 'playbooks/galera/cluster/changes.ts'],
  ])('are read also where the shell stands %s', (_, file) => {
    const found = objects.filter((object) => object.file === file && object.needs.length > 0);
    expect(found.length).toBeGreaterThan(0);
  });
});

describe('a change of a service', () => {
  const unit = (differences: Partial<UnitState>): UnitState => ({
    active: 'active',
    sub: 'running',
    masked: false,
    isInstalled: true,
    boot: 'enabled',
    startedAt: 1000,
    loadedAt: 1000,
    reloadFailed: false,
    managed: false,
    now: 2000,
    changed: new Map([['/etc/app.conf', 1500]]),
    ...differences,
  });
  const newerThan = ['/etc/app.conf'];

  it.each<[string, ReturnType<typeof service.running>, Partial<UnitState>, readonly Effect[]]>([
    ['starts a stopped unit', service.running('app'), { active: 'inactive' }, ['starts']],
    ['starts what failed', service.running('app'), { active: 'failed' }, ['starts']],
    ['restarts what runs on old files', service.running('app', { newerThan }), {}, ['restarts']],
    [
      'restarts a unit that is neither up nor down',
      service.running('app'),
      { active: 'activating' },
      ['restarts'],
    ],
    [
      'restarts what a cluster may have moved away',
      service.running('app', { newerThan, start: false }),
      {},
      ['restarts'],
    ],
    ['reloads without disruption', service.running('app', { newerThan, reload: true }), {}, []],
    ['stops', service.stopped('app'), { boot: 'disabled' }, ['stops']],
    ['enables without disruption', service.enabled('app'), { boot: 'disabled' }, []],
    ['disables without disruption', service.disabled('app'), {}, []],
    ['unmasks and starts', service.running('app'), { active: 'inactive', masked: true }, ['starts']],
  ])('%s, and says so', (_, operation, state, effects) => {
    const changes = operation.decide(unit(state));
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.flatMap((change) => change.effects ?? [])).toEqual(effects);
    if (effects.length > 0) expect(changes.flatMap(undeclared)).toEqual([]);
    expect(disruptive(operation.effects)).toEqual(expect.arrayContaining([...disruptive(effects)]));
  });
});
