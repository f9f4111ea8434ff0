import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/playbook/operation.ts';
import { createRenderer, type RendererKind } from '../../src/render/renderer.ts';
import type { RunEvent } from '../../src/runner/events.ts';
import {
  changed,
  comparison,
  hostFinished,
  phaseFinished,
  phaseStarted,
  refusedRun,
  runStarted,
  wave,
  stepFinished,
  stepStarted,
  summary,
  troubledRun,
} from './events.ts';
import { listening } from './output.ts';

async function shown(
  events: readonly RunEvent[],
  options: { kind?: RendererKind; verbose?: boolean; color?: boolean } = {},
): Promise<{ stdout: string; stderr: string }> {
  const stdout = listening();
  const stderr = listening();
  const renderer = await createRenderer(options.kind ?? 'plain', {
    color: options.color ?? false,
    verbose: options.verbose ?? false,
    stdout,
    stderr,
    log: '.osha/runs/x/events.jsonl',
  });
  for (const event of events) renderer.sink(event);
  await renderer.finish();
  return { stdout: stdout.text(), stderr: stderr.text() };
}

describe('plain lines', () => {
  it.each([
    ['osha deploy lab.yaml', 'Deploying lab.yaml: '],
    ['osha recover lab.yaml galera', 'Recovering lab.yaml: '],
  ])('begin with what is done: %s', async (command, heading) => {
    const started = troubledRun().map((event) =>
      event.event === 'run-started' ? { ...event, command } : event,
    );
    const { stdout } = await shown(started);
    expect(stdout.slice(0, heading.length)).toBe(heading);
  });

  it('show changes and failures, one line for hosts with the same, and end with a table and the failures again', async () => {
    const { stdout, stderr } = await shown(troubledRun());
    expect(stderr).toBe('warning: c2: an even number of members\n');
    expect(stdout).toMatchInlineSnapshot(`
      "Deploying lab.yaml: 3 hosts, 2 phases
      rabbitmq: RabbitMQ cluster, on c1, c2, c3
        Install the broker
          changed c1, c2, c3: install rabbitmq-server 3.10.8
        Join the cluster
          failed c2: could not join rabbit@c1: its script ended with 69
            | Clustering node rabbit@c2 with rabbit@c1
            | Error: inconsistent_cluster
            hint: look at journalctl -u rabbitmq-server
      rabbitmq: failed, 3 changes, 3.0 s
      haproxy: HAProxy, on c1, c2, c3
      haproxy: skipped

      warning: c2: an even number of members

      RabbitMQ cluster: Join the cluster
        failed c2: could not join rabbit@c1: its script ended with 69
          | Clustering node rabbit@c2 with rabbit@c1
          | Error: inconsistent_cluster
          hint: look at journalctl -u rabbitmq-server
        resume with: osha deploy lab.yaml --from rabbitmq:join-the-cluster

      HOST  CHANGES  STEPS OK  STEPS FAILED  STEPS SKIPPED   TIME
      c1          1         1             0              1  1.5 s
      c2          1         0             1              1  1.5 s
      c3          1         0             0              2  1.5 s

      1 failed step, 3 changes, in 12 s
      log: .osha/runs/x/events.jsonl
      "
    `);
  });

  it('tell to run a recovery again, which takes no step to resume at', async () => {
    const events = troubledRun().map((event) =>
      event.event === 'run-started' ? { ...event, command: 'osha recover lab.yaml --yes' } : event,
    );
    const { stdout } = await shown(events);
    expect(stdout).toContain('  run again: osha recover lab.yaml --yes\n');
    expect(stdout).not.toContain('resume with');
  });

  it('show a refusal at its step, the evidence once, and the changes that were made', async () => {
    const { stdout } = await shown(refusedRun());
    expect(stdout).toMatchInlineSnapshot(`
      "Deploying lab.yaml: 3 hosts, 2 phases
      galera: Galera, on c1, c2, c3
        Form the cluster
            MEMBER  SEQNO
            c1      12
            c3      no answer
          refused: c3 is unreachable and may hold newer data
            hint: bring c3 back
      galera: refused, 0 changes, 3.0 s
      memcached: Memcached, on c1, c2, c3
        Run
          changed c1: start memcached
      memcached: 1 change, 3.0 s

      Galera: Form the cluster
        refused: c3 is unreachable and may hold newer data
          hint: bring c3 back
        resume with: osha deploy lab.yaml --from galera:form-the-cluster

      HOST  CHANGES  STEPS OK  STEPS FAILED  STEPS SKIPPED   TIME
      c1          1         0             0              1  1.5 s
      c2          0         1             0              1  1.5 s
      c3          0         1             0              1  1.5 s

      Refused: galera: c3 is unreachable and may hold newer data
      1 change, in 12 s
      log: .osha/runs/x/events.jsonl
      "
    `);
  });

  it('show a refusal of an old record without outcomes of steps', async () => {
    const recorded = refusedRun().map(
      (event) =>
        ({
          ...event,
          ...(event.event === 'step-finished' ? { outcome: undefined, failure: undefined } : {}),
        }) as RunEvent,
    );
    expect((await shown(recorded)).stdout).toContain('c3 is unreachable and may hold newer data');
  });

  it('show with -v also unchanged hosts, output without its colours, and round trips', async () => {
    const { stdout } = await shown(troubledRun(), { verbose: true });
    expect(stdout).toContain('    c3 | Setting up rabbitmq-server\\x07\n');
    expect(stdout).toContain('    ok c1\n');
    expect(stdout).toContain('    skipped c3: c2 failed before it\n');
    expect(stdout).toContain('  round trips: c1 2, c2 1\n');
  });

  it('say which changes are made on one host at a time', async () => {
    const restart = (host: string): RunEvent => ({
      event: 'change',
      phase: 'haproxy',
      step: 'run',
      host,
      summary: 'restart haproxy',
      effects: ['restarts'],
      applied: false,
    });
    const lines = (strategy: string): Promise<{ stdout: string }> =>
      shown([
        runStarted(['c1', 'c2'], ['haproxy'], 'diff'),
        { event: 'step-started', phase: 'haproxy', step: 'run', title: 'Run', hosts: ['c1', 'c2'], strategy },
        restart('c1'),
        restart('c2'),
        stepFinished('haproxy', 'run'),
      ]);
    expect((await lines('in parallel')).stdout).toContain(
      'would change c1, c2: restart haproxy, one host at a time\n',
    );
    // The order of a cluster's changes is in its stages.
    expect((await lines('cluster')).stdout).toContain('would change c1, c2: restart haproxy\n');
  });

  it('show a comparison as unified diffs, one for all hosts with the same diff', async () => {
    expect((await shown(comparison())).stdout).toMatchInlineSnapshot(`
      "Comparing lab.yaml: 3 hosts, 1 phase
      haproxy: HAProxy, on c1, c2, c3
        Configure
          would change c1, c2: write /etc/haproxy.cfg
            --- /etc/haproxy.cfg
            +++ /etc/haproxy.cfg
            @@ -1,5 +1,5 @@
             global
            -  maxconn 1000
            +  maxconn 2000
               user haproxy
               group haproxy
               daemon
          would change c3: write /etc/haproxy.cfg
            --- /dev/null
            +++ /etc/haproxy.cfg
            @@ -0,0 +1,5 @@
            +global
            +  maxconn 2000
            +  user haproxy
            +  group haproxy
            +  daemon
        Run
          may follow c1, c2, c3: haproxy (known after file:/etc/haproxy.cfg has changed)
      haproxy: 3 changes to make, 3.0 s

      HOST  CHANGES TO MAKE  UNKNOWN  STEPS OK  STEPS FAILED  STEPS SKIPPED   TIME
      c1                  1        1         0             0              0  1.5 s
      c2                  1        1         0             0              0  1.5 s
      c3                  1        1         0             0              0  1.5 s

      3 changes to make, 3 unknown until then, in 12 s
      log: .osha/runs/x/events.jsonl
      "
    `);
  });

  it.each<[string, boolean, readonly string[]]>([
    ['what is unhealthy, with its evidence and hint', false, []],
    ['with -v also what is healthy', true, ['    healthy c1: clock: 1 µs off']],
  ])('show of a verification %s', async (_, verbose, healthy) => {
    const finding = (host: string, isHealthy: boolean, evidence: string): Finding => ({
      subject: 'clock',
      host,
      healthy: isHealthy,
      evidence,
      ...(isHealthy ? {} : { hint: 'chronyc sources' }),
    });
    const findings = [
      finding('c1', true, '1 µs off'),
      finding('c2', false, '5 s off'),
      finding('c3', false, '5 s off'),
    ];
    const { stdout } = await shown(
      [
        runStarted(['c1', 'c2', 'c3'], ['time'], 'diff'),
        phaseStarted('time', 'Time', ['c1', 'c2', 'c3'], ['Clocks agree']),
        stepStarted('time', 'clocks-agree', 'Clocks agree', ['c1', 'c2', 'c3']),
        { event: 'findings', phase: 'time', step: 'clocks-agree', findings },
        stepFinished('time', 'clocks-agree', 'unknown'),
      ],
      { verbose },
    );
    expect(stdout.split('\n\n')[0]?.split('\n').slice(2)).toEqual([
      '  Clocks agree',
      ...healthy,
      '    unhealthy c2, c3: clock: 5 s off',
      '      hint: chronyc sources',
    ]);
  });

  it('each name their phase where phases run in parallel', async () => {
    const { stdout } = await shown(wave(), { verbose: true });
    expect(stdout.split('\n\n')[0]).toMatchInlineSnapshot(`
      "Deploying lab.yaml: 1 host, 2 phases
      glance: Glance, on c1, in parallel with nova
      nova: Nova, on c1, in parallel with glance
      glance:     c1 | Unpacking glance-api
      nova:     c1 | Unpacking nova-api
      glance:     c1 | Setting up glance-api
      nova:   Install
      nova:     changed c1: install nova-api
      nova:     failed c1: no room
      nova:       | disk full
      nova:       | really
      nova:       hint: make room
      nova: failed, 1 change, 3.0 s
      nova:   round trips: c1 2, c2 1
      glance:   Install
      glance:     changed c1: install glance-api
      glance: 1 change, 3.0 s
      glance:   round trips: c1 2, c2 1"
    `);
  });

  it('do not name phases for an old record without waves', async () => {
    const recorded = troubledRun().map((event) => ({ ...event, waves: undefined }) as unknown as RunEvent);
    expect(await shown(recorded)).toEqual(await shown(troubledRun()));
  });

  it('count every change once, in phases, hosts and the last line alike', async () => {
    const hosts = ['c1', 'c2'];
    const three = hosts.flatMap((host) =>
      ['a', 'b', 'c'].map((name) => changed('base', 'files', host, `create ${name}`)),
    );
    const { stdout } = await shown([
      runStarted(hosts, ['base']),
      phaseStarted('base', 'Base', hosts, ['Files']),
      stepStarted('base', 'files', 'Files', hosts),
      ...three,
      ...hosts.map((host) => hostFinished('base', 'files', host, 'changed')),
      stepFinished('base', 'files', 'changed'),
      phaseFinished('base', 'changed'),
      summary({ c1: { changes: 3 }, c2: { changes: 3 } }),
    ]);
    expect(stdout).toContain('\nbase: 6 changes, 3.0 s\n');
    expect(stdout).toMatch(/\nHOST +CHANGES .*\nc1 +3 .*\nc2 +3 .*\n/);
    expect(stdout).toContain('\n6 changes, in 12 s\n');
  });

  it('count the changes of an old record without counts', async () => {
    const before = (totals: object): object =>
      Object.fromEntries(Object.entries(totals).filter(([name]) => name !== 'changes' && name !== 'unknown'));
    const recorded = troubledRun().map((event) => {
      if (event.event !== 'summary') return event;
      const hosts = Object.entries(event.hosts).map(([name, totals]) => [name, before(totals)]);
      return { ...before(event), hosts: Object.fromEntries(hosts) as object } as RunEvent;
    });
    expect(await shown(recorded)).toEqual(await shown(troubledRun()));
  });

  it('call a failed change tried, unless its host was verified as changed', async () => {
    const place = { phase: 'base', step: 'files' };
    const events = ['c1', 'c2'].flatMap((host): readonly RunEvent[] => [
      changed('base', 'files', host, 'create a'),
      { event: 'change-finished', ...place, host, summary: 'create a', done: false, durationMs: 1 },
    ]);
    const { stdout } = await shown([
      runStarted(['c1', 'c2'], ['base']),
      phaseStarted('base', 'Base', ['c1', 'c2'], ['Files']),
      stepStarted('base', 'files', 'Files', ['c1', 'c2']),
      ...events,
      hostFinished('base', 'files', 'c1', 'failed', { failure: { message: 'no room' } }),
      hostFinished('base', 'files', 'c2', 'changed'),
      stepFinished('base', 'files', 'failed'),
    ]);
    expect(stdout).toContain(
      '  Files\n    tried c1: create a\n    changed c2: create a\n    failed c1: no room\n',
    );
  });

  it('contain escape sequences only with colour', async () => {
    expect((await shown(comparison())).stdout).not.toContain('\u001b');
    expect((await shown(comparison(), { color: true })).stdout).toContain('\u001b[32m+  maxconn 2000');
  });

  it.each([
    ['an interruption', { interrupted: true }, 'Interrupted after 12 s; run it again to resume.'],
    ['a refusal', { refused: 'another run holds the lock' }, 'Refused: another run holds the lock'],
    ['nothing to do', {}, 'nothing to do, in 12 s'],
  ])('end with %s in words', async (_, more, words) => {
    const { stdout } = await shown([runStarted(['c1'], []), summary({ c1: { ok: 3 } }, more)]);
    expect(stdout).toContain(`\n${words}\n`);
  });

  it('name unreachable hosts with the reason, one line for hosts with the same', async () => {
    const unreachable = (host: string): RunEvent => ({
      event: 'unreachable',
      host,
      message: 'nothing answers on port 22',
      hint: 'is it up?',
    });
    const { stdout } = await shown([
      runStarted(['c1', 'c2'], []),
      unreachable('c1'),
      unreachable('c2'),
      summary({ c1: { unreachable: true }, c2: { unreachable: true } }),
    ]);
    expect(stdout).toContain('unreachable c1, c2: nothing answers on port 22\n  hint: is it up?\n');
    expect(stdout).toContain('2 hosts unreachable, 0 changes, in 12 s');
  });

  it('summarise hundreds of unchanged hosts in one line', async () => {
    const hosts = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`h${index}`, { ok: 5 }]));
    const { stdout } = await shown([
      runStarted(Object.keys(hosts), []),
      summary({ ...hosts, h7: { ok: 4, changes: 1 } }),
    ]);
    expect(stdout.split('\n').length).toBeLessThan(10);
    expect(stdout).toMatch(/\nh7 +1 +4 +0 +0 +1\.5 s\nand 299 hosts unchanged\n/);
  });
});

describe('JSON lines', () => {
  it('are the events, the summary last, and nothing else on stdout or stderr', async () => {
    const events = troubledRun();
    const { stdout, stderr } = await shown(events, { kind: 'json', color: true });
    expect(stderr).toBe('');
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(events);
  });
});
