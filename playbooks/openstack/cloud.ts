import { type DeclaredCloud, holdersOf, hostsWith, type Inventory, tls } from 'osha';
import { settingsOf as haproxySettings } from '../haproxy/settings.ts';
import { PHYSICAL_NETWORK, settingsOf as neutronSettings } from '../neutron/settings.ts';
import { adminOpenrc, cloudsYaml } from './credentials.ts';
import { endpointsAt, needsAuthority, publicVip } from './endpoints.ts';
import { SERVICES } from './services.ts';
import { apisOf, servicesOf, settingsOf } from './settings.ts';

/** The cloud as the operator's machine sees it; nothing where the inventory asks for none. */
export function cloudOf(inventory: Inventory): DeclaredCloud | undefined {
  if (!servicesOf(inventory).includes('identity')) return undefined;
  const users = endpointsAt(inventory, publicVip(inventory));
  const settings = settingsOf(inventory);
  const login = { authUrl: users.url('identity'), region: settings.region };
  const { external } = neutronSettings(inventory);
  return {
    ...login,
    user: 'admin',
    project: 'admin',
    password: 'openstackAdmin',
    byAuthority: needsAuthority(inventory, users.vip),
    ownCertificate: () => {
      const { certificate, key } = haproxySettings(inventory).tls[users.vip.name] ?? {};
      if (certificate === undefined || key === undefined) return undefined;
      return tls.readCertificateFiles(inventory, { certificate, key }).certificate;
    },
    services: apisOf(settings),
    entrances: holdersOf(inventory, users.vip),
    control: hostsWith(inventory, 'control'),
    network: hostsWith(inventory, 'network'),
    compute: hostsWith(inventory, 'compute'),
    imagePort: SERVICES.image.port,
    outside: external && {
      physicalNetwork: PHYSICAL_NETWORK,
      subnet: external.subnet,
      gateway: external.gateway,
      floating: external.floating,
    },
    openrc: ({ ca }, password) => adminOpenrc({ ...login, ca }, password),
    cloudsYaml: ({ ca }, password) => cloudsYaml({ ...login, ca }, inventory.name, password),
  };
}
