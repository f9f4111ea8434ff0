/** An object of a service, with its fields. */
export type Made = Record<string, unknown> & { id: string };

/** The state of a fake cloud. */
export interface World {
  readonly password: string;
  /** By kind and id. */
  readonly things: Map<string, Map<string, Made>>;
  /** Image data by id. */
  readonly bytes: Map<string, Buffer>;
  /** How often an object was queried. */
  readonly polls: Map<string, number>;
  /** Servers end up in ERROR with this message. */
  fault?: string;
  /** The console output of a server, instead of a booting guest's. */
  console?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly bytes?: Buffer;
}

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly body: Buffer;
  readonly root: string;
}

let last = 0;

/** Answers for Keystone, Glance, Neutron, Nova, Cinder and Placement, as far as a smoke test uses them. */
export function fakeAnswers(world: World, asked: Asked): Answered {
  const { url, method } = asked;
  const [, service = '', ...rest] = url.pathname.split('/');
  switch (service) {
    case 'v3':
    case 'identity':
      return login(world, asked);
    case 'placement':
      return { status: 200, body: { versions: [] } };
    case 'v2':
      return image(world, asked, rest);
    case 'network':
      return resource(world, asked, rest.slice(1));
    case 'compute':
      return compute(world, asked, rest.slice(1));
    case 'volume':
      return resource(world, asked, rest.slice(2));
    default:
      return { status: 404, body: { error: { message: `no ${method} ${url.pathname}` } } };
  }
}

function login({ password }: World, { body, root }: Asked): Answered {
  const given = JSON.parse(body.toString()) as {
    auth: { identity: { password: { user: { password: string } } } };
  };
  if (given.auth.identity.password.user.password !== password) {
    return {
      status: 401,
      body: { error: { message: 'The request you have made requires authentication.' } },
    };
  }
  const endpoint = (type: string, path: string): object => ({
    type,
    endpoints: [{ interface: 'public', region: 'RegionOne', region_id: 'RegionOne', url: root + path }],
  });
  return {
    status: 201,
    headers: { 'x-subject-token': 'token' },
    body: {
      token: {
        catalog: [
          endpoint('identity', '/identity/v3'),
          endpoint('image', ''),
          endpoint('network', '/network'),
          endpoint('compute', '/compute/v2.1'),
          endpoint('volumev3', '/volume/v3/project'),
          endpoint('placement', '/placement'),
        ],
      },
    },
  };
}

function kind(world: World, name: string): Map<string, Made> {
  const known = world.things.get(name) ?? new Map<string, Made>();
  world.things.set(name, known);
  return known;
}

function add(world: World, name: string, fields: object): Made {
  const made: Made = { ...fields, id: `${name}-${(last += 1)}` };
  kind(world, name).set(made.id, made);
  return made;
}

function image(world: World, { method, url, body }: Asked, [, id = '', file]: readonly string[]): Answered {
  const all = kind(world, 'images');
  if (id === '' && method === 'POST') {
    const made = add(world, 'images', {
      status: 'queued',
      size: null,
      ...(JSON.parse(body.toString()) as object),
    });
    return { status: 201, body: made };
  }
  if (id === '') {
    const name = url.searchParams.get('name');
    return {
      status: 200,
      body: { images: [...all.values()].filter((one) => name === null || one['name'] === name) },
    };
  }
  const found = all.get(id);
  if (!found) return { status: 404, body: 'no such image' };
  if (file !== undefined && method === 'PUT') {
    if (found['status'] !== 'queued') return { status: 409, body: 'it is not queued' };
    world.bytes.set(id, body);
    Object.assign(found, { status: 'active', size: body.length });
    return { status: 204 };
  }
  if (file !== undefined) return { status: 200, bytes: world.bytes.get(id) ?? Buffer.alloc(0) };
  if (method === 'DELETE') {
    all.delete(id);
    return { status: 204 };
  }
  return { status: 200, body: found };
}

const refused = (message: string): Answered => ({
  status: 409,
  body: { NeutronError: { type: 'InUse', message, detail: '' } },
});

