import { expect, it, describe } from 'vitest';
import { runPage, type RunFacts } from '../../../src/render/html/page.ts';
import type { TimedEvent } from '../../../src/render/html/run-model.ts';
import type { RunEvent } from '../../../src/runner/events.ts';
import { ALL_HOSTILE, HOSTILE, LIVE, madeHostile } from '../../support/hostile.ts';
import { comparison, refusedRun, runStarted, summary, troubledRun, wave } from '../events.ts';
import { FIXED, RUN, SMOKE } from '../every-event.ts';
import { at, BEGAN, recorded, timedPhase, timedStep } from './recorded.ts';

const FACTS: RunFacts = {
  id: '20261121-142233-ab12',
  state: 'failed',
  startedAt: new Date(BEGAN).toISOString(),
  user: 'op',
  machine: 'desk',
  version: '1',
  command: 'osha deploy lab.yaml',
  inventory: '/home/op/lab.yaml',
  log: '/home/op/.osha/runs/x/events.jsonl',
};

const pageOf = (events: readonly RunEvent[], facts: Partial<RunFacts> = {}): string =>
  runPage({ ...FACTS, ...facts }, recorded(events));

/** The text of a page, without its markup and with single spaces. */
function textOf(page: string): string {
  return page
    .replace(/<style>.*?<\/style>/s, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');
}

/** The text of the section with this heading. */
function section(page: string, title: string): string {
  const sections = page.split('<section ').map(textOf);
  return sections.find((text) => text.includes(`> ${title} `)) ?? '';
}

describe('the page of a run', () => {
  it('says first what failed, where, why, and what to do', () => {
    const page = pageOf(troubledRun());
    const text = section(page, 'What went wrong');
    for (const words of [
      'RabbitMQ cluster: Join the cluster',
      'failed c2 : could not join rabbit@c1: its script ended with 69',
      'Error: inconsistent_cluster',
      'hint: look at journalctl -u rabbitmq-server',
      'resume with: osha deploy lab.yaml --from rabbitmq:join-the-cluster',
    ]) {
      expect(text).toContain(words);
    }
    expect(page.indexOf('What went wrong')).toBeLessThan(page.indexOf('id="timeline"'));
  });

  it('shows the evidence for a refusal as a table, with its hint', () => {
    const text = section(pageOf(refusedRun(), { state: 'refused' }), 'What went wrong');
    expect(text).toContain('refused : c3 is unreachable and may hold newer data');
    expect(text).toContain('hint: bring c3 back');
    expect(text).toContain('Evidence member seqno c1 12 c3 no answer');
    expect(text.match(/may hold newer data/g)).toHaveLength(1);
  });

  it('says of a run without failures nothing that went wrong', () => {
    expect(pageOf(comparison(), { state: 'ok' })).not.toContain('What went wrong');
  });

  it('shows equal diffs once, with all their hosts', () => {
    const page = pageOf(comparison(), { state: 'ok' });
    expect(page.match(/<pre class="diff">/g)).toHaveLength(2);
    const text = textOf(page);
    expect(text).toContain('would change c1, c2 : write /etc/haproxy.cfg');
    expect(text).toContain('would change c3 : write /etc/haproxy.cfg');
    expect(page).toContain('<span class="removed">-  maxconn 1000</span>');
    expect(page).toContain('<span class="added">+  maxconn 2000</span>');
  });

  it('lists which hosts have which systems, and joins hosts with the same', () => {
    expect(section(pageOf(troubledRun()), 'Hosts and systems')).toContain('c1, c2, c3 3 rabbitmq, haproxy');
  });

  it('shows the findings of verifications with their evidence', () => {
    const finding = (host: string): object => ({
      subject: 'virtual IP api',
      healthy: true,
      evidence: 'held by c1',
      host,
    });
    const events = [
      ...troubledRun().slice(0, -1),
      { event: 'findings', phase: 'haproxy', step: 'verify', findings: [finding('c1'), finding('c2')] },
    ] as readonly RunEvent[];
    expect(section(pageOf(events), 'What the systems reported')).toContain(
      'haproxy virtual IP api c1, c2 healthy held by c1',
    );
  });

  it.each<[RunFacts['state'], readonly RunEvent[], string]>([
    ['ok', wave(), 'done'],
    ['ok', comparison(), 'changes pending'],
    ['failed', troubledRun(), 'failed'],
    ['unreachable', troubledRun(), 'failed: hosts unreachable'],
    ['refused', refusedRun(), 'refused'],
    ['interrupted', troubledRun().slice(0, 8), 'interrupted'],
    ['running', troubledRun().slice(0, 8), 'still running'],
  ])('says how it ended: %s', (state, events, word) => {
    expect(textOf(pageOf(events, { state })).includes(`osha deploy lab.yaml ${word} Result`)).toBe(true);
  });

  it('of a killed run names the step that it was in, and the change on each host', () => {
    const events = troubledRun();
    const end = events.findIndex(({ event }) => event === 'change') + 1;
    const page = pageOf(events.slice(0, end), { state: 'interrupted' });
    const text = section(page, 'What went wrong');
    expect(text).toContain('It was in RabbitMQ cluster: Install the broker');
    expect(text).toContain('c3 : install rabbitmq-server 3.10.8 (started, not finished)');
    expect(textOf(page)).toContain('The run ended without a summary');
  });

  it('is made of a record that ends anywhere', () => {
    for (const run of [troubledRun(), refusedRun(), comparison(), wave(), SMOKE]) {
      for (let length = 0; length <= run.length; length += 1) {
        const page = pageOf(run.slice(0, length), { state: 'interrupted' });
        expect(page.endsWith('</html>\n')).toBe(true);
        expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
      }
    }
  });

  it('is made of a record whose times are damaged or go back', () => {
    const events = recorded(troubledRun()).map((event, index): TimedEvent => ({
      ...event,
      time: index % 3 === 0 ? 'yesterday' : new Date(BEGAN - index * 1000).toISOString(),
    }));
    expect(runPage(FACTS, events)).not.toMatch(/NaN|Infinity|="-/);
  });

  it('leaves out events that are damaged, and says how many', () => {
    const damaged = { event: 'step-started', phase: 'rabbitmq', step: 'x', title: 'X', hosts: 5 };
    const page = pageOf([...troubledRun(), damaged as unknown as RunEvent]);
    expect(textOf(page)).toContain('Damaged 1 entry left out');
  });

  it.each([5, null, {}, [null]])('is made of a record in which any value has become %j', (value) => {
    const events = Object.values(RUN);
    for (const [index, event] of events.entries()) {
      for (const key of Object.keys(event).filter((name) => name !== 'event')) {
        const damaged = { ...event, [key]: value };
        expect(pageOf(events.with(index, damaged))).not.toMatch(/NaN|\[object/);
      }
    }
  });
});

describe('a hostile record', () => {
  const hostilePage = (hostile: string): string => {
    const made = (events: readonly RunEvent[]): readonly RunEvent[] =>
      events.map((event) => madeHostile<RunEvent>(event, hostile, (key) => FIXED.has(key)));
    const facts = madeHostile(FACTS, hostile, (key) => key === 'state');
    return [Object.values(RUN), SMOKE].map((run) => runPage(facts, recorded(made(run)))).join('');
  };

  it.each(Object.entries(HOSTILE))('that tries to %s is only shown', (_, [text, live]) => {
    const page = hostilePage(text);
    expect(page).not.toContain(live);
    expect(page).not.toMatch(LIVE);
  });

  it.each([
    ['element', '<script>alert(1)</script><img src=x onerror=alert(1)>'],
    ['attribute', '" onload="alert(1)'],
    ['attribute in single quotes', "' onload='alert(1)"],
    ['end of a style sheet or of a comment', '</style>--><script>'],
  ])('adds no %s', (_, hostile) => {
    const elements = (page: string): readonly string[] =>
      [...page.matchAll(/<[a-z][^>]*>/g)].map(([element]) => element);
    const page = hostilePage(hostile);
    expect(page).not.toMatch(/<(?:script|img)/);
    for (const element of elements(page)) expect(element.replaceAll(/"[^"]*"/g, '')).not.toMatch(/\son\w+=/);
    expect(elements(page)).toHaveLength(elements(hostilePage('harmless')).length);
  });

  it('cannot name something that is fetched', () => {
    const page = hostilePage(`https://example.org/x ${ALL_HOSTILE}`);
    expect(page).not.toMatch(/\s(?:src|srcset|data|action|style)=/);
    for (const [, target = ''] of page.matchAll(/\shref="([^"]*)"/g)) expect(target).toMatch(/^#[a-z\d-]+$/);
    for (const [, target = ''] of page.matchAll(/url\(([^)]*)\)/g)) expect(target).toMatch(/^#[a-z]+$/);
  });
});

it('a page forbids everything but its own style sheet', () => {
  const [, policy = ''] = /Content-Security-Policy"\s+content="([^"]*)"/.exec(pageOf(wave())) ?? [];
  expect(policy).toContain('default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;');
});

it('every link of a page leads somewhere, and no name is given twice', () => {
  const page = pageOf(troubledRun());
  const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id ?? '');
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target = ''] of page.matchAll(/(?:href="#|url\(#)([a-z\d-]+)/g))
    expect(ids).toContain(target);
});

it('a page about 100 hosts and 20 phases is of moderate size', () => {
  const hosts = Array.from({ length: 100 }, (_, index) => `compute${index + 1}`);
  const phases = Array.from({ length: 20 }, (_, index) => `phase${index + 1}`);
  const took = Object.fromEntries(hosts.map((host, index) => [host, 500 + index]));
  const events = [
    at(0, runStarted(hosts, phases)),
    ...phases.flatMap((phase, index) =>
      timedPhase(
        phase,
        index * 10_000,
        (index + 1) * 10_000,
        Array.from({ length: 10 }, (_, step) =>
          timedStep(phase, `step${step}`, index * 10_000 + step * 1000, took),
        ).flat(),
      ),
    ),
    at(200_000, summary(Object.fromEntries(hosts.map((host) => [host, { ok: 200 }])))),
  ];
  const page = runPage({ ...FACTS, state: 'ok' }, events);
  expect(page.length).toBeLessThan(12_000_000);
  expect(section(page, 'Hosts and systems')).toContain('compute100');
});
