import type { Operation, Change, Secret } from 'osha';
import {
  apiProbe,
  type ApiRequest,
  type ApiSession,
  API_SCRIPT,
  apiJob,
  type ApiBody,
} from '../openstack/operations/api-session.ts';
import { SERVICES, type ServiceName } from '../openstack/services.ts';
import { apisOf } from '../openstack/settings.ts';
import type { Site } from '../openstack/site.ts';

/** An account in Keystone's default domain, with its roles in one project. */
interface Account {
  readonly name: string;
  readonly password: Secret;
  readonly project: string;
  readonly roles: readonly string[];
}

/** A service in the catalogue. */
interface CatalogueEntry {
  readonly name: string;
  /** `compute`, `image`. */
  readonly type: string;
  readonly description: string;
  /** The URLs of its public, internal and admin endpoints. */
  readonly urls: EndpointUrls;
}

type EndpointKind = 'public' | 'internal' | 'admin';

/** URLs with their paths: `http://10.0.0.20:5000/v3`. */
export type EndpointUrls = Readonly<Record<EndpointKind, string>>;

/** What Keystone must contain; anything else in it is left alone. */
export interface DesiredIdentity {
  readonly region: string;
  readonly projects: readonly string[];
  readonly roles: readonly string[];
  readonly accounts: readonly Account[];
  readonly catalogue: readonly CatalogueEntry[];
}

/** An object in Keystone. */
interface Named {
  readonly id: string;
  readonly name: string;
}

/** What Keystone contains. Empty if it does not answer: the changes that follow then fail with its error. */
export interface IdentityState {
  readonly projects: readonly Named[];
  readonly roles: readonly Named[];
  readonly users: readonly Named[];
  readonly services: readonly (Named & { readonly type: string })[];
  readonly endpoints: readonly {
    readonly id: string;
    readonly service_id: string;
    readonly interface: string;
    readonly region: string | null;
    readonly url: string;
  }[];
  readonly assignments: readonly { readonly user: string; readonly project: string; readonly role: string }[];
  /** Accounts whose password works. */
  readonly loggedIn: ReadonlySet<string>;
}

/** The project of the service accounts. */
const SERVICE_PROJECT = 'service';

const LISTS = ['projects', 'roles', 'users', 'services', 'endpoints', 'role_assignments'] as const;

/** Other domains may have projects and users of the same names. Domain-specific roles are not listed by default. */
const OF_DEFAULT_DOMAIN: readonly string[] = ['projects', 'users'];

interface RawAssignment {
  readonly user?: { readonly id: string };
  readonly role: { readonly id: string };
  readonly scope: { readonly project?: { readonly id: string } };
}

const KINDS: readonly EndpointKind[] = ['public', 'internal', 'admin'];

/** The accounts and catalogue entries of all enabled services. */
export function identityOf(site: Site): DesiredIdentity {
  const enabled = apisOf(site.settings);
  return {
    region: site.settings.region,
    projects: [SERVICE_PROJECT],
    // Marks the token that a service sends along when it calls another service on a user's behalf.
    roles: ['service'],
    accounts: enabled
      .filter((service) => service !== 'identity')
      .map((service) => ({
        name: SERVICES[service].name,
        password: site.accountPassword(service),
        project: SERVICE_PROJECT,
        roles: ['admin', 'service'],
      })),
    catalogue: enabled.map((service) => {
      const { name, type, description } = SERVICES[service];
      return { name, type, description, urls: urlsOf(site, service) };
    }),
  };
}

/** The URLs of a service's three endpoints. */
export function urlsOf(site: Site, service: ServiceName): EndpointUrls {
  const internal = site.internal.url(service);
  return { public: site.public.url(service), internal, admin: internal };
}

/** Creates projects, roles, accounts, services and endpoints in Keystone, through its API. Runs once. */
export function identity(session: ApiSession, desired: DesiredIdentity): Operation<IdentityState> {
  const requests: readonly ApiRequest[] = [
    ...LISTS.map((list) => ({
      service: 'identity',
      path: OF_DEFAULT_DOMAIN.includes(list) ? `/${list}?domain_id=default` : `/${list}`,
    })),
    ...desired.accounts.map(({ name, password }) => ({ login: { user: name, password } })),
  ];
  return {
    scope: 'host',
    runsOnce: true,
    title: 'accounts and catalogue of Keystone',
    probe: apiProbe(session, requests, ['cluster:identity', 'unit:keystone'], ({ answers }) => {
      const listed = (list: (typeof LISTS)[number]): readonly unknown[] => {
        const body = answers[LISTS.indexOf(list)]?.body as
          Readonly<Record<string, readonly unknown[]>> | undefined;
        return body?.[list] ?? [];
      };
      return {
        projects: listed('projects') as readonly Named[],
        roles: listed('roles') as readonly Named[],
        users: listed('users') as readonly Named[],
        services: listed('services') as IdentityState['services'],
        endpoints: listed('endpoints') as IdentityState['endpoints'],
        assignments: (listed('role_assignments') as readonly RawAssignment[]).flatMap(
          ({ user, role, scope }) =>
            user && scope.project ? [{ user: user.id, project: scope.project.id, role: role.id }] : [],
        ),
        loggedIn: new Set(
          desired.accounts
            .filter((_, index) => answers[LISTS.length + index]?.status === 201)
            .map(({ name }) => name),
        ),
      };
    }),
    decide: (state) => decideIdentity(session, desired, state),
  };
}

