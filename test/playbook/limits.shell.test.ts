import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_TIMEOUT_SECONDS,
  LIMITS,
  patienceFor,
  patienceOfProbes,
  probeTimeoutMs,
  within,
  withPatience,
  type Limit,
} from '../../src/playbook/limits.ts';

const ROOT = join(import.meta.dirname, '../..');
const LIMIT_NAMES = Object.keys(LIMITS) as readonly Limit[];

/** Timeouts inside the configuration of systems, for which no run of osha waits. */
const CONFIGURATION = new Set([
  // HAProxy's health check of a member: must answer within HAProxy's own interval.
  'playbooks/galera/files/health-endpoint.ts',
  // What a drill counts as an outage.
  'playbooks/galera/drill.ts',
  // keepalived's check of HAProxy.
  'playbooks/keepalived/files/conf.ts',
  // HAProxy's timeout for idle clients of its statistics.
  'playbooks/haproxy/files/conf.ts',
  // A setting of etcd with that name.
  'playbooks/etcd/files/env.ts',
]);

/** Time limits of tools, which must be followed by `${within('...')}` or `${stretched(...)}`. */
const OPTIONS: readonly RegExp[] = [
  /(?<![\w-])timeout (?:-k \d+ )?(?=[\d$])/g,
  /--(?:command-|connect-|request-)?timeout[= ](?=[\d$])/g,
  /--max-time[= ]/g,
  /--wait=/g,
  /connect-timeout=/gi,
  /ConnectTimeout[= ]/g,
  /Lock::Timeout=/g,
  /flock -w /g,
  /socat -t /g,
  /-m (?=\$\{[A-Z])/g,
  /date \+%s\) \+ (?!\$1)/g,
  /\bTIMEOUT=/g,
];

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** Time limits in a source that ignore `--timeout`. */
function literalLimits(text: string): readonly string[] {
  return OPTIONS.flatMap((option) =>
    [...text.matchAll(option)].flatMap((found) => {
      const given = text.slice(found.index + found[0].length).slice(0, 40);
      return /^\$\{(within|stretched)\(/.test(given) ? [] : [`${found[0]}${given.split('\n')[0] ?? ''}`];
    }),
  );
}

describe('time limits of tools', () => {
  const files = ['src/operations', 'src/preflight', 'playbooks'].flatMap(sources);

  it('are all in one list: no source has a limit of its own', () => {
    const found = files
      .filter((file) => !CONFIGURATION.has(file))
      .flatMap((file) => literalLimits(readFileSync(join(ROOT, file), 'utf8')).map((at) => `${file}: ${at}`));
    expect(found).toEqual([]);
  });

  it.each([
    'timeout 30 crm_mon',
    'timeout -k 1 5 stat',
    'etcdctl --command-timeout=10s',
    'rabbitmqctl await_startup --timeout 120',
    'curl --max-time 20',
    'pcs cluster start --wait=120',
    'ssh -o ConnectTimeout=5',
    'flock -w 300 9',
    'timeout ${ANSWER_SECONDS} stat',
  ])('would be found in a source that had %s', (text) => {
    expect(literalLimits(text)).not.toEqual([]);
  });

  it('are each used by a source', () => {
    const all = files.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n');
    const isUsed = (name: Limit): boolean => all.includes(`'${name}'`) || all.includes(`LIMITS.${name}`);
    expect(LIMIT_NAMES.filter((name) => !isUsed(name))).toEqual([]);
  });

  it('are all in the documentation, with their seconds', () => {
    const docs = readFileSync(join(ROOT, 'docs/limits.md'), 'utf8');
    const rows = LIMIT_NAMES.map((name) => new RegExp(`^\\| \`${name}\` +\\| +${LIMITS[name]} +\\|`, 'm'));
    expect(rows.filter((row) => !row.test(docs)).map(String)).toEqual([]);
  });

  const evaluated = (patience: number): readonly number[] => {
    const script = LIMIT_NAMES.map((name) => `echo ${within(name)}`).join('\n');
    const { stdout } = spawnSync('sh', ['-c', withPatience(patience, script)], { encoding: 'utf8', env: {} });
    return stdout.trim().split('\n').map(Number);
  };

  it('have the listed values with the default --timeout, and without the variable', () => {
    expect(evaluated(1)).toEqual(Object.values(LIMITS));
  });

  it('scale with --timeout', () => {
    expect(evaluated(4)).toEqual(Object.values(LIMITS).map((seconds) => seconds * 4));
  });
});

describe('patience', () => {
  it.each([
    [900, 1],
    [60, 1],
    [1, 1],
    [1800, 2],
    [3600, 4],
  ])('with --timeout %i is %i', (seconds, patience) => {
    expect(patienceFor(seconds * 1000)).toBe(patience);
    expect(patienceOfProbes(probeTimeoutMs(seconds * 1000))).toBe(patience);
  });

  it('is passed to scripts in a variable, only if it is more than 1', () => {
    expect(withPatience(1, 'true')).toBe('true');
    expect(withPatience(2, 'true')).toBe(`export OSHA_TIMEOUT=${2 * DEFAULT_TIMEOUT_SECONDS}\ntrue`);
  });
});
