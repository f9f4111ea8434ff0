import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { schema, type SchemaState } from '../../../../playbooks/openstack/operations/database.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { runHere } from '../../../operations/local.ts';
import { PATH } from './meanwhile.ts';

let folder: string;
beforeEach(() => {
  folder = folderForTest();
});

const password = new Secret('glanceDatabase', 'gW3rt7zUi9oPlM2n');
const tables = (seconds?: number): ReturnType<typeof schema> =>
  schema({
    database: 'glance',
    server: { address: '192.0.2.21', port: 3306 },
    user: 'glance',
    password,
    migrations: join(folder, 'migrations'),
    upgrade: 'glance-manage db_sync',
    runAs: 'glance',
    ...(seconds === undefined ? {} : { seconds }),
  });

function write(name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A program that comes first in the probe's PATH. */
function program(name: string, script: string): void {
  chmodSync(write(`bin/${name}`, `#!/bin/sh\n${script}\n`), 0o755);
}

/** The probe's result on this machine, with `before` prepended to its script. Its stdin is a pipe, as on a host. */
function observed(before = ''): SchemaState {
  const { probe } = tables();
  const answer = runHere(`cat | {\nPATH="${folder}/bin:${PATH}"\n${before}\n${probe.script}\n}`, probe.input);
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
  return probe.parse(answer);
}

const revision = (id: string, down: string, more = ''): string =>
  `"""Something\n\nRevision ID: ${id}\n"""\n\nrevision = '${id}'\ndown_revision = ${down}\n${more}\ndef upgrade(): pass\n`;

describe('the head revisions of a package', () => {
  const FIRST = revision('a1', 'None');
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
    ['are the only revision if there is one', { 'versions/a.py': FIRST }, ['a1']],
    [
      'are the last of a chain',
      {
        'versions/a.py': FIRST,
        'versions/b.py': revision('c2', "'a1'"),
        'versions/c.py': revision('b3', '"c2"'),
      },
      ['b3'],
    ],
    [
      'are the last of each branch',
      {
        'versions/a.py': FIRST,
        'versions/zed/expand/b.py': revision('e1', "'a1'", "branch_labels = ('expand',)\n"),
        'versions/zed/contract/c.py': revision('c1', '"a1"'),
      },
      ['c1', 'e1'],
    ],
    [
      'exclude what another revision depends on, as Glance does in its database',
      {
        'versions/a.py': FIRST,
        'versions/b.py': revision('wallaby_expand01', "'a1'"),
        'versions/c.py': revision('wallaby_contract01', "'a1'", "depends_on = 'wallaby_expand01'\n"),
      },
      ['wallaby_contract01'],
    ],
    [
      'exclude merged revisions',
      {
        'versions/a.py': FIRST,
        'versions/b.py': FIRST.replaceAll('a1', 'b1'),
        'versions/m.py': revision('m1', "('a1', 'b1')"),
      },
      ['m1'],
    ],
    [
      'exclude links written over several lines',
      {
        'versions/a.py': FIRST,
        'versions/b.py': FIRST.replaceAll('a1', 'b1'),
        'versions/c.py': FIRST.replaceAll('a1', 'c1'),
        'versions/m.py': revision('m1', "(\n    'a1',\n    'b1',\n)", "depends_on = (\n    'c1',\n)\n"),
      },
      ['m1'],
    ],
    [
      'exclude migrations older than Alembic and files that are no migrations',
      {
        'versions/a.py': FIRST,
        'versions/EXPAND_HEAD': 'a1\n',
        'versions/b.py.bak': revision('b1', "'a1'"),
        'versions/__init__.py': '',
        'legacy/versions/c.py': revision('c1', 'None'),
        'env.py': revision('d1', 'None'),
      },
      ['a1'],
    ],
  ];
  it.each(cases)('%s', (_name, files, heads) => {
    for (const [name, content] of Object.entries(files)) write(`migrations/${name}`, content);
    expect(observed().heads).toEqual(heads);
  });

  it('are an error that names the folder if there are none', () => {
    expect(() => observed()).toThrow(
      `no migrations found in ${folder}/migrations: is the package installed?`,
    );
  });
});

describe('the current revisions of a database', () => {
  beforeEach(() => program('python3', 'echo head a1'));

  it('are queried from its server, with the password only on stdin', () => {
    program(
      'mariadb',
      `{ printf '%s\\n' "$@"; env; } >"${folder}/seen"
cat /dev/stdin >"${folder}/input"
printf 'current b2\\ncurrent a1\\n'`,
    );
    expect(observed()).toEqual({ heads: ['a1'], current: ['a1', 'b2'] });
    const seen = readFileSync(join(folder, 'seen'), 'utf8');
    expect(seen.split('\n')).toContain('--defaults-file=/dev/stdin');
    expect(seen.split('\n')).toContain('glance');
    expect(`${seen}${tables().probe.script}`).not.toContain(password.reveal());
    expect(readFileSync(join(folder, 'input'), 'utf8')).toBe(
      `[client]\nhost=192.0.2.21\nport=3306\nuser=glance\npassword=${password.reveal()}\n`,
    );
    expect(String(tables().probe.input)).toContain('password=<secret glanceDatabase>\n');
  });

  const silent: readonly (readonly [string, string])[] = [
    ['there is no client', 'exit 127'],
    ['the server refuses', 'echo "ERROR 1045 (28000): Access denied" >&2; exit 1'],
    ['there is no such table yet', 'echo "ERROR 1146 (42S02): no such table" >&2; exit 1'],
    ['the table is empty', 'exit 0'],
  ];
  it.each(silent)('are none if %s', (_where, script) => {
    program('mariadb', script);
    expect(observed()).toEqual({ heads: ['a1'], current: [] });
  });

  it('are queried with a limit of 20 seconds', () => {
    program('mariadb', 'exec sleep 60');
    const shortened = `timeout() { echo "$1" >"${folder}/limit"; shift; command timeout 0.1 "$@"; }`;
    expect(observed(shortened)).toEqual({ heads: ['a1'], current: [] });
    expect(readFileSync(join(folder, 'limit'), 'utf8')).toBe('20\n');
  });
});

describe('the tables of a database', () => {
  const decided = (heads: readonly string[], current: readonly string[]): readonly string[] =>
    tables()
      .decide({ heads, current })
      .map(({ summary }) => summary);

  const cases: readonly (readonly [string, readonly string[], readonly string[], readonly string[]])[] = [
    ['are left alone if they are current', ['a1'], ['a1'], []],
    ['are left alone if both branches are current', ['a1', 'b2'], ['a1', 'b2'], []],
    ['are created if there are none', ['a1'], [], ['create the tables of glance']],
    ['are migrated if they are older', ['b2'], ['a1'], ['migrate the tables of glance from a1 to b2']],
    [
      'are migrated if an upgrade stopped between two branches',
      ['a1', 'b2'],
      ['a1'],
      ['migrate the tables of glance from a1 to a1, b2'],
    ],
  ];
  it.each(cases)('%s', (_name, heads, current, changes) => {
    expect(decided(heads, current)).toEqual(changes);
  });

  it("are migrated by the project's command, as the service's user, with a generous time limit", () => {
    const change = (seconds?: number): unknown => tables(seconds).decide({ heads: ['a1'], current: [] })[0];
    expect(change()).toEqual({
      summary: 'create the tables of glance',
      script: 'runuser -u glance -- glance-manage db_sync',
      touches: ['database:glance'],
      timeoutMs: 600_000,
    });
    expect(change(1800)).toMatchObject({ timeoutMs: 1_800_000 });
  });
});