/** Objects with the same operations to list, create, read and delete them, and what blocks their deletion. */
function resource(world: World, { method, url, body }: Asked, path: readonly string[]): Answered {
  const [plural = '', id = '', action] = path;
  const all = kind(world, plural);
  const singular = plural === 'types' ? 'volume_type' : plural.replaceAll('-', '_').replace(/s$/, '');
  const list = plural === 'types' ? 'volume_types' : plural.replaceAll('-', '_');
  const ports = kind(world, 'ports');
  if (id === '' && method === 'GET') {
    const wanted = [...url.searchParams].filter(([key]) => key !== 'fields' && key !== 'is_public');
    const fits = (one: Made): boolean => wanted.every(([key, value]) => String(one[key]) === value);
    return { status: 200, body: { [list]: [...all.values()].filter(fits) } };
  }
  if (plural === 'security-group-rules') return { status: 201, body: {} };
  if (id === '' && method === 'POST') {
    const fields = (JSON.parse(body.toString()) as Record<string, object>)[singular];
    const made = add(world, plural, { ...fields, ...defaultsOf(plural) });
    if (plural === 'subnets') {
      const network = kind(world, 'networks').get(String(made['network_id']));
      if (network) network['subnets'] = [made.id];
    }
    return { status: 201, body: { [singular]: made } };
  }
  const found = all.get(id);
  if (!found)
    return { status: 404, body: { NeutronError: { type: 'NotFound', message: `no ${singular} ${id}` } } };
  if (action === 'add_router_interface') {
    const { subnet_id } = JSON.parse(body.toString()) as { subnet_id: string };
    const network_id = kind(world, 'subnets').get(subnet_id)?.['network_id'];
    if ([...ports.values()].some((one) => one['device_id'] === id))
      return { status: 400, body: 'already there' };
    add(world, 'ports', {
      device_id: id,
      network_id,
      device_owner: 'network:ha_router_replicated_interface',
    });
    return { status: 200, body: {} };
  }
  if (action === 'l3-agents')
    return { status: 200, body: { agents: [{ host: 'controller2', ha_state: 'active' }] } };
  if (action === 'remove_router_interface') {
    ports.delete((JSON.parse(body.toString()) as { port_id: string }).port_id);
    return { status: 200, body: {} };
  }
  if (method === 'DELETE') {
    const using = [...ports.values()].some((one) => one['device_id'] === id || one['network_id'] === id);
    if (using) return refused('there are still ports in it');
    all.delete(id);
    for (const [key, subnet] of kind(world, 'subnets'))
      if (subnet['network_id'] === id) kind(world, 'subnets').delete(key);
    return { status: 204 };
  }
  return { status: 200, body: { [singular]: found } };
}

function defaultsOf(plural: string): object {
  if (plural === 'floatingips') return { floating_ip_address: '203.0.113.105' };
  if (plural === 'networks') return { subnets: [] };
  if (plural !== 'routers') return {};
  return {
    status: 'ACTIVE',
    external_gateway_info: { external_fixed_ips: [{ ip_address: '203.0.113.101' }] },
  };
}

function compute(world: World, asked: Asked, path: readonly string[]): Answered {
  const { method, body } = asked;
  const [plural = '', id = '', action] = path;
  if (plural === 'os-keypairs') return keypair(world, asked, decodeURIComponent(id));
  if (plural !== 'servers') return resource(world, asked, path);
  const servers = kind(world, 'servers');
  if (method === 'POST' && id === '') {
    const { server } = JSON.parse(body.toString()) as {
      server: { imageRef: string; networks: { uuid: string }[] };
    };
    const made = add(world, 'servers', { ...server, status: 'BUILD' });
    add(world, 'ports', {
      device_id: made.id,
      network_id: server.networks[0]?.uuid,
      device_owner: 'compute:nova',
    });
    return { status: 202, body: { server: { id: made.id } } };
  }
  const found = servers.get(id);
  if (id === '') return { status: 200, body: { servers: [...servers.values()] } };
  if (!found) return { status: 404, body: { itemNotFound: { message: 'no such server' } } };
  if (action === 'action') {
    const image = kind(world, 'images').get(String(found['imageRef']));
    const marker = /osha\.marker=(\S+)/.exec(String(image?.['os_command_line']))?.[1] ?? '';
    return { status: 200, body: { output: world.console ?? `booting\n${marker} address 10.254.254.7\n` } };
  }
  if (method === 'DELETE') {
    found['status'] = 'DELETING';
    return { status: 204 };
  }
  return { status: 200, body: { server: look(world, found) } };
}

/** A server reaches its next state when it is queried; a deleted one is gone at the second query. */
function look(world: World, server: Made): Made {
  const times = (world.polls.get(server.id) ?? 0) + 1;
  world.polls.set(server.id, times);
  if (server['status'] === 'DELETING') {
    kind(world, 'servers').delete(server.id);
    const ports = kind(world, 'ports');
    for (const [id, port] of ports) if (port['device_id'] === server.id) ports.delete(id);
  } else if (times >= 2) {
    Object.assign(
      server,
      world.fault === undefined ? { status: 'ACTIVE' } : { status: 'ERROR', fault: { message: world.fault } },
    );
  }
  return { ...server, addresses: { net: [{ addr: '10.254.254.7' }] }, 'OS-EXT-SRV-ATTR:host': 'compute1' };
}

function keypair(world: World, { method, body }: Asked, name: string): Answered {
  const all = kind(world, 'keypairs');
  if (method === 'POST') {
    const { keypair: fields } = JSON.parse(body.toString()) as { keypair: { name: string } };
    all.set(fields.name, { ...fields, id: fields.name });
    return { status: 200, body: { keypair: fields } };
  }
  if (name === '')
    return { status: 200, body: { keypairs: [...all.values()].map((one) => ({ keypair: one })) } };
  if (!all.has(name)) return { status: 404, body: { itemNotFound: { message: 'no such keypair' } } };
  if (method === 'DELETE') all.delete(name);
  return { status: 200, body: { keypair: all.get(name) ?? {} } };
}
