import { describe, expect, it } from 'vitest';
import { fixture } from './desires.ts';
import { parseMemberView, type MemberView } from '../../../../playbooks/pacemaker/cluster/health-cluster.ts';

const CRM_MON = fixture('crm-mon.xml');

function said(monitor: string, state: string, name = ''): MemberView {
  const parts = [monitor, '127.0.0.1/8\n10.0.0.11/24\n', '', '', 'knet\n', `${state}\n`, `${name}\n`];
  return parseMemberView({ stdout: parts.join('-- next\n') });
}

describe('parseMemberView', () => {
  it('reads the output of Pacemaker and Corosync', () => {
    const view = said(CRM_MON, 'active', 'lab');
    expect(view.monitor?.quorate).toBe(true);
    expect([...view.addresses]).toEqual(['127.0.0.1', '10.0.0.11']);
    expect(view).toMatchObject({ transport: { kind: 'knet' }, cluster: 'lab' });
    expect(view.mute).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['truncated output', CRM_MON.slice(0, 1500)],
  ])('does not report Pacemaker as stopped when it runs with %s', (_, cut) => {
    expect(said(cut, 'active')).toMatchObject({ mute: true });
    expect(said(cut, 'activating')).toMatchObject({ mute: true });
    expect(said(cut, 'inactive').mute).toBeUndefined();
  });
});
