import { addressIn, holdersOf, Secret, text } from 'osha';
import type { Host, Inventory, SecretText, Vip } from 'osha';
import { ALIVE_PATH, STATS_PORT } from '../haproxy/ports.ts';
import type { KeepalivedSettings } from './settings.ts';

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
const PASSWORD_LENGTH = 8;

export interface KeepalivedInput {
  readonly host: Host;
  readonly inventory: Pick<Inventory, 'hosts' | 'vips'>;
  readonly settings: KeepalivedSettings;
  readonly password: Secret;
  /** Path of the check that says whether the HAProxy of this host answers. */
  readonly checkScript: string;
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

function block(head: string, lines: readonly string[]): readonly string[] {
  return [`${head} {`, ...lines.map((line) => `    ${line}`), '}'];
}

/** Whom an instance exchanges signs of life with. Without a peer there is nobody to tell, and keepalived wants multicast. */
function peering(host: Host, vip: Vip, { inventory, settings }: KeepalivedInput): readonly string[] {
  const own = addressIn(host, vip);
  const peers = holdersOf(inventory, vip)
    .filter((holder) => holder.name !== host.name)
    .flatMap((holder) => addressIn(holder, vip) ?? []);
  if (settings.multicast || own === undefined || peers.length === 0) return [];
  return [`unicast_src_ip ${own}`, ...block('unicast_peer', peers)];
}

function instance(vip: Vip, input: KeepalivedInput): SecretText {
  const { host, settings, password } = input;
  const place = vip.holders.indexOf(host.name);
  const first = settings.preempt && place === 0;
  const lowered = settings.check.on_failure === 'lower';
  const short = new Secret(password.name, password.reveal().slice(0, PASSWORD_LENGTH));
  const before = [
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
