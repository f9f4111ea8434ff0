import type { CloudEvent, CloudEventSink } from '../cloud/events.ts';
import { visibleBehind, visibleInLine } from '../text/visible.ts';
import type { Colors } from './colors.ts';
import { duration } from './text.ts';

type Finished = Extract<CloudEvent, { event: 'part-finished' }>;

/** Shows a check of a cloud as it happens. */
export interface PartsRenderer {
  readonly sink: CloudEventSink;
  /** Something about osha itself, such as "stopping". */
  readonly notice: (text: string) => void;
  /** Shows the end of a round; a new one may begin. */
  readonly finish: () => Promise<void>;
  /** Says the last words, and leaves the terminal usable although the process exits at once. */
  readonly abandon: (words: string) => void;
}

/** What stands above the parts. */
export function headOf({ cloud, run }: Extract<CloudEvent, { event: 'smoke-started' }>): string {
  return visibleInLine(run === '' ? `Cleaning ${cloud}` : `Smoke test of ${cloud}, run ${run}`);
}

/** How a part came out, behind its title. */
export function verdictOf({ outcome, durationMs, note }: Finished, colors: Colors): string {
  const told = note === '' ? '' : `: ${visibleInLine(note)}`;
  switch (outcome) {
    case 'ok':
      return `${colors.good('ok')}, ${duration(durationMs)}${told}`;
    case 'skipped':
      return colors.faint(`left out${told}`);
    case 'interrupted':
      return colors.bad(`interrupted, ${duration(durationMs)}`);
    case 'failed':
      return colors.bad(`failed, ${duration(durationMs)}`);
  }
}

/** What went wrong, and what to do about it. */
export function failureLines({ failure }: Pick<Finished, 'failure'>, colors: Colors): readonly string[] {
  if (!failure) return [];
  const hint = failure.hint === undefined ? [] : [`${colors.hint('hint:')} ${visibleBehind(failure.hint)}`];
  return [visibleBehind(failure.message), ...hint];
}
