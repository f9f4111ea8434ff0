import { ini, type SecretText } from 'osha';
import { databaseSection, PROXY_HEADERS, type Site } from '../../openstack/site.ts';
import { CREDENTIAL_KEYS, MOST_KEYS, TOKEN_KEYS } from '../key-repository.ts';

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
      // Other backends do not survive a dead cache: even bootstrapping fails with them.
      backend: 'oslo_cache.memcache_pool',
      memcache_servers: site.caches,
      memcache_dead_retry: 60,
      memcache_socket_timeout: 2,
    },
    oslo_middleware: PROXY_HEADERS,
  });
}
