import type { HostTotals, Outcome, RunEvent, StepFailure, StepOutcome } from '../../src/runner/events.ts';

/** Events of a run as the runner emits them, for the renderers' tests. Durations are fixed. */
export function runStarted(
  hosts: readonly string[],
  phases: readonly string[],
  mode: 'apply' | 'diff' = 'apply',
  waves: readonly (readonly string[])[] = phases.map((phase) => [phase]),
): RunEvent {
  return {
    event: 'run-started',
    command: 'osha deploy lab.yaml',
    inventory: 'lab.yaml',
    mode,
    phases,
    waves,
    hosts,
  };
}

export function phaseStarted(
  phase: string,
  title: string,
  hosts: readonly string[],
  steps: readonly string[],
): RunEvent {
  return { event: 'phase-started', phase, title, hosts, steps };
}

export function stepStarted(phase: string, step: string, title: string, hosts: readonly string[]): RunEvent {
  return { event: 'step-started', phase, step, title, hosts, strategy: 'in parallel' };
}

export function changed(
  phase: string,
  step: string,
  host: string,
  summary: string,
  applied = true,
): RunEvent {
  return { event: 'change', phase, step, host, summary, applied };
}

export function hostFinished(
  phase: string,
  step: string,
  host: string,
  outcome: Outcome,
  more: Partial<Extract<RunEvent, { event: 'host-finished' }>> = {},
): RunEvent {
  return { event: 'host-finished', phase, step, host, outcome, durationMs: 1000, ...more };
}

export function stepFinished(
  phase: string,
  step: string,
  outcome: StepOutcome = 'ok',
  failure?: StepFailure,
): RunEvent {
  return {
    event: 'step-finished',
    phase,
    step,
    outcome,
    durationMs: 2000,
    ...(failure ? { failure } : {}),
  };
}

export function phaseFinished(
  phase: string,
  outcome: Extract<RunEvent, { event: 'phase-finished' }>['outcome'],
): RunEvent {
  return { event: 'phase-finished', phase, outcome, durationMs: 3000, roundTrips: { c1: 2, c2: 1 } };
}

export function summary(
  hosts: Readonly<Record<string, Partial<HostTotals>>>,
  more: Partial<Extract<RunEvent, { event: 'summary' }>> = {},
): Extract<RunEvent, { event: 'summary' }> {
  const totals = Object.entries(hosts).map(([name, counts]): [string, HostTotals] => [
    name,
    {
      ok: 0,
      changes: 0,
      unknown: 0,
      failed: 0,
      skipped: 0,
      unreachable: false,
      durationMs: 1500,
      roundTrips: 2,
      ...counts,
    },
  ]);
  const sum = (of: (host: HostTotals) => number): number =>
    totals.reduce((all, [, host]) => all + of(host), 0);
  return {
    event: 'summary',
    ok: sum((host) => host.ok),
    changes: sum((host) => host.changes),
    unknown: sum((host) => host.unknown),
    failed: sum((host) => host.failed),
    skipped: sum((host) => host.skipped),
    unreachable: totals.filter(([, host]) => host.unreachable).length,
    durationMs: 12_300,
    hosts: Object.fromEntries(totals),
    interrupted: false,
    ...more,
  };
}

const HOSTS = ['c1', 'c2', 'c3'];

/** A run in which one phase changes three hosts and another fails on one of them. */
export function troubledRun(): readonly RunEvent[] {
  return [
    runStarted(HOSTS, ['rabbitmq', 'haproxy']),
    ...HOSTS.map((host): RunEvent => ({ event: 'connected', host, durationMs: 140 })),
    { event: 'warning', message: 'an even number of members', host: 'c2' },
    phaseStarted('rabbitmq', 'RabbitMQ cluster', HOSTS, ['Install the broker', 'Join the cluster']),
    stepStarted('rabbitmq', 'install-the-broker', 'Install the broker', HOSTS),
    // Out of the inventory's order, as hosts are.
    ...['c3', 'c1', 'c2'].flatMap((host): readonly RunEvent[] => [
      { event: 'host-started', phase: 'rabbitmq', step: 'install-the-broker', host },
      changed('rabbitmq', 'install-the-broker', host, 'install rabbitmq-server 3.10.8'),
      {
        event: 'output',
        phase: 'rabbitmq',
        step: 'install-the-broker',
        host,
        stream: 'stdout',
        line: '\u001b[32mSetting up\u001b[0m rabbitmq-server\u0007',
      },
      hostFinished('rabbitmq', 'install-the-broker', host, 'changed'),
    ]),
    stepFinished('rabbitmq', 'install-the-broker'),
    stepStarted('rabbitmq', 'join-the-cluster', 'Join the cluster', HOSTS),
    hostFinished('rabbitmq', 'join-the-cluster', 'c1', 'ok'),
    hostFinished('rabbitmq', 'join-the-cluster', 'c2', 'failed', {
      failure: {
        message: 'could not join rabbit@c1: its script ended with 69',
        hint: 'look at journalctl -u rabbitmq-server',
        output: 'Clustering node rabbit@c2 with rabbit@c1\nError: inconsistent_cluster',
      },
    }),
    hostFinished('rabbitmq', 'join-the-cluster', 'c3', 'skipped', { note: 'c2 failed before it' }),
    stepFinished('rabbitmq', 'join-the-cluster'),
    phaseFinished('rabbitmq', 'failed'),
    phaseStarted('haproxy', 'HAProxy', HOSTS, ['Install HAProxy']),
    ...HOSTS.map((host) =>
      hostFinished('haproxy', 'install-haproxy', host, 'skipped', { note: 'it needs rabbitmq' }),
    ),
    phaseFinished('haproxy', 'skipped'),
    summary({
      c1: { ok: 1, changes: 1, skipped: 1 },
      c2: { changes: 1, failed: 1, skipped: 1 },
      c3: { changes: 1, skipped: 2 },
    }),
  ];
}

