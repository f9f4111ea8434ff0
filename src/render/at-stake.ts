import type { Loss } from '../planner/checked-options.ts';
import type { Evidence } from '../playbook/operation.ts';
import type { Prunable } from '../runner/events.ts';
import { visibleInLine } from '../text/visible.ts';
import { table, type TableOptions } from './table.ts';

/** What a run is going to take away. */
export interface AtStake {
  readonly prunable: readonly Prunable[];
  readonly losses: readonly Loss[];
  readonly evidence: readonly { readonly phase: string; readonly evidence?: Evidence }[];
}

/** What a person is asked to confirm, as lines; `undefined` where nothing is at stake. */
export function atStake({ prunable, losses, evidence }: AtStake, options: TableOptions): string | undefined {
  const { colors } = options;
  const removed = prunable.map(
    ({ host, phase, summary }) => `  ${host}: ${phase}: ${visibleInLine(summary)}\n`,
  );
  const lost = losses.map(({ phase, text }) => {
    const tables = evidence.flatMap((found) =>
      found.phase === phase && found.evidence
        ? [`${table(titled(found.evidence.columns), found.evidence.rows, { ...options, indent: 2 })}\n`]
        : [],
    );
    return `${colors.bad('May be lost:')} ${text}\n${tables.join('')}`;
  });
  if (removed.length === 0 && lost.length === 0) return undefined;
  return [...(removed.length > 0 ? [`${colors.bad('Will be removed:')}\n`, ...removed] : []), ...lost].join(
    '',
  );
}

function titled(columns: readonly string[]): readonly { readonly title: string }[] {
  return columns.map((title) => ({ title }));
}
