import { describe, expect, it } from 'vitest';
import { deployment, placedBy } from './deployment.ts';

/** Where a process starts that answers at a host's own address. */
const started = placedBy(deployment({ openstack: 'services: all, workers: 3' })).flatMap(
  ({ host, path, text }) =>
    /--http-socket /.test(text) ? [[`${host}:${path.replace('/etc/default/', '')}`, text] as const] : [],
);

describe('an API under uWSGI', () => {
  it('is each of those that Debian starts so, on every host of the control plane', () => {
    expect(started.map(([what]) => what).filter((what) => what.startsWith('c1:'))).toEqual([
      'c1:keystone',
      'c1:placement-api',
      'c1:neutron-server',
      'c1:nova-api',
      'c1:nova-api-metadata',
      'c1:cinder-api',
    ]);
  });

  it.each(started)(
    'has processes of one thread, and gives up a request that never ends: %s',
    (what, text) => {
      const processes = what.endsWith(':keystone') ? 6 : 3;
      expect(text).toContain(` --processes ${processes} --threads 1 --harakiri 300"`);
    },
  );
});
