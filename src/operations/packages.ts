import { type Operation, type ResourceKey, ProbeError } from '../playbook/operation.ts';
import { quoteAll } from './shell.ts';
import { within } from '../playbook/limits.ts';

/** What the package manager reports about the packages. */
export interface PackagesState {
  /** Versions of those that are installed, by name. */
  readonly installed: ReadonlyMap<string, string>;
  /** Versions that would be installed, by name, as far as the package lists have one. */
  readonly candidates: ReadonlyMap<string, string>;
  /** An interrupted installation left packages half installed. */
  readonly interrupted: boolean;
}

export interface InstalledOptions {
  /** Packages that may be removed for them, because they are alternatives. */
  readonly replaces?: readonly string[];
}

/** Touched by every installation, because it may add units. */
export const INSTALLED: ResourceKey = 'host:packages';

/** Longer lists are shown without versions. */
const MOST_VERSIONS_NAMED = 6;

function listed(names: readonly string[], candidates: ReadonlyMap<string, string>): string {
  const detailed = names.length <= MOST_VERSIONS_NAMED;
  return names
    .map((name) => (detailed && candidates.has(name) ? `${name} ${candidates.get(name)}` : name))
    .join(', ');
}

/**
 * These packages are installed, in any version; none is upgraded. The installation starts, restarts and stops no
 * service, and so declares no effects: Debian's maintainer scripts obey the policy that forbids it
 * (deb-systemd-invoke). Services start once they are configured. Recommended packages are left out. An interrupted
 * installation is finished first.
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
    installs: wanted,
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

/** The file whose time of change says when a package was installed. */
export function installedMark(name: string): string {
  return `/var/lib/dpkg/info/${name}.list`;
}

/**
 * Those of these packages that are installed have the version that the package lists offer, and with them what they need.
 * Debian's maintainer scripts restart the services of an upgraded package. No other package is removed.
 */
export function upgraded(names: readonly string[]): Operation<PackagesState> {
  const wanted = [...new Set(names)];
  return {
    scope: 'host',
    title: `${wanted.join(', ')} as offered`,
    effects: ['restarts'],
    probe: {
      script: versionsProbeScript(wanted),
      reads: [...wanted.map((name) => `package:${name}` as const), LISTS],
      parse: parsePackages,
    },
    decide: ({ installed: has, candidates }) => {
      const outdated = wanted.filter(
        (name) => has.has(name) && (candidates.get(name) ?? has.get(name)) !== has.get(name),
      );
      if (outdated.length === 0) return [];
      const moves = outdated.map((name) => `${name} ${has.get(name) ?? ''} to ${candidates.get(name) ?? ''}`);
      return [
        {
          summary: `upgrade ${moves.join(', ')}`,
          script: aptUpgradeScript(outdated),
          touches: [
            ...outdated.flatMap((name) => [`package:${name}`, `file:${installedMark(name)}`] as const),
            INSTALLED,
          ],
          effects: ['restarts'],
        },
      ];
    },
  };
}

/** What the package lists offer. */
const LISTS: ResourceKey = 'host:package-lists';

/** Minutes for which fetched package lists count as recent. */
const LISTS_RECENT_MINUTES = 60;

/** The package lists were fetched within the last hour. */
export function listsFetched(): Operation<boolean> {
  return {
    scope: 'host',
    title: 'recent package lists',
    probe: {
      script: `find /var/lib/apt/lists/partial -maxdepth 0 -mmin -${LISTS_RECENT_MINUTES} 2>/dev/null; exit 0`,
      reads: [LISTS],
      parse: ({ stdout }) => stdout.trim() !== '',
    },
    decide: (isRecent) =>
      isRecent
        ? []
        : [
            {
              summary: 'fetch the package lists',
              script: `(
set -eu
${prelude({ startsServices: true })}
apt update
touch -- /var/lib/apt/lists/partial
)`,
              touches: [LISTS],
            },
          ],
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
    // Any state between "not installed" and "installed" is an unfinished installation.
    else if (kind === 'package' && /^(unpacked|half-|triggers-)/.test(status)) interrupted = true;
    else if (kind === 'candidate' && status !== '(none)') candidates.set(name, status);
    else if (kind === 'interrupted') interrupted = true;
    else if (kind === 'end') understood = true;
  }
  if (!understood) throw new ProbeError(`dpkg did not answer: ${answer.stderr.trim() || 'no output'}`);
  return { installed: installedVersions, candidates, interrupted };
}

/** This line marks a policy file as osha's own. */
const MARK = '# placed by osha while packages are installed';

/** Minutes after which the package lists count as outdated. */
const LISTS_OLD_MINUTES = 24 * 60;

/** A script that prints which versions of `names` are installed and offered. */
function versionsProbeScript(names: readonly string[]): string {
  return `command -v dpkg-query >/dev/null 2>&1 || { echo no-dpkg; exit 0; }
dpkg-query -W -f 'package \${Package} \${db:Status-Status} \${Version}\\n' ${quoteAll(names)} 2>/dev/null
apt-cache policy ${quoteAll(names)} 2>/dev/null | ${CANDIDATES}
echo end`;
}

