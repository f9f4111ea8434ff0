import { describe, expect, it } from 'vitest';
import { parseMemberView, type MemberView } from '../../../../playbooks/pacemaker/cluster/member-view.ts';
import { fixture } from './desires.ts';

const CRM_MON = fixture('crm-mon.xml');

function said(monitor: string, state: string, name = ''): MemberView {
  const parts = [monitor, '127.0.0.1/8\n10.0.0.11/24\n', '', '', 'knet\n', `${state}\n`, `${name}\n`];
  return parseMemberView({ stdout: parts.join('-- next\n') });
}

describe('what one member sees of its cluster', () => {
  it('is what Pacemaker and Corosync say', () => {
    const view = said(CRM_MON, 'active', 'lab');
    expect(view.monitor?.quorate).toBe(true);
    expect([...view.addresses]).toEqual(['127.0.0.1', '10.0.0.11']);
    expect(view).toMatchObject({ transport: { kind: 'knet' }, cluster: 'lab' });
    expect(view.mute).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['half of it', CRM_MON.slice(0, 1500)],
  ])('is not that Pacemaker is stopped where it runs and says %s', (_, cut) => {
    expect(said(cut, 'active')).toMatchObject({ mute: true });
    expect(said(cut, 'activating')).toMatchObject({ mute: true });
    expect(said(cut, 'inactive').mute).toBeUndefined();
  });
});
