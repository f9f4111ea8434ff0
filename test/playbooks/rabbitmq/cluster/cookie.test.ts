import { describe, expect, it } from 'vitest';
import {
  cookieFile,
  cookieTaken,
  parseCookie,
  type CookieObservation,
} from '../../../../playbooks/rabbitmq/cluster/cookie.ts';
import { platformOf } from '../../../../src/platform/index.ts';
import type { ClusterDecision } from '../../../../src/playbook/operation.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { asSecretText } from '../../../../src/secrets/text.ts';
import { aHost } from '../../../support/inventory.ts';
import { asked, inShort } from '../../../operations/clusters.ts';

const options = {
  platform: platformOf('debian-12'),
  cookie: new Secret('erlangCookie', 'VALUE-OF-THE-COOKIE'),
};

type Said = Partial<CookieObservation> | string;

const ALL = 'c1 c2 c3';
const peers = (names: string, self: string): readonly string[] =>
  names.split(' ').flatMap((name) => (name === self ? [] : [`rabbit@${name}`]));
const old = (self: string, names = ALL): Said => ({
  alive: true,
  file: 'other',
  accepts: 'file',
  peers: peers(names, self),
});
const moved = (self: string, names = ALL): Said => ({
  alive: true,
  file: 'wanted',
  accepts: 'wanted',
  peers: peers(names, self),
});
const down: Said = { file: 'other' };
const quiet = (kind: 'refused' | 'slow', file: 'wanted' | 'other'): Said => ({
  alive: true,
  file,
  silence: { kind, said: `it is ${kind}` },
});
const unreachable: Said = 'no route to host';

function decide(...answers: readonly Said[]): ClusterDecision {
  const all = asked('c', answers, (said: Partial<CookieObservation>): CookieObservation => ({
    alive: false,
    file: 'missing',
    peers: [],
    ...said,
  }));
  return cookieTaken(all.hosts, options).decide(all.answers);
}

const agree = (host: string, node: string): string =>
  `${host}: accept another Erlang cookie from rabbit@${node}`;
const take = (host: string): string => `${host}: take another Erlang cookie, without a restart`;

