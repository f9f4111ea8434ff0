import type { Secret } from 'osha';

/** An account of Keystone in the default domain, and what it may do in one project. */
export interface Account {
  readonly name: string;
  readonly password: Secret;
  readonly project: string;
  readonly roles: readonly string[];
}

/** A service as the catalogue lists it. */
export interface CatalogueEntry {
  readonly name: string;
  /** `compute`, `image`. */
  readonly type: string;
  readonly description: string;
  /** Where it answers: public, internal and admin. */
  readonly urls: EndpointUrls;
}

export type EndpointKind = 'public' | 'internal' | 'admin';

/** With their paths: `http://10.0.0.20:5000/v3`. */
export type EndpointUrls = Readonly<Record<EndpointKind, string>>;

/** What Keystone has to know. What else it knows is left alone. */
export interface DesiredIdentity {
  readonly region: string;
  readonly projects: readonly string[];
  readonly roles: readonly string[];
  readonly accounts: readonly Account[];
  readonly catalogue: readonly CatalogueEntry[];
}

/** Something that Keystone knows by an id and a name. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** What Keystone knows: nothing where it does not answer, so that all is to be told, which then fails by its own words. */
export interface IdentityState {
  readonly projects: readonly Named[];
  readonly roles: readonly Named[];
  readonly users: readonly Named[];
  readonly services: readonly (Named & { readonly type: string })[];
  readonly endpoints: readonly {
    readonly id: string;
    readonly service_id: string;
    readonly interface: string;
    readonly region: string | null;
    readonly url: string;
  }[];
  readonly assignments: readonly { readonly user: string; readonly project: string; readonly role: string }[];
  /** Accounts that could log in with their password. */
  readonly loggedIn: ReadonlySet<string>;
}
