import { type Answers, type Host, type Life, type Spare, spareCheck } from 'osha';
import { apiProbe, type ApiAnswer, type ApiSession } from '../openstack/operations/api-session.ts';

/** How compute hosts come and go. `control` are the hosts to ask Nova from. */
export function life(control: readonly Host[], session: ApiSession): Life {
  return {
    okToStop: (host) => [
      spareCheck({
        members: control,
        probe: () =>
          apiProbe(
            session,
            [
              {
                service: 'compute',
                path: `/servers/detail?all_tenants=1&host=${encodeURIComponent(host.name)}`,
              },
            ],
            ['cluster:identity'],
            ({ login, answers }) => answers[0] ?? login,
          ),
        judge: (answers) => judgeSpare(answers),
      }),
    ],
  };
}

interface RawServer {
  readonly name: string;
  readonly status: string;
}

/** Whether no server runs on a compute host, as Nova lists them. Any control host's answer will do. Pure. */
export function judgeSpare(answers: Answers<ApiAnswer>): Spare {
  let reason = 'no control host';
  for (const [name, answer] of answers) {
    if (!answer.reachable) {
      reason = `${name}: ${answer.reason}`;
      continue;
    }
    const { status, body, error } = answer.observed;
    const { servers } = (body ?? {}) as { readonly servers?: readonly RawServer[] };
    if (status !== 200 || !servers) {
      reason = `asked from ${name}: ${error ?? `Nova answers ${status}`}`;
      continue;
    }
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
  }
  return { verdict: 'unknown', evidence: `could not ask Nova (${reason})` };
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
