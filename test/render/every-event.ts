import type { RunEvent } from '../../src/runner/events.ts';
import { summary } from './events.ts';

const AT = { phase: 'p', step: 's' };
const FAILURE = { message: 'no', hint: 'do', output: 'it\nsaid' };

/** One of each kind, in an order in which they can come: a new kind of event has to be added here. */
export const RUN: { readonly [Kind in RunEvent['event']]: Extract<RunEvent, { event: Kind }> } = {
  'run-started': {
    event: 'run-started',
    command: 'osha',
    inventory: 'lab.yaml',
    mode: 'diff',
    phases: ['p'],
    waves: [['p']],
    hosts: ['h'],
  },
  connected: { event: 'connected', host: 'h', durationMs: 1 },
  unreachable: { event: 'unreachable', host: 'h', message: 'away', hint: 'is it up?' },
  rejected: { event: 'rejected', host: 'h', message: 'unfit', hint: 'mend it' },
  warning: { event: 'warning', message: 'beware', host: 'h' },
  'phase-started': { event: 'phase-started', phase: 'p', title: 'P', hosts: ['h'], steps: ['S'] },
  'step-started': { event: 'step-started', ...AT, title: 'S', hosts: ['h'], strategy: 'all' },
  'host-started': { event: 'host-started', ...AT, host: 'h' },
  change: {
    event: 'change',
    ...AT,
    host: 'h',
    summary: 'write it',
    applied: false,
    effects: ['restarts'],
    diff: { path: '/etc/x', before: 'old', after: 'new' },
  },
  'change-finished': {
    event: 'change-finished',
    ...AT,
    host: 'h',
    summary: 'write it',
    done: true,
    durationMs: 5,
  },
  'may-follow': { event: 'may-follow', ...AT, host: 'h', operation: 'Run it', because: 'file:/etc/x' },
  prunable: { event: 'prunable', ...AT, host: 'h', summary: 'remove it' },
  progress: { event: 'progress', ...AT, text: 'waiting' },
  output: { event: 'output', ...AT, host: 'h', stream: 'stdout', line: 'said' },
  evidence: {
    event: 'evidence',
    ...AT,
    because: 'facts',
    evidence: { columns: ['member'], rows: [['m1'], ['m2']] },
  },
  findings: {
    event: 'findings',
    ...AT,
    findings: [{ host: 'h', subject: 'size', healthy: false, evidence: '2 of 3', hint: 'look' }],
  },
  'backed-up': {
    event: 'backed-up',
    ...AT,
    file: 'lab.osha-backup',
    bytes: 5,
    sha256: 'a'.repeat(64),
    member: 'h',
    version: '10.11.11',
    position: 'uuid:5',
    encrypted: true,
    tables: { 'a.b': 2 },
  },
  measured: {
    event: 'measured',
    ...AT,
    service: 'api',
    host: 'h',
    samples: 2,
    failed: 1,
    longestOutageMs: 1,
    downtimeMs: 1,
    firstAnswerMs: 1,
  },
  acknowledged: { event: 'acknowledged', ...AT, what: 'rows', acknowledged: 2, lost: { h: 1 } },
  'host-finished': {
    event: 'host-finished',
    ...AT,
    host: 'h',
    outcome: 'failed',
    durationMs: 1,
    note: 'noted',
    failure: FAILURE,
  },
  'step-finished': {
    event: 'step-finished',
    ...AT,
    outcome: 'refused',
    durationMs: 1,
    failure: FAILURE,
  },
  'phase-finished': {
    event: 'phase-finished',
    phase: 'p',
    outcome: 'refused',
    durationMs: 1,
    roundTrips: { h: 1 },
  },
  summary: summary({ h: { failed: 1 } }, { refused: 'quorum', hint: 'wait', unrecorded: 'full' }),
};

/** A smoke test, whose steps have no hosts. */
export const SMOKE: readonly RunEvent[] = [
  { ...RUN['run-started'], mode: 'smoke', hosts: [] },
  { ...RUN['phase-started'], hosts: [] },
  { ...RUN['step-started'], hosts: [] },
  RUN.progress,
  { event: 'evidence', ...AT, because: 'not asked' },
  { ...RUN['step-finished'], outcome: 'ok', note: 'noted' },
  RUN['phase-finished'],
];

/** Words that osha itself chooses, and by which events are put in order. */
export const FIXED = new Set([
  'event',
  'mode',
  'phase',
  'step',
  'phases',
  'waves',
  'outcome',
  'stream',
  'effects',
]);
/** Names that an inventory has been checked for. */
export const NAMES = new Set(['host', 'hosts']);