/** A run in which a cluster's decision is refused: no host fails, and what does not need it is done. */
export function refusedRun(): readonly RunEvent[] {
  const reason = 'c3 is unreachable and may hold newer data';
  const note = `"Form the cluster" was refused: ${reason}`;
  return [
    runStarted(HOSTS, ['galera', 'memcached']),
    ...HOSTS.map((host): RunEvent => ({ event: 'connected', host, durationMs: 140 })),
    phaseStarted('galera', 'Galera', HOSTS, ['Form the cluster']),
    stepStarted('galera', 'form-the-cluster', 'Form the cluster', HOSTS),
    {
      event: 'evidence',
      phase: 'galera',
      step: 'form-the-cluster',
      because: reason,
      evidence: {
        columns: ['member', 'seqno'],
        rows: [
          ['c1', '12'],
          ['c3', 'no answer'],
        ],
      },
    },
    ...HOSTS.map((host) => hostFinished('galera', 'form-the-cluster', host, 'skipped', { note })),
    stepFinished('galera', 'form-the-cluster', 'refused', { message: reason, hint: 'bring c3 back' }),
    phaseFinished('galera', 'refused'),
    phaseStarted('memcached', 'Memcached', HOSTS, ['Run']),
    stepStarted('memcached', 'run', 'Run', HOSTS),
    changed('memcached', 'run', 'c1', 'start memcached'),
    ...HOSTS.map((host) => hostFinished('memcached', 'run', host, host === 'c1' ? 'changed' : 'ok')),
    stepFinished('memcached', 'run', 'changed'),
    phaseFinished('memcached', 'changed'),
    summary(
      { c1: { changes: 1, skipped: 1 }, c2: { ok: 1, skipped: 1 }, c3: { ok: 1, skipped: 1 } },
      { refused: `galera: ${reason}` },
    ),
  ];
}

/** A comparison: a changed file on two hosts, a new one on the third, and a step that depends on them. */
export function comparison(): readonly RunEvent[] {
  const diff = (before?: string): RunEvent => ({
    event: 'change',
    phase: 'haproxy',
    step: 'configure',
    host: 'c1',
    summary: 'write /etc/haproxy.cfg',
    applied: false,
    diff: {
      path: '/etc/haproxy.cfg',
      ...(before === undefined ? {} : { before }),
      after: 'global\n  maxconn 2000\n  user haproxy\n  group haproxy\n  daemon\n',
    },
  });
  const old = 'global\n  maxconn 1000\n  user haproxy\n  group haproxy\n  daemon\n';
  return [
    runStarted(HOSTS, ['haproxy'], 'diff'),
    phaseStarted('haproxy', 'HAProxy', HOSTS, ['Configure', 'Run']),
    stepStarted('haproxy', 'configure', 'Configure', HOSTS),
    diff(old),
    { ...diff(old), host: 'c2' } as RunEvent,
    { ...diff(), host: 'c3' } as RunEvent,
    ...HOSTS.map((host) => hostFinished('haproxy', 'configure', host, 'would-change')),
    stepFinished('haproxy', 'configure'),
    stepStarted('haproxy', 'run', 'Run', HOSTS),
    ...['c3', 'c1', 'c2'].flatMap((host): readonly RunEvent[] => [
      {
        event: 'may-follow',
        phase: 'haproxy',
        step: 'run',
        host,
        operation: 'haproxy',
        because: 'file:/etc/haproxy.cfg',
      },
      hostFinished('haproxy', 'run', host, 'unknown'),
    ]),
    stepFinished('haproxy', 'run'),
    phaseFinished('haproxy', 'changed'),
    summary({
      c1: { changes: 1, unknown: 1 },
      c2: { changes: 1, unknown: 1 },
      c3: { changes: 1, unknown: 1 },
    }),
  ];
}

/** Two parallel phases with interleaved events. */
export function wave(): readonly RunEvent[] {
  const output = (phase: string, line: string): RunEvent => ({
    event: 'output',
    phase,
    step: 'install',
    host: 'c1',
    stream: 'stdout',
    line,
  });
  return [
    runStarted(['c1'], ['glance', 'nova'], 'apply', [['glance', 'nova']]),
    phaseStarted('glance', 'Glance', ['c1'], ['Install']),
    phaseStarted('nova', 'Nova', ['c1'], ['Install']),
    stepStarted('glance', 'install', 'Install', ['c1']),
    stepStarted('nova', 'install', 'Install', ['c1']),
    changed('glance', 'install', 'c1', 'install glance-api'),
    output('glance', 'Unpacking glance-api'),
    changed('nova', 'install', 'c1', 'install nova-api'),
    output('nova', 'Unpacking nova-api'),
    output('glance', 'Setting up glance-api'),
    hostFinished('nova', 'install', 'c1', 'failed', {
      failure: { message: 'no room', output: 'disk full\nreally', hint: 'make room' },
    }),
    stepFinished('nova', 'install'),
    phaseFinished('nova', 'failed'),
    hostFinished('glance', 'install', 'c1', 'changed'),
    stepFinished('glance', 'install'),
    phaseFinished('glance', 'changed'),
    summary({ c1: { changes: 1, failed: 1 } }),
  ];
}
