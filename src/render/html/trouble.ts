import { absenceGroups, underWay } from '../groups.ts';
import {
  hasFailed,
  isUnfinished,
  type PhaseProgress,
  type Progress,
  type StepProgress,
} from '../progress.ts';
import { resumption } from '../report.ts';
import { html, type Html } from './html.ts';
import { failureDetails, hint } from './steps.ts';
import { lookOfStep } from './timeline.ts';

/** What failed or was refused, which hosts did not take part, and which steps a run was in when it ended. */
export function trouble(progress: Progress, { isRunning }: { readonly isRunning: boolean }): readonly Html[] {
  const { summary } = progress;
  const steps = stepsOf(progress);
  const failed = steps.filter(({ step }) => hasFailed(step));
  const open = steps.filter(({ step }) => isUnfinished(step));
  const resume = (phase: PhaseProgress, step: StepProgress): readonly Html[] =>
    resumption(progress, `${phase.name}:${step.id}`).map((line) => html`<p><code>${line}</code></p>`);
  // The refusal of a step has been shown with its step.
  const refused =
    summary?.refused !== undefined && !failed.some(({ step }) => step.outcome === 'refused')
      ? [
          html`<div class="trouble refused">
            <h3>The run was refused</h3>
            <p class="said">${summary.refused}</p>
            ${hint(summary.hint)}
          </div>`,
        ]
      : [];
  return [
    ...refused,
    ...(['unreachable', 'rejected'] as const).flatMap((word) =>
      absenceGroups(progress[word]).map(
        ({ content, hosts }) =>
          html`<div class="trouble">
            <h3>${word}: ${hosts.join(', ')}</h3>
            <p class="said">${content.message}</p>
            ${hint(content.hint)}
          </div> `,
      ),
    ),
    ...failed.map(
      ({ phase, step }) =>
        html`<div class="trouble ${lookOfStep(step)}">
          <h3>${phase.title}: ${step.title}</h3>
          ${failureDetails(step)} ${resume(phase, step)}
        </div> `,
    ),
    ...open.map(
      ({ phase, step }) =>
        html`<div class="trouble unfinished">
          <h3>${isRunning ? 'It is in' : 'It was in'} ${phase.title}: ${step.title}</h3>
          ${underWay(step).map(
            ({ content: change, hosts }) =>
              html`<p>
                <strong>${hosts.join(', ')}</strong>:
                ${change ? `${change.summary} (started, not finished)` : 'no change running'}
              </p>`,
          )}
          ${isRunning ? undefined : resume(phase, step)}
        </div> `,
    ),
  ];
}

function stepsOf(progress: Progress): readonly { phase: PhaseProgress; step: StepProgress }[] {
  return [...progress.phases.values()].flatMap((phase) =>
    [...phase.steps.values()].map((step) => ({ phase, step })),
  );
}
