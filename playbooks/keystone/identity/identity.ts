import type { Operation } from 'osha';
import { apiProbe, type ApiRequest, type ApiSession } from '../../openstack/operations/api-session.ts';
import { decideIdentity } from './changes.ts';
import type { DesiredIdentity, IdentityState, Named } from './state.ts';

const LISTS = ['projects', 'roles', 'users', 'services', 'endpoints', 'role_assignments'] as const;

/** Other domains may have projects and users of the same names. Roles that belong to a domain are not listed anyway. */
const OF_DEFAULT_DOMAIN: readonly string[] = ['projects', 'users'];

interface RawAssignment {
  readonly user?: { readonly id: string };
  readonly role: { readonly id: string };
  readonly scope: { readonly project?: { readonly id: string } };
}

/** Keystone knows these projects, roles, accounts and endpoints. To be done once, through its own API. */
export function identity(session: ApiSession, desired: DesiredIdentity): Operation<IdentityState> {
  const asked: readonly ApiRequest[] = [
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
    probe: apiProbe(session, asked, ['cluster:identity', 'unit:keystone'], ({ answers }) => {
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
