import { describe, expect, it } from 'vitest';
import { deployment, placedBy } from './deployment.ts';

/** The arguments of each uWSGI service, by host and service. */
const started = placedBy(deployment({ openstack: 'services: all, workers: 3' })).flatMap(
  ({ host, path, text }) =>
    /--http-socket /.test(text) ? [[`${host}:${path.replace('/etc/default/', '')}`, text] as const] : [],
);

describe('an API under uWSGI', () => {
  it('is each API that Debian runs under uWSGI, on every control host', () => {
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
    'runs single-threaded processes, and kills a request that never ends: %s',
    (what, text) => {
      const processes = what.endsWith(':keystone') ? 6 : 3;
      expect(text).toContain(` --processes ${processes} --threads 1 --harakiri 300"`);
    },
  );
});
