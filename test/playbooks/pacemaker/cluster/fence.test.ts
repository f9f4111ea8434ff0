import { describe, expect, it } from 'vitest';
import type { DesiredResources } from '../../../../playbooks/pacemaker/cluster/desired.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { asSecretText } from '../../../../src/secrets/text.ts';
import { RECORDED, changes, clones, location, summaries } from './desires.ts';

describe('a fence device', () => {
  const value = new Secret('fencePassword', `pa<ss'w"ord`);
  const device = {
    id: 'bmc1',
    agent: 'fence_ipmilan',
    hosts: ['controller1'],
    options: { ip: '10.0.0.101' },
    password: { option: 'passwd', value },
  };
  const fenced: DesiredResources = {
    ...clones,
    properties: { ...clones.properties, 'stonith-enabled': 'true' },
    fences: [device],
    constraints: [...clones.constraints, location('bmc1', 'controller1', '-INFINITY')],
  };

  it('is created and kept off its target before fencing is enabled', () => {
    expect(summaries(fenced)).toEqual([
      'create the fence device bmc1 (fence_ipmilan) for controller1; never run bmc1 on controller1',
      'set properties of the cluster: stonith-enabled to true (it is false)',
    ]);
  });

  it('receives its password only on stdin', () => {
    const [change] = changes(fenced);
    expect(JSON.stringify(change)).not.toContain('pa<ss');
    const input = change?.input;
    if (typeof input === 'function') throw new Error('it is known beforehand');
    expect(input instanceof Uint8Array ? '' : asSecretText(input ?? '').reveal()).toContain(
      'name="passwd" value="pa&lt;ss&apos;w&quot;ord"',
    );
  });

  const live = (options: string): string =>
    RECORDED.replace('name="stonith-enabled" value="false"', 'name="stonith-enabled" value="true"')
      .replace('value="haproxy haproxy-clone', 'value="bmc1 location-bmc1-controller1 haproxy haproxy-clone')
      .replace(
        '</resources>',
        `<primitive id="bmc1" class="stonith" type="fence_ipmilan"><instance_attributes id="i">${options}</instance_attributes></primitive></resources>`,
      )
      .replace(
        '</constraints>',
        '<rsc_location id="location-bmc1-controller1" rsc="bmc1" node="controller1" score="-INFINITY"/></constraints>',
      );
  const option = (name: string, text: string): string =>
    `<nvpair id="${name}" name="${name}" value="${text}"/>`;
  const same = `${option('pcmk_host_list', 'controller1')}${option('ip', '10.0.0.101')}`;
  const escaped = 'pa&lt;ss&apos;w&quot;ord';

  it.each<[string, string, readonly string[]]>([
    ['is left alone when nothing differs', `${same}${option('passwd', escaped)}`, []],
    [
      'gets a changed password that is never shown',
      `${same}${option('passwd', 'old')}`,
      ['change the fence device bmc1: its password'],
    ],
    [
      'gets a changed option',
      `${option('pcmk_host_list', 'controller1')}${option('ip', '10.0.0.9')}${option('passwd', escaped)}`,
      ['change the fence device bmc1: ip from 10.0.0.9 to 10.0.0.101'],
    ],
  ])('%s', (_, options, expected) => {
    expect(summaries(fenced, live(options))).toEqual(expected);
  });

  it('that is no longer listed is offered for removal, and fencing is disabled', () => {
    expect(summaries(clones, live(same))).toEqual([
      'set properties of the cluster: stonith-enabled to false (it is true)',
      'prune: remove the fence device bmc1 (stonith:fence_ipmilan)',
    ]);
  });
});
