import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formerFile, holderAddresses } from '../../../../playbooks/keepalived/files/conf.ts';
import {
  holderProbe,
  parseView,
  recordedIn,
  type HolderView,
} from '../../../../playbooks/keepalived/cluster/observe.ts';
import { recognised, remembered } from '../../../../playbooks/keepalived/cluster/recognise.ts';
import { settings } from '../../../../playbooks/keepalived/settings.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import type { Answer, ClusterOperation } from '../../../../src/playbook/operation.ts';
import { apply, runHere } from '../../../operations/local.ts';
import { aHost, anInventory } from '../../../support/inventory.ts';
import { folderForAll } from '../../../support/temporary-folder.ts';
import { instance, kept, observing, says } from '../vips.ts';

const [one, two, three] = [aHost('controller1'), aHost('controller2'), aHost('controller3')];
const vip = kept('api', 20, { holders: ['controller1', 'controller2'] });
/** Controller3 has left the inventory. */
const removed = { hosts: [one, two] };
/** Controller3 is still listed, and no holder any more. */
const listed = { hosts: [one, two, three] };

const addresses = holderAddresses(vip, removed);

const away: Answer<HolderView> = { reachable: false, reason: 'timed out' };
const all = [instance([11, 12, 13])];
const both = [instance([11, 12])];

type Inventory = typeof listed | typeof removed;

function operations(inventory: Inventory): readonly ClusterOperation<HolderView>[] {
  const options = { ...observing([vip], inventory), settings: settings.parse({}) };
  return [recognised([one, two], options), remembered([one, two], options)];
}

/** What an operation decides, in a line: a refusal's reason, or the changes by host. */
function inWords(
  operation: ClusterOperation<HolderView> | undefined,
  given: readonly Answer<HolderView>[],
): string {
  const answers = new Map([one, two].map(({ name }, index) => [name, given[index] ?? away] as const));
  const decision = operation?.decide(answers);
  switch (decision?.verdict) {
    case 'refuse':
      return `refuse: ${decision.reason}`;
    case 'change':
      return decision.stages
        .flat()
        .map(({ host, change }) => `${host}: ${change.summary}`)
        .join('; ');
    default:
      return 'converged';
  }
}

const up = { arp: [[13, 13]] } as const;
const gone = { arp: [] } as const;
const stopped = { ...up, closed: [13] };
const FILE = '/etc/keepalived/former-api.conf';
const none = (host: string): string => formerFile(host, 'api', [], addresses);
const third = (host: string): string =>
  formerFile(host, 'api', [{ name: 'controller3', address: '192.0.2.13' }], addresses);

type Case = readonly [
  name: string,
  inventory: Inventory,
  answers: readonly Answer<HolderView>[],
  before: string | RegExp,
  then: string | RegExp,
];

