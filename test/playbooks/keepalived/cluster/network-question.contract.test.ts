import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseAnswer, questionScript } from '../../../../playbooks/keepalived/cluster/network-question.ts';
import { runHere } from '../../../operations/local.ts';

const asked = [{ interface: 'eth0', addresses: ['10.9.0.20', '10.9.0.12'] }];
const NAME = `osha-${process.pid}`;

/** Three hosts on one network, each with a network namespace of its own: the first asks. `then` is run as all are up. */
function onNetwork(then: string): string {
  const hosts = [11, 12, 13];
  const setUp = hosts.map(
    (last) => `h=${NAME}-${last}
ip netns add $h
ip -n ${NAME} link add v${last} type veth peer name eth0 netns $h
ip -n ${NAME} link set v${last} master br0 up
ip -n $h link set eth0 address 02:00:00:00:00:${last} up
ip -n $h link set lo up
ip -n $h addr add 10.9.0.${last}/24 dev eth0`,
  );
  const { stdout, stderr, exitCode } = runHere(`set -e
trap 'for h in ${hosts.map((last) => `${NAME}-${last}`).join(' ')} ${NAME}; do ip netns del $h; done' EXIT
ip netns add ${NAME}
ip -n ${NAME} link add br0 type bridge
ip -n ${NAME} link set br0 up
${setUp.join('\n')}
${then}
ip netns exec ${NAME}-11 ${questionScript(asked, "'10.9.0.12 10.9.0.13 10.9.0.14'")}
`);
  expect([exitCode, stderr]).toEqual([0, '']);
  return stdout;
}

const canMakeNetworks =
  process.getuid?.() === 0 &&
  spawnSync('sh', ['-c', `ip netns add ${NAME} && ip netns del ${NAME}`]).status === 0;

describe('a network query', () => {
  it.runIf(canMakeNetworks)('reports every host that claims an address, even two', () => {
    const answer = parseAnswer(
      0,
      onNetwork(`for h in 12 13; do ip -n ${NAME}-$h addr add 10.9.0.20/24 dev eth0; done`).split('\n'),
    );
    expect(answer.failed).toBeUndefined();
    expect(answer.macs).toEqual(
      new Map([
        ['10.9.0.12', new Set(['02:00:00:00:00:12'])],
        ['10.9.0.13', new Set(['02:00:00:00:00:13'])],
        ['10.9.0.20', new Set(['02:00:00:00:00:12', '02:00:00:00:00:13'])],
      ]),
    );
  });

  it.runIf(canMakeNetworks)('reports other hosts with an address of its own host', () => {
    const answer = parseAnswer(
      0,
      onNetwork(`for h in 11 13; do ip -n ${NAME}-$h addr add 10.9.0.20/24 dev eth0; done`).split('\n'),
    );
    expect(answer.macs.get('10.9.0.20')).toEqual(new Set(['02:00:00:00:00:13']));
  });

  it.runIf(canMakeNetworks)('distinguishes hosts with and without a VRRP process', () => {
    const listen = `perl -e 'use Socket; socket my $s, AF_INET, SOCK_RAW, 112; sleep 4'`;
    const answer = parseAnswer(
      0,
      onNetwork(`ip netns exec ${NAME}-13 ${listen} </dev/null >/dev/null 2>&1 &\nsleep 0.3`).split('\n'),
    );
    // No host has 10.9.0.14.
    expect(answer.closed).toEqual(new Set(['10.9.0.12']));
    expect(answer.macs.has('10.9.0.13')).toBe(true);
    expect(answer.macs.has('10.9.0.14')).toBe(false);
  });

  it('reports why it failed', () => {
    const nowhere = [{ interface: 'osha-none', addresses: ['10.9.0.20'] }];
    const { stdout } = runHere(questionScript(nowhere, "''"));
    expect(parseAnswer(0, stdout.split('\n')).failed).toBe('there is no interface osha-none');
    expect(parseAnswer(0, ['sh: perl: not found']).failed).toBe('no output from perl');
  });
});
