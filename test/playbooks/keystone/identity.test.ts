import { describe, expect, it } from 'vitest';
import { identity, type IdentityState, identityOf } from '../../../playbooks/keystone/identity.ts';
import type { Change } from '../../../src/playbook/operation.ts';
import type { SecretText } from '../../../src/secrets/text.ts';
import { ADMIN_PASSWORD } from '../openstack/operations/cloud.ts';
import { desiredAt, glance } from './desired.ts';
import { sessionAt } from '../openstack/operations/sessions.ts';
import { deployment, placedBy, textOn, type Asked, siteIn } from '../openstack/deployment.ts';

const session = sessionAt('http://192.0.2.20:5000');

const IMAGE = 'http://192.0.2.20:9292';
const operation = identity(session, desiredAt(IMAGE));

const endpoint = (kind: string): IdentityState['endpoints'][number] => ({
  id: `e-${kind}`,
  service_id: 's1',
  interface: kind,
  region: 'RegionOne',
  url: IMAGE,
});

const complete: IdentityState = {
  projects: [{ id: 'p1', name: 'service' }],
  roles: [
    { id: 'r1', name: 'admin' },
    { id: 'r2', name: 'service' },
  ],
  users: [{ id: 'u1', name: 'glance' }],
  services: [{ id: 's1', name: 'glance', type: 'image' }],
  endpoints: ['public', 'internal', 'admin'].map(endpoint),
  assignments: ['r1', 'r2'].map((role) => ({ user: 'u1', project: 'p1', role })),
  loggedIn: new Set(['glance']),
};

const nothing: IdentityState = {
  projects: [],
  roles: [],
  users: [],
  services: [],
  endpoints: [],
  assignments: [],
  loggedIn: new Set(),
};

const EVERYTHING = [
  'create the project service',
  'create the role service',
  'create the account glance, grant glance the role admin in service, grant glance the role service in service',
  'add glance (image) to the catalogue',
];

describe('the changes to Keystone', () => {
  const without = (kind: string): IdentityState['endpoints'] =>
    complete.endpoints.filter((one) => one.interface !== kind);
  const elsewhere = { ...endpoint('public'), url: 'http://192.0.2.99:9292' };
  const cases: readonly (readonly [string, Partial<IdentityState>, readonly string[]])[] = [
    ['are none if nothing is missing', {}, []],
    [
      'ignore additional objects',
      {
        users: [...complete.users, { id: 'u2', name: 'anna' }],
        endpoints: [
          ...complete.endpoints,
          { ...endpoint('public'), id: 'e9', region: 'RegionTwo', url: 'http://b' },
        ],
      },
      [],
    ],
    ['create everything in an empty Keystone', nothing, EVERYTHING],
    [
      'create a missing project',
      { projects: [], assignments: [] },
      [EVERYTHING[0]!, 'grant glance the role admin in service, grant glance the role service in service'],
    ],
    ['correct a password', { loggedIn: new Set() }, ['set the password of glance']],
    [
      'grant a missing role',
      { assignments: complete.assignments.slice(0, 1) },
      ['grant glance the role service in service'],
    ],
    [
      'grant a role held only in another project',
      { assignments: [{ user: 'u1', project: 'p9', role: 'r1' }, ...complete.assignments.slice(1)] },
      ['grant glance the role admin in service'],
    ],
    [
      'grant a role held only by another account',
      { assignments: [{ user: 'u9', project: 'p1', role: 'r1' }, ...complete.assignments.slice(1)] },
      ['grant glance the role admin in service'],
    ],
    ['add a missing endpoint', { endpoints: without('internal') }, ['add the internal endpoint of image']],
    [
      'add an endpoint that exists only in another region',
      { endpoints: [...without('admin'), { ...endpoint('admin'), region: 'RegionTwo' }] },
      ['add the admin endpoint of image'],
    ],
    [
      'correct the URL of an endpoint',
      { endpoints: [...without('public'), elsewhere] },
      [`change the public endpoint of image from http://192.0.2.99:9292 to ${IMAGE}`],
    ],
    ['add a missing service', { services: [], endpoints: [] }, ['add glance (image) to the catalogue']],
  ];
  it.each(cases)('%s', (_name, found, changes) => {
    expect(operation.decide({ ...complete, ...found }).map(({ summary }) => summary)).toEqual(changes);
  });
});