const cases: readonly Case[] = [
  [
    'no deployment yet',
    listed,
    [says(11, { unit: 'inactive', heard: gone }), says(12, { unit: 'inactive', heard: gone })],
    'converged',
    `controller1: record no former holder of api (${FILE}); controller2: record no former holder of api (${FILE})`,
  ],
  [
    'nothing has changed',
    removed,
    [
      says(11, { holds: [20], instances: both, records: { api: none('controller1') }, heard: gone }),
      says(12, { instances: both, records: { api: none('controller2') }, heard: { arp: [[20, 11]] } }),
    ],
    'converged',
    'converged',
  ],
  [
    'a former holder outside the inventory holds the address too',
    removed,
    [
      says(11, {
        holds: [20],
        instances: all,
        heard: {
          arp: [
            [13, 13],
            [20, 13],
          ],
        },
      }),
      says(12, {
        instances: all,
        heard: {
          arp: [
            [13, 13],
            [20, 11],
            [20, 13],
          ],
        },
      }),
    ],
    'refuse: controller3 (192.0.2.13) holds api (192.0.2.20) and is not a host of this inventory',
    /^refuse: controller3 \(192.0.2.13\) holds/,
  ],
  [
    'a former holder outside the inventory stands by, and would take the address without its peers',
    removed,
    [says(11, { holds: [20], instances: all, heard: up }), says(12, { instances: all, heard: up })],
    /^refuse: controller3 \(192.0.2.13\) could hold api .* is no longer a host of this inventory, and is up \(keepalived may run\)/,
    /^refuse: controller3/,
  ],
  [
    'only the peers in a file of an older osha show a former holder',
    removed,
    [
      says(11, {
        holds: [20],
        instances: [instance([], { holders: [{ address: '192.0.2.13' }] })],
        heard: up,
      }),
      says(12, { heard: up }),
    ],
    /^refuse: 192.0.2.13 could hold api/,
    /^refuse: 192.0.2.13/,
  ],
  [
    'keepalived was stopped on a former holder, and may start at the next boot',
    removed,
    [
      says(11, { holds: [20], instances: all, records: { api: third('controller1') }, heard: stopped }),
      says(12, { instances: all, records: { api: none('controller2') }, heard: up }),
    ],
    'converged',
    `controller2: record controller3 (192.0.2.13) (${FILE})`,
  ],
  [
    'a listed former holder was stopped',
    listed,
    [
      says(11, { holds: [20], instances: all, records: { api: third('controller1') }, heard: stopped }),
      says(12, { instances: all, records: { api: none('controller2') }, heard: up }),
    ],
    'converged',
    `controller1: record no former holder of api (${FILE})`,
  ],
  [
    'a former holder is not on the network, and may return',
    removed,
    [
      says(11, { holds: [20], instances: all, records: { api: none('controller1') }, heard: gone }),
      says(12, { instances: all, records: { api: third('controller2') }, heard: gone }),
    ],
    'converged',
    `controller1: record controller3 (192.0.2.13) (${FILE})`,
  ],
  [
    'a recorded former holder has returned',
    removed,
    [
      says(11, { holds: [20], instances: both, records: { api: third('controller1') }, heard: up }),
      says(12, { instances: both, records: { api: third('controller2') }, heard: up }),
    ],
    /^refuse: controller3/,
    /^refuse: controller3/,
  ],
  [
    'a listed former holder could not be stopped',
    listed,
    [
      says(11, { holds: [20], instances: all, records: { api: none('controller1') }, heard: up }),
      says(12, { instances: all, records: { api: third('controller2') }, heard: up }),
    ],
    'converged',
    `controller1: record controller3 (192.0.2.13) (${FILE})`,
  ],
  [
    'a listed host that is not a holder has the address',
    listed,
    [
      says(11, {
        instances: all,
        heard: {
          arp: [
            [13, 13],
            [20, 13],
          ],
        },
      }),
      says(12, {
        instances: all,
        heard: {
          arp: [
            [13, 13],
            [20, 13],
          ],
        },
      }),
    ],
    'converged',
    'refuse: controller3 holds api (192.0.2.20), but its holders are controller1, controller2',
  ],
  [
    'an unknown host has the address',
    removed,
    [says(11, { unit: 'inactive', heard: { arp: [[20, 77]] } }), says(12, { unit: 'inactive' })],
    /^refuse: an unknown host \(02:00:00:00:00:4d\) holds api/,
    /^refuse: an unknown host/,
  ],
  [
    'a holder that --limit excludes may run with the old password',
    removed,
    [says(11, { holds: [20], instances: both, samePassword: false, heard: { arp: [[12, 12]] } }), away],
    'converged',
    /^refuse: settings shared by all holders of api change on controller1, but controller2 may run keepalived/,
  ],
  [
    'a holder that --limit excludes is switched off',
    removed,
    [
      says(11, {
        holds: [20],
        instances: both,
        samePassword: false,
        records: { api: none('controller1') },
        heard: gone,
      }),
      away,
    ],
    'converged',
    'converged',
  ],
  [
    'a holder that --limit excludes may run, and no shared settings change',
    removed,
    [
      says(11, {
        holds: [20],
        instances: both,
        records: { api: none('controller1') },
        heard: { arp: [[12, 12]] },
      }),
      away,
    ],
    'converged',
    'converged',
  ],
];

describe('before keepalived is configured', () => {
  it.each(cases)('%s', (_name, inventory, answers, before, then) => {
    const [first, second] = operations(inventory).map((operation) => inWords(operation, answers));
    if (typeof before === 'string') expect(first).toBe(before);
    else expect(first).toMatch(before);
    if (typeof then === 'string') expect(second).toBe(then);
    else expect(second).toMatch(then);
  });

  it('hints at the command for the former holder', () => {
    const answers = new Map([
      ['controller1', says(11, { instances: all, heard: up })],
      ['controller2', says(12, { heard: up })],
    ]);
    const decision = operations(removed)[0]?.decide(answers);
    expect(decision).toMatchObject({
      verdict: 'refuse',
      hint: expect.stringContaining(
        'on controller3 (192.0.2.13): systemctl disable --now keepalived',
      ) as string,
      evidence: {
        rows: [
          [
            'api',
            '192.0.2.20',
            'controller1, controller2',
            '-',
            'controller3 (192.0.2.13): keepalived may run',
          ],
        ],
      },
    });
  });
});

