import {
  addressIn,
  type Host,
  type Inventory,
  type Probe,
  ProbeError,
  quote,
  type Secret,
  text,
  type Vip,
} from 'osha';
import { formerPath, holderAddresses, shortened, type FormerHolder } from '../files/conf.ts';
import type { KeepalivedSettings } from '../settings.ts';
import { parseAnswer, questionScript, type NetworkAnswer } from './network-question.ts';

/** A VRRP instance in the `keepalived.conf` of a host. */
export interface InstanceView {
  readonly name: string;
  readonly routerId: number;
  readonly advertSeconds: number;
  readonly multicast: boolean;
  readonly addresses: readonly string[];
  /** The holders at the time when the file was written. */
  readonly holders: readonly FormerHolder[];
}

/** The observed state of one host, including its network queries. */
export interface HolderView {
  /** The state of the systemd unit of keepalived. */
  readonly unit: string;
  /** Current IPv4 addresses of the host. */
  readonly addresses: ReadonlySet<string>;
  /** MAC addresses of its interfaces. */
  readonly macs: ReadonlySet<string>;
  /** Absent when the host has no configuration from osha. */
  readonly instances?: readonly InstanceView[] | undefined;
  /** The text of that configuration, without the password. */
  readonly text: string;
  /** Whether it has the current password; absent without a configuration. */
  readonly samePassword?: boolean | undefined;
  /** Contents of the files of former holders, by virtual IP. */
  readonly records: ReadonlyMap<string, string>;
  /** Network queries by virtual IP; only on its holders. */
  readonly heard: ReadonlyMap<string, NetworkAnswer>;
}

export interface ObserveOptions {
  /** The virtual IPs that keepalived holds. */
  readonly vips: readonly Vip[];
  readonly inventory: Pick<Inventory, 'hosts'>;
  readonly unit: string;
  /** Path of `keepalived.conf`. */
  readonly conf: string;
  readonly password: Secret;
}

export interface RecogniseOptions extends ObserveOptions {
  readonly settings: KeepalivedSettings;
}

/** Addresses of all hosts in the network of a virtual IP, by name. */
export function addressesNear(vip: Vip, { hosts }: Pick<Inventory, 'hosts'>): ReadonlyMap<string, string> {
  return new Map(
    hosts.flatMap((host) => {
      const address = addressIn(host, vip);
      return address === undefined ? [] : [[host.name, address] as const];
    }),
  );
}

/**
 * The probe of one host for all decisions about virtual IPs. On a holder it also queries the network, unless `network` is
 * false, and takes two seconds.
 */
export function holderProbe(host: Host, options: ObserveOptions, network = true): Probe<HolderView> {
  const { unit, conf, inventory, password } = options;
  const own = network ? options.vips.filter((vip) => vip.holders.includes(host.name)) : [];
  const asked = own.map((vip) => ({
    interface: vip.interface,
    addresses: [vip.address, ...addressesNear(vip, inventory).values()],
  }));
  const present = own.flatMap((vip) => [...holderAddresses(vip, inventory).values()].map(quote));
  const question = `
here=$(ip -o -4 addr show | awk '{ sub("/.*", "", $4); print $4 }')
peers=$({
  printf '%s\\n' ${present.join(' ')}
  cat "$c" "\${c%/*}"/former-*.conf 2>/dev/null | awk '$2 == "holder" { print $4; next } { print $1 }'
} | grep -xE '[0-9]+(\\.[0-9]+){3}' | grep -vxF "$here" | sort -u)
${questionScript(asked, '"$peers"')} 2>&1 | sed 's/^/net=/'`;
  return {
    script: `state=$(systemctl is-active -- ${quote(unit)} 2>/dev/null)
printf 'unit=%s\\n' "\${state:-unknown}"
ip -o -4 addr show | awk '{ print "address=" $4 }'
sed 's/^/mac=/' /sys/class/net/*/address 2>/dev/null
c=${quote(conf)}
if grep -qsxF '# Placed by osha.' "$c"; then
  IFS= read -r wanted || :
  sed 's/\\(auth_pass \\).*/\\1<secret keepalived>/; s/^/conf=/' "$c"
  [ "$(awk '$1 == "auth_pass" { print $2 }' "$c" | sort -u)" != "$wanted" ] || echo password=same
fi
for f in "\${c%/*}"/former-*.conf; do
  [ ! -f "$f" ] || { v=\${f##*/former-}; sed "s/^/record=\${v%.conf} /" "$f"; }
done${own.length > 0 ? question : ''}
exit 0`,
    input: text`${shortened(password)}\n`,
    reads: [
      `unit:${unit}`,
      `file:${conf}`,
      ...options.vips.flatMap(
        (vip) => [`file:${formerPath(conf, vip.name)}`, `cluster:vip-${vip.name}`] as const,
      ),
    ],
    parse: ({ stdout }) => parseView(stdout, own),
  };
}

