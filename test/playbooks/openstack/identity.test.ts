import { describe, expect, it } from 'vitest';
import { identityOf } from '../../../playbooks/keystone/desired-identity.ts';
import { deployment, placedBy, textOn, type Asked } from './deployment.ts';
import { siteIn } from './site.ts';

const desired = (asked: Asked = {}): ReturnType<typeof identityOf> => identityOf(siteIn(deployment(asked)));

describe('what Keystone has to know', () => {
  it('is every service that was asked for, where it answers', () => {
    const { catalogue } = desired();
    expect(catalogue.map(({ type, name, urls }) => [type, name, urls.internal])).toEqual([
      ['identity', 'keystone', 'http://192.0.2.100:5000/v3'],
      ['image', 'glance', 'http://192.0.2.100:9292'],
      ['placement', 'placement', 'http://192.0.2.100:8778'],
      ['compute', 'nova', 'http://192.0.2.100:8774/v2.1'],
      ['network', 'neutron', 'http://192.0.2.100:9696'],
      ['volumev3', 'cinder', 'http://192.0.2.100:8776/v3/%(project_id)s'],
    ]);
    for (const { urls } of catalogue)
      expect([urls.public, urls.admin]).toEqual([urls.internal, urls.internal]);
  });

  it('leads to https where the virtual IP speaks TLS', () => {
    const { catalogue } = desired({ more: 'haproxy: { tls: { api: {} } }' });
    expect(catalogue.map(({ urls }) => new URL(urls.public).protocol)).toEqual(Array(6).fill('https:'));
  });

  it('is an account for each service but Keystone itself, with its own password', () => {
    const { accounts, projects } = desired();
    expect(accounts.map(({ name, password }) => [name, password.reveal()])).toEqual(
      ['glance', 'placement', 'nova', 'neutron', 'cinder'].map((name) => [name, `value-of-${name}Account`]),
    );
    expect(new Set(accounts.map(({ project }) => project))).toEqual(new Set(projects));
    for (const { roles } of accounts) expect(roles).toEqual(['admin', 'service']);
  });

  it('leaves out what was not asked for', () => {
    const { accounts, catalogue } = desired({ openstack: 'services: [identity, image]' });
    expect(accounts.map(({ name }) => name)).toEqual(['glance']);
    expect(catalogue.map(({ type }) => type)).toEqual(['identity', 'image']);
  });

  it('is the region that the inventory names', () => {
    expect(desired().region).toBe('RegionOne');
    expect(desired({ openstack: 'services: all, region: Zurich' }).region).toBe('Zurich');
  });
});

describe("the administrator's credentials", () => {
  const plain = deployment();
  const secure = deployment({
    more: 'haproxy: { tls: { api: {} } }',
    openstack: 'services: all, region: Zurich',
  });

  it('are variables for the command line', () => {
    expect(textOn(plain, 'c1', '/root/admin-openrc')).toBe(`# Placed by osha.
export OS_AUTH_URL=http://192.0.2.100:5000/v3
export OS_USERNAME=admin
export OS_PASSWORD=value-of-openstackAdmin
export OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_DOMAIN_NAME=Default
export OS_REGION_NAME=RegionOne
export OS_IDENTITY_API_VERSION=3
`);
  });

  it('name the CA where there is TLS', () => {
    const openrc = textOn(secure, 'c1', '/root/admin-openrc');
    expect(openrc).toContain('export OS_AUTH_URL=https://192.0.2.100:5000/v3\n');
    expect(openrc).toContain('export OS_REGION_NAME=Zurich\n');
    expect(openrc.trimEnd().split('\n').at(-1)).toBe('export OS_CACERT=/etc/osha/ca.pem');
    expect(textOn(secure, 'c1', '/etc/openstack/clouds.yaml')).toBe(`# Placed by osha.
clouds:
  prod:
    region_name: Zurich
    identity_api_version: 3
    cacert: /etc/osha/ca.pem
    auth:
      auth_url: https://192.0.2.100:5000/v3
      username: admin
      password: value-of-openstackAdmin
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
`);
  });

  it('name no CA where there is none', () => {
    expect(textOn(plain, 'c1', '/etc/openstack/clouds.yaml')).not.toContain('cacert');
  });

  it('are for root, on hosts of the control plane alone', () => {
    const kept = placedBy(plain).filter(({ path }) => /admin-openrc|clouds\.yaml/.test(path));
    expect(new Set(kept.map(({ host }) => host))).toEqual(new Set(['c1', 'c2', 'all1']));
    expect(new Set(kept.map(({ mode }) => mode))).toEqual(new Set([0o600]));
  });
});
