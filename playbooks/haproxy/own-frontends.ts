import {
  choiceFault,
  chosenHosts,
  type Frontend,
  type Inventory,
  type InventoryProblem,
  seconds,
} from 'osha';
import { HTTPS_PORT, STATS_PORT } from './ports.ts';
import type { HaproxySettings, OwnFrontend } from './settings.ts';
import { vipFault } from './vips.ts';

/** Sections of `haproxy.cfg` that are there besides those of frontends. */
const RESERVED = ['stats', 'alive'];

type Fault = Pick<InventoryProblem, 'message' | 'hint'>;

/** The frontends that an inventory itself declares, as playbooks would. */
export function ownFrontends(
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

function portFault(own: OwnFrontend, tls: boolean): Fault | undefined {
  if (own.port === STATS_PORT) {
    const hint = 'choose another port for clients; server_port may stay';
    return { message: `port ${STATS_PORT} of every virtual IP is HAProxy's own page`, hint };
  }
  if (tls && own.port === HTTPS_PORT && (own.mode === 'tcp' || own.redirect_to_https)) {
    const message = `on port ${HTTPS_PORT} of ${own.vip} HAProxy itself speaks TLS`;
    return { message, hint: 'write mode: http, or choose another port' };
  }
  return undefined;
}

function redirectFault(own: OwnFrontend, tls: boolean): Fault | undefined {
  if (!own.redirect_to_https) return undefined;
  if (!tls) {
    const hint = `add haproxy: { tls: { ${own.vip}: {} } }`;
    return { message: `nothing speaks TLS on ${own.vip}, so there is nowhere to send clients`, hint };
  }
  if (own.mode === 'tcp') return { message: 'only HTTP can be sent elsewhere', hint: 'write mode: http' };
  if (own.servers.length === 0) return undefined;
  const hint = `declare them in another frontend, on port ${HTTPS_PORT}`;
  return { message: 'a frontend that sends every client elsewhere has no servers', hint };
}

function serverFaults(inventory: Inventory, own: OwnFrontend): readonly Fault[] {
  if (own.servers.length === 0 && !own.redirect_to_https) {
    return [{ message: 'there are no servers', hint: 'name roles or hosts: servers: [controller]' }];
  }
  return own.servers.flatMap((word) => choiceFault(word, inventory.hosts) ?? []);
}

/** Mistakes in the frontends that an inventory declares. What playbooks declare is not known yet. */
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
              hint: `write small letters, digits and dashes; HAProxy has ${RESERVED.join(' and ')} itself`,
            },
          ]),
      ...at(['vip'], strange),
      ...at(['port'], portFault(own, tls)),
      ...at(
        ['port'],
        twin && {
          message: `port ${own.port} of ${own.vip} is that of ${twin[0]} already`,
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
