import { ini, type SecretText } from 'osha';
import { CREDENTIAL_KEYS, MOST_KEYS, TOKEN_KEYS } from '../keys.ts';
import { databaseSection, PROXY_HEADERS } from '../../openstack/site.ts';
import type { Site } from '../../openstack/site.ts';

/** `keystone.conf`, the same on every host. */
export function keystoneConf(site: Site): SecretText {
  return ini({
    DEFAULT: { log_dir: '/var/log/keystone', use_stderr: false },
    database: databaseSection(site.database('identity', 'keystone')),
    token: { provider: 'fernet' },
    fernet_tokens: { key_repository: TOKEN_KEYS, max_active_keys: MOST_KEYS },
    credential: { key_repository: CREDENTIAL_KEYS },
    cache: {
      enabled: true,
      // The other back ends do not outlive a dead cache: even bootstrapping fails with them.
      backend: 'oslo_cache.memcache_pool',
      memcache_servers: site.caches,
      memcache_dead_retry: 60,
      memcache_socket_timeout: 2,
    },
    oslo_middleware: PROXY_HEADERS,
  });
}
