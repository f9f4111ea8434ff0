import { accessSync, closeSync, constants, openSync, readSync, statSync, type Stats } from 'node:fs';
import type { Draft, DraftSsh } from './draft.ts';
import { absolutePath } from './logins.ts';
import type { InventoryProblem } from './problem.ts';

type Path = readonly (string | number)[];
type Fault = Pick<InventoryProblem, 'severity' | 'message' | 'hint'>;

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function beginning(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(64);
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}

/** The problem that ssh would have with a file, found before any connection; else the file's stats. */
function fileFault(written: string, path: string): Fault | Stats {
  if (/^~[^/]/.test(written)) {
    return {
      severity: 'error',
      message: `"${written}": ~ only stands for your own home directory`,
      hint: 'write ~/... or the whole path',
    };
  }
  const stats = statsOf(path);
  // An inventory is also validated and planned on machines without the key.
  if (stats === undefined)
    return {
      severity: 'warning',
      message: `no such file: ${written}`,
      hint: `expected at ${path}`,
    };
  if (!stats.isFile())
    return { severity: 'error', message: `${written} is not a file`, hint: 'write the path of a file' };
  if (!isReadable(path))
    return {
      severity: 'error',
      message: `${written} is not readable by you`,
      hint: 'check its owner and mode',
    };
  return stats;
}

function identityFault(written: string, path: string): Fault | undefined {
  const found = fileFault(written, path);
  if ('severity' in found) return found;
  if (/^(?:ssh-|ecdsa-|sk-)/.test(beginning(path))) {
    return {
      severity: 'error',
      message: `${written} is a public key`,
      hint: 'write the private one, without .pub',
    };
  }
  if ((found.mode & 0o077) === 0) return undefined;
  return {
    severity: 'warning',
    message: `${written} is readable by other users`,
    hint: `chmod 600 ${path}`,
  };
}

/** Known hosts and configuration only need to be readable files. */
function readableFault(written: string, path: string): Fault | undefined {
  const found = fileFault(written, path);
  return 'severity' in found ? found : undefined;
}

function filesOf(ssh: DraftSsh, path: Path, inventoryFile: string): readonly InventoryProblem[] {
  const fault = (at: Path, found: Fault | undefined): readonly InventoryProblem[] =>
    found ? [{ path: at, ...found }] : [];
  const identities = [
    ...(ssh.identity === undefined ? [] : [{ written: ssh.identity, at: [...path, 'identity'] }]),
    ...(ssh.jump ?? []).flatMap((hop) =>
      hop.identity === undefined ? [] : [{ written: hop.identity, at: [...hop.path, 'identity'] }],
    ),
  ];
  const known = ssh.knownHosts ?? [];
  const { config } = ssh;
  return [
    ...(typeof config === 'string'
      ? fault([...path, 'config'], readableFault(config, absolutePath(inventoryFile, config)))
      : []),
    ...identities.flatMap(({ written, at }) =>
      fault(at, identityFault(written, absolutePath(inventoryFile, written))),
    ),
    ...known.flatMap((written, index) => {
      const at = [...path, 'known_hosts', ...(known.length > 1 ? [index] : [])];
      return fault(at, readableFault(written, absolutePath(inventoryFile, written)));
    }),
  ];
}

function sudoProblem(ssh: DraftSsh, common: DraftSsh, path: Path): readonly InventoryProblem[] {
  const user = ssh.user ?? common.user ?? 'root';
  if (ssh.sudo !== false || user === 'root') return [];
  const message = `${user} cannot change anything on a host without sudo`;
  return [
    { severity: 'warning', path: [...path, 'sudo'], message, hint: 'write sudo: true, or log in as root' },
  ];
}

/**
 * Keys, known hosts and configurations that are missing or unsafe, and logins that cannot become root. Reads local
 * files only.
 */
export function loginProblems(draft: Draft, inventoryFile: string): readonly InventoryProblem[] {
  const settings = [
    { ssh: draft.ssh, path: ['ssh'] },
    ...draft.hosts.map((host) => ({ ssh: host.ssh, path: ['hosts', host.name, 'ssh'] })),
  ];
  return settings.flatMap(({ ssh, path }) => [
    ...filesOf(ssh, path, inventoryFile),
    ...sudoProblem(ssh, draft.ssh, path),
  ]);
}
