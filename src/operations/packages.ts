import type { Operation, ResourceKey } from '../playbook/operation.ts';
import { ProbeError } from '../playbook/operation.ts';
import { aptInstallScript, configurePendingScript, packagesProbeScript } from './apt.ts';

/** What the package manager says of the packages that were asked about. */
export interface PackagesState {
  /** Versions of those that are installed, by name. */
  readonly installed: ReadonlyMap<string, string>;
  /** Versions that would be installed, by name, where the lists know one. */
  readonly candidates: ReadonlyMap<string, string>;
  /** An installation that was interrupted left packages half done. */
  readonly interrupted: boolean;
}

export interface InstalledOptions {
  /** Packages that may be removed for them, because they are another way of doing the same. */
  readonly replaces?: readonly string[];
}

/** Touched by every installation: a unit that is not there may come with one. */
export const INSTALLED: ResourceKey = 'host:packages';

/** More packages than these are named without their versions. */
const MOST_VERSIONS_NAMED = 6;

function listed(names: readonly string[], candidates: ReadonlyMap<string, string>): string {
  const detailed = names.length <= MOST_VERSIONS_NAMED;
  return names
    .map((name) => (detailed && candidates.has(name) ? `${name} ${candidates.get(name)}` : name))
    .join(', ');
}

/**
 * These packages are installed, in whatever version; none is upgraded. Nothing is started, restarted or stopped by it,
 * which is why it has no effects: Debian's maintainer scripts ask the policy that forbids it (deb-systemd-invoke). Services
 * come up once they are configured. Recommended packages are left out. An interrupted installation is finished first.
 */
export function installed(
  names: readonly string[],
  options: InstalledOptions = {},
): Operation<PackagesState> {
  const wanted = [...new Set(names)];
  const replaces = options.replaces ?? [];
  const keys = [...wanted, ...replaces].map((name) => `package:${name}` as const);
  return {
    scope: 'host',
    title: wanted.join(', '),
    probe: {
      script: packagesProbeScript([...wanted, ...replaces], wanted),
      reads: keys,
      parse: parsePackages,
    },
    decide: (state) => {
      const missing = wanted.filter((name) => !state.installed.has(name));
      const going = replaces.filter((name) => state.installed.has(name));
      if (missing.length > 0) {
        const instead = going.length > 0 ? ` in place of ${going.join(', ')}` : '';
        return [
          {
            summary: `install ${listed(missing, state.candidates)}${instead}`,
            script: aptInstallScript(missing, going),
            touches: [...[...missing, ...going].map((name) => `package:${name}` as const), INSTALLED],
          },
        ];
      }
      if (!state.interrupted) return [];
      return [
        {
          summary: 'finish the installation of packages that was interrupted',
          script: configurePendingScript(),
          touches: [...keys, INSTALLED],
        },
      ];
    },
  };
}

function parsePackages(answer: { stdout: string; stderr: string }): PackagesState {
  const installedVersions = new Map<string, string>();
  const candidates = new Map<string, string>();
  let interrupted = false;
  let understood = false;
  for (const line of answer.stdout.split('\n')) {
    const [kind, name = '', status = '', version = ''] = line.split(' ');
    if (kind === 'no-dpkg') {
      throw new ProbeError('this host has no dpkg: osha installs packages on Debian and Ubuntu only');
    }
    if (kind === 'package' && status === 'installed') installedVersions.set(name, version);
    // Anything between "not installed" and "installed" is an installation that did not end.
    else if (kind === 'package' && /^(unpacked|half-|triggers-)/.test(status)) interrupted = true;
    else if (kind === 'candidate' && status !== '(none)') candidates.set(name, status);
    else if (kind === 'interrupted') interrupted = true;
    else if (kind === 'end') understood = true;
  }
  if (!understood) throw new ProbeError(`dpkg did not answer: ${answer.stderr.trim() || 'no output'}`);
  return { installed: installedVersions, candidates, interrupted };
}
