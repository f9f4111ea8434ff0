import { describe, expect, it } from 'vitest';
import { served, type Sight, type TlsEndpoint } from '../../../src/operations/tls/served.ts';
import type { Answer } from '../../../src/playbook/operation.ts';
import { aHost } from '../../support/inventory.ts';
import { CA, NOW, sample } from './samples.ts';

const hosts = [aHost('controller1'), aHost('controller2')];
const vip = { name: 'api', address: '192.0.2.20', holders: ['controller1', 'controller2'] };
const endpoint: TlsEndpoint = { vip, path: '/tls/api.pem', trusted: { authority: CA.certificate } };

interface Look {
  readonly served?: string;
  readonly own?: string;
}

/** What `status` says when the two hosts see this. */
function judged(sights: readonly (Look | undefined)[], given: TlsEndpoint = endpoint): readonly string[] {
  const check = served(hosts, [given]);
  const answers = hosts.map((host, index): [string, Answer<Sight>] => {
    const sight = sights[index];
    if (!sight) return [host.name, { reachable: false, reason: 'no route' }];
    const stdout = `now=${NOW}\nserved api\n${sight.served ?? ''}own api\n${sight.own ?? ''}`;
    const observed = check.probe(host).parse({ stdout, stderr: '', exitCode: 0 });
    return [host.name, { reachable: true, observed }];
  });
  return check
    .judge(new Map(answers))
    .map(({ host, subject, healthy, evidence }) =>
      [...(host ? [`${host}:`] : []), `${subject}:`, healthy ? 'good,' : 'BAD,', evidence].join(' '),
    );
}

describe('TLS of a virtual IP', async () => {
  const good = (await sample()).pem;
  const late = (await sample({ daysAgo: 391 })).pem;
  const stranger = (await sample({ by: { ...CA, name: 'osha CA other' } })).pem;
  const what = '192.0.2.20:443: 192.0.2.20, api, controller; by osha CA prod;';
  const long = '396 days left, until 2028-03-31';

  it('is healthy where all holders see a certificate of the CA, and have one ready', () => {
    const sight = { served: good, own: good };
    expect(judged([sight, sight])).toEqual([`TLS of api: good, ${what} ${long}`]);
  });

  it('names the holder whose own certificate is invalid', () => {
    expect(
      judged([
        { served: good, own: good },
        { served: good, own: late },
      ]),
    ).toEqual([
      `TLS of api: good, ${what} ${long}`,
      'controller2: certificate of api: BAD, 192.0.2.20, api, controller; by osha CA prod; 5 days left, until 2027-03-06; only 5 days are left',
    ]);
  });

  it('is judged by the holders that answer', () => {
    expect(judged([undefined, { served: good, own: good }])).toEqual([`TLS of api: good, ${what} ${long}`]);
    expect(judged([undefined, undefined])).toEqual(['TLS of api: BAD, unknown: no holder of it answered']);
  });

  it('is not healthy where nothing answers', () => {
    expect(judged([{ own: good }, { served: good, own: good }])).toEqual([
      'TLS of api: BAD, no certificate on 192.0.2.20:443 for controller1',
    ]);
  });

  it('is not healthy with a certificate of another CA', () => {
    expect(judged([{ served: stranger, own: good }, undefined])[0]).toMatch(
      /^TLS of api: BAD, .* by osha CA other; .*; not trusted/,
    );
  });

  it('must be the certificate that the inventory names, if it names one', () => {
    const trusted = { certificate: good };
    expect(judged([{ served: good, own: good }, undefined], { ...endpoint, trusted })[0]).toMatch(/: good,/);
    expect(judged([{ served: stranger, own: good }, undefined], { ...endpoint, trusted })[0]).toMatch(
      /it is not the certificate that the inventory names$/,
    );
  });
});
