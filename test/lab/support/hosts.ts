import { execOn, kill, start } from '../lab.ts';

/** The hosts of one inventory's lab, even if other labs are up. */
export interface Hosts {
  /** Runs a script on a host and returns its stdout; throws if it fails or exceeds `timeoutMs` (default: two minutes). */
  readonly on: (host: string, script: string, timeoutMs?: number) => Promise<string>;
  /** Runs an SQL statement as root on a host's own database; returns its rows, tab-separated. */
  readonly sql: (host: string, statement: string) => Promise<string>;
  /** Hosts among `hosts` that hold an address. */
  readonly holdersOf: (address: string, hosts: readonly string[]) => Promise<readonly string[]>;
  /** Stops a host hard, like a power failure, which closes no connections. */
  readonly kill: (host: string) => Promise<void>;
  /** Starts a stopped host, and waits until it accepts logins. */
  readonly start: (host: string) => Promise<void>;
  /** Everything that a deployment could change on a host, as text. */
  readonly snapshot: (host: string) => Promise<string>;
}

/**
 * Files with owner, mode and content, packages, units, users. Excludes what changes on any running system, and the units
 * that a socket starts per connection, which come and go with HAProxy's checks.
 */
const SNAPSHOT = `find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/log -o -path /var/cache \
  -o -path /var/lib/systemd -o -path /var/lib/chrony -o -path /var/tmp \\) -prune -o -printf '%p %y %u %g %m %l\\n' | sort
find /etc /usr/local /root /home /opt /srv -xdev -type f -print0 | sort -z | xargs -0 sha256sum
dpkg-query -W -f '\${Package} \${Version} \${Status}\\n'
systemctl list-unit-files --no-legend --no-pager | sort
systemctl list-units --all --no-legend --no-pager --plain --type=service,socket | awk '$1 !~ /@[0-9]+-/ { print $1, $2, $3 }' | sort
getent passwd; getent group; sysctl -a 2>/dev/null | grep -E 'ip_forward |nonlocal_bind|tcp_keepalive' ; ip -o addr | awk '{ print $2, $4 }'`;

/** The hosts of the lab that was brought up from `inventory`. */
export function hostsOf(inventory: string): Hosts {
  const on: Hosts['on'] = async (host, script, timeoutMs = 120_000) => {
    const result = await execOn(host, script, { inventory, timeoutMs });
    if (result.exitCode === 0) return result.stdout.trim();
    throw new Error(`on ${host}: ${script}\nended with ${result.exitCode}: ${result.stderr}${result.stdout}`);
  };
  return {
    on,
    sql: (host, statement) => on(host, `mysql --batch --skip-column-names <<'SQL'\n${statement}\nSQL`),
    holdersOf: async (address, hosts) => {
      const answers = await Promise.all(
        hosts.map(async (host) => (await on(host, 'ip -o addr')).includes(` ${address}/`)),
      );
      return hosts.filter((_, index) => answers[index]);
    },
    kill: (host) => kill(host, { inventory }),
    start: (host) => start(host, { inventory }),
    snapshot: (host) => on(host, SNAPSHOT),
  };
}
