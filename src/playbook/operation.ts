import { OshaError } from '../text/error.ts';
import type { Host } from '../inventory/types.ts';
import type { Text } from '../secrets/text.ts';

/**
 * Something that can be observed and changed: what a change touches, and what a probe's answer depends on. A probe that
 * depends on everything in a directory reads `file:DIRECTORY/`. What a cluster or a database holds is named in parts,
 * such as `cluster:rabbitmq/user nova`: a change of the whole is one of each part, and the reverse.
 */
export type ResourceKey =
  `${'file' | 'package' | 'unit' | 'user' | 'kernel' | 'cluster' | 'database' | 'host'}:${string}`;

/** What came back of a probe's script. */
export interface ProbeAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** What announced changes will do to what a probe reads: by each of its `reads`, everything that those changes do. */
export type PendingReads = ReadonlyMap<ResourceKey, readonly Effect[]>;

/**
 * A question to one host. Its script only reads, whatever happens; probes with the same script and input are asked
 * once per round trip and share the answer.
 */
export interface Probe<Observed = unknown> {
  /** POSIX sh, run as root. */
  readonly script: string;
  /** Given to the script on stdin: the only way in which a secret may reach a probe. */
  readonly input?: Text;
  /** What the answer depends on. */
  readonly reads: readonly ResourceKey[];
  /** Understands the answer. Throws a `ProbeError` when the answer makes no sense. */
  parse(answer: ProbeAnswer): Observed;
  /**
   * Pure: what the host will answer once `pending` has been carried out, from what it answers now. A plan decides on it,
   * and so announces what follows from the changes before it. Returns `undefined` where that cannot be known. Default: it
   * is not known.
   */
  foresee?(observed: Observed, pending: PendingReads): Observed | undefined;
}

/** What a probe asks, for one that asks it too and understands the answer in its own way. */
export function questionOf({
  script,
  input,
  reads,
}: Omit<Probe, 'parse'>): Pick<Probe, 'script' | 'input' | 'reads'> {
  return input === undefined ? { script, reads } : { script, input, reads };
}

/** An answer to a probe that could not be understood; the message says what was expected. */
export class ProbeError extends OshaError {
  override name = 'ProbeError';
}

/** A system that runs and turns osha away: nothing can be learned of it, and nothing is wrong with the answer. */
export class AccessRefused extends ProbeError {
  override name = 'AccessRefused';

  /** `hint` is the way out, to be pasted. */
  constructor(message: string, hint: string) {
    super(message, { hint });
  }
}

/** A difference of two texts, secrets masked already. */
export interface TextDiff {
  readonly path: string;
  /** Absent where there was no file. */
  readonly before?: string;
  /** Absent where the file goes. */
  readonly after?: string;
}

/**
 * What a change does to a service or a cluster member, and to its data. The runner takes turns by it, and the
 * invariants over all decisions (`test/invariants`) hold it against what is known of the member.
 */
export type Effect =
  /** Starts what does not run. */
  | 'starts'
  /** Stops and starts what may run: it serves nobody meanwhile. */
  | 'restarts'
  | 'stops'
  /** Ends it without letting it finish. */
  | 'kills'
  /** Forms a cluster from this member's data alone. */
  | 'forms'
  /** Gives the quorum to this running member. */
  | 'promotes'
  /** Joins a cluster and takes over its data: what the member had of its own is overwritten. */
  | 'joins'
  /** Removes another member from the cluster's list. */
  | 'forgets'
  /** Deletes the member's data or moves it aside. */
  | 'wipes';

/** Effects after which a host serves nobody, if only for a moment. */
const DISRUPTS: readonly Effect[] = ['restarts', 'stops', 'kills', 'joins', 'wipes'];

/** Those of `effects` that clients of the host may notice: what does so is done on one host at a time. */
export function disruptive(effects: readonly Effect[] = []): readonly Effect[] {
  return effects.filter((effect) => DISRUPTS.includes(effect));
}

/** One thing that has to be done on one host. */
export interface Change {
  /** In the infinitive: "install rabbitmq-server 3.10.8", "restart mariadb (its configuration is newer)". */
  readonly summary: string;
  readonly diff?: TextDiff;
  /** POSIX sh, run as root with `set -e`. Never holds a secret: a script can be read in errors and in the journal. */
  readonly script: string;
  /** Given to the script on stdin; a function is called when the change is made, and never by a dry run. */
  readonly input?: Text | Uint8Array | (() => Promise<Text>);
  readonly touches: readonly ResourceKey[];
  /** What it does to a service or a member; default: nothing that a client of it could notice. */
  readonly effects?: readonly Effect[];
  /**
   * True where it takes away what osha made and the inventory does not name any more. It is told, and only done with
   * `--prune`.
   */
  readonly prunes?: true;
  /** Milliseconds until its process group is killed; default is the run's `--timeout`. A longer `--timeout` stretches it. */
  readonly timeoutMs?: number;
}

