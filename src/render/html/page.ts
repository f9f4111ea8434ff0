import { findingRows } from '../findings.ts';
import { grouped } from '../groups.ts';
import { createColors } from '../output.ts';
import type { Progress } from '../progress.ts';
import { verdict } from '../report.ts';
import { count, duration } from '../text.ts';
import { patterns } from './chart.ts';
import { html, type Html } from './html.ts';
import { phases, timeline } from './phases.ts';
import { lengthOf, runModel, type RunModel, type TimedEvent } from './run-model.ts';
import { dataTable, hostList } from './steps.ts';
import { style } from './style.ts';
import { time } from './time.ts';
import type { Look } from './timeline.ts';
import { trouble } from './trouble.ts';

/** What is recorded about a run besides its events. */
export interface RunFacts {
  readonly id: string;
  readonly state: 'ok' | 'failed' | 'unreachable' | 'refused' | 'interrupted' | 'running';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly user: string;
  readonly machine: string;
  readonly version: string;
  readonly command: string;
  readonly inventory: string;
  /** The path of the record. */
  readonly log: string;
}

/** Nothing is fetched and nothing is run: the page is its markup and one style sheet. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A self-contained HTML page about a run, from its record. */
export function runPage(facts: RunFacts, events: readonly TimedEvent[]): string {
  const model = runModel(events);
  const { progress } = model;
  const sections: readonly Section[] = [
    {
      id: 'trouble',
      title: 'What went wrong',
      content: trouble(progress, { isRunning: facts.state === 'running' }),
    },
    { id: 'timeline', title: 'Timeline', content: timeline(model) },
    { id: 'time', title: 'Where the time went', content: time(model) },
    { id: 'steps', title: 'Steps and changes', content: phases(model) },
    { id: 'topology', title: 'Hosts and systems', content: topology(progress) },
    { id: 'findings', title: 'What the systems reported', content: findings(progress) },
    { id: 'notes', title: 'Warnings', content: warnings(progress) },
  ].filter(({ content }) => content.length > 0);
  const outcome = outcomeOf(facts, progress);
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="referrer" content="no-referrer" />
      <title>${facts.command}: ${outcome.word} (${facts.id})</title>
      ${style()}
    </head>
    <body>
      ${patterns()}
      <header>
        <h1><code>${facts.command}</code> <span class="badge ${outcome.look}">${outcome.word}</span></h1>
        ${header(facts, model)}
        <nav aria-label="Sections">
          <ul>
            ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li> `)}
          </ul>
        </nav>
      </header>
      <main>
        ${sections.map(
          ({ id, title, content }) =>
            html`<section aria-labelledby="${id}">
              <h2 id="${id}">${title}</h2>
              ${content}
            </section> `,
        )}
      </main>
      <footer>
        <p class="soft">
          From the record ${facts.log}, written by osha ${facts.version}. Secrets are masked in it.
        </p>
      </footer>
    </body>
  </html>`;
  return `<!doctype html>\n${page.toString()}\n`;
}

interface Section {
  readonly id: string;
  readonly title: string;
  /** A section without content is left out. */
  readonly content: readonly Html[];
}

/** The outcome of a run in a word. */
export function outcomeOf(
  { state }: Pick<RunFacts, 'state'>,
  { mode, summary }: Pick<Progress, 'mode' | 'summary'>,
): { readonly word: string; readonly look: Look } {
  switch (state) {
    case 'ok':
      return mode === 'diff' && (summary?.changes ?? 0) > 0
        ? { word: 'changes pending', look: 'changed' }
        : { word: 'done', look: 'ok' };
    case 'failed':
      return { word: 'failed', look: 'failed' };
    case 'unreachable':
      return { word: 'failed: hosts unreachable', look: 'failed' };
    case 'refused':
      return { word: 'refused', look: 'refused' };
    case 'interrupted':
      return { word: 'interrupted', look: 'unfinished' };
    case 'running':
      return { word: 'still running', look: 'unfinished' };
  }
}

