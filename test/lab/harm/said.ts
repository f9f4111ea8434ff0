import type { RunEvent } from '../../../src/runner/events.ts';
import type { OshaResult } from '../support/osha.ts';

/** All problems that a run reported, with hints: refusals, failures, evidence and stderr. */
export function said(result: OshaResult): string {
  return [...result.events.flatMap(wordsOf), result.stderr].join('\n');
}

function wordsOf(event: RunEvent): readonly string[] {
  switch (event.event) {
    case 'evidence':
      return [event.because, ...(event.evidence?.rows.map((row) => row.join(' ')) ?? [])];
    case 'host-finished':
      return event.failure ? [event.failure.message, event.failure.hint ?? ''] : [];
    case 'step-finished':
      return 'failure' in event && event.failure ? Object.values(event.failure).map(String) : [];
    case 'summary':
      return [event.refused ?? '', event.hint ?? ''];
    default:
      return [];
  }
}
