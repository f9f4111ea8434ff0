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

/** The facility that keepalived logs to: `local3`. */
const LOG_FACILITY = 3;

/** Where HAProxy's own page answers as long as HAProxy is well. */
const ALIVE = `http://127.0.0.1:${STATS_PORT}${ALIVE_PATH}`;

/** Seconds in which HAProxy has to answer. */
const ANSWER_SECONDS = 2;

/** The name of the check, as instances follow it. */
const CHECK = 'haproxy';

/** The preferred holder's priority; each one behind it has one less. */
const HIGHEST_PRIORITY = 101;

/** The characters of a VRRP password that count (RFC 2338, 10.2): keepalived cuts off the rest, and complains. */
export const PASSWORD_LENGTH = 8;

export interface KeepalivedInput {
  readonly host: Host;
  readonly inventory: Pick<Inventory, 'hosts' | 'vips'>;
  readonly settings: KeepalivedSettings;
  readonly password: Secret;
  /** Path of the check that says whether the HAProxy of this host answers. */
  readonly checkScript: string;
  /** Path of `keepalived.conf` itself. */
  readonly conf: string;
}

/** A host that could hold a virtual IP before. Its name is not known where only its peers' files tell of it. */
export interface FormerHolder {
  readonly name?: string | undefined;
  readonly address: string;
}

/** The virtual IPs that keepalived holds. */
export function keptVips(inventory: Pick<Inventory, 'vips'>): readonly Vip[] {
  return inventory.vips.filter((vip) => vip.by === 'keepalived');
}

/** The virtual router ID of a VIP: what is asked for, or the last number of its address. May be 0, which is none. */
export function routerIdOf(
  vip: Pick<Vip, 'name' | 'address'>,
  settings: Pick<KeepalivedSettings, 'router_ids'>,
): number {
  return settings.router_ids[vip.name] ?? Number(vip.address.split('.').at(-1));
}

/**
 * What a check that passes adds to a priority, where a failing one is to `lower` it. Any healthy holder has to outrank
 * any failing one. First and last of n holders are n - 1 apart, so it takes n: with two, 2 on top of 101 and 100.
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

/** Who can hold a virtual IP, and each one's address in its network. */
export function holderAddresses(vip: Vip, inventory: Pick<Inventory, 'hosts'>): ReadonlyMap<string, string> {
  return new Map(
    holdersOf(inventory, vip).flatMap((host) => {
      const address = addressIn(host, vip);
      return address === undefined ? [] : [[host.name, address] as const];
    }),
  );
}

/** The file of a holder with the former holders of a virtual IP, which `keepalived.conf` includes. */
export function formerPath(conf: string, vip: string): string {
  return conf.replace(/[^/]+$/, `former-${vip}.conf`);
}

/**
 * What that file holds: further peers, so that one that comes back to life hears that its address is held. Empty blocks
 * of peers are an error to keepalived, so a holder without others has the whole block there.
 */
export function formerFile(
  host: string,
  vip: string,
  former: readonly FormerHolder[],
  /** Of the present holders, by name. */
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

/**
 * Whom an instance sends its advertisements to: the other holders, and former ones. Without any, keepalived wants
 * multicast.
 */
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
 * `keepalived.conf` of one host: an instance for each virtual IP that it can hold, all by themselves. A check without
 * a weight takes its instance out of the election when it fails, and the virtual IP goes.
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
    // One that fails may be HAProxy being restarted.
    'fall 2',
    'rise 2',
  ];
  return text`# Placed by osha.
${block('global_defs', globals)}

${own.some((vip) => vip.haproxy) ? block(`vrrp_script ${CHECK}`, check) : []}
${own.map((vip) => instance(vip, input))}
`;
}

/** The check: whether the HAProxy of this host answers, asked on its own page. Exit code 0 says yes. */
export function checkScript(): string {
  return `#!/bin/sh
# Placed by osha.
exec curl --silent --fail --output /dev/null --noproxy '*' --max-time ${ANSWER_SECONDS} ${ALIVE}
`;
}

/** What keepalived is started with, as `/etc/default/keepalived` says it. */
export function keepalivedEnv(): string {
  return `# Placed by osha.
DAEMON_ARGS="--log-facility=${LOG_FACILITY}"
`;
}