/** Parses the output of the probe of a host that can hold `own`. Throws a `ProbeError` when it lacks the addresses. */
export function parseView(output: string, own: readonly Pick<Vip, 'name'>[]): HolderView {
  const lines = output.split('\n');
  const all = (key: string): readonly string[] =>
    lines.flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));
  const addresses = all('address').map((line) => line.split('/')[0] ?? '');
  // Every host has 127.0.0.1.
  if (addresses.length === 0) {
    throw new ProbeError(`unexpected probe output, no addresses: ${output}`);
  }
  const conf = all('conf');
  const records = new Map<string, string>();
  for (const line of all('record')) {
    const at = line.indexOf(' ');
    const vip = line.slice(0, at);
    records.set(vip, `${records.get(vip) ?? ''}${line.slice(at + 1)}\n`);
  }
  const net = all('net');
  return {
    unit: all('unit')[0] ?? 'unknown',
    addresses: new Set(addresses),
    macs: new Set(all('mac').filter((mac) => mac !== '00:00:00:00:00:00')),
    text: conf.map((line) => `${line}\n`).join(''),
    instances: conf.length > 0 ? instancesOf(conf) : undefined,
    samePassword: conf.length > 0 ? all('password').includes('same') : undefined,
    records,
    heard: new Map(own.map((vip, index) => [vip.name, parseAnswer(index, net)])),
  };
}

const ADDRESS = /^(\d+(?:\.\d+){3})(?:\/\d+)?(?: # (\S+))?/;

/** The former holders listed in a record. */
export function recordedIn(record: string): readonly FormerHolder[] {
  return record
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('unicast_src_ip'))
    .flatMap((line) => {
      const [, address, name] = ADDRESS.exec(line.trim()) ?? [];
      return address === undefined ? [] : [{ address, name }];
    });
}

function instancesOf(lines: readonly string[]): readonly InstanceView[] {
  const found: InstanceView[] = [];
  for (const part of lines
    .join('\n')
    .split(/^vrrp_instance /m)
    .slice(1)) {
    const body = part.slice(0, part.indexOf('\n}'));
    const number = (key: string): number => Number(new RegExp(`^\\s*${key} (\\d+)`, 'm').exec(body)?.[1]);
    const within = (block: string): readonly FormerHolder[] =>
      recordedIn(new RegExp(`^\\s*${block} \\{([^}]*)`, 'm').exec(body)?.[1] ?? '');
    const noted = [...body.matchAll(/^\s*# holder (\S+) (\S+)$/gm)].map(([, name, address = '']) => ({
      name,
      address,
    }));
    const unnamed = within('unicast_peer').filter(
      ({ address }) => !noted.some((holder) => holder.address === address),
    );
    found.push({
      name: /^\S+/.exec(part)?.[0] ?? '',
      routerId: number('virtual_router_id'),
      advertSeconds: number('advert_int'),
      multicast: !/unicast_src_ip|include/.test(body),
      addresses: within('virtual_ipaddress').map(({ address }) => address),
      holders: [...noted, ...unnamed],
    });
  }
  return found;
}
