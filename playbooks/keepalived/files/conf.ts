import {
  addressIn,
  holdersOf,
  type Host,
  type Inventory,
  type Secret,
  type SecretText,
  text,
  type Vip,
} from 'osha';
import type { KeepalivedSettings } from '../settings.ts';
import { ALIVE_PATH, STATS_PORT } from '../../haproxy/files/conf.ts';

/** The syslog facility of keepalived: `local3`. */
const LOG_FACILITY = 3;

/** The health page of HAProxy. */
const ALIVE = `http://127.0.0.1:${STATS_PORT}${ALIVE_PATH}`;

/** Timeout of the HAProxy check, in seconds. */
const ANSWER_SECONDS = 2;

/** The name of the check script in the configuration. */
const CHECK = 'haproxy';

/** The priority of the preferred holder; each further one has one less. */
const HIGHEST_PRIORITY = 101;

/** The maximum length of a VRRP password (RFC 2338, 10.2): keepalived truncates longer ones with a warning. */
export const PASSWORD_LENGTH = 8;

export interface KeepalivedInput {
  readonly host: Host;
  readonly inventory: Pick<Inventory, 'hosts' | 'vips'>;
  readonly settings: KeepalivedSettings;
  readonly password: Secret;
  /** Path of the script that checks HAProxy on this host. */
  readonly checkScript: string;
  /** Path of `keepalived.conf` itself. */
  readonly conf: string;
}

/** A former holder of a virtual IP. Its name is unknown if only the peers in old files show it. */
export interface FormerHolder {
  readonly name?: string | undefined;
  readonly address: string;
}

/** The virtual IPs that keepalived holds. */
export function keptVips(inventory: Pick<Inventory, 'vips'>): readonly Vip[] {
  return inventory.vips.filter((vip) => vip.by === 'keepalived');
}

/** The virtual router ID of a VIP: the setting, or the last number of its address. Can be 0, which is invalid. */
export function routerIdOf(
  vip: Pick<Vip, 'name' | 'address'>,
  settings: Pick<KeepalivedSettings, 'router_ids'>,
): number {
  return settings.router_ids[vip.name] ?? Number(vip.address.split('.').at(-1));
}

/**
 * The priority bonus of a passing check with `on_failure: lower`. Every healthy holder must outrank every failing one; the
 * priorities of n holders span n - 1, so the bonus is n.
 */
function weightOf(vip: Pick<Vip, 'holders'>): number {
  return Math.max(2, vip.holders.length);
}

/** The part of the password that counts. */
export function shortened(password: Secret): Secret {
  return password.derive((value) => value.slice(0, PASSWORD_LENGTH));
}

function block(head: string, lines: readonly string[]): readonly string[] {
  return [`${head} {`, ...lines.map((line) => `    ${line}`), '}'];
}

/** The holders of a virtual IP, with their addresses in its network. */
export function holderAddresses(vip: Vip, inventory: Pick<Inventory, 'hosts'>): ReadonlyMap<string, string> {
  return new Map(
    holdersOf(inventory, vip).flatMap((host) => {
      const address = addressIn(host, vip);
      return address === undefined ? [] : [[host.name, address] as const];
    }),
  );
}

/** The path of the file with former holders of a virtual IP, which `keepalived.conf` includes. */
export function formerPath(conf: string, vip: string): string {
  return conf.replace(/[^/]+$/, `former-${vip}.conf`);
}

/**
 * The content of that file: additional peers, so that a returning former holder receives advertisements. keepalived rejects
 * empty peer blocks, so for a single holder the file contains the whole block.
 */
export function formerFile(
  host: string,
  vip: string,
  former: readonly FormerHolder[],
  /** Addresses of the current holders, by name. */
  addresses: ReadonlyMap<string, string>,
): string {
  const own = addresses.get(host);
  const peers = former.map(({ name, address }) => (name === undefined ? address : `${address} # ${name}`));
  const alone = addresses.size === 1 && own !== undefined && peers.length > 0;
  const lines = alone ? [`unicast_src_ip ${own}`, ...block('unicast_peer', peers)] : peers;
  const head = [
    `# Placed by osha: hosts that could hold ${vip} before. Hearing that it is held, they leave it alone.`,
    '# Remove the line of a host that is gone for good.',
  ];
  return [...head, ...lines, ''].join('\n');
}

