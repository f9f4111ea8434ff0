import { disruptive, type TextDiff } from '../../playbook/operation.ts';
import type { StepFailure } from '../../runner/events.ts';
import { changeGroups, failureGroups, findingGroups, grouped, possibleGroups, verbOf } from '../groups.ts';
import { hasFailed, tally, type StepProgress } from '../progress.ts';
import { count } from '../text.ts';
import { unifiedDiff } from '../unified-diff.ts';
import { html, type Content, type Html } from './html.ts';

/** What a step did on its hosts, or found out; nothing where there was nothing to do. */
export function stepDetails(step: StepProgress): readonly Html[] {
  const all = [...step.hosts.keys()];
  return [
    ...step.evidence.map((found) => evidence(found, step)),
    ...changeGroups(step, { diffs: true }).map(({ content: change, hosts }) => {
      const effects = disruptive(change.effects);
      const words = html`${verbOf(change)} <strong>${hostList(hosts, all)}</strong>:
        ${change.summary}${effects.length > 0 && html` (${effects.join(', ')})`}`;
      if (!change.diff) return html`<p>${words}</p>`;
      return html`<details>
        <summary>${words}</summary>
        ${diffBlock(change.diff)}
      </details>`;
    }),
    ...possibleGroups(step).map(
      ({ content: { operation, because }, hosts }) =>
        html`<p>
          may follow <strong>${hostList(hosts, all)}</strong>: ${operation} (known after ${because} has
          changed)
        </p>`,
    ),
    ...unhealthy(step),
    ...notes(step).map(
      ({ content: { state, note }, hosts }) =>
        html`<p class="soft">${state} <strong>${hostList(hosts, all)}</strong>: ${note}</p>`,
    ),
  ];
}

/** The failures of a step and of its hosts: reason, last lines of output, hint, and the evidence for a refusal. */
export function failureDetails(step: StepProgress): readonly Html[] {
  const word = step.outcome === 'refused' ? 'refused' : 'failed';
  const all = [...step.hosts.keys()];
  return [
    ...(step.failure ? [failure(html`<strong>${word}</strong>`, step.failure)] : []),
    ...failureGroups(step).map(({ content, hosts }) =>
      failure(html`<strong>failed ${hostList(hosts, all)}</strong>`, content),
    ),
    ...step.evidence.map((found) => evidence(found, step)),
    ...unhealthy(step),
  ];
}

function failure(who: Html, { message, output, hint: advice }: StepFailure): Html {
  return html`<p class="said">${who}: ${message}</p>
    ${output && html`<pre>${output.trimEnd()}</pre>`} ${hint(advice)}`;
}

/** What to do about something. */
export function hint(text: string | undefined): Html | undefined {
  return text ? html`<p class="said"><strong>hint:</strong> ${text}</p>` : undefined;
}

function evidence(
  { because, evidence: facts }: StepProgress['evidence'][number],
  { failure: own }: StepProgress,
): Html {
  // The failure of a refusal has the same reason, with a hint.
  const isSaid = because === own?.message;
  return html`${!isSaid && html`<p class="said">${because}</p>`}
  ${facts && dataTable('Evidence', facts.columns, facts.rows)}`;
}

/** A table with a header row; `caption` says what it holds. */
export function dataTable(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly Content[])[],
): Html {
  return html`<div class="scroll">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th> `)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...others]) =>
            html`<tr>
              <th scope="row">${first}</th>
              ${others.map((cell) => html`<td>${cell}</td> `)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Unhealthy findings of a verification that passed all the same. A failed one has them in its failure. */
function unhealthy(step: StepProgress): readonly Html[] {
  if (hasFailed(step)) return [];
  return findingGroups(step.findings.filter(({ healthy }) => !healthy)).map(
    ({ content: found, hosts }) =>
      html`<p class="said">
          unhealthy ${hosts.length > 0 && html`<strong>${hosts.join(', ')}</strong>`}: ${found.subject}:
          ${found.evidence}
        </p>
        ${hint(found.hint)}`,
  );
}

/** Hosts that were skipped, or whose result is not known yet, by reason. */
function notes(step: StepProgress): ReturnType<typeof grouped<{ state: string; note: string }>> {
  return grouped(
    [...step.hosts].flatMap(([name, { state, note }]) =>
      note === undefined
        ? []
        : [[{ state: state === 'changed' ? 'incomplete' : state, note }, name] as const],
    ),
  );
}

function diffBlock(diff: TextDiff): Html {
  // No white space between the lines: it would be shown.
  return html`<pre class="diff">
${unifiedDiff(diff).map(
      ({ kind, text }) => html`<span class="${kind}">${text === '' ? ' ' : text}</span>`,
    )}</pre>`;
}

/** Names of hosts; `all` of many are counted. */
export function hostList(hosts: readonly string[], all: readonly string[]): string {
  return hosts.length > MOST_NAMES && hosts.length === all.length
    ? `all ${hosts.length} hosts`
    : hosts.join(', ');
}

const MOST_NAMES = 8;

/** How the hosts of a step came out: "2 changed, 1 failed". */
export function outcomes(step: StepProgress): string {
  const words = Object.entries(tally(step))
    // Of a finished step, these are hosts that it did not have to run on.
    .filter(([state, number]) => number > 0 && (state !== 'waiting' || step.state !== 'finished'))
    .map(([state, number]) => `${number} ${state}`);
  const own = step.outcome ?? (step.state === 'finished' ? 'finished' : 'not finished');
  if (words.length === 0) return own;
  const isOwn = step.failure !== undefined || step.state !== 'finished' || own === 'interrupted';
  return [...(isOwn ? [own] : []), words.join(', ')].join('; ');
}

/** "3 changes", or nothing. */
export function changesOfStep(step: StepProgress): string {
  return step.changes.length === 0 ? '' : count(step.changes.length, 'change');
}
