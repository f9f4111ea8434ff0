import { z } from 'zod';
import { file, packages, playbook, role, service, step, takeoverOf, verify } from 'osha';
import { memcachedConf } from './files/conf.ts';
import { cachesAnswer } from './health.ts';

const settings = z.strictObject({
  memory_mb: z.int().min(16).default(64).describe('Memory for cached items, in MiB, on each host.'),
  connections: z.int().min(64).default(4096).describe('Concurrent clients on each host.'),
});

/** One independent cache per host; services get the list of all. */
export default playbook({
  name: 'memcached',
  title: 'memcached',
  hosts: role('cache'),
  needs: ['base'],
  settings,
  ports: [{ port: 11211, process: 'memcached' }],

  steps: ({ hosts, settings, platform, takeovers }) => {
    const conf = platform.paths.memcachedConf;
    const unit = platform.units.memcached;
    const own = hosts.filter((host) => takeoverOf(takeovers, unit, host.name)?.runsOn !== 'one');
    return [
      step('Install memcached', packages.installed(platform.packages.memcached)),
      step('Listen on the cluster address', (host) =>
        file.content(conf, { content: memcachedConf(host, settings) }),
      ),
      step(
        'Run memcached',
        (host) =>
          service.running(unit, {
            newerThan: [conf],
            ...service.startup(takeoverOf(takeovers, unit, host.name)),
          }),
        { recovers: true },
      ),
      // A cache that runs on one host at a time is started by the cluster, in a later phase.
      ...(own.length > 0 ? [verify('Every cache answers', cachesAnswer(own, unit))] : []),
    ];
  },

  health: ({ hosts, platform, takeovers }) => [cachesAnswer(hosts, platform.units.memcached, takeovers)],
});