function header(facts: RunFacts, { progress, beganAt, endedAt, damaged }: RunModel): Html {
  const { summary } = progress;
  const took = duration(summary ? lengthOf(summary.durationMs) : endedAt - beganAt);
  const rows: readonly (readonly [string, Html | string])[] = [
    ['Result', html`<span class="said">${resultOf(facts, progress)}</span>`],
    ['Inventory', facts.inventory],
    [
      'Started',
      html`<time datetime="${facts.startedAt}">${facts.startedAt}</time>, by ${facts.user} on ${facts.machine}`,
    ],
    ['Took', summary ? took : `${took}, until the last recorded event`],
    ['Hosts', count(progress.hosts.length, 'host')],
    ['Phases', count(progress.phases.size, 'phase')],
    ...(summary ? ([['Counts', countsOf(summary)]] as const) : []),
    ...(summary?.unrecorded === undefined
      ? []
      : ([['Record', `incomplete: ${summary.unrecorded}`]] as const)),
    ...(damaged === 0 ? [] : ([['Damaged', `${count(damaged, 'entry', 'entries')} left out`]] as const)),
    ['Run', facts.id],
  ];
  return html`<dl>
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd> `,
    )}
  </dl>`;
}

function resultOf({ state }: RunFacts, { summary, mode }: Progress): string {
  if (summary) return verdict(summary, mode, createColors(false));
  return state === 'running'
    ? 'The run has not ended yet.'
    : 'The run ended without a summary: it was killed, or its end could not be recorded.';
}

/** On all hosts: a step on three hosts counts three times. */
function countsOf({ ok, changes, unknown, failed, skipped, unreachable }: NonNullable<Progress['summary']>) {
  return [
    count(changes, 'change'),
    `${count(ok, 'step')} ok`,
    `${failed} failed`,
    `${skipped} skipped`,
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
    ...(unreachable > 0 ? [`${count(unreachable, 'host')} unreachable`] : []),
  ].join(', ');
}

/** Which hosts have which systems, as far as this run knows. Hosts with the same share a row. */
function topology(progress: Progress): readonly Html[] {
  const phases = [...progress.phases.values()].filter((phase) => phase.hosts.length > 0);
  if (phases.length === 0) return [];
  const hosts = [...new Set([...progress.hosts, ...phases.flatMap((phase) => phase.hosts)])];
  const rows = grouped(
    hosts.map((host) => [phases.filter((phase) => phase.hosts.includes(host)).map(({ name }) => name), host]),
  );
  return [
    html`<p>The phases of this run on each host. What the run did not include is not listed.</p>`,
    dataTable(
      'Systems by host',
      ['hosts', 'number', 'systems'],
      rows.map(({ content, hosts: names }) => [
        names.join(', '),
        names.length,
        content.length === 0 ? 'none' : content.join(', '),
      ]),
    ),
  ];
}

/** The findings of the verifications, with their evidence: also who holds a virtual IP, where one says so. */
function findings(progress: Progress): readonly Html[] {
  const rows = [...progress.phases.values()].flatMap((phase) =>
    findingRows([...phase.steps.values()].flatMap((step) => step.findings)).map((row) => [
      phase.name,
      row.subject,
      hostList(row.hosts, progress.hosts),
      row.state === 'healthy' ? row.state : html`<strong>${row.state}</strong>`,
      row.evidence,
    ]),
  );
  if (rows.length === 0) return [];
  return [
    html`<p>The findings of the verifications of this run, each from its last probe.</p>`,
    dataTable('Findings', ['system', 'what', 'hosts', 'health', 'evidence'], rows),
  ];
}

function warnings({ warnings: told, prunable }: Progress): readonly Html[] {
  const items = told.map(({ host, message }) => `${host === undefined ? '' : `${host}: `}${message}`);
  const kept = grouped(prunable.map(({ summary, host }) => [summary, host] as const));
  return [
    ...(items.length > 0
      ? [
          html`<ul>
            ${[...new Set(items)].map((item) => html`<li class="said">${item}</li> `)}
          </ul>`,
        ]
      : []),
    ...(kept.length > 0
      ? [
          html`<p>The inventory no longer lists these; they were kept. To remove them, add --prune:</p>
            <ul>
              ${kept.map(({ content, hosts }) => html`<li>${content} (${hosts.join(', ')})</li> `)}
            </ul>`,
        ]
      : []),
  ];
}
