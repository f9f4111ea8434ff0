import { afterEach, describe, expect, it } from 'vitest';
import { identity } from '../../../playbooks/keystone/identity.ts';
import { startCloud, type Cloud } from '../openstack/operations/cloud.ts';
import { desiredAt, glance } from './desired.ts';
import { pending, perform, runMeanwhile } from '../openstack/operations/meanwhile.ts';
import { sessionAt } from '../openstack/operations/sessions.ts';

const IMAGE = 'http://192.0.2.20:9292';

const EVERYTHING = [
  'create the project service',
  'create the role service',
  'create the account glance, grant glance the role admin in service, grant glance the role service in service',
  'add glance (image) to the catalogue',
];

describe('Keystone itself', () => {
  let cloud: Cloud;
  afterEach(() => cloud.close());

  it('gets all that it lacks, then only what has drifted, then nothing', { timeout: 60_000 }, async () => {
    cloud = await startCloud();
    const { lists, origin } = cloud;
    // An account of the same name in another domain is not ours.
    const namesake = { id: 'u-0', name: 'glance', domain_id: 'ldap', password: 'theirs' };
    lists['users']?.unshift(namesake);
    lists['projects']?.unshift({ id: 'p-0', name: 'service', domain_id: 'ldap' });
    const told = identity(sessionAt(origin), desiredAt(IMAGE, ['service']));
    expect(await perform(told)).toEqual([
      ...EVERYTHING.slice(0, 2),
      'create the account glance, grant glance the role service in service',
      ...EVERYTHING.slice(3),
    ]);

    const user = lists['users']?.find(({ name, domain_id }) => name === 'glance' && domain_id === 'default');
    const project = lists['projects']?.find(
      ({ name, domain_id }) => name === 'service' && domain_id === 'default',
    );
    const role = lists['roles']?.find(({ name }) => name === 'service');
    expect(user).toMatchObject({ password: glance.reveal() });
    expect(lists['role_assignments']).toMatchObject([
      { user: { id: user?.id }, role: { id: role?.id }, scope: { project: { id: project?.id } } },
    ]);
    const images = lists['endpoints']?.filter(({ url }) => url === IMAGE);
    expect(images?.map(({ interface: kind, region }) => [kind, region])).toEqual([
      ['public', 'RegionOne'],
      ['internal', 'RegionOne'],
      ['admin', 'RegionOne'],
    ]);

    Object.assign(user!, { password: 'changed' });
    Object.assign(images![1]!, { url: 'http://192.0.2.99:9292' });
    expect(await perform(told)).toEqual([
      'set the password of glance',
      `change the internal endpoint of image from http://192.0.2.99:9292 to ${IMAGE}`,
    ]);
    expect(await pending(told)).toEqual([]);
    expect(lists['users']).toContainEqual(namesake);
  });

  it('is queried in vain if it does not run, and all changes are pending', async () => {
    cloud = await startCloud();
    await cloud.close();
    const told = identity(sessionAt(cloud.origin), desiredAt(IMAGE));
    const state = told.probe.parse(await runMeanwhile(told.probe.script, told.probe.input));
    expect(told.decide(state).map(({ summary }) => summary)).toEqual(EVERYTHING);
  });
});