/** The unicast peers of an instance: other holders and former ones. Without peers, keepalived uses multicast. */
function peering(host: Host, vip: Vip, { inventory, settings, conf }: KeepalivedInput): readonly string[] {
  const addresses = holderAddresses(vip, inventory);
  const own = addresses.get(host.name);
  if (settings.multicast || own === undefined) return [];
  const peers = [...addresses].filter(([name]) => name !== host.name).map(([, address]) => address);
  const former = `include ${formerPath(conf, vip.name)}`;
  return peers.length === 0
    ? [former]
    : [`unicast_src_ip ${own}`, ...block('unicast_peer', [...peers, former])];
}

function instance(vip: Vip, input: KeepalivedInput): SecretText {
  const { host, settings, password } = input;
  const place = vip.holders.indexOf(host.name);
  const first = settings.preempt && place === 0;
  const lowered = settings.check.on_failure === 'lower';
  const short = shortened(password);
  const before = [
    // Read by osha when one of them has left the inventory.
    ...[...holderAddresses(vip, input.inventory)].map(([name, address]) => `# holder ${name} ${address}`),
    `state ${first ? 'MASTER' : 'BACKUP'}`,
    ...(settings.preempt ? [] : ['nopreempt']),
    `interface ${vip.interface}`,
    `virtual_router_id ${routerIdOf(vip, settings)}`,
    `priority ${HIGHEST_PRIORITY - place}`,
    `advert_int ${settings.advert_seconds}`,
    ...peering(host, vip, input),
  ];
  const after = [
    ...block('virtual_ipaddress', [`${vip.address}/${vip.prefixLength} dev ${vip.interface}`]),
    ...(vip.haproxy ? block('track_script', [lowered ? `${CHECK} weight ${weightOf(vip)}` : CHECK]) : []),
  ];
  return text`
vrrp_instance ${vip.name} {
${before.map((line) => `    ${line}`)}
    authentication {
        auth_type PASS
        auth_pass ${short}
    }
${after.map((line) => `    ${line}`)}
}`;
}

/**
 * `keepalived.conf` of one host: an independent instance for each virtual IP that it can hold. A failing check without a
 * weight puts its instance into the fault state, which releases the virtual IP.
 */
export function keepalivedConf(input: KeepalivedInput): SecretText {
  const { host, inventory, settings, checkScript } = input;
  const { interval_seconds: interval } = settings.check;
  const own = keptVips(inventory).filter((vip) => vip.holders.includes(host.name));
  const globals = [
    `router_id ${host.name}`,
    'enable_script_security',
    'script_user root',
    ...(settings.multicast_group === undefined ? [] : [`vrrp_mcast_group4 ${settings.multicast_group}`]),
  ];
  const check = [
    `script "${checkScript}"`,
    `interval ${interval}`,
    `timeout ${ANSWER_SECONDS + 1}`,
    // A single failure may be a restart of HAProxy.
    'fall 2',
    'rise 2',
  ];
  return text`# Placed by osha.
${block('global_defs', globals)}

${own.some((vip) => vip.haproxy) ? block(`vrrp_script ${CHECK}`, check) : []}
${own.map((vip) => instance(vip, input))}
`;
}

/** The check script: exits with 0 when HAProxy on this host responds. */
export function checkScript(): string {
  return `#!/bin/sh
# Placed by osha.
exec curl --silent --fail --output /dev/null --noproxy '*' --max-time ${ANSWER_SECONDS} ${ALIVE}
`;
}

/** The content of `/etc/default/keepalived`: the arguments of the daemon. */
export function keepalivedEnv(): string {
  return `# Placed by osha.
DAEMON_ARGS="--log-facility=${LOG_FACILITY}"
`;
}
