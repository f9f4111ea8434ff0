/** A file system that a host mounts, at boot too. */
export interface Mount {
  /** Such as `server1:/images`. */
  readonly what: string;
  /** An absolute path without white space. */
  readonly where: string;
  /** As `mount -t` takes it. */
  readonly type: string;
  readonly options: readonly string[];
  /** Units of this host that it needs first. */
  readonly after?: readonly string[];
}

/**
 * The name that systemd wants for the unit of a mount point: `/var/lib/a-b` is `var-lib-a\x2db.mount`
 * (systemd.unit(5), "String Escaping for Inclusion in Unit Names").
 */
export function mountUnitOf(where: string): string {
  const trimmed = where.replace(/^\/+|\/+$/g, '').replace(/\/+/g, '/');
  if (trimmed === '') return '-.mount';
  const escaped = [...Buffer.from(trimmed, 'utf8')].map((byte, index) => {
    const character = String.fromCharCode(byte);
    if (character === '/') return '-';
    if (/[A-Za-z0-9:_]/.test(character) || (character === '.' && index > 0)) return character;
    return `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `${escaped.join('')}.mount`;
}

/** Where the unit of a mount point stands. */
export function mountUnitPathOf(where: string): string {
  return `/etc/systemd/system/${mountUnitOf(where)}`;
}

/**
 * The unit of a mount. `remote-fs.target` is where services look that need network file systems; `nofail`, because a
 * host has to come up also when the file system does not.
 */
export function mountUnitFile({ what, where, type, options, after = [] }: Mount): string {
  const units = ['network-online.target', ...after].join(' ');
  return `# Placed by osha.
[Unit]
Description=${what} at ${where}
Wants=network-online.target
After=${units}
OnFailure=osha-mount-again@%p.service

[Mount]
What=${what}
Where=${where}
Type=${type}
Options=${options.join(',')}
TimeoutSec=90

[Install]
WantedBy=remote-fs.target
`;
}

/** Where the unit stands that tries a mount again. */
export const MOUNT_AGAIN_PATH = '/etc/systemd/system/osha-mount-again@.service';

/**
 * systemd tries a mount once. After a blackout, a host may be up before the servers that it mounts from: this tries
 * again until they are there. A program that runs and not a start that lasts (`Type=oneshot`): systemd takes a host for
 * starting as long as a start is under way. One that somebody stops or masks is not tried again.
 */
export const MOUNT_AGAIN = `# Placed by osha.
[Unit]
Description=Try to mount %I again

[Service]
Type=exec
ExecStart=/bin/sh -c 'while systemctl -q is-failed -- "$$1"; do sleep 10; systemctl start -- "$$1"; done' sh %i.mount
`;
