import type { Host, Inventory } from '../inventory/types.ts';
import type { Secret } from '../secrets/secret.ts';
import type { SecretText } from '../secrets/text.ts';

/** The network outside, where the inventory describes one. */
export interface OutsideNetwork {
  /** The name by which Neutron knows its wire. */
  readonly physicalNetwork: string;
  /** `203.0.113.0/24`. */
  readonly subnet: string;
  readonly gateway: string;
  /** `203.0.113.100-203.0.113.199`. */
  readonly floating: string;
}

/** The services of a cloud whose APIs are used, by what an inventory calls them. */
export type CloudService = 'identity' | 'image' | 'placement' | 'network' | 'compute' | 'volume';

/** How a client on the operator's machine logs in. */
export interface ClientLogin {
  /** The file with the certificate to trust, where the system does not know it. */
  readonly ca?: string | undefined;
}

/** A cloud that a playbook deploys, as the verbs that use it from outside have to know it. */
export interface DeclaredCloud {
  readonly authUrl: string;
  readonly region: string;
  readonly user: string;
  readonly project: string;
  /** The name of the secret that the user logs in with. */
  readonly password: string;
  /** Its virtual IP has a certificate of the deployment's own CA. */
  readonly byAuthority: boolean;
  /** The certificate of the operator's on its virtual IP, as PEM. Throws where its file cannot be read. */
  ownCertificate(): string | undefined;
  readonly services: readonly CloudService[];
  /** Hosts that can hold the virtual IP: through one of them it is reached, whatever network it is in. */
  readonly entrances: readonly Host[];
  readonly control: readonly Host[];
  readonly network: readonly Host[];
  readonly compute: readonly Host[];
  /** Where Glance listens on every control host. */
  readonly imagePort: number;
  readonly outside?: OutsideNetwork | undefined;
  /** Credentials as variables for a shell. */
  openrc(login: ClientLogin, password: Secret): SecretText;
  /** Credentials as `clouds.yaml`. */
  cloudsYaml(login: ClientLogin, password: Secret): SecretText;
}

/** The CA of the deployment's own, which a playbook signs certificates with. */
export interface DeclaredAuthority {
  /** The name of the secret that it follows from. */
  readonly secret: string;
  /** Whether anything in the inventory has a certificate of it. */
  isUsed(inventory: Inventory): boolean;
  /** As PEM. */
  certificate(inventory: Inventory, key: Secret): string;
}
