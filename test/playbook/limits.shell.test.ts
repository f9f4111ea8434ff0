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

/** Configuration of a system that runs at its own pace: no run of osha waits for it. */
const CONFIGURATION = new Set([
  // What HAProxy asks a member: it has to answer within HAProxy's own interval.
  'playbooks/galera/files/health-endpoint.ts',
  // What keepalived asks HAProxy.
  'playbooks/keepalived/files/conf.ts',
  // How long HAProxy keeps idle clients of its statistics.
  'playbooks/haproxy/files/conf.ts',
  // A setting of etcd's by that name.
  'playbooks/etcd/files/env.ts',
]);

/** How tools are given a time limit; what follows has to be `${within('...')}` or `${stretched(...)}`. */
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

/** The places of a source where a tool is given a limit that `--timeout` does not reach. */
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

  it('all stand in one list: no source gives a tool one of its own', () => {
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

  it('are each named in the documentation, with their seconds', () => {
    const docs = readFileSync(join(ROOT, 'docs/limits.md'), 'utf8');
    const rows = LIMIT_NAMES.map((name) => new RegExp(`^\\| \`${name}\` +\\| +${LIMITS[name]} +\\|`, 'm'));
    expect(rows.filter((row) => !row.test(docs)).map(String)).toEqual([]);
  });

  const evaluated = (patience: number): readonly number[] => {
    const script = LIMIT_NAMES.map((name) => `echo ${within(name)}`).join('\n');
    const { stdout } = spawnSync('sh', ['-c', withPatience(patience, script)], { encoding: 'utf8', env: {} });
    return stdout.trim().split('\n').map(Number);
  };

  it('are what the list says with the default --timeout, and where nothing says how long', () => {
    expect(evaluated(1)).toEqual(Object.values(LIMITS));
  });

  it('get longer in proportion to --timeout', () => {
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

  it('reaches a script in a variable, and only where it is more than usual', () => {
    expect(withPatience(1, 'true')).toBe('true');
    expect(withPatience(2, 'true')).toBe(`export OSHA_TIMEOUT=${2 * DEFAULT_TIMEOUT_SECONDS}\ntrue`);
  });
});