describe('the file of former holders', () => {
  const folder = folderForAll();

  it('contains peers, or the whole block for a single holder', () => {
    const former = [{ name: 'controller3', address: '192.0.2.13' }, { address: '192.0.2.14' }];
    const shared = formerFile('controller1', 'api', former, addresses);
    expect(shared.split('\n').slice(2)).toEqual(['192.0.2.13 # controller3', '192.0.2.14', '']);
    const alone = formerFile(
      'controller1',
      'api',
      former,
      holderAddresses(kept('api', 20, { holders: ['controller1'] }), removed),
    );
    expect(alone).toContain('unicast_src_ip 192.0.2.11\nunicast_peer {\n    192.0.2.13 # controller3\n');
    for (const text of [shared, alone]) {
      expect(recordedIn(text)).toEqual([
        { name: 'controller3', address: '192.0.2.13' },
        { address: '192.0.2.14', name: undefined },
      ]);
    }
  });

  it('is written, and then converged', () => {
    const options = {
      ...observing([vip], removed),
      conf: join(folder, 'keepalived.conf'),
      settings: settings.parse({}),
    };
    const operation = remembered([one], options);
    const view = says(11, { holds: [20], instances: all, heard: gone });
    const decision = operation.decide(new Map([['controller1', view]]));
    const changes = decision.verdict === 'change' ? decision.stages.flat() : [];
    for (const { change } of changes) expect(apply(change).exitCode).toBe(0);
    const content = readFileSync(join(folder, 'former-api.conf'), 'utf8');
    expect(content).toBe(third('controller1'));
    const again = says(11, { holds: [20], instances: all, records: { api: content }, heard: gone });
    expect(operation.decide(new Map([['controller1', again]])).verdict).toBe('converged');
  });
});

describe('the probe of a host', () => {
  const folder = folderForAll();
  const conf = join(folder, 'keepalived.conf');
  const inventory = anInventory({ vips: [vip] });

  const CONF = `# Placed by osha.
global_defs {
    router_id controller1
}

vrrp_instance api {
    # holder controller1 192.0.2.11
    # holder controller3 192.0.2.13
    state MASTER
    interface eth0
    virtual_router_id 20
    priority 101
    advert_int 1
    unicast_src_ip 192.0.2.11
    unicast_peer {
        192.0.2.13
        192.0.2.14
        include ${folder}/former-api.conf
    }
    authentication {
        auth_type PASS
        auth_pass value-of
    }
    virtual_ipaddress {
        192.0.2.20/24 dev eth0
    }
}
`;

  function viewOfThisMachine(password: string): HolderView {
    mkdirSync(folder, { recursive: true });
    writeFileSync(conf, CONF);
    writeFileSync(join(folder, 'former-api.conf'), '# Placed by osha: ...\n192.0.2.15 # old\n');
    const probe = holderProbe(
      one,
      { ...observing([vip], inventory), conf, password: new Secret('keepalived', password) },
      false,
    );
    const answer = runHere(probe.script, probe.input);
    expect(answer.stdout).not.toContain('value-of');
    return parseView(answer.stdout, []);
  }

  it('returns its instances with all former holders, and their names if known', () => {
    expect(viewOfThisMachine('value-of-keepalived').instances).toEqual([
      instance([11, 13], {
        holders: [
          { name: 'controller1', address: '192.0.2.11' },
          { name: 'controller3', address: '192.0.2.13' },
          { name: undefined, address: '192.0.2.14' },
        ],
      }),
    ]);
  });

  it('returns records, addresses, and whether the password is current', () => {
    const view = viewOfThisMachine('value-of-keepalived');
    expect(view.records).toEqual(new Map([['api', '# Placed by osha: ...\n192.0.2.15 # old\n']]));
    expect(view.addresses).toContain('127.0.0.1');
    expect(view.samePassword).toBe(true);
    expect(viewOfThisMachine('another').samePassword).toBe(false);
  });

  it('queries all hosts that may run keepalived, except itself', () => {
    writeFileSync(conf, CONF);
    writeFileSync(join(folder, 'former-api.conf'), '192.0.2.15 # old\n');
    const { script } = holderProbe(one, { ...observing([vip], inventory), conf });
    const asked = script.replace(/^perl -e '(?:[^']|'\\'')*'/m, "printf '<%s>\\n'");
    const { stdout } = runHere(`ip() { echo "1: eth0 inet 192.0.2.11/24"; }\n${asked}`, 'value-of\n');
    expect(stdout.split('\n').filter((line) => line.startsWith('net='))).toEqual([
      'net=<eth0>',
      'net=<192.0.2.20 192.0.2.11 192.0.2.12 192.0.2.13>',
      'net=<192.0.2.12',
      'net=192.0.2.13',
      'net=192.0.2.14',
      'net=192.0.2.15>',
    ]);
  });
});
