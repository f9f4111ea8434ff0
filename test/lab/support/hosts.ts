import { execOn } from '../lab.ts';

export const HOSTS = ['controller1', 'controller2', 'controller3'] as const;
export const ADDRESSES: Readonly<Record<string, string>> = {
  controller1: '172.29.77.11',
  controller2: '172.29.77.12',
  controller3: '172.29.77.13',
};
export const API_VIP = '172.29.77.20';
export const DATABASE_VIP = '172.29.77.21';

/** Runs a script on a host and returns its stdout; throws when it fails. */
export async function on(host: string, script: string): Promise<string> {
  const result = await execOn(host, script, { timeoutMs: 120_000 });
  if (result.exitCode !== 0) {
    throw new Error(`on ${host}: ${script}\nended with ${result.exitCode}: ${result.stderr}${result.stdout}`);
  }
  return result.stdout.trim();
}

/** One SQL statement as root on a host's own database; its rows, tab-separated. */
export function sql(host: string, statement: string): Promise<string> {
  return on(host, `mysql --batch --skip-column-names <<'SQL'\n${statement}\nSQL`);
}

/**
 * All that a deployment could change on a host, as text: files with owner, mode and content, packages, units, users.
 * Left out is what a running system writes by itself: logs, caches, the clock's drift, random seeds.
 */
export function snapshot(host: string): Promise<string> {
  return on(
    host,
    `find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/log -o -path /var/cache \
      -o -path /var/lib/systemd -o -path /var/lib/chrony -o -path /var/tmp \\) -prune -o -printf '%p %y %u %g %m %l\\n' | sort
    find /etc /usr/local /root /home /opt /srv -xdev -type f -print0 | sort -z | xargs -0 sha256sum
    dpkg-query -W -f '\${Package} \${Version} \${Status}\\n'
    systemctl list-unit-files --no-legend --no-pager | sort
    systemctl list-units --all --no-legend --no-pager --plain --type=service,socket | awk '{ print $1, $2, $3 }' | sort
    getent passwd; getent group; sysctl -a 2>/dev/null | grep -E 'ip_forward |nonlocal_bind' ; ip -o addr | awk '{ print $2, $4 }'`,
  );
}

/** Hosts among `hosts` that hold an address. */
export async function holdersOf(address: string, hosts: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.all(
    hosts.map(async (host) => (await on(host, 'ip -o addr')).includes(` ${address}/`)),
  );
  return hosts.filter((_, index) => answers[index]);
}

/** Polls until `look` returns something, or fails after `withinMs` saying what was waited for. Returns the milliseconds it took. */
export async function until(what: string, withinMs: number, look: () => Promise<boolean>): Promise<number> {
  const started = Date.now();
  let last: unknown;
  for (;;) {
    try {
      if (await look()) return Date.now() - started;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() - started > withinMs) {
      throw new Error(`not within ${withinMs / 1000} s: ${what}`, { cause: last });
    }
    await new Promise((again) => setTimeout(again, 500));
  }
}
