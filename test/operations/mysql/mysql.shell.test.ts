import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { healthAccount } from '../../../playbooks/galera/health-account.ts';
import { database, secured, user } from '../../../src/operations/mysql.ts';
import { account, identifier, literal } from '../../../src/operations/mysql/client.ts';
import { nativeHash } from '../../../src/operations/mysql/accounts.ts';
import { AccessRefused, type Operation } from '../../../src/playbook/operation.ts';
import { failureOf } from '../../../src/runner/failure.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { folderForTest } from '../../support/temporary-folder.ts';

const password = new Secret('nova', 'password');
/** What MariaDB's `SELECT PASSWORD('password')` prints. */
const HASH = '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19';

function pending<Observed>(operation: Operation<Observed>, stdout: string): readonly string[] {
  return operation
    .decide(operation.probe.parse({ stdout, stderr: '', exitCode: 0 }))
    .map(({ summary }) => summary);
}

describe('quoting for SQL', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a quote', literal("o'neil"), "'o''neil'"],
    ['a backslash', literal('a\\b'), "'a\\\\b'"],
    ['a backtick', identifier('a`b'), '`a``b`'],
    ['an account', account("o'neil", '%'), "'o''neil'@'%'"],
  ];
  it.each(cases)('keeps %s inside', (_name, quoted, expected) => {
    expect(quoted).toBe(expected);
  });
});

describe('a database', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['is created where it is missing', '', ['create database nova']],
    ['is left alone where it is right', 'utf8mb3\tutf8mb3_general_ci\n', []],
    [
      'is altered where its character set is another',
      'latin1\tlatin1_swedish_ci\n',
      ['database nova: character set utf8mb3, collation utf8mb3_general_ci'],
    ],
  ];
  it.each(cases)('%s', (_name, stdout, changes) => {
    expect(pending(database('nova'), stdout)).toEqual(changes);
  });
});

describe('a database user', () => {
  const operation = user('nova', { password, databases: ['nova_api'] });
  const good = (host: string): string =>
    `grants\t${host}\nGRANT USAGE ON *.*\nGRANT ALL PRIVILEGES ON \`nova\\_api\`.*\n`;
  const accounts = (localhost: string, anywhere: string): string =>
    `account\tlocalhost\t${localhost}\naccount\t%\t${anywhere}\n`;

  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['is left alone where it is right', accounts('yes', 'yes') + good('localhost') + good('%'), []],
    [
      'is created for each host',
      'grants\tlocalhost\ngrants\t%\n',
      [
        'create nova@localhost',
        'grant nova@localhost access to nova_api',
        'create nova@%',
        'grant nova@% access to nova_api',
      ],
    ],
    [
      'gets its password where it is another',
      accounts('yes', 'no') + good('localhost') + good('%'),
      ['set the password of nova@%'],
    ],
    [
      'gets its databases',
      `${accounts('yes', 'yes')}grants\tlocalhost\nGRANT USAGE ON *.*\n${good('%')}`,
      ['grant nova@localhost access to nova_api'],
    ],
  ];
  it.each(cases)('%s', (_name, stdout, changes) => {
    expect(pending(operation, stdout)).toEqual(changes);
  });

  it('sends the hash that the server stores, and never the password', () => {
    expect(nativeHash(password).reveal()).toBe(HASH);
    const changes = operation.decide({ answers: true, rows: [] });
    const inputs = [operation.probe.input, ...changes.map(({ input }) => input)];
    for (const input of inputs) {
      if (input === undefined || typeof input === 'function' || input instanceof Uint8Array) continue;
      expect(asSecretText(input).reveal()).toBe(`${HASH}\n`);
      expect(String(asSecretText(input))).toBe('<secret nova>\n');
    }
    for (const script of [operation.probe.script, ...changes.map((change) => change.script)]) {
      expect(script).not.toContain(HASH);
      expect(script).not.toContain("'password'");
    }
  });
});

