import { type Secret, type SecretText, text } from 'osha';
import type { Site } from '../openstack/site.ts';
import { ROOT, type Entrance } from './entrance.ts';

/**
 * A file that Horizon reads after its own ones, which the package writes anew. They put logins into each process's own memory
 * (`_0006_debian_cache.py`) and trust the name of the host that the package was built on.
 */
export const SETTINGS = '/etc/openstack-dashboard/local_settings.d/_9000_osha.py';

/** The database of logins, and the account that has it. */
export const DATABASE = 'horizon';

export interface SettingsInput {
  readonly site: Site;
  readonly entrance: Entrance;
  /** Signs cookies and logins: one for all hosts, or a login would count on one of them alone. */
  readonly key: Secret;
  readonly databasePassword: Secret;
}

function list(words: readonly string[]): string {
  return `[${words.map((word) => `'${word}'`).join(', ')}]`;
}

/** By TLS, HAProxy says so in a header of every request; without it a client could say so itself. */
const BEHIND_TLS = `
SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
`;

/** Horizon's settings: Python, of which a mistake would be logged and the whole file left out. */
export function horizonSettings({ site, entrance, key, databasePassword }: SettingsInput): SecretText {
  return text`# Placed by osha.
DEBUG = False
WEBROOT = '${ROOT}'
ALLOWED_HOSTS = ${list(entrance.names)}
SECRET_KEY = '${key}'
TIME_ZONE = 'UTC'
# Whose login failed: the log would name HAProxy.
SECURE_PROXY_ADDR_HEADER = 'HTTP_X_FORWARDED_FOR'
${entrance.tls ? BEHIND_TLS : ''}
# A login is in the database, so that it outlives any cache and any controller; the caches only spare most of the questions.
SESSION_ENGINE = 'django.contrib.sessions.backends.cached_db'
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.mysql',
        'HOST': '${site.databaseServer.address}',
        'PORT': ${site.databaseServer.port},
        'NAME': '${DATABASE}',
        'USER': '${DATABASE}',
        'PASSWORD': '${databasePassword}',
        'OPTIONS': {'connect_timeout': 5, 'read_timeout': 30, 'write_timeout': 30},
    },
}
CACHES = {
    'default': {
        'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache',
        'LOCATION': ${list(site.caches)},
        # What a dead cache had is nowhere for a moment, which is no error; then it is left alone for half a minute.
        'OPTIONS': {
            'ignore_exc': True,
            'connect_timeout': 1,
            'timeout': 1,
            'retry_attempts': 0,
            'dead_timeout': 30,
        },
    },
}

OPENSTACK_HOST = '${site.internal.vip.address}'
OPENSTACK_KEYSTONE_URL = '${site.internal.url('identity')}'
OPENSTACK_ENDPOINT_TYPE = 'internalURL'
OPENSTACK_KEYSTONE_DEFAULT_DOMAIN = 'Default'
OPENSTACK_KEYSTONE_DEFAULT_ROLE = 'member'
DEFAULT_SERVICE_REGIONS = {'*': '${site.settings.region}'}
${site.ca === undefined ? '' : `OPENSTACK_SSL_CACERT = '${site.ca}'\n`}CONSOLE_TYPE = 'VNC'
`;
}