describe('the requests to Keystone', () => {
  interface Request {
    readonly method?: string;
    readonly path: string;
    readonly body?: unknown;
  }
  const requestsOf = ({ input }: Change): readonly Request[] =>
    (JSON.parse((input as SecretText).reveal()) as { readonly requests: readonly Request[] }).requests;
  const asked = (found: Partial<IdentityState>): readonly string[] =>
    operation
      .decide({ ...complete, ...found })
      .flatMap((change) => requestsOf(change).map(({ method = 'GET', path }) => `${method} ${path}`));

  const cases: readonly (readonly [string, Partial<IdentityState>, readonly string[]])[] = [
    [
      'grant a role by known ids',
      { assignments: complete.assignments.slice(1) },
      ['PUT /projects/p1/users/u1/roles/r1'],
    ],
    [
      'look up the ids of new objects, in the default domain',
      {
        ...complete,
        users: [],
        projects: [],
        roles: complete.roles.slice(1),
        assignments: complete.assignments.slice(1),
      },
      [
        'POST /projects',
        'POST /users',
        'GET /users?name=glance&domain_id=default',
        'GET /projects?name=service&domain_id=default',
        'GET /roles?name=admin',
        'PUT /projects/{projects}/users/{users}/roles/{roles}',
        'GET /users?name=glance&domain_id=default',
        'GET /projects?name=service&domain_id=default',
        'PUT /projects/{projects}/users/{users}/roles/r2',
      ],
    ],
    ['update the password of the account', { loggedIn: new Set() }, ['PATCH /users/u1']],
    [
      'create a service and then its endpoints',
      { services: [], endpoints: [] },
      ['POST /services', 'POST /endpoints', 'POST /endpoints', 'POST /endpoints'],
    ],
  ];
  it.each(cases)('%s', (_name, found, requests) => {
    expect(asked(found)).toEqual(requests);
  });

  it('never show a password', () => {
    const changes = operation.decide({ ...complete, loggedIn: new Set() });
    expect(changes.map(requestsOf)).toMatchObject([
      [{ body: { user: { password: glance.reveal(), enabled: true } } }],
    ]);
    for (const { script, summary, input } of changes) {
      expect(`${script}${summary}${String(input as SecretText)}`).not.toMatch(
        new RegExp(`${glance.reveal()}|${ADMIN_PASSWORD}`),
      );
      expect(String(input as SecretText)).toContain('<secret glanceAccount>');
    }
  });
});

const desired = (asked: Asked = {}): ReturnType<typeof identityOf> => identityOf(siteIn(deployment(asked)));

describe('the identities of a deployment', () => {
  it('include a catalogue entry for every enabled service', () => {
    const { catalogue } = desired();
    expect(catalogue.map(({ type, name, urls }) => [type, name, urls.internal])).toEqual([
      ['identity', 'keystone', 'http://192.0.2.100:5000/v3'],
      ['image', 'glance', 'http://192.0.2.100:9292'],
      ['placement', 'placement', 'http://192.0.2.100:8778'],
      ['compute', 'nova', 'http://192.0.2.100:8774/v2.1'],
      ['network', 'neutron', 'http://192.0.2.100:9696'],
      ['volumev3', 'cinder', 'http://192.0.2.100:8776/v3/%(project_id)s'],
    ]);
    for (const { urls } of catalogue)
      expect([urls.public, urls.admin]).toEqual([urls.internal, urls.internal]);
  });

  it('have https URLs if the virtual IP has TLS', () => {
    const { catalogue } = desired({ more: 'haproxy: { tls: { api: {} } }' });
    expect(catalogue.map(({ urls }) => new URL(urls.public).protocol)).toEqual(Array(6).fill('https:'));
  });

  it('include an account with its own password for each service except Keystone', () => {
    const { accounts, projects } = desired();
    expect(accounts.map(({ name, password }) => [name, password.reveal()])).toEqual(
      ['glance', 'placement', 'nova', 'neutron', 'cinder'].map((name) => [name, `value-of-${name}Account`]),
    );
    expect(new Set(accounts.map(({ project }) => project))).toEqual(new Set(projects));
    for (const { roles } of accounts) expect(roles).toEqual(['admin', 'service']);
  });

  it('leave out services that are not enabled', () => {
    const { accounts, catalogue } = desired({ openstack: 'services: [identity, image]' });
    expect(accounts.map(({ name }) => name)).toEqual(['glance']);
    expect(catalogue.map(({ type }) => type)).toEqual(['identity', 'image']);
  });

  it('use the region in the inventory', () => {
    expect(desired().region).toBe('RegionOne');
    expect(desired({ openstack: 'services: all, region: Zurich' }).region).toBe('Zurich');
  });
});

describe("the administrator's credentials", () => {
  const plain = deployment();
  const secure = deployment({
    more: 'haproxy: { tls: { api: {} } }',
    openstack: 'services: all, region: Zurich',
  });

  it('are environment variables for the command line', () => {
    expect(textOn(plain, 'c1', '/root/admin-openrc')).toBe(`# Placed by osha.
export OS_AUTH_URL=http://192.0.2.100:5000/v3
export OS_USERNAME=admin
export OS_PASSWORD=value-of-openstackAdmin
export OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_DOMAIN_NAME=Default
export OS_REGION_NAME=RegionOne
export OS_IDENTITY_API_VERSION=3
`);
  });

  it('name the CA with TLS', () => {
    const openrc = textOn(secure, 'c1', '/root/admin-openrc');
    expect(openrc).toContain('export OS_AUTH_URL=https://192.0.2.100:5000/v3\n');
    expect(openrc).toContain('export OS_REGION_NAME=Zurich\n');
    expect(openrc.trimEnd().split('\n').at(-1)).toBe('export OS_CACERT=/etc/osha/ca.pem');
    expect(textOn(secure, 'c1', '/etc/openstack/clouds.yaml')).toBe(`# Placed by osha.
clouds:
  prod:
    region_name: Zurich
    identity_api_version: 3
    cacert: /etc/osha/ca.pem
    auth:
      auth_url: https://192.0.2.100:5000/v3
      username: admin
      password: value-of-openstackAdmin
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
`);
  });

  it('name no CA without TLS', () => {
    expect(textOn(plain, 'c1', '/etc/openstack/clouds.yaml')).not.toContain('cacert');
  });

  it('are readable by root only, on control hosts only', () => {
    const kept = placedBy(plain).filter(({ path }) => /admin-openrc|clouds\.yaml/.test(path));
    expect(new Set(kept.map(({ host }) => host))).toEqual(new Set(['c1', 'c2', 'all1']));
    expect(new Set(kept.map(({ mode }) => mode))).toEqual(new Set([0o600]));
  });
});
