import type { Change } from 'osha';
import {
  API_SCRIPT,
  apiJob,
  type ApiBody,
  type ApiRequest,
  type ApiSession,
} from '../../openstack/operations/api-session.ts';
import type { Account, CatalogueEntry, DesiredIdentity, EndpointKind, IdentityState } from './state.ts';

type Lists = 'projects' | 'roles' | 'users';

/** Something to be done: what, and by which requests. */
interface Work {
  readonly summary: string;
  readonly requests: readonly ApiRequest[];
}

/**
 * Pure: what Keystone still has to be told, in an order in which each finds what it needs. Where it did not answer,
 * everything is to be done, which then fails by its own words.
 */
export function decideIdentity(
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
      together([...accountWork(account, state), ...roleWork(account, state)]),
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

/** One login for all of them. */
function together(work: readonly Work[]): readonly Work[] {
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

/** What stands for an id in a request, and the request that looks it up where it is not known yet. */
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
  const within = idOf('projects', project, state);
  return roles.flatMap((role): readonly Work[] => {
    const as = idOf('roles', role, state);
    const given = state.assignments.some(
      (one) => one.user === user.id && one.project === within.id && one.role === as.id,
    );
    if (given) return [];
    const path = `/projects/${within.id}/users/${user.id}/roles/${as.id}`;
    const assign: ApiRequest = { service: 'identity', method: 'PUT', path };
    return [
      {
        summary: `let ${name} be ${role} in ${project}`,
        requests: [...user.lookUp, ...within.lookUp, ...as.lookUp, assign],
      },
    ];
  });
}

const KINDS: readonly EndpointKind[] = ['public', 'internal', 'admin'];

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
        summary: `list ${name} (${type}) in the catalogue`,
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
        summary: `move the ${kind} endpoint of ${type} from ${found.url} to ${urls[kind]}`,
        requests: [{ service: 'identity', method: 'PATCH', path, body }],
      },
    ];
  });
}
