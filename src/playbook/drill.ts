import type { Host } from '../inventory/types.ts';
import type { Secret } from '../secrets/secret.ts';
import type { Text } from '../secrets/text.ts';

/** What an availability test (`osha drill`) observes of a system while a host is taken away. */
export interface Drill {
  /** Services that clients must be able to reach. */
  readonly services?: readonly DrillService[] | undefined;
  /** Data that must not be lost. */
  readonly writes?: readonly DrillWrites[] | undefined;
}

/** A service, and what a client must see of it. */
export interface DrillService {
  /** "database", "virtual IP api". */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly proof: DrillProof;
}

/** What proves that a service answers. */
export type DrillProof =
  /** It accepts a connection. */
  | { readonly kind: 'connection' }
  /** Its address is held: the connection is accepted or refused. */
  | { readonly kind: 'address' }
  /** It sends something, after `send` if it waits for the client. A proxy without servers accepts connections and sends nothing. */
  | { readonly kind: 'bytes'; readonly send?: string | undefined }
  /** A page of it has a status below 500. */
  | { readonly kind: 'page'; readonly path: string; readonly tls: boolean };

/** POSIX sh, run as root. Must not contain secrets: those are in its stdin. */
export interface DrillScript {
  readonly script: string;
  readonly input?: Text | undefined;
}

/**
 * Entries that are written to a system as a client while a host is taken away, and counted on all its members afterwards. An
 * entry is named by its writer and a number.
 */
export interface DrillWrites {
  /** What is written, in the plural: "rows of the database". */
  readonly what: string;
  /** What holds the entries, as it is called if it is left behind: "the database osha_drill". */
  readonly container: string;
  /** The hosts that must all have every acknowledged entry. */
  readonly members: readonly Host[];
  /** Hosts that have what a client needs. */
  readonly writers: readonly Host[];
  /** Creates the container, and an account with this password for the writers. Runs on one member. Repeatable. */
  prepare(password: Secret): DrillScript;
  /**
   * Writes entry number `$2` of the writer `$1`. Exits with 0 only where the system has acknowledged it. Is killed after the
   * time limit of a sample.
   */
  write(password: Secret): DrillScript;
  /** Prints the entries that a member has, a line each: the writer, a space and the number. */
  readonly list: DrillScript;
  /** Removes everything that `prepare` created. Runs on one member. Repeatable. */
  readonly remove: DrillScript;
}
