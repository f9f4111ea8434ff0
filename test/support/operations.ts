import type { Host } from '../../src/inventory/types.ts';
import {
  ProbeError,
  type Change,
  type ClusterOperation,
  type HealthCheck,
  type Operation,
  type ResourceKey,
} from '../../src/playbook/operation.ts';

/** A file on a host of `LocalHosts` that has to hold `content`. */
export function written(
  path: string,
  content: string,
  reads: readonly ResourceKey[] = [],
): Operation<string> {
  return {
    scope: 'host',
    title: `write ${path}`,
    probe: {
      script: `cat ${path} 2>/dev/null || true`,
      reads: [`file:${path}`, ...reads],
      parse: ({ stdout }) => stdout,
    },
    decide: (now) => (now === content ? [] : [writing(path, content)]),
  };
}

export function writing(path: string, content: string): Change {
  return { summary: `write ${path}`, script: `cat > ${path}`, input: content, touches: [`file:${path}`] };
}

/** A change that ends with 0 and does not do what it says. */
export function empty(path: string): Operation<string> {
  return {
    ...written(path, 'never'),
    decide: () => [{ summary: `write ${path}`, script: 'true', touches: [`file:${path}`] }],
  };
}

/** An operation whose command fails. */
export function failing(message: string): Operation<string> {
  return {
    ...written('/never', 'never'),
    title: 'fail',
    probe: { script: 'true', reads: [], parse: ({ stdout }) => stdout },
    decide: () => [{ summary: 'fail', script: `echo "${message}" >&2; exit 7`, touches: [] }],
  };
}

/** A cluster whose members agree when all hold the word `joined`; they join one after another. */
export function allJoined(members: readonly Host[]): ClusterOperation<string> {
  return {
    scope: 'cluster',
    title: 'Join all members',
    members,
    probe: () => ({
      script: 'cat member 2>/dev/null || true',
      reads: ['cluster:test'],
      parse: ({ stdout }) => stdout,
    }),
    decide: (answers) => {
      const silent = [...answers].filter(([, answer]) => !answer.reachable);
      if (silent.length > 1)
        return { verdict: 'refuse', reason: 'too few members answer', hint: 'start them' };
      const missing = [...answers].filter(([, answer]) => answer.reachable && answer.observed !== 'joined');
      if (missing.length === 0) return { verdict: 'converged' };
      return {
        verdict: 'change',
        because: `${missing.length} members are missing`,
        stages: missing.map(([host]) => [
          {
            host,
            change: { summary: 'join', script: 'printf joined > member', touches: ['cluster:test'] },
          },
        ]),
      };
    },
  };
}

/** Healthy when every member holds a file `healthy`. */
export function healthy(members: readonly Host[]): HealthCheck<boolean> {
  return {
    scope: 'health',
    title: 'All healthy',
    members,
    probe: () => ({
      script: 'test -e healthy && echo yes || echo no',
      reads: ['cluster:health'],
      parse: ({ stdout }) => stdout.trim() === 'yes',
    }),
    judge: (answers) =>
      [...answers].map(([host, answer]) => ({
        host,
        subject: 'health',
        healthy: answer.reachable && answer.observed,
        evidence: answer.reachable ? String(answer.observed) : answer.reason,
      })),
  };
}

/** Healthy on each host that answers `script` with a word; says nothing of a host that gives no answer. */
export function healthyWhereAnswered(members: readonly Host[], script: string): HealthCheck<string> {
  return {
    scope: 'health',
    title: 'All answer',
    members,
    probe: () => ({
      script,
      reads: [],
      parse: ({ stdout }) => {
        if (stdout.trim() === '') throw new ProbeError('it said nothing');
        return stdout;
      },
    }),
    judge: (answers) =>
      [...answers].flatMap(([host, { reachable }]) =>
        reachable ? [{ host, subject: 'word', healthy: true, evidence: 'yes' }] : [],
      ),
  };
}
