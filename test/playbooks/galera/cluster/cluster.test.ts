import { describe, expect, it } from 'vitest';
import { platformOf } from '../../../../src/platform/index.ts';
import { aHost } from '../../../support/inventory.ts';
import {
  fresh,
  HOSTS,
  live,
  membersThat,
  noQuorum,
  observationOf,
  refusing,
  type Said,
  standalone,
  stopped,
  thrownOut,
  unreachable,
} from './observations.ts';
import { decideName, recognised } from '../../../../playbooks/galera/cluster/cluster.ts';

/** The same member with this cluster name in its files; a running server uses `running`. */
function called(name: string, said: Said, running = name): Said {
  if (typeof said === 'string') return said;
  return {
    ...said,
    clusterName: name,
    ...(said.server ? { server: { ...said.server, clusterName: running } } : {}),
  };
}

describe('a deployment called prod', () => {
  const refusals: readonly (readonly [string, readonly Said[], string | undefined, string])[] = [
    ['whose cluster runs as lab', [called('lab', live()), called('lab', live())], undefined, 'lab'],
    [
      'whose cluster runs as lab, although its files already say prod',
      [called('prod', live(), 'lab'), called('prod', live(), 'lab')],
      undefined,
      'lab',
    ],
    ['of which one member runs as lab', [called('lab', live({ size: 1 })), unreachable], undefined, 'lab'],
    [
      'that waits for quorum as lab',
      [called('lab', noQuorum(3)), called('lab', stopped(3))],
      undefined,
      'lab',
    ],
    ['that is stopped as lab', [called('lab', stopped(3)), called('lab', stopped(3))], undefined, 'lab'],
    ['that refuses root, with lab in its files', [called('lab', refusing()), fresh], undefined, 'lab'],
    ['one of whose members was expelled from lab', [called('lab', thrownOut()), fresh], undefined, 'lab'],
    ['whose arbitrator votes in lab', [unreachable, fresh], 'lab', 'lab'],
    [
      'with two Primaries, only one of its own name',
      [called('prod', live({ size: 1 })), called('lab', live({ size: 1 }))],
      undefined,
      'lab',
    ],
  ];
  it.each(refusals)('is refused %s', (_name, answers, group, name) => {
    expect(decideName(membersThat(...answers), 'prod', group)).toMatchObject({
      verdict: 'refuse',
      reason: `the cluster on the hosts is called ${name}, but the inventory calls it prod`,
      hint: expect.stringContaining(`name: ${name}`) as string,
    });
  });

  const fine: readonly (readonly [string, readonly Said[], string | undefined])[] = [
    ['is called that', [called('prod', live()), called('prod', live())], 'prod'],
    ['was never deployed', [fresh, fresh], undefined],
    ['has only standalone servers', [called('my_wsrep_cluster', standalone()), standalone()], undefined],
    [
      'has another name in a file, from a deployment that formed no cluster',
      [called('lab', fresh), fresh],
      undefined,
    ],
    ['is unreachable', [unreachable, unreachable], undefined],
    [
      'runs under its name, although an interrupted run left another one in a file',
      [called('lab', stopped(3)), called('prod', live())],
      undefined,
    ],
    ['is stopped and only half renamed', [called('lab', stopped(3)), called('prod', stopped(3))], undefined],
  ];
  it.each(fine)('is recognised where the cluster %s', (_name, answers, group) => {
    expect(decideName(membersThat(...answers), 'prod', group)).toEqual({ verdict: 'converged' });
  });

  it('reads the cluster name of the arbitrator on its host', () => {
    const web = aHost('web');
    const operation = recognised(HOSTS, {
      platform: platformOf('debian-12'),
      arbitrator: web,
      clusterName: 'prod',
    });
    const arbitrator = operation.probe(web).parse({
      stdout: 'ActiveState=active\nnow=1\ngroup=lab\n',
      stderr: '',
      exitCode: 0,
    });
    const members = HOSTS.map(
      ({ name }) => [name, { reachable: true, observed: observationOf({}) }] as const,
    );
    const answers = new Map([...members, ['web', { reachable: true, observed: arbitrator }] as const]);
    expect(operation.decide(answers)).toMatchObject({ verdict: 'refuse' });
  });
});
