import { expect, it } from 'vitest';
import { parseAnswer } from '../../../../playbooks/keepalived/cluster/network-question.ts';

it('parseAnswer separates the answers of two interfaces', () => {
  const lines = ['0 arp 10.9.0.20 aa', '1 arp 10.8.0.20 bb', '1 vrrp 10.8.0.12 speaks', '0 asked', '1 asked'];
  expect(parseAnswer(0, lines)).toMatchObject({ macs: new Map([['10.9.0.20', new Set(['aa'])]]) });
  expect(parseAnswer(1, lines).speaks).toEqual(new Set(['10.8.0.12']));
});
