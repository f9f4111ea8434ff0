import type { Answers, Host, Life, Spare } from 'osha';
import type { ApiAnswer, ApiSession } from '../openstack/operations/api-session.ts';
import { firstVerdict, spareByApi } from '../openstack/operations/api-spare.ts';

/** How compute hosts come and go. `control` are the hosts to ask Nova from. */
export function life(control: readonly Host[], session: ApiSession): Life {
  return {
    okToStop: (host) => [
      spareByApi({
        control,
        session,
        question: {
          service: 'compute',
          path: `/servers/detail?all_tenants=1&host=${encodeURIComponent(host.name)}`,
        },
        judge: judgeSpare,
      }),
    ],
  };
}

interface RawServer {
  readonly name: string;
  readonly status: string;
}

/** Whether no server runs on a compute host, as Nova lists them. Pure. */
export function judgeSpare(answers: Answers<ApiAnswer>): Spare {
  return firstVerdict('Nova', answers, ({ status, body }) => {
    const { servers } = (body ?? {}) as { readonly servers?: readonly RawServer[] };
    if (status !== 200 || !servers) return undefined;
    // A server that is shut off, shelved or in error has nothing that could stop.
    const running = servers.filter(({ status: state }) => !IDLE.includes(state));
    if (running.length === 0) return { verdict: 'spared', evidence: 'no server runs on it' };
    const names = running.slice(0, MOST_NAMES).map(({ name }) => name);
    const more = running.length > names.length ? ` and ${running.length - names.length} more` : '';
    return {
      verdict: 'needed',
      evidence: `${running.length === 1 ? '1 server runs' : `${running.length} servers run`} on it: ${names.join(', ')}${more}`,
      hint: 'move or stop them first: openstack server list --all-projects --host HOST',
    };
  });
}

const IDLE: readonly string[] = [
  'SHUTOFF',
  'SHELVED',
  'SHELVED_OFFLOADED',
  'ERROR',
  'DELETED',
  'SOFT_DELETED',
];

/** Servers to name; of more only the number. */
const MOST_NAMES = 5;