describe('another Erlang cookie', () => {
  const cases: readonly (readonly [name: string, answers: readonly Said[], stages: readonly string[]])[] = [
    ['changes nothing if all nodes have it', [moved('c1'), moved('c2'), moved('c3')], ['converged']],
    [
      'is taken by one running node at a time, after its peers accept it',
      [old('c1'), old('c2'), old('c3')],
      [
        `${agree('c2', 'c1')} + ${agree('c3', 'c1')}`,
        take('c1'),
        `${agree('c1', 'c2')} + ${agree('c3', 'c2')}`,
        take('c2'),
        `${agree('c1', 'c3')} + ${agree('c2', 'c3')}`,
        take('c3'),
      ],
    ],
    [
      'resumes where it was interrupted',
      [moved('c1'), old('c2'), moved('c3')],
      [`${agree('c1', 'c2')} + ${agree('c3', 'c2')}`, take('c2')],
    ],
    [
      'is not set again on a node that took it before its file was written',
      [{ ...(moved('c1') as object), file: 'other' }, moved('c2'), moved('c3')],
      ['converged'],
    ],
    ['changes nothing on a node that does not run', [moved('c1'), down, moved('c3')], ['converged']],
    [
      'is taken at once by nodes that run alone, as new packages start them',
      [old('c1', 'c1'), old('c2', 'c2'), old('c3', 'c3')],
      [`${take('c1')} + ${take('c2')} + ${take('c3')}`],
    ],
    [
      'is taken even if a host without connections is unreachable',
      [old('c1', 'c1 c2'), old('c2', 'c1 c2'), unreachable],
      [agree('c2', 'c1'), take('c1'), agree('c1', 'c2'), take('c2')],
    ],
    [
      'changes nothing on a slow node that has it in its file',
      [moved('c1'), quiet('slow', 'wanted'), moved('c3')],
      ['converged'],
    ],
  ];
  it.each(cases)('%s', (_name, answers, stages) => {
    expect(inShort(decide(...answers))).toEqual(stages);
  });

  const refusals: readonly (readonly [
    name: string,
    answers: readonly Said[],
    reason: RegExp,
    hint: RegExp,
  ])[] = [
    [
      'a running node accepts neither cookie',
      [quiet('refused', 'other'), moved('c2'), moved('c3')],
      /broker of c1 runs, but accepts neither the cookie in \/var\/lib\/rabbitmq\/\.erlang\.cookie/,
      /restore the cookie that it was started with .* on c1 .*one host at a time/,
    ],
    [
      'no running node accepts either, and hints at restarts on one host at a time',
      [quiet('refused', 'other'), quiet('refused', 'other'), quiet('refused', 'other')],
      /broker of c1, c2, c3 runs/,
      /one host at a time/,
    ],
    [
      'a node does not answer and has another cookie in its file',
      [moved('c1'), quiet('slow', 'other'), moved('c3')],
      /broker of c2 runs/,
      /run again once it answers/,
    ],
    [
      'one node does not answer while others have to switch',
      [old('c1'), quiet('slow', 'wanted'), old('c3')],
      /broker of c2 runs/,
      /run again once it answers/,
    ],
    [
      'a connected host is unreachable and would be cut off',
      [old('c1'), unreachable, old('c3')],
      /connected to rabbit@c2, which cannot take it/,
      /bring c2 back/,
    ],
    [
      'a connected node reports that it does not run',
      [old('c1'), old('c2'), down],
      /connected to rabbit@c3, which cannot take it/,
      /bring c3 back/,
    ],
    [
      'a connected node is not in the inventory',
      [old('c1', 'c1 c2 old'), old('c2', 'c1 c2 old')],
      /connected to rabbit@old, which cannot take it/,
      /rabbitmqctl forget_cluster_node rabbit@old/,
    ],
  ];
  it.each(refusals)('is refused where %s', (_name, answers, reason, hint) => {
    expect(decide(...answers)).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringMatching(reason) as string,
      hint: expect.stringMatching(hint) as string,
    });
  });

  it('is passed on stdin, never in a script or an argument', () => {
    const decision = decide(old('c1'), old('c2'), old('c3'));
    const changes = decision.verdict === 'change' ? decision.stages.flat() : [];
    expect(changes).toHaveLength(9);
    for (const { change } of changes) {
      expect(change.script).not.toContain('VALUE-OF');
      expect(asSecretText(change.input as Secret).reveal()).toBe('VALUE-OF-THE-COOKIE');
      expect(change.effects).toEqual([]);
    }
    const { probe } = cookieFile(aHost('c1'), [aHost('c1')], options);
    expect(probe.script).not.toContain('VALUE-OF');
  });

  it('replaces the file only after the running node accepts it', () => {
    const decision = decide(old('c1', 'c1'));
    const script = decision.verdict === 'change' ? decision.stages[0]?.[0]?.change.script : '';
    expect(script?.indexOf('OSHA_NEW_COOKIE="$new"')).toBeGreaterThan(0);
    expect(script?.indexOf('OSHA_NEW_COOKIE="$new"')).toBeLessThan(script?.indexOf('mv -fT') ?? 0);
  });
});

describe('the observed cookie of a node', () => {
  const parse = (stdout: string): CookieObservation => parseCookie({ stdout, stderr: '', exitCode: 0 });

  it.each([
    ['file=wanted\n', { alive: false, file: 'wanted', accepts: undefined, silence: undefined }],
    [
      'file=other\nalive=yes\npeer\trabbit@c2\naccepts\tfile\nasked=0\n',
      { alive: true, accepts: 'file', peers: ['rabbit@c2'], silence: undefined },
    ],
    [
      'file=other\nalive=yes\nsilence\trefused\tit refuses\nasked=0\n',
      { alive: true, accepts: undefined, silence: { kind: 'refused', said: 'it refuses' } },
    ],
    ['file=missing\nalive=yes\nasked=137\n', { file: 'missing', silence: { kind: 'slow' } }],
  ])('%j', (stdout, expected) => {
    expect(parse(stdout)).toMatchObject(expected);
  });
});
