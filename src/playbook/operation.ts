import { OshaError } from '../text/error.ts';
import type { Host } from '../inventory/types.ts';
import type { Text } from '../secrets/text.ts';

/**
 * Something that changes touch and probes read. A probe that depends on everything in a directory reads `file:DIRECTORY/`.
 * The content of a cluster or database is named in parts, such as `cluster:rabbitmq/user nova`: a change to the whole
 * affects every part, and a change to a part affects the whole.
 */
export type ResourceKey =
  `${'file' | 'package' | 'unit' | 'user' | 'kernel' | 'cluster' | 'database' | 'host'}:${string}`;

/** The result of a probe's script. */
export interface ProbeAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** The effects of announced changes on what a probe reads, by resource in its `reads`. */
export type PendingReads = ReadonlyMap<ResourceKey, readonly Effect[]>;

/**
 * A read-only query to one host. Probes with the same script and input run once per round trip and share the answer.
 */
export interface Probe<Observed = unknown> {
  /** POSIX sh, run as root. */
  readonly script: string;
  /** The script's stdin: the only way to pass a secret to a probe. */
  readonly input?: Text;
  /** The resources that the answer depends on. */
  readonly reads: readonly ResourceKey[];
  /** Throws a `ProbeError` for unexpected output. */
  parse(answer: ProbeAnswer): Observed;
  /**
   * Pure: predicts the answer after the changes in `pending`, from the answer now, so that a plan also lists what follows
   * from earlier changes. Returns `undefined` if it cannot be predicted. Default: never predictable.
   */
  foresee?(observed: Observed, pending: PendingReads): Observed | undefined;
}

/** The query of a probe, for another probe that parses the answer differently. */
export function questionOf({
  script,
  input,
  reads,
}: Omit<Probe, 'parse'>): Pick<Probe, 'script' | 'input' | 'reads'> {
  return input === undefined ? { script, reads } : { script, input, reads };
}

/** Unexpected output of a probe; the message says what was expected. */
export class ProbeError extends OshaError {
  override name = 'ProbeError';
}

/** A running system rejects osha's login: its state is unknown, but the answer is valid. */
export class AccessRefused extends ProbeError {
  override name = 'AccessRefused';

  /** `hint` is a command to paste. */
  constructor(message: string, hint: string) {
    super(message, { hint });
  }
}

/** The difference of two texts, with secrets masked. */
export interface TextDiff {
  readonly path: string;
  /** Absent for a new file. */
  readonly before?: string;
  /** Absent for a removed file. */
  readonly after?: string;
}

/**
 * What a change does to a service or cluster member and to its data. The runner makes disruptive changes on one host at a
 * time, and the invariants (`test/invariants`) check decisions against the known state of the member.
 */
export type Effect =
  /** Starts what is stopped. */
  | 'starts'
  /** Stops and starts what may be running: no service meanwhile. */
  | 'restarts'
  | 'stops'
  /** Ends it ungracefully. */
  | 'kills'
  /** Forms a cluster from this member's data alone. */
  | 'forms'
  /** Gives quorum to this running member. */
  | 'promotes'
  /** Joins a cluster and replaces the member's own data with the cluster's. */
  | 'joins'
  /** Removes another member from the cluster. */
  | 'forgets'
  /** Deletes the member's data or moves it aside. */
  | 'wipes';

/** Effects that interrupt service on the host, even briefly. */
const DISRUPTS: readonly Effect[] = ['restarts', 'stops', 'kills', 'joins', 'wipes'];

/** The `effects` that clients may notice: such changes run on one host at a time. */
export function disruptive(effects: readonly Effect[] = []): readonly Effect[] {
  return effects.filter((effect) => DISRUPTS.includes(effect));
}

/** One change to make on one host. */
export interface Change {
  /** In the imperative: "install rabbitmq-server 3.10.8", "restart mariadb (its configuration is newer)". */
  readonly summary: string;
  readonly diff?: TextDiff;
  /** POSIX sh, run as root with `set -e`. Must not contain secrets: scripts appear in errors and in the journal. */
  readonly script: string;
  /** The script's stdin. A function is called only when the change is made, not for a plan. */
  readonly input?: Text | Uint8Array | (() => Promise<Text>);
  readonly touches: readonly ResourceKey[];
  /** What it does to a service or member; default: nothing that clients notice. */
  readonly effects?: readonly Effect[];
  /** True if it removes something that osha created and the inventory no longer lists: reported, and made only with `--prune`. */
  readonly prunes?: true;
  /** Milliseconds until its process group is killed; default is the run's `--timeout`. A longer `--timeout` scales it. */
  readonly timeoutMs?: number;
}

