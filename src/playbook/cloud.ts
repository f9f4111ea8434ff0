import type { Host, Inventory } from '../inventory/types.ts';
import type { Secret } from '../secrets/secret.ts';
import type { SecretText } from '../secrets/text.ts';

/** The external network of the inventory. */
export interface OutsideNetwork {
  /** Neutron's name for the physical network. */
  readonly physicalNetwork: string;
  /** `203.0.113.0/24`. */
  readonly subnet: string;
  readonly gateway: string;
  /** `203.0.113.100-203.0.113.199`. */
  readonly floating: string;
}

/** OpenStack services whose APIs osha uses, by service type. */
export type CloudService = 'identity' | 'image' | 'placement' | 'network' | 'compute' | 'volume';

/** Login options of a client on the operator's machine. */
export interface ClientLogin {
  /** The CA file, if the system does not trust the certificate. */
  readonly ca?: string | undefined;
}

/** A deployed cloud, for verbs that use it as a client. */
export interface DeclaredCloud {
  readonly authUrl: string;
  readonly region: string;
  readonly user: string;
  readonly project: string;
  /** The name of the user's password secret. */
  readonly password: string;
  /** The certificate of its virtual IP is signed by the deployment's own CA. */
  readonly byAuthority: boolean;
  /** The operator's own certificate on its virtual IP, as PEM. Throws if the file cannot be read. */
  ownCertificate(): string | undefined;
  readonly services: readonly CloudService[];
  /** Hosts that can hold the virtual IP: an SSH connection through one of them reaches it. */
  readonly entrances: readonly Host[];
  readonly control: readonly Host[];
  readonly network: readonly Host[];
  readonly compute: readonly Host[];
  /** The port of Glance on each control host. */
  readonly imagePort: number;
  readonly outside?: OutsideNetwork | undefined;
  /** Credentials as shell variables. */
  openrc(login: ClientLogin, password: Secret): SecretText;
  /** Credentials as `clouds.yaml`. */
  cloudsYaml(login: ClientLogin, password: Secret): SecretText;
}

/** The deployment's own CA, which a playbook signs certificates with. */
export interface DeclaredAuthority {
  /** The name of the secret that its key is derived from. */
  readonly secret: string;
  /** Whether anything in the inventory uses a certificate of it. */
  isUsed(inventory: Inventory): boolean;
  /** As PEM. */
  certificate(inventory: Inventory, key: Secret): string;
}
