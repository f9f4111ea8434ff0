import type { Host } from 'osha';
import { PORT, ROOT, type Entrance } from '../entrance.ts';

export const APACHE_CONF = '/etc/apache2/apache2.conf';

const STATIC = '/var/lib/openstack-dashboard/static';
const APPLICATION = '/usr/share/openstack-dashboard';

export interface ApacheInput {
  readonly host: Host;
  readonly entrance: Entrance;
  readonly processes: number;
}

/**
 * `apache2.conf` of one host. It is written whole because the packages' own sites must not be read: they listen on every
 * address, one of them stops Apache where its TLS module is off, and each update of the dashboard puts them back.
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
