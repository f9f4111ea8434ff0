import type { RunEvent } from '../../runner/events.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => Number.isFinite(value);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf =
  (isItem: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(isItem);
const isTexts = listOf(isText);

/** The keys that osha writes, if they are there, hold what these say. */
const objectOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) &&
    Object.entries(checks).every(([key, check]) => value[key] === undefined || check(value[key]));

const TEXTS = ['command', 'inventory', 'mode', 'host', 'message', 'hint', 'phase', 'step', 'title'];
const MORE_TEXTS = ['strategy', 'summary', 'operation', 'because', 'text', 'note', 'outcome', 'refused'];

const COUNTS = ['ok', 'changes', 'unknown', 'failed', 'skipped', 'unreachable', 'durationMs'];

const hasKeys = objectOf({
  ...Object.fromEntries([...TEXTS, ...MORE_TEXTS, 'unrecorded'].map((key) => [key, isText])),
  ...Object.fromEntries(COUNTS.map((key) => [key, isNumber])),
  phases: isTexts,
  waves: listOf(isTexts),
  steps: isTexts,
  effects: isTexts,
  // Of a summary they are totals by name.
  hosts: (value) => isTexts(value) || (isObject(value) && Object.values(value).every(isObject)),
  diff: objectOf({ path: isText, before: isText, after: isText }),
  failure: objectOf({ message: isText, hint: isText, output: isText }),
  evidence: objectOf({ columns: isTexts, rows: listOf(isTexts) }),
  findings: listOf(objectOf({ subject: isText, evidence: isText, host: isText, hint: isText })),
});

/** What cannot be missing, by the kind of event. */
const NEEDED: Readonly<Partial<Record<RunEvent['event'], readonly string[]>>> = {
  'run-started': ['phases', 'hosts'],
  unreachable: ['message'],
  rejected: ['message'],
  'phase-started': ['title', 'hosts', 'steps'],
  'step-started': ['title', 'hosts'],
  change: ['host', 'summary'],
};

/** Whether an event of a record holds what its kind holds: anything may have changed the file since it was written. */
export function isSound(event: RunEvent): boolean {
  if (!hasKeys(event)) return false;
  const keys = new Set(Object.keys(event));
  if (!(NEEDED[event.event] ?? []).every((key) => keys.has(key))) return false;
  if ('evidence' in event && event.evidence !== undefined) {
    const { columns, rows } = event.evidence;
    if (columns === undefined || rows === undefined) return false;
  }
  return event.event === 'summary' || !('hosts' in event) || isTexts(event.hosts);
}