/** Shell command that reads "apt-cache policy" and prints the candidates. */
const CANDIDATES = `sed -n -e 's/^\\([^ ].*\\):$/\\1/;t name' -e 's/^  Candidate: //;t version' -e 'b' -e ':name' -e 'h;b' \\
    -e ':version' -e 'G;s/^\\(.*\\)\\n\\(.*\\)$/candidate \\2 \\1/p'`;

/**
 * A script that prints which of `names` are installed, which of `wanted` are available, and whether dpkg was
 * interrupted.
 */
function packagesProbeScript(names: readonly string[], wanted: readonly string[]): string {
  return `command -v dpkg-query >/dev/null 2>&1 || { echo no-dpkg; exit 0; }
known=$(dpkg-query -W -f '\${Package} \${db:Status-Status} \${Version}\\n' ${quoteAll(names)} 2>/dev/null)
printf '%s\\n' "$known" | sed -n 's/^./package &/p'
for update in /var/lib/dpkg/updates/[0-9]*; do [ -e "$update" ] && echo interrupted && break; done
grep -qF ${quoteAll([MARK])} /usr/sbin/policy-rc.d 2>/dev/null && echo interrupted
missing=
for name in ${quoteAll(wanted)}; do
  case "
$known" in *"
$name installed "*) ;; *) missing="$missing $name" ;; esac
done
[ -z "$missing" ] || apt-cache policy $missing 2>/dev/null |
  ${CANDIDATES}
echo end`;
}

/** Shell command that forbids maintainer scripts to start, restart and stop services. */
const FORBID = `[ -e "$policy" ] || { printf '#!/bin/sh\\n%s\\nexit 101\\n' "$mark" >"$policy"; chmod 755 "$policy"; }`;

/**
 * Shell functions and traps shared by all uses of apt here. Debian starts a service as soon as it is installed; without
 * `startsServices`, a policy that exits with 101 prevents that. An existing policy is left alone.
 */
function prelude({ startsServices }: { readonly startsServices: boolean }): string {
  return `export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1
command -v apt-get >/dev/null 2>&1 ||
  { echo 'this host has no apt-get: osha installs packages on Debian and Ubuntu only' >&2; exit 1; }
policy=/usr/sbin/policy-rc.d
mark='${MARK}'
said=$(mktemp)
tidy() { rm -f "$said"; if grep -qF "$mark" "$policy" 2>/dev/null; then rm -f "$policy"; fi; }
trap tidy EXIT
trap 'exit 143' HUP INT TERM
${startsServices ? '' : FORBID}
patiently() {
  waited=0
  until "$@" 2>"$said"; do
    if [ $waited -ge ${within('packageLock')} ] || ! grep -qi '\\block' "$said"; then cat "$said" >&2; return 1; fi
    [ $waited -gt 0 ] || echo 'waiting for another process that uses the package manager'
    waited=$((waited + 5))
    sleep 5
  done
  cat "$said" >&2
}
apt() { patiently apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=${within('packageLock')} -o Acquire::Retries=3 \\
  -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null; }
patiently dpkg --force-confdef --force-confold --configure -a </dev/null
`;
}

/**
 * A script that installs `names`; of other packages, it may remove only those in `going`. The package lists are fetched
 * first where they are missing, older than a day, older than the sources, or lack a package, and again where an
 * installation fails because they are outdated.
 */
function aptInstallScript(names: readonly string[], going: readonly string[]): string {
  const removal = going.length > 0 ? '' : ' --no-remove';
  return `(
set -eu
${prelude({ startsServices: false })}
lists=/var/lib/apt/lists
fetched=
fetch() { apt update; fetched=yes; }
install() { apt install --no-install-recommends${removal} ${quoteAll(names)}; }
if [ -z "$(find "$lists" -maxdepth 1 -name '*_Packages*' 2>/dev/null | head -n 1)" ] ||
  [ -n "$(find "$lists/partial" -maxdepth 0 -mmin +${LISTS_OLD_MINUTES} 2>/dev/null)" ] ||
  [ -n "$(find /etc/apt -name '*.list' -newer "$lists/partial" 2>/dev/null | head -n 1)" ] ||
  [ -n "$(find /etc/apt -name '*.sources' -newer "$lists/partial" 2>/dev/null | head -n 1)" ] ||
  [ "$(apt-cache policy ${quoteAll(names)} | grep -c '^  Candidate: [^(]')" -lt ${names.length} ]; then fetch; fi
if [ -n "$fetched" ]; then install; else install || { fetch; install; }; fi
)`;
}

/** A script that upgrades `names`, and removes nothing. */
function aptUpgradeScript(names: readonly string[]): string {
  return `(
set -eu
${prelude({ startsServices: true })}
apt install --no-install-recommends --no-remove --only-upgrade ${quoteAll(names)}
)`;
}

/** A script that finishes an interrupted dpkg run. */
function configurePendingScript(): string {
  return `(
set -eu
${prelude({ startsServices: false })}
)`;
}
