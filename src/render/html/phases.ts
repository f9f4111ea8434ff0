import {
  changesInWords,
  changesOf,
  hasFailed,
  type PhaseProgress,
  type Progress,
  type StepProgress,
} from '../progress.ts';
import { duration } from '../text.ts';
import { chart, legend, type ChartRow } from './chart.ts';
import { html, type Html } from './html.ts';
import { spanOf, type RunModel, type Span } from './run-model.ts';
import { changesOfStep, dataTable, failureDetails, outcomes, stepDetails } from './steps.ts';
import { lanesOf, lookOfPhase, OWN_LANE, wavesOf } from './timeline.ts';

/** The whole run over time: a row for each phase, and a lane for each host. */
export function timeline(model: RunModel): readonly Html[] {
  const { progress, beganAt: from, endedAt: to } = model;
  const phases = [...progress.phases.values()];
  if (phases.every((phase) => phase.startedAt === 0) || to <= from) return [];
  const span = { from, to };
  const phaseRow = (phase: PhaseProgress, index: number): ChartRow => {
    const look = lookOfPhase(phase);
    const ran = spanOf(phase, model);
    const took = ran ? duration(ran.to - ran.from) : 'not started';
    const title = `${phase.title}: ${phase.state}, ${took}`;
    return {
      name: html`<a href="#phase-${index + 1}">${phase.name}</a>`,
      lane: { rows: ran ? [[{ ...ran, look, title }]] : [] },
      note: `${phase.state}${ran ? `, ${took}` : ''}`,
    };
  };
  const waves = wavesOf(progress).flatMap((wave) => {
    const spans = wave.flatMap((phase) => spanOf(phase, model) ?? []);
    return spans.length === 0
      ? []
      : [{ from: Math.min(...spans.map((one) => one.from)), to: Math.max(...spans.map((one) => one.to)) }];
  });
  return [
    legend(),
    chart(
      [
        { title: 'Phases', rows: phases.map(phaseRow) },
        {
          title: 'Hosts',
          rows: lanesOf(phases, progress.hosts, span, model).map(({ name, rows }) => ({
            name,
            lane: { rows },
            note: noteOf(name, progress),
          })),
        },
      ],
      {
        id: 'run',
        span,
        bands: waves,
        caption:
          'Phases and hosts over the time of the run. A bar is a step, or several very short ones; the background changes where phases follow one another.',
      },
    ),
  ];
}

function noteOf(host: string, progress: Progress): string {
  if (progress.unreachable.has(host)) return 'unreachable';
  if (progress.rejected.has(host)) return 'rejected';
  const totals = progress.summary?.hosts[host];
  if (!totals) return host === OWN_LANE ? 'steps without hosts' : '';
  return [
    changesInWords(totals.changes, progress.mode),
    ...(totals.failed > 0 ? [`${totals.failed} failed`] : []),
  ].join(', ');
}

/** Every phase with its steps and changes. */
export function phases(model: RunModel): readonly Html[] {
  return [...model.progress.phases.values()].map((phase, index) => phaseDetails(phase, index + 1, model));
}

/** A phase with its steps; one in which something happened is open. */
function phaseDetails(phase: PhaseProgress, number: number, model: RunModel): Html {
  const { progress } = model;
  const steps = [...phase.steps.values()];
  const ran = spanOf(phase, model);
  const changes = changesOf(phase);
  const isOpen =
    lookOfPhase(phase) !== 'ok' && steps.some((step) => step.changes.length > 0 || hasFailed(step));
  const told = steps.map((step) => ({ step, details: [...stepDetails(step)] }));
  const length = (step: StepProgress): string => {
    const span = spanOf(step, model);
    return span ? duration(span.to - span.from) : '';
  };
  return html`<details class="phase" id="phase-${number}" ${isOpen ? OPEN : undefined}>
    <summary>
      <strong>${phase.name}</strong>: ${phase.title}
      <span class="badge ${lookOfPhase(phase)}">${phase.state}</span>
      <span class="soft"
        >${changes > 0 && `${changesInWords(changes, progress.mode)}, `}${
          ran ? duration(ran.to - ran.from) : 'not started'
        }</span
      >
    </summary>
    ${ran && ran.to > ran.from ? phaseChart(phase, number, ran, model) : undefined}
    ${
      steps.length > 0 &&
      dataTable(
        `Steps of ${phase.name}`,
        ['step', 'hosts', 'changes', 'time', 'noted'],
        steps.map((step) => [step.title, outcomes(step), changesOfStep(step), length(step), step.note]),
      )
    }
    ${told
      .filter(({ details, step }) => details.length > 0 || hasFailed(step))
      .map(
        ({ step, details }) =>
          html`<h4>${step.title}</h4>
            ${details} ${hasFailed(step) && failureDetails({ ...step, evidence: [] })} `,
      )}
  </details> `;
}

const OPEN = html`open`;

function phaseChart(phase: PhaseProgress, number: number, span: Span, model: RunModel): Html {
  const lanes = lanesOf([phase], phase.hosts, span, model);
  return chart([{ title: 'Hosts', rows: lanes.map(({ name, rows }) => ({ name, lane: { rows } })) }], {
    id: `phase-${number}`,
    span,
    caption: `Steps of ${phase.name} by host`,
  });
}
