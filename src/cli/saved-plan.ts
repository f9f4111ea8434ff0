import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { quote } from '../operations/shell.ts';
import type { RunEvent } from '../runner/events.ts';
import { writePrivateFile } from '../secrets/whole-file.ts';
import { readNamedFile, UserError } from './errors.ts';
import { EXIT } from './io.ts';
import { ownVersion } from './version.ts';

const where = { phase: z.string(), step: z.string(), host: z.string() };
const change = z.object({
  ...where,
  summary: z.string(),
  effects: z.array(z.string()).optional(),
  diff: z
    .object({ path: z.string(), before: z.string().optional(), after: z.string().optional() })
    .optional(),
});
const operation = z.object({ ...where, operation: z.string(), because: z.string() });
const request = z.object({
  only: z.array(z.string()).optional(),
  skip: z.array(z.string()).optional(),
  from: z.object({ phase: z.string(), step: z.string().optional() }).optional(),
  limit: z.array(z.string()).optional(),
  prune: z.literal(true).optional(),
  bootstrapFrom: z.string().optional(),
});
const savedPlan = z.object({
  format: z.literal('osha-plan-1'),
  osha: z.string(),
  /** SHA-256 of the inventory's text. */
  inventory: z.string(),
  /** The options that decided about its content. */
  request,
  changes: z.array(change),
  /** Operations that may have something to do once these changes are made. */
  operations: z.array(operation),
});

export type SavedPlan = z.output<typeof savedPlan>;
export type PlannedRequest = z.output<typeof request>;
/** Absolute paths. */
interface PlanFiles {
  readonly file: string;
  readonly inventoryFile: string;
}

type Found = Pick<SavedPlan, 'changes' | 'operations'>;

/** Collects what a run with --diff announces. Give it each event, with secrets masked. */
export class Announced {
  readonly changes: SavedPlan['changes'] = [];
  readonly operations: SavedPlan['operations'] = [];

  add(event: RunEvent): void {
    if (event.event === 'change') {
      const { phase, step, host, summary, effects, diff } = event;
      this.changes.push({ phase, step, host, summary, effects: effects && [...effects], diff });
    } else if (event.event === 'may-follow') {
      const { phase, step, host, operation: title, because } = event;
      this.operations.push({ phase, step, host, operation: title, because });
    }
  }
}

/** Writes a plan to `file`, readable by the user alone. Secrets are masked in it. Throws the errors of `writePrivateFile`. */
export function savePlan(
  file: string,
  found: Found,
  of: { inventory: string; request: PlannedRequest },
): void {
  const plan: SavedPlan = {
    format: 'osha-plan-1',
    osha: ownVersion(),
    inventory: hashOf(of.inventory),
    request: of.request,
    changes: found.changes,
    operations: found.operations,
  };
  writePrivateFile(file, `${JSON.stringify(plan, undefined, 2)}\n`);
}

/**
 * Reads a plan that `osha plan --out` wrote for this inventory. Throws `UserError`: with 2 for anything else, with 5 for a
 * plan of another version of the inventory or of osha, whose changes would not be the same.
 */
export function readPlan({ file, inventoryFile }: PlanFiles): SavedPlan {
  const plan = savedPlan.safeParse(parsed(file));
  if (!plan.success) {
    throw new UserError(`${file} is not a plan of osha`, {
      hint: `write one: ${planAgain({ file, inventoryFile })}`,
    });
  }
  const refuse = (what: string): never => {
    throw new UserError(`${file} was made ${what}`, {
      hint: `make it again: ${planAgain({ file, inventoryFile })}`,
      exitCode: EXIT.refused,
    });
  };
  if (plan.data.osha !== ownVersion()) refuse(`by osha ${plan.data.osha}; this is ${ownVersion()}`);
  if (plan.data.inventory !== hashOf(inventoryFile)) refuse(`from another version of ${inventoryFile}`);
  return plan.data;
}

/**
 * Throws `UserError` with 5 where the hosts have moved since a plan was saved, naming each difference. `found` is what a
 * deployment would do now.
 */
export function demandUnmoved(plan: SavedPlan, found: Found, { file, inventoryFile }: PlanFiles): void {
  const inWords = ({ host, phase, summary }: SavedPlan['changes'][number]): string =>
    `${host}: ${phase}: ${summary}`;
  const lacking = (from: Found['changes'], others: Found['changes']): Found['changes'] =>
    from.filter((one) => !others.some((other) => isSame(one, other)));
  const gone = lacking(plan.changes, found.changes).map((one) => `  no longer pending: ${inWords(one)}\n`);
  const added = lacking(found.changes, plan.changes).map((one) => `  not in the plan: ${inWords(one)}\n`);
  const unknown = found.operations
    .filter((one) => !plan.operations.some((other) => isSame(one, other)))
    .map(
      ({ host, phase, operation: title }) => `  not in the plan, may follow: ${host}: ${phase}: ${title}\n`,
    );
  const moved = [...gone, ...added, ...unknown];
  if (moved.length === 0) return;
  throw new UserError(
    `the hosts have changed since ${file} was made; nothing was changed:\n${moved.join('').trimEnd()}`,
    { hint: `make it again: ${planAgain({ file, inventoryFile })}`, exitCode: EXIT.refused },
  );
}

function isSame(one: object, other: object): boolean {
  const plain = (value: object): unknown => JSON.parse(JSON.stringify(value));
  return isDeepStrictEqual(plain(one), plain(other));
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readNamedFile(file)) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function hashOf(file: string): string {
  return createHash('sha256').update(readNamedFile(file)).digest('hex');
}

function planAgain({ file, inventoryFile }: PlanFiles): string {
  return `osha plan ${quote(inventoryFile)} --out ${quote(file)}`;
}
