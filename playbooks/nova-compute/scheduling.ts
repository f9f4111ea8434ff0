import { type Operation, ProbeError } from 'osha';
import {
  API_SCRIPT,
  apiJob,
  apiProbe,
  type ApiAnswer,
  type ApiRequest,
  type ApiSession,
} from '../openstack/operations/api-session.ts';

/** What Nova says about the compute service of a host. */
export interface ComputeService {
  readonly enabled: boolean;
  /** Why it is disabled. */
  readonly reason?: string | undefined;
}

/** Marks a service as disabled by osha: one that somebody else disabled is not enabled again. */
export const DRAINED = 'drained by osha';

/** Nova starts no servers on a host (`drained`), or may again. Servers that run there keep running. */
export function scheduling(
  session: ApiSession,
  host: string,
  wanted: 'drained' | 'ready',
): Operation<ComputeService | undefined> {
  const verb = wanted === 'drained' ? 'disable-log-reason' : 'enable';
  return {
    scope: 'host',
    title: wanted === 'drained' ? `Nova starts no servers on ${host}` : `Nova starts servers on ${host}`,
    runsOnce: true,
    probe: apiProbe(session, [servicesOf(host)], ['cluster:nova/services'], ({ login, answers }) =>
      serviceIn(host, answers[0] ?? login),
    ),
    decide: (service) => {
      // Nova starts no servers on a host that it does not know, such as one that has left.
      if (!service) return [];
      const { enabled, reason } = service;
      const asWanted = wanted === 'drained' ? !enabled : enabled || reason !== DRAINED;
      if (asWanted) return [];
      return [
        {
          summary: wanted === 'drained' ? `start no servers on ${host}` : `start servers on ${host} again`,
          script: API_SCRIPT,
          input: apiJob(
            session,
            [
              {
                service: 'compute',
                method: 'PUT',
                path: `/os-services/${verb}`,
                body: {
                  host,
                  binary: 'nova-compute',
                  ...(wanted === 'drained' ? { disabled_reason: DRAINED } : {}),
                },
              },
            ],
            { together: 0 },
          ),
          touches: ['cluster:nova/services'],
        },
      ];
    },
  };
}

/** Nova forgets all services of a host that has stopped for good. Nova refuses where servers are left on it. */
export function forgotten(session: ApiSession, host: string): Operation<readonly RawService[]> {
  return {
    scope: 'host',
    title: `Nova does not know ${host}`,
    runsOnce: true,
    probe: apiProbe(session, [servicesOf(host)], ['cluster:nova/services'], ({ login, answers }) =>
      servicesIn(answers[0] ?? login),
    ),
    decide: (services) =>
      services.length === 0
        ? []
        : [
            {
              summary: `remove ${services.map(({ binary }) => binary).join(', ')} of ${host}`,
              script: API_SCRIPT,
              input: apiJob(
                session,
                services.map(({ id }) => ({
                  service: 'compute',
                  method: 'DELETE',
                  path: `/os-services/${id}`,
                })),
                { together: 0 },
              ),
              touches: ['cluster:nova/services'],
            },
          ],
  };
}

interface RawService {
  readonly id: number | string;
  readonly binary: string;
  readonly host: string;
  readonly status: string;
  readonly disabled_reason?: string | null;
}

/** The compute service of a host, if Nova knows it. Throws `ProbeError` if Nova does not answer. */
export function serviceIn(host: string, answer: ApiAnswer): ComputeService | undefined {
  const found = servicesIn(answer).find(
    (service) => service.host === host && service.binary === 'nova-compute',
  );
  return found && { enabled: found.status === 'enabled', reason: found.disabled_reason ?? undefined };
}

function servicesOf(host: string): ApiRequest {
  return { service: 'compute', path: `/os-services?host=${encodeURIComponent(host)}` };
}

function servicesIn({ status, body, error }: ApiAnswer): readonly RawService[] {
  const { services } = (body ?? {}) as { readonly services?: readonly RawService[] };
  if (status !== 200 || !services) {
    throw new ProbeError(`could not ask Nova: ${error ?? `it answers ${status}`}`);
  }
  return services;
}
