import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_DIR } from './paths.ts';
import { exists, must, run } from './run.ts';

/**
 * What an engine changes on this machine and leaves behind on exit: sysctls, and iptables policies and chains. Recorded
 * before it starts and restored afterwards.
 */
interface Before {
  readonly sysctls: Readonly<Record<string, string>>;
  readonly forwardPolicy: Readonly<Record<string, string>>;
  /** Folders and files that did not exist. */
  readonly absent: readonly string[];
}

const NOTES = join(RUN_DIR, 'before.json');
const CGROUPS = '/sys/fs/cgroup';
const SYSCTLS = [
  'net/ipv4/ip_forward',
  'net/bridge/bridge-nf-call-iptables',
  'net/bridge/bridge-nf-call-ip6tables',
  'net/ipv4/conf/all/route_localnet',
];
const PATHS = [
  '/etc/docker/key.json',
  '/opt/containerd',
  '/run/docker',
  '/run/containerd',
  '/var/lib/containerd',
];

/** Records the state of this machine, unless an earlier start recorded it and was not undone. */
export async function noteMachine(): Promise<void> {
  if (existsSync(NOTES)) return;
  const sysctls: Record<string, string> = {};
  for (const key of SYSCTLS) {
    const path = `/proc/sys/${key}`;
    if (existsSync(path)) sysctls[key] = readFileSync(path, 'utf8').trim();
  }
  const forwardPolicy: Record<string, string> = {};
  for (const tool of await iptables()) {
    const policy = /^-P FORWARD (\w+)/m.exec((await run(tool, ['-S', 'FORWARD'])).stdout)?.[1];
    if (policy !== undefined) forwardPolicy[tool] = policy;
  }
  const before: Before = {
    sysctls,
    forwardPolicy,
    absent: [...PATHS, ...cgroups()].filter((path) => !existsSync(path)),
  };
  writeFileSync(NOTES, JSON.stringify(before));
}

/** Restores the recorded state after the engine has exited. */
export async function restoreMachine(): Promise<void> {
  if (!existsSync(NOTES)) return;
  const before = JSON.parse(readFileSync(NOTES, 'utf8')) as Before;
  for (const [tool, policy] of Object.entries(before.forwardPolicy)) {
    await run(tool, ['-P', 'FORWARD', policy]);
    await removeChains(tool);
  }
  for (const [key, value] of Object.entries(before.sysctls)) writeFileSync(`/proc/sys/${key}`, value);
  for (const path of before.absent) {
    // A cgroup's files cannot be removed, only the empty cgroup.
    if (path.startsWith(CGROUPS))
      await run('find', [path, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
    else await must('rm', ['-rf', '--one-file-system', path]);
  }
}

/** Where the engine creates cgroups: in the tree of cgroup v2, or in each tree of v1. */
function cgroups(): string[] {
  const trees = existsSync(CGROUPS) ? readdirSync(CGROUPS, { withFileTypes: true }) : [];
  const folders = trees
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(CGROUPS, name, 'docker'));
  return [join(CGROUPS, 'docker'), ...folders];
}

async function iptables(): Promise<string[]> {
  const tools: string[] = [];
  for (const tool of ['iptables', 'ip6tables']) if (await exists(tool)) tools.push(tool);
  return tools;
}

/** Removes chains named DOCKER*, and rules that jump to them; keeps all other rules. */
async function removeChains(tool: string): Promise<void> {
  for (const table of ['filter', 'nat']) {
    const rules = (await run(tool, ['-t', table, '-S'])).stdout.split('\n');
    for (const rule of rules.filter((line) => /^-A (?!DOCKER).*-j DOCKER/.test(line))) {
      await run(tool, ['-t', table, '-D', ...rule.split(' ').slice(1)]);
    }
    const chains = rules.flatMap((line) => /^-N (DOCKER\S*)/.exec(line)?.[1] ?? []);
    for (const chain of chains) await run(tool, ['-t', table, '-F', chain]);
    for (const chain of chains) await run(tool, ['-t', table, '-X', chain]);
  }
}
