import type { DeclaredCloud } from '../playbook/cloud.ts';
import type { Credentials } from './api.ts';

/** A cloud as the inventory describes it, with what it takes to log in. */
export interface Cloud extends Pick<
  DeclaredCloud,
  'services' | 'entrances' | 'control' | 'network' | 'compute' | 'imagePort' | 'outside'
> {
  readonly name: string;
  readonly credentials: Credentials;
  /** The certificate of the CA that signed the virtual IP's, as PEM, where everybody does not know it. */
  readonly trust?: string | undefined;
}