/** A file that an operation writes on its host, for `osha render`. */
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
   * True for something that all hosts of the step share, such as an account in a replicated database: runs on the first
   * host that is up. Default: runs on each host.
   */
  readonly runsOnce?: true;
  /** All effects that its changes may have, for a plan made without connecting. Default: none. */
  readonly effects?: readonly Effect[];
  /** The unit that it keeps running; absent if it leaves to others where the unit runs. */
  readonly runs?: string;
  /** The packages that it installs. */
  readonly installs?: readonly string[];
  readonly probe: Probe<Observed>;
  /** Pure: the changes to make. An empty list means converged. */
  decide(observed: Observed): readonly Change[];
}

/** The answer of one cluster member, or the reason for none. */
export type Answer<Observed = unknown> =
  | { readonly reachable: true; readonly observed: Observed }
  | { readonly reachable: false; readonly reason: string };

/** By host name, in inventory order; every member has an entry. */
export type Answers<Observed = unknown> = ReadonlyMap<string, Answer<Observed>>;

/** A suffix for statements that summarize all members; empty if all of them answered. */
export function ofThoseThatAnswered(answered: number, members: number): string {
  return answered < members ? ', of those that answered' : '';
}

/** The facts behind a decision, as a table to print. */
export interface Evidence {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface HostChange {
  readonly host: string;
  readonly change: Change;
}

/** The decision about a cluster. */
export type ClusterDecision =
  | { readonly verdict: 'converged'; readonly evidence?: Evidence }
  | {
      readonly verdict: 'change';
      /** Stages run in order; the changes within a stage run on their hosts in parallel. */
      readonly stages: readonly (readonly HostChange[])[];
      /** One sentence: what was found, and so what will be done. */
      readonly because: string;
      /**
       * What has to be decided after these stages, when the members are probed again: "which member has the newest data". A
       * plan says that more may follow. Default: nothing, the cluster is converged then.
       */
      readonly then?: string;
      readonly evidence?: Evidence;
    }
  | {
      /** Continuing could lose data, or break what still runs. */
      readonly verdict: 'refuse';
      readonly reason: string;
      readonly hint: string;
      readonly evidence?: Evidence;
    };

/**
 * One idempotent unit of work on a whole cluster: one probe per member, and one pure decision over all answers, so that
 * algorithms that could lose data are tested as tables, without hosts.
 */
export interface ClusterOperation<Observed = unknown> {
  readonly scope: 'cluster';
  readonly title: string;
  /** All members, including those excluded by `--limit`, which must never shrink a cluster. */
  readonly members: readonly Host[];
  /**
   * True if `decide` can decide or refuse while a member is unreachable. Default: the step then fails, unless `--limit`
   * excludes that member. A member that answers but has dropped out of the run always fails the step.
   */
  readonly decidesWithoutUnreachable?: true;
  /**
   * True if one member's answer holds for all, such as a shared configuration: a plan ignores members whose answer cannot
   * be predicted. Default: the plan then cannot predict the decision.
   */
  readonly oneSpeaksForAll?: true;
  probe(member: Host): Probe<Observed>;
  decide(answers: Answers<Observed>): ClusterDecision;
}

/** Something healthy or unhealthy, with the evidence from the system itself. */
export interface Finding {
  /** "cluster size", "virtual IP api". */
  readonly subject: string;
  readonly healthy: boolean;
  /** True if no host could tell: then `healthy` is false, and the evidence says nothing about the system. */
  readonly unknown?: true | undefined;
  /** In the system's own words: "3 of 3, Primary". */
  readonly evidence: string;
  /** Absent if it is about the cluster as a whole. */
  readonly host?: string;
  /** What to do about it if unhealthy. */
  readonly hint?: string;
}

/** Something an operator should know that is neither healthy nor unhealthy. Never affects the exit code. */
export interface Advice {
  /** "fencing". */
  readonly subject: string;
  readonly evidence: string;
  /** Absent if it is about the cluster as a whole. */
  readonly host?: string | undefined;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

/** A health check of one system, for `status` and for verify steps. */
export interface HealthCheck<Observed = unknown> {
  readonly scope: 'health';
  readonly title: string;
  readonly members: readonly Host[];
  probe(member: Host): Probe<Observed>;
  /**
   * Pure; returns at least one finding. If no member answered, findings about the whole cluster are replaced by "unknown".
   * If only some did, statements that summarize members end in `ofThoseThatAnswered`.
   */
  judge(answers: Answers<Observed>): readonly Finding[];
  /** Pure. Default: none. Ignored by verify steps. */
  advise?(answers: Answers<Observed>): readonly Advice[];
}
