import type { Finding } from '../playbook/operation.ts';
import type { StepFailure } from '../runner/events.ts';
import type { Absence, ChangeProgress, StepProgress } from './progress.ts';

/** What is the same on several hosts, so that it is shown once with all of them. */
export interface Group<Content> {
  readonly content: Content;
  /** None for something that is not about single hosts. */
  readonly hosts: readonly string[];
}

/** Equal contents joined, in the order of their first hosts. Contents with equal keys are equal; default: their JSON. */
export function grouped<Content>(
  entries: Iterable<readonly [content: Content, host: string | undefined]>,
  keyOf: (content: Content) => unknown = (content) => content,
): readonly Group<Content>[] {
  const groups = new Map<string, { readonly content: Content; readonly hosts: Set<string> }>();
  for (const [content, host] of entries) {
    const key = JSON.stringify(keyOf(content));
    const group = groups.get(key) ?? { content, hosts: new Set() };
    groups.set(key, group);
    if (host !== undefined) group.hosts.add(host);
  }
  return [...groups.values()].map(({ content, hosts }) => ({ content, hosts: [...hosts] }));
}

/** The verb for a change. One that failed may be half done; one without an end was running when the run ended. */
export function verbOf({ applied, end }: ChangeProgress): string {
  if (!applied) return 'would change';
  if (end === 'done') return 'changed';
  return end === 'failed' ? 'tried' : 'began';
}

/** The changes of a step; without `diffs`, those that differ only in their diffs are one. */
export function changeGroups(
  step: StepProgress,
  { diffs }: { readonly diffs: boolean },
): readonly Group<ChangeProgress>[] {
  return grouped(
    step.changes.map((change) => [change, change.host] as const),
    (change) => [verbOf(change), change.summary, diffs ? change.diff : undefined],
  ).map(({ content, hosts }) => ({ content, hosts: inOrderOf(step, hosts) }));
}

/** With `--diff`: what may follow from the changes. */
export function possibleGroups(
  step: StepProgress,
): readonly Group<{ readonly operation: string; readonly because: string }>[] {
  return grouped(
    step.mayFollow.map(({ operation, because, host }) => [{ operation, because }, host] as const),
  ).map(({ content, hosts }) => ({ content, hosts: inOrderOf(step, hosts) }));
}

/** Findings that differ only in their host. */
export function findingGroups(findings: readonly Finding[]): readonly Group<Omit<Finding, 'host'>>[] {
  return grouped(findings.map(({ host, ...found }) => [found, host] as const));
}

/** The failures of a step's hosts, by their reasons. That of the step itself is not among them. */
export function failureGroups(step: StepProgress): readonly Group<StepFailure>[] {
  return grouped(
    [...step.hosts]
      .filter(([, host]) => host.state === 'failed')
      .map(([name, host]) => [host.failure ?? { message: 'it failed' }, name] as const),
  );
}

/** Hosts that are not part of a run, by their reasons. */
export function absenceGroups(hosts: ReadonlyMap<string, Absence>): readonly Group<Absence>[] {
  return grouped(
    [...hosts].map(([name, { message, hint }]) => [{ message, ...(hint ? { hint } : {}) }, name]),
  );
}

/** The change that was running on each host of an unfinished step; `undefined` on hosts where none was. */
export function underWay(step: StepProgress): readonly Group<ChangeProgress | undefined>[] {
  return grouped(
    [...step.hosts]
      .filter(([, host]) => host.state === 'running' || host.note === 'interrupted')
      .map(
        ([name]) => [step.changes.findLast((one) => one.host === name && one.end !== 'done'), name] as const,
      ),
    (change) => change?.summary ?? null,
  );
}

/** Hosts in inventory order; they finish in any order. */
export function inOrderOf(step: StepProgress, hosts: readonly string[]): readonly string[] {
  const order = [...step.hosts.keys()];
  return [...hosts].sort((a, b) => order.indexOf(a) - order.indexOf(b));
}
