import { describe, expect, it } from 'vitest';
import { identity } from '../../../../playbooks/keystone/identity/identity.ts';
import { type IdentityState } from '../../../../playbooks/keystone/identity/state.ts';
import type { Change } from '../../../../src/playbook/operation.ts';
import type { SecretText } from '../../../../src/secrets/text.ts';
import { ADMIN_PASSWORD } from '../../openstack/operations/cloud.ts';
import { desiredAt, glance } from './desired.ts';
import { sessionAt } from '../../openstack/operations/sessions.ts';

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
  'create the account glance, let glance be admin in service, let glance be service in service',
  'list glance (image) in the catalogue',
];

describe('what Keystone has to know', () => {
  const without = (kind: string): IdentityState['endpoints'] =>
    complete.endpoints.filter((one) => one.interface !== kind);
  const elsewhere = { ...endpoint('public'), url: 'http://192.0.2.99:9292' };
  const cases: readonly (readonly [string, Partial<IdentityState>, readonly string[]])[] = [
    ['is left alone where it knows all', {}, []],
    [
      'is left alone where it knows more',
      {
        users: [...complete.users, { id: 'u2', name: 'anna' }],
        endpoints: [
          ...complete.endpoints,
          { ...endpoint('public'), id: 'e9', region: 'RegionTwo', url: 'http://b' },
        ],
      },
      [],
    ],
    ['is told where it knows nothing', nothing, EVERYTHING],
    [
      'lacks a project',
      { projects: [], assignments: [] },
      [EVERYTHING[0]!, 'let glance be admin in service, let glance be service in service'],
    ],
    ['knows another password', { loggedIn: new Set() }, ['set the password of glance']],
    [
      'lacks a role of an account',
      { assignments: complete.assignments.slice(0, 1) },
      ['let glance be service in service'],
    ],
    [
      'knows the role in another project only',
      { assignments: [{ user: 'u1', project: 'p9', role: 'r1' }, ...complete.assignments.slice(1)] },
      ['let glance be admin in service'],
    ],
    [
      'knows the role of another account only',
      { assignments: [{ user: 'u9', project: 'p1', role: 'r1' }, ...complete.assignments.slice(1)] },
      ['let glance be admin in service'],
    ],
    ['lacks an endpoint', { endpoints: without('internal') }, ['add the internal endpoint of image']],
    [
      'knows the endpoint of another region only',
      { endpoints: [...without('admin'), { ...endpoint('admin'), region: 'RegionTwo' }] },
      ['add the admin endpoint of image'],
    ],
    [
      'knows an endpoint at another URL',
      { endpoints: [...without('public'), elsewhere] },
      [`move the public endpoint of image from http://192.0.2.99:9292 to ${IMAGE}`],
    ],
    ['lacks a service', { services: [], endpoints: [] }, ['list glance (image) in the catalogue']],
  ];
  it.each(cases)('%s', (_name, found, changes) => {
    expect(operation.decide({ ...complete, ...found }).map(({ summary }) => summary)).toEqual(changes);
  });
});

describe('what Keystone is told', () => {
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
      'is a role by the ids that it knows already',
      { assignments: complete.assignments.slice(1) },
      ['PUT /projects/p1/users/u1/roles/r1'],
    ],
    [
      'is a role by ids that are looked up, in the domain of the account, once they can be known',
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
    ['is the password of the account', { loggedIn: new Set() }, ['PATCH /users/u1']],
    [
      'is a service and then its endpoints',
      { services: [], endpoints: [] },
      ['POST /services', 'POST /endpoints', 'POST /endpoints', 'POST /endpoints'],
    ],
  ];
  it.each(cases)('%s', (_name, found, requests) => {
    expect(asked(found)).toEqual(requests);
  });

  it('never shows a password', () => {
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