/** A file that an operation places on its host, for `osha render`. */
export interface PlacedFile {
  readonly path: string;
  readonly content: Text;
  readonly mode: number;
}

/** One idempotent unit of work on one host. */
export interface Operation<Observed = unknown> {
  readonly scope: 'host';
  readonly title: string;
  readonly places?: PlacedFile;
  /**
   * It is about something that all hosts of its step share, such as an account of a replicated database: it is done on the
   * first host that is up. Default: on each host.
   */
  readonly runsOnce?: true;
  /** Every effect that its changes may have: a plan says so before a host is asked. Default none. */
  readonly effects?: readonly Effect[];
  readonly probe: Probe<Observed>;
  /** Pure: what is left to do. An empty list means converged. */
  decide(observed: Observed): readonly Change[];
}

/** What one member of a cluster answered, or why it did not. */
export type Answer<Observed = unknown> =
  | { readonly reachable: true; readonly observed: Observed }
  | { readonly reachable: false; readonly reason: string };

/** By host name, in inventory order; every member has an entry. */
export type Answers<Observed = unknown> = ReadonlyMap<string, Answer<Observed>>;

/** Ends a statement that adds up what each member said; empty where all of them answered. */
export function ofThoseThatAnswered(answered: number, members: number): string {
  return answered < members ? ', of those that answered' : '';
}

/** The facts that a decision rests on, as a table to print. */
export interface Evidence {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface HostChange {
  readonly host: string;
  readonly change: Change;
}

/** What a cluster needs. */
export type ClusterDecision =
  | { readonly verdict: 'converged'; readonly evidence?: Evidence }
  | {
      readonly verdict: 'change';
      /** Stages run one after another; the changes within a stage run on their hosts at the same time. */
      readonly stages: readonly (readonly HostChange[])[];
      /** One sentence: what was found and so what will be done. */
      readonly because: string;
      /**
       * What is decided once the stages are carried out and the members have been asked again: "which member has the
       * newest data". A plan says that more may follow. Default: nothing, the cluster is converged then.
       */
      readonly then?: string;
      readonly evidence?: Evidence;
    }
  | {
      /** Going on could lose data, or would break what still runs. */
      readonly verdict: 'refuse';
      readonly reason: string;
      readonly hint: string;
      readonly evidence?: Evidence;
    };

/**
 * One idempotent unit of work on a whole cluster: one probe per member and one pure decision over all answers, so
 * that an algorithm that could lose data is tested as a table, without a host.
 */
export interface ClusterOperation<Observed = unknown> {
  readonly scope: 'cluster';
  readonly title: string;
  /** Every member, also those that `--limit` leaves out: limiting must never shrink a cluster. */
  readonly members: readonly Host[];
  /**
   * True where `decide` knows what to do, or to refuse, while a member cannot be reached. Default: the step stops then,
   * unless `--limit` leaves that member out. A member that answers and left the run always stops it.
   */
  readonly decidesWithoutUnreachable?: true;
  /**
   * True where what one member says holds for all, such as a configuration that they share. A plan leaves out those of which
   * is not known what they will say. Default: a plan then does not know what is decided.
   */
  readonly oneSpeaksForAll?: true;
  probe(member: Host): Probe<Observed>;
  decide(answers: Answers<Observed>): ClusterDecision;
}

/** One thing that is healthy or not, and the system's own word for it. */
export interface Finding {
  /** What it is about: "cluster size", "virtual IP api". */
  readonly subject: string;
  readonly healthy: boolean;
  /** True where no host could say: `healthy` is false then, and the evidence states nothing about the system. */
  readonly unknown?: true | undefined;
  /** As the system itself said: "3 of 3, Primary". */
  readonly evidence: string;
  /** Absent where it is about the cluster as a whole. */
  readonly host?: string;
  /** What to do about it, where it is not healthy. */
  readonly hint?: string;
}

/** Something an operator should know that is neither healthy nor unhealthy: it never decides an exit code. */
export interface Advice {
  /** What it is about: "fencing". */
  readonly subject: string;
  readonly evidence: string;
  /** Absent where it is about the cluster as a whole. */
  readonly host?: string | undefined;
  /** What can be done about it. */
  readonly hint?: string | undefined;
}

/** How one system's health is observed; `status` and the verifying steps of a playbook share it. */
export interface HealthCheck<Observed = unknown> {
  readonly scope: 'health';
  readonly title: string;
  readonly members: readonly Host[];
  probe(member: Host): Probe<Observed>;
  /**
   * Pure. At least one finding. Where no member answered, what it says of the cluster as a whole is replaced by "unknown";
   * where only some did, `ofThoseThatAnswered` qualifies a statement that adds up what each member said.
   */
  judge(answers: Answers<Observed>): readonly Finding[];
  /** Pure. What is worth knowing and is no matter of health; default nothing. Verifying steps ignore it. */
  advise?(answers: Answers<Observed>): readonly Advice[];
}
