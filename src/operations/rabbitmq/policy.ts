import { isDeepStrictEqual } from 'node:util';
import type { Host } from '../../inventory/types.ts';
import type { Operation } from '../../playbook/operation.ts';
import { quote, quoteAll } from '../shell.ts';
import { noteScript } from './made.ts';
import { inVhost, held, observeHeld, type AskOptions, type NodeObservation, type Policy } from './observe.ts';

export interface PolicyOptions extends AskOptions {
  readonly pattern: string;
  readonly definition: Readonly<Record<string, unknown>>;
  /** Default `queues`. */
  readonly applyTo?: string;
  /** Default 0; of several policies that match, the highest is used. */
  readonly priority?: number;
  /** Default `/`. */
  readonly vhost?: string;
  /** Note it in the cluster where osha makes it, so that it can be pruned later; default false. */
  readonly noted?: boolean;
}

/** The policy stands as it is given here. Asked of the node on `host`. */
export function policy(host: Host, name: string, options: PolicyOptions): Operation<NodeObservation> {
  const { pattern, definition, applyTo = 'queues', priority = 0, vhost = '/', noted = false } = options;
  const at = inVhost(vhost, name);
  const wanted: Policy = { pattern, definition, applyTo, priority };
  return {
    scope: 'host',
    runsOnce: true,
    title: `policy ${name}`,
    probe: observeHeld(`policy ${at}`, options.platform, host, options.credentials),
    decide: ({ node }) => {
      if (isDeepStrictEqual(node?.policies.get(at), wanted)) return [];
      const flags = quoteAll(['-p', vhost, '--priority', String(priority), '--apply-to', applyTo]);
      const note = noted && !node?.policies.has(at) ? `${noteScript({ kind: 'policy', vhost, name })}\n` : '';
      return [
        {
          summary: `set policy ${name} on ${pattern}${vhost === '/' ? '' : ` in ${vhost}`}`,
          script: `${note}rabbitmqctl -q set_policy ${flags} -- ${quoteAll([name, pattern, JSON.stringify(definition)])}`,
          touches: [held(`policy ${at}`)],
        },
      ];
    },
  };
}

/** There is no such policy. */
export function policyAbsent(
  host: Host,
  name: string,
  options: Pick<PolicyOptions, 'platform' | 'vhost'>,
): Operation<NodeObservation> {
  const { platform, vhost = '/' } = options;
  return {
    scope: 'host',
    runsOnce: true,
    title: `no policy ${name}`,
    probe: observeHeld(`policy ${inVhost(vhost, name)}`, platform, host),
    decide: ({ node }) =>
      node?.policies.has(inVhost(vhost, name))
        ? [
            {
              summary: `clear policy ${name}`,
              script: `rabbitmqctl -q clear_policy -p ${quote(vhost)} ${quote(name)}`,
              touches: [held(`policy ${inVhost(vhost, name)}`)],
            },
          ]
        : [],
  };
}
