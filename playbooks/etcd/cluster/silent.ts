import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import type { Decided } from 'osha';
import { isHealthy } from './doubts.ts';
import { isReached, majorityOf, mayServe, names, stateOf, type Member, type Reached } from './members.ts';

/**
 * What to do about members that run and cannot be asked. They may serve their clients all the same, so a restart of one
 * is all that is ever tried: where the others are healthy and a majority without it, or where it listens at no address
 * and so serves nobody. Several at once are not restarted: what is wrong then is rather in how they are asked.
 *
 * `voters`: how many members the cluster lists.
 */
export function silentMembers(
  members: readonly Member[],
  voters: number,
  context: ChangeContext,
): Decided | undefined {
  const silent = members.filter(isReached).filter(({ kind }) => kind === 'silent');
  const [first, second] = silent;
  if (!first) return undefined;
  if (second) return refuse(silent, 'several at once are not restarted');
  const { intruders, silence } = first.observed;
  if (intruders.length > 0) return refuse(silent, 'a restart would not give it its port');
  if (silence?.kind === 'unintelligible') return refuse(silent, 'it does answer, and may serve its clients');
  const others = members.filter((member) => member !== first);
  const healthy = others.filter(isHealthy);
  const spare = healthy.length === others.length && healthy.length >= majorityOf(voters);
  if (mayServe(first) && !spare) {
    const missing = others.filter((member) => !isHealthy(member));
    return refuse(
      silent,
      missing.length > 0
        ? `it may serve its clients, and is not restarted while ${names(missing)} is not healthy`
        : 'it may serve its clients, and the others are no majority without it',
    );
  }
  return {
    verdict: 'change',
    because: `etcd on ${first.name} gives no answer: ${stateOf(first)}`,
    stages: [
      [changes.restartSilent(context, first, mayServe(first) ? healthy : [], 'it gives no answer')],
      [changes.awaitMember(context, first.name)],
    ],
  };
}

function refuse(silent: readonly Reached[], why: string): Decided {
  const [first] = silent;
  const states = silent.map((member) => `${member.name}: ${stateOf(member)}`).join('; ');
  return {
    verdict: 'refuse',
    reason: `etcd runs and cannot be asked, and ${why} (${states})`,
    hint: `see what answers on ${first?.name ?? 'it'}: curl -q --noproxy '*' http://127.0.0.1:2379/health; where it hangs: systemctl restart etcd`,
  };
}