describe('a server that refuses root', () => {
  const operations: readonly (readonly [string, Operation<never>])[] = [
    ['a database', database('nova') as Operation<never>],
    ['a database user', user('nova', { password, databases: ['nova'] }) as Operation<never>],
    ['default accounts', secured() as Operation<never>],
    ['the account of the health endpoint', healthAccount('osha-health') as Operation<never>],
  ];
  const refusals: readonly (readonly [string, string, string])[] = [
    [
      "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: NO)",
      "root may not log in over the socket: Access denied for user 'root'@'localhost' (using password: NO)",
      'ALTER USER root@localhost IDENTIFIED VIA unix_socket',
    ],
    [
      'ERROR 1040 (08004): Too many connections',
      'mariadb has no free connection: Too many connections',
      'disconnect clients that are not needed',
    ],
    [
      "ERROR 2013 (HY000): Lost connection to server at 'handshake'",
      "mariadb runs but refuses root: Lost connection to server at 'handshake'",
      'sudo mariadb',
    ],
  ];
  it.each(operations)('fails %s with a hint, and creates nothing', (_name, operation) => {
    for (const [stderr, message, hint] of refusals) {
      const told = (): unknown => operation.probe.parse({ stdout: '', stderr: `${stderr}\n`, exitCode: 1 });
      expect(told).toThrow(AccessRefused);
      expect(told).toThrow(message);
      expect(failureOf(caught(told))).toEqual({ message, hint: expect.stringContaining(hint) as string });
    }
  });

  it.each(operations)('is told apart from a stopped server, for %s', (_name, operation) => {
    const stderr =
      "ERROR 2002 (HY000): Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)\n";
    expect(() => operation.probe.parse({ stdout: '', stderr, exitCode: 1 })).not.toThrow();
  });

  it('is reported by the probe of a user; an account without grants is not', () => {
    const folder = folderForTest();
    const { script } = user('nova', { password, databases: ['nova'] }).probe;
    const run = (client: string): string => {
      writeFileSync(join(folder, 'mariadb'), `#!/bin/sh\n${client}\n`, { mode: 0o755 });
      const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}` };
      const { stdout, stderr } = spawnSync('sh', ['-c', script], { input: 'hash\n', encoding: 'utf8', env });
      return `${stdout}|${stderr}`;
    };
    expect(
      run('echo "GRANT USAGE ON *.* TO x"; echo "ERROR 1141 (42000) at line 3: no such grant" >&2'),
    ).toBe('GRANT USAGE ON *.*\n|');
    expect(run('echo "ERROR 1045 (28000): Access denied" >&2')).toBe('|ERROR 1045 (28000): Access denied\n');
  });
});

/** What a function throws. */
function caught(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe('default accounts', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['nothing is done where there are none', '', []],
    ['anonymous accounts go', 'anonymous\tcontroller1\n', ['drop the anonymous account @controller1']],
    ['root from elsewhere goes', 'remote root\t%\n', ['drop root@%']],
    ['root keeps only its socket', 'root password\tlocalhost\n', ['restrict root to the socket']],
    [
      'grants on test databases go',
      'test grant\tPUBLIC\t\ttest\\_%\ntest grant\t\t%\ttest\n',
      ['revoke public access to test\\_%', 'revoke the access of anonymous accounts to test'],
    ],
    ['the test database goes', 'test database\ttest\n', ['drop the test database']],
  ];
  it.each(cases)('%s', (_name, stdout, changes) => {
    expect(pending(secured(), stdout)).toEqual(changes);
  });

  it('are changed by statements that a cluster replicates, never in the tables of the accounts', () => {
    const rows = [
      'anonymous\th',
      'remote root\th',
      'root password\tlocalhost',
      'test grant\tPUBLIC\t\ttest',
      'test database\ttest',
    ];
    const operation = secured();
    const scripts = operation
      .decide(operation.probe.parse({ stdout: rows.join('\n'), stderr: '', exitCode: 0 }))
      .map((change) => change.script);
    expect(scripts).toHaveLength(rows.length);
    for (const script of scripts) expect(script).not.toMatch(/DELETE|UPDATE|INSERT/);
  });
});
