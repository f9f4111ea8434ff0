import type { Api } from '../api.ts';
import type { CloudService } from '../../playbook/cloud.ts';

/** A resource in the cloud. */
export interface Thing {
  readonly id: string;
  readonly name: string;
}

/** A kind of resource: how to find it by name and how to remove it. */
export interface Kind {
  readonly title: string;
  readonly service: CloudService;
  /** All resources whose names begin with a prefix. */
  readonly named: (api: Api, prefix: string) => Promise<readonly Thing[]>;
  /** The path of one resource. */
  readonly path: (id: string) => string;
  /** It is removed with a resource of this kind, and never on its own. */
  readonly goesWith?: string;
  /** Removes what the resource cannot be removed with. */
  before?(api: Api, thing: Thing): Promise<void>;
}

type Listed = Readonly<Record<string, string>>;

/** Lists all and filters here: services differ in how they filter by name, and some cannot. */
function listed(
  service: CloudService,
  path: string,
  key: string,
  fields: { readonly id?: string; readonly name?: string; readonly within?: string } = {},
): Kind['named'] {
  const { id = 'id', name = 'name', within } = fields;
  return async (api, prefix) => {
    const body = await api.get<
      Readonly<Record<string, readonly (Listed | Readonly<Record<string, Listed>>)[]>>
    >(service, path);
    return (body[key] ?? []).flatMap((item): readonly Thing[] => {
      const found = (within === undefined ? item : item[within]) as Listed;
      const called = found[name] ?? '';
      return called.startsWith(prefix) ? [{ id: found[id] ?? '', name: called }] : [];
    });
  };
}

const networking = (what: string, key = what): Pick<Kind, 'service' | 'named' | 'path'> => ({
  service: 'network',
  named: listed('network', `/v2.0/${what}?fields=id&fields=name`, key.replaceAll('-', '_')),
  path: (id) => `/v2.0/${what}/${id}`,
});

/** A port of Neutron. */
interface Port {
  readonly id: string;
  readonly device_owner: string;
}

async function portsOf(api: Api, query: string): Promise<readonly Port[]> {
  const path = `/v2.0/ports?${query}&fields=id&fields=device_owner`;
  return (await api.get<{ readonly ports: readonly Port[] }>('network', path)).ports;
}

/** The interfaces of a router in tenant networks; not its gateway, nor the HA network of its copies. */
const INTERFACE = /^network:(?:ha_router_replicated_interface|router_interface\w*)$/;

/** All kinds, in the order of removal: users before what they use. */
export const KINDS = {
  server: {
    title: 'server',
    service: 'compute',
    named: listed('compute', '/servers?name=osha-smoke-', 'servers'),
    path: (id) => `/servers/${id}`,
  },
  // Floating addresses have no name: the description serves as one.
  floating: {
    title: 'floating address',
    service: 'network',
    named: listed('network', '/v2.0/floatingips?fields=id&fields=description', 'floatingips', {
      name: 'description',
    }),
    path: (id) => `/v2.0/floatingips/${id}`,
  },
  router: {
    title: 'router',
    ...networking('routers'),
    before: async (api, { id }) => {
      for (const port of await portsOf(api, `device_id=${id}`)) {
        if (!INTERFACE.test(port.device_owner)) continue;
        await api.send('network', {
          method: 'PUT',
          path: `/v2.0/routers/${id}/remove_router_interface`,
          body: { port_id: port.id },
          accept: [404],
        });
      }
    },
  },
  network: {
    title: 'network',
    ...networking('networks'),
    // Left over where Nova died while it removed a server.
    before: async (api, { id }) => {
      for (const port of await portsOf(api, `network_id=${id}`)) {
        if (port.device_owner !== '' && !port.device_owner.startsWith('compute:')) continue;
        await api.send('network', { method: 'DELETE', path: `/v2.0/ports/${port.id}`, accept: [404] });
      }
    },
  },
  subnet: { title: 'subnet', goesWith: 'network', ...networking('subnets') },
  group: { title: 'security group', ...networking('security-groups') },
  keypair: {
    title: 'keypair',
    service: 'compute',
    named: listed('compute', '/os-keypairs', 'keypairs', { id: 'name', within: 'keypair' }),
    path: (name) => `/os-keypairs/${name}`,
  },
  flavor: {
    title: 'flavor',
    service: 'compute',
    named: listed('compute', '/flavors?is_public=None', 'flavors'),
    path: (id) => `/flavors/${id}`,
  },
  image: {
    title: 'image',
    service: 'image',
    named: listed('image', '/v2/images?tag=osha-smoke&limit=1000', 'images'),
    path: (id) => `/v2/images/${id}`,
  },
  volumeType: {
    title: 'volume type',
    service: 'volume',
    named: listed('volume', '/types?is_public=None', 'volume_types'),
    path: (id) => `/types/${id}`,
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;

/** The tag of the images, to find them among thousands. */
export const IMAGE_TAG = 'osha-smoke';
