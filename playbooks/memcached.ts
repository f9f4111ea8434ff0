import { z } from 'zod';
import { file, packages, playbook, role, service, step, verify } from 'osha';
import { memcachedConf } from './memcached/conf.ts';
import { cachesAnswer } from './memcached/health.ts';

const settings = z.strictObject({
  memory_mb: z.int().min(16).default(64).describe('Memory for cached items, in MiB, on each host.'),
  connections: z.int().min(64).default(4096).describe('Clients at the same time, on each host.'),
});

/** One cache per host, each on its own; the services are given the list of all. */
export default playbook({
  name: 'memcached',
  title: 'memcached',
  hosts: role('cache'),
  needs: ['base'],
  settings,
  ports: [{ port: 11211, process: 'memcached' }],

  steps: ({ hosts, settings, platform }) => {
    const conf = platform.paths.memcachedConf;
    return [
      step('Install memcached', packages.installed(platform.packages.memcached)),
      step('Listen on the cluster address', (host) => [
        file.content(conf, { content: memcachedConf(host, settings) }),
        service.running(platform.units.memcached, { newerThan: [conf] }),
      ]),
      verify('Every cache answers', cachesAnswer(hosts, platform.units.memcached)),
    ];
  },

  health: ({ hosts, platform }) => [cachesAnswer(hosts, platform.units.memcached)],
});
