import { type Host, ini, type SecretText } from 'osha';
import { IMAGES } from '../../openstack/hosts.ts';
import { SERVICES } from '../../openstack/services.ts';
import { databaseSection, PROXY_HEADERS, tokenSection, type Site } from '../../openstack/site.ts';

/** `glance-api.conf` of one host, which listens on its own address. */
export function glanceConf(site: Site, host: Host): SecretText {
  return ini({
    DEFAULT: {
      log_dir: '/var/log/glance',
      bind_host: host.address,
      bind_port: SERVICES.image.port,
      workers: site.settings.workers,
      enabled_backends: 'file:file',
      // Each host caches nothing that another one could lack.
      worker_self_reference_url: `http://${host.address}:${SERVICES.image.port}`,
    },
    glance_store: { default_backend: 'file' },
    file: { filesystem_store_datadir: IMAGES },
    database: databaseSection(site.database('image', 'glance')),
    keystone_authtoken: tokenSection(site, 'image'),
    paste_deploy: { flavor: 'keystone' },
    oslo_concurrency: { lock_path: '/var/lock/glance' },
    oslo_middleware: PROXY_HEADERS,
  });
}
