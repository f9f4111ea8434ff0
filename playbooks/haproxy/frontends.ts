import {
  choiceFault,
  chosenHosts,
  type Frontend,
  type Inventory,
  type InventoryProblem,
  seconds,
  type ClusterOperation,
  type Host,
} from 'osha';
import type { HaproxySettings, OwnFrontend } from './settings.ts';
import { vipFault, vipOf } from './vips.ts';
import { HTTPS_PORT, STATS_PORT } from './files/conf.ts';

/** All frontends with the name of their actual virtual IP, without those that have none. */
export function everyFrontend(
  inventory: Inventory,
  settings: HaproxySettings,
  frontends: readonly Frontend[],
): readonly Frontend[] {
  return [...frontends, ...ownFrontends(inventory, settings)].flatMap((frontend) => {
    const vip = vipOf(frontend, inventory);
    return vip ? [{ ...frontend, vip: vip.name }] : [];
  });
}

/** Frontends declared in the inventory, in the form in which playbooks declare theirs. */
function ownFrontends(
  inventory: Pick<Inventory, 'hosts'>,
  { frontends }: Pick<HaproxySettings, 'frontends'>,
): readonly Frontend[] {
  return Object.entries(frontends).map(([name, own]): Frontend => {
    const { vip, port, mode, balance, active } = own;
    const serverPort = own.server_port ?? port;
    const servers = chosenHosts(own.servers, inventory.hosts);
    const check = {
      ...(own.check_port === undefined ? {} : { port: own.check_port }),
      ...(own.check_path === undefined ? {} : { httpPath: own.check_path }),
    };
    return {
      ...{ name, vip, port, mode, balance, active, check },
      servers: servers.map((host) => ({ host: host.name, address: host.address, port: serverPort })),
      ...(own.idle_seconds === undefined ? {} : { idleTimeoutMs: seconds(own.idle_seconds) }),
      ...(own.redirect_to_https ? { redirectToHttps: true } : {}),
    };
  });
}

/** Describes conflicts between frontends: the same name, or the same port of the same virtual IP. */
export function clashes(frontends: readonly Frontend[]): readonly string[] {
  return frontends.flatMap((frontend, index) => {
    const before = frontends.slice(0, index);
    if (before.some((other) => other.name === frontend.name)) {
      return [`two frontends are called ${frontend.name}`];
    }
    const twin = before.find((other) => other.port === frontend.port && other.vip === frontend.vip);
    return twin
      ? [`${twin.name} and ${frontend.name} both use port ${frontend.port} of ${frontend.vip}`]
      : [];
  });
}

/** Always refuses, without a probe: the frontends of playbooks are known only once all of them are planned. */
export function refuseClashes(hosts: readonly Host[], found: readonly string[]): ClusterOperation<undefined> {
  return {
    scope: 'cluster',
    title: 'no conflicting frontends',
    members: hosts,
    probe: () => ({ script: ':', reads: [], parse: () => undefined }),
    decide: () => ({
      verdict: 'refuse',
      reason: found.join('; '),
      hint: 'give the frontends of the inventory (haproxy: frontends) other names and ports',
    }),
  };
}

/** Mistakes in the frontends of an inventory. Those of playbooks are not known yet. */
export function frontendProblems(
  inventory: Inventory,
  settings: Pick<HaproxySettings, 'frontends' | 'tls'>,
): readonly InventoryProblem[] {
  const all = Object.entries(settings.frontends);
  return all.flatMap(([name, own], index): readonly InventoryProblem[] => {
    const path = ['haproxy', 'frontends', name];
    const at = (keys: readonly string[], fault: Fault | undefined): readonly InventoryProblem[] =>
      fault ? [{ severity: 'error', path: [...path, ...keys], ...fault }] : [];
    const tls = Object.hasOwn(settings.tls, own.vip);
    const strange = vipFault(own.vip, inventory);
    const twin = all.slice(0, index).find(([, other]) => other.vip === own.vip && other.port === own.port);
    const named = /^[a-z][a-z0-9-]*$/.test(name) && !RESERVED.includes(name);
    return [
      ...(named
        ? []
        : [
            {
              severity: 'error' as const,
              path,
              at: 'key' as const,
              message: `"${name}" cannot be the name of a frontend`,
              hint: `use lowercase letters, digits and dashes; ${RESERVED.join(' and ')} are reserved`,
            },
          ]),
      ...at(['vip'], strange),
      ...at(['port'], portFault(own, tls)),
      ...at(
        ['port'],
        twin && {
          message: `port ${own.port} of ${own.vip} is already used by ${twin[0]}`,
          hint: 'give each frontend a port of its own',
        },
      ),
      ...serverFaults(inventory, own).flatMap((fault) =>
        at(own.servers.length > 0 ? ['servers'] : [], fault),
      ),
      ...(strange ? [] : at(['redirect_to_https'], redirectFault(own, tls))),
    ];
  });
}

type Fault = Pick<InventoryProblem, 'message' | 'hint'>;

/** Names of sections of `haproxy.cfg` that are not frontends. */
const RESERVED = ['stats', 'alive'];

function portFault(own: OwnFrontend, tls: boolean): Fault | undefined {
  if (own.port === STATS_PORT) {
    const hint = 'choose another port for clients; server_port may stay';
    return { message: `port ${STATS_PORT} of every virtual IP is used by HAProxy's statistics page`, hint };
  }
  if (tls && own.port === HTTPS_PORT && (own.mode === 'tcp' || own.redirect_to_https)) {
    const message = `HAProxy terminates TLS on port ${HTTPS_PORT} of ${own.vip}`;
    return { message, hint: 'write mode: http, or choose another port' };
  }
  return undefined;
}

function redirectFault(own: OwnFrontend, tls: boolean): Fault | undefined {
  if (!own.redirect_to_https) return undefined;
  if (!tls) {
    const hint = `add haproxy: { tls: { ${own.vip}: {} } }`;
    return { message: `cannot redirect to HTTPS: ${own.vip} has no TLS`, hint };
  }
  if (own.mode === 'tcp') return { message: 'only HTTP can be redirected', hint: 'write mode: http' };
  if (own.servers.length === 0) return undefined;
  const hint = `declare them in another frontend, on port ${HTTPS_PORT}`;
  return { message: 'a frontend that redirects every client cannot have servers', hint };
}

function serverFaults(inventory: Inventory, own: OwnFrontend): readonly Fault[] {
  if (own.servers.length === 0 && !own.redirect_to_https) {
    return [{ message: 'there are no servers', hint: 'name roles or hosts: servers: [controller]' }];
  }
  return own.servers.flatMap((word) => choiceFault(word, inventory.hosts) ?? []);
}
