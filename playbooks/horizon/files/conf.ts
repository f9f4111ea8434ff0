import { type Host, type Secret, type SecretText, text } from 'osha';
import { PORT, ROOT, type Entrance } from '../entrance.ts';
import type { Site } from '../../openstack/site.ts';

export const APACHE_CONF = '/etc/apache2/apache2.conf';

/**
 * Read after the package's own files, which updates overwrite. Those keep logins in each process's memory
 * (`_0006_debian_cache.py`) and trust the name of the host that built the package.
 */
export const SETTINGS = '/etc/openstack-dashboard/local_settings.d/_9000_osha.py';

/** The database of sessions, and its account. */
export const DATABASE = 'horizon';

/** With TLS, HAProxy sets this header on every request; without TLS a client could set it, so it is not trusted. */
const BEHIND_TLS = `
SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
`;

const STATIC = '/var/lib/openstack-dashboard/static';
const APPLICATION = '/usr/share/openstack-dashboard';

export interface ApacheInput {
  readonly host: Host;
  readonly entrance: Entrance;
  readonly processes: number;
}

/**
 * `apache2.conf` of one host. It replaces the packages' file because their sites must not be read: they listen on every
 * address, one keeps Apache from starting without its TLS module, and each update of the dashboard restores them.
 */
export function apacheConf({ host, entrance, processes }: ApacheInput): string {
  return `# Placed by osha. This Apache serves the dashboard and nothing else: sites-enabled and ports.conf are not read.
DefaultRuntimeDir \${APACHE_RUN_DIR}
PidFile \${APACHE_PID_FILE}
User \${APACHE_RUN_USER}
Group \${APACHE_RUN_GROUP}
ErrorLog \${APACHE_LOG_DIR}/error.log
LogLevel warn
ServerName ${host.name}
Timeout 120
GracefulShutdownTimeout 10

IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
IncludeOptional conf-enabled/*.conf

<Directory />
    AllowOverride None
    Require all denied
</Directory>

# HAProxy holds the virtual IP on the same port.
Listen ${host.address}:${PORT}

<VirtualHost ${host.address}:${PORT}>
    # Tells only how clients come, by TLS or not: the name is the one that they used.
    ServerName ${entrance.url}

    # Both groups are named so that the dashboard is loaded when Apache starts, and not by its first visitor.
    WSGIDaemonProcess horizon user=www-data group=www-data processes=${processes} threads=8 lang=C.UTF-8 locale=C.UTF-8 display-name=%{GROUP}
    WSGIScriptAlias ${ROOT.replace(/\/$/, '')} ${APPLICATION}/wsgi.py process-group=horizon application-group=%{GLOBAL}
    Alias ${ROOT}static ${STATIC}
    # For each page Apache also looks up what its path would be here, and complains where it may not.
    DocumentRoot ${STATIC}
    RedirectMatch ^/$ ${ROOT}

    <Directory ${APPLICATION}>
        Require all granted
    </Directory>
    <Directory ${STATIC}>
        Require all granted
    </Directory>

    # HAProxy's checks, several in a second, name no browser.
    SetEnvIf User-Agent ^$ check
    LogFormat "%{X-Forwarded-For}i %u %t \\"%r\\" %>s %O %D" forwarded
    CustomLog /var/log/openstack-dashboard/access.log forwarded env=!check
    ErrorLog /var/log/openstack-dashboard/error.log
</VirtualHost>
`;
}

interface SettingsInput {
  readonly site: Site;
  readonly entrance: Entrance;
  /** Signs cookies and sessions. All hosts share it, or a login would be valid on one of them only. */
  readonly key: Secret;
  readonly databasePassword: Secret;
}

/** Horizon's settings, in Python. A mistake is only logged, and the whole file ignored. */
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

function list(words: readonly string[]): string {
  return `[${words.map((word) => `'${word}'`).join(', ')}]`;
}