type Lists = 'projects' | 'roles' | 'users';

/** A change, and the requests that make it. */
interface Work {
  readonly summary: string;
  readonly requests: readonly ApiRequest[];
}

/**
 * The changes that Keystone lacks, each after those it depends on. If Keystone did not answer, these are all changes; they
 * then fail with its error.
 */
function decideIdentity(
  session: ApiSession,
  desired: DesiredIdentity,
  state: IdentityState,
): readonly Change[] {
  const lacks = (list: Lists) => (name: string) => !state[list].some((one) => one.name === name);
  const work: readonly Work[] = [
    ...desired.projects.filter(lacks('projects')).map((name) => ({
      summary: `create the project ${name}`,
      requests: [post('/projects', { project: { name, domain_id: 'default' } })],
    })),
    ...desired.roles.filter(lacks('roles')).map((name) => ({
      summary: `create the role ${name}`,
      requests: [post('/roles', { role: { name } })],
    })),
    ...desired.accounts.flatMap((account) =>
      joinWork([...accountWork(account, state), ...roleWork(account, state)]),
    ),
    ...desired.catalogue.flatMap((entry) => catalogueWork(entry, desired.region, state)),
  ];
  return work.map(({ summary, requests }) => ({
    summary,
    script: API_SCRIPT,
    input: apiJob(session, requests, { together: 0 }),
    touches: ['cluster:identity'],
  }));
}

/** Joins the changes to one account, so that they share a login. */
function joinWork(work: readonly Work[]): readonly Work[] {
  if (work.length < 2) return work;
  return [
    {
      summary: work.map(({ summary }) => summary).join(', '),
      requests: work.flatMap(({ requests }) => requests),
    },
  ];
}

function post(path: string, body: ApiBody, save?: Readonly<Record<string, string>>): ApiRequest {
  return { service: 'identity', method: 'POST', path, body, ...(save ? { save } : {}) };
}

function accountWork({ name, password }: Account, state: IdentityState): readonly Work[] {
  const user = state.users.find((one) => one.name === name);
  if (!user) {
    const body = { user: { name, password, domain_id: 'default' } };
    return [{ summary: `create the account ${name}`, requests: [post('/users', body)] }];
  }
  if (state.loggedIn.has(name)) return [];
  const body = { user: { password, enabled: true } };
  const request = { service: 'identity', method: 'PATCH', path: `/users/${user.id}`, body } as const;
  return [{ summary: `set the password of ${name}`, requests: [request] }];
}

/** An object's id for use in a request, or a placeholder and the request that looks it up. */
function idOf(
  list: Lists,
  name: string,
  state: IdentityState,
): { readonly id: string; readonly lookUp: readonly ApiRequest[] } {
  const known = state[list].find((one) => one.name === name)?.id;
  if (known !== undefined) return { id: known, lookUp: [] };
  const domain = list === 'roles' ? '' : '&domain_id=default';
  const path = `/${list}?name=${encodeURIComponent(name)}${domain}`;
  return { id: `{${list}}`, lookUp: [{ service: 'identity', path, save: { [list]: `${list}.0.id` } }] };
}

function roleWork({ name, project, roles }: Account, state: IdentityState): readonly Work[] {
  const user = idOf('users', name, state);
  const scope = idOf('projects', project, state);
  return roles.flatMap((role): readonly Work[] => {
    const as = idOf('roles', role, state);
    const given = state.assignments.some(
      (one) => one.user === user.id && one.project === scope.id && one.role === as.id,
    );
    if (given) return [];
    const path = `/projects/${scope.id}/users/${user.id}/roles/${as.id}`;
    const assign: ApiRequest = { service: 'identity', method: 'PUT', path };
    return [
      {
        summary: `grant ${name} the role ${role} in ${project}`,
        requests: [...user.lookUp, ...scope.lookUp, ...as.lookUp, assign],
      },
    ];
  });
}

function catalogueWork(entry: CatalogueEntry, region: string, state: IdentityState): readonly Work[] {
  const { name, type, description, urls } = entry;
  const endpoint = (service: string, kind: EndpointKind): ApiRequest =>
    post('/endpoints', {
      endpoint: { interface: kind, region_id: region, service_id: service, url: urls[kind] },
    });
  const service = state.services.find((one) => one.type === type);
  if (!service) {
    const create = post('/services', { service: { name, type, description } }, { service: 'service.id' });
    return [
      {
        summary: `add ${name} (${type}) to the catalogue`,
        requests: [create, ...KINDS.map((kind) => endpoint('{service}', kind))],
      },
    ];
  }
  return KINDS.flatMap((kind): readonly Work[] => {
    const found = state.endpoints.find(
      (one) => one.service_id === service.id && one.interface === kind && one.region === region,
    );
    if (!found) {
      return [{ summary: `add the ${kind} endpoint of ${type}`, requests: [endpoint(service.id, kind)] }];
    }
    if (found.url === urls[kind]) return [];
    const path = `/endpoints/${found.id}`;
    const body = { endpoint: { url: urls[kind] } };
    return [
      {
        summary: `change the ${kind} endpoint of ${type} from ${found.url} to ${urls[kind]}`,
        requests: [{ service: 'identity', method: 'PATCH', path, body }],
      },
    ];
  });
}
