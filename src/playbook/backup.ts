import type { Host } from '../inventory/types.ts';
import type { Answers, Evidence, Probe } from './operation.ts';

/** Rows of a table, by its name as it is shown: "keystone.user". */
export type RowCounts = ReadonlyMap<string, number>;

/** What is known about a backup before its data. */
export interface BackupFacts {
  /** The exact version of the system that made it. */
  readonly version: string;
  /** Its place in the history of the cluster: "uuid:seqno". */
  readonly position: string;
  /** The command that compressed the data; `-d` undoes it. */
  readonly compression: 'zstd' | 'gzip';
  /** Bytes of the data on the member. */
  readonly dataBytes: number;
  /** Exact, at that position. */
  readonly tables: RowCounts;
}

/** A decision not to act. */
export interface BackupRefusal {
  readonly verdict: 'refuse';
  readonly reason: string;
  readonly hint: string;
  readonly evidence: Evidence;
  /** It may pass without help, as when a server is starting. */
  readonly passes?: true | undefined;
}

/** The member to back up. */
export type BackupChoice =
  | {
      readonly verdict: 'use';
      readonly member: string;
      /** Why this one: "it has the fewest clients". */
      readonly why: string;
      /** What clients will notice. */
      readonly warning?: string | undefined;
      readonly evidence: Evidence;
    }
  | BackupRefusal;

/** A backup that is to be restored. */
export interface RestoreRequest {
  /** Identifies it: the checksum of its file. */
  readonly id: string;
  readonly version: string;
  readonly dataBytes: number;
  /** Whether existing data may be moved aside. */
  readonly replace: boolean;
}

/**
 * How far a restore has come on the member that gets the data.
 * - `nothing`: has to begin.
 * - `prepared`: the data is on the member, next to the data directory.
 * - `placed`: the data is in its place; every other member is empty.
 * - `formed`: that member runs as the cluster, and the others join it.
 */
export type RestoreState = 'nothing' | 'prepared' | 'placed' | 'formed';

export type RestoreDecision =
  | {
      readonly verdict: 'restore';
      /** The member that gets the data; the others copy it. */
      readonly member: string;
      readonly state: RestoreState;
      /** Members whose data is moved aside, with what it has: "keystone, nova on controller1". */
      readonly replaces: readonly string[];
      readonly evidence: Evidence;
    }
  | BackupRefusal;

/** The scripts of a backup. POSIX sh, run as root, without secrets. */
export interface Backup<Observed = unknown> {
  /** What is backed up: "the database". */
  readonly what: string;
  readonly members: readonly Host[];
  /** Everything that the decisions need to know of a member. */
  probe(member: Host): Probe<Observed>;
  /** Pure. `from` is the operator's choice. */
  choose(answers: Answers<Observed>, from?: string): BackupChoice;
  /**
   * Takes the member out of rotation, holds its data still, and prints on stdout the lines that `parseFacts` reads, an empty
   * line, and the data. Then prints `sha256 SUM` of the data on stderr, and puts the member back: that also happens if the
   * script is killed. Other lines on stderr tell what it is doing.
   */
  dump(member: Host): string;
  /** Throws a `ProbeError` for lines that make no sense. */
  parseFacts(lines: readonly string[]): BackupFacts;
  /** Pure: why a member is not back in rotation; `undefined` if it is. */
  whyAway(answers: Answers<Observed>, member: string): string | undefined;
  /** Pure: how far a restore has come, and whether it may continue. */
  judgeRestore(answers: Answers<Observed>, request: RestoreRequest): RestoreDecision;
  readonly restore: RestoreScripts;
}

/** The scripts of a restore, in the order in which they run. Each can be repeated. */
export interface RestoreScripts {
  /**
   * Runs on the member that gets the data, while it arrives: prints `ready`, extracts what is written to `pipe`, and when
   * `end` is written to `pipeEnd`, prepares it, next to the data directory. Prints `sha256 SUM` of what arrived. Fails if
   * `stop` is written to `pipeEnd`.
   */
  receive(id: string, compression: BackupFacts['compression']): string;
  readonly pipe: string;
  readonly pipeEnd: string;
  /** Keeps clients away from a member. */
  readonly close: string;
  /** Stops a member. */
  readonly stop: string;
  /** Moves the data of a stopped member aside and leaves an empty one. Prints `aside PATH` if there was any. */
  empty(stamp: string): string;
  /** Moves the data of the stopped member aside, and puts the prepared data in its place. Prints like `empty`. */
  place(id: string, stamp: string): string;
  /** The options of the playbook with which its recovery forms the cluster from this member. */
  formOptions(member: string): Readonly<Record<string, string>>;
  /** The title of the step of the recovery that lets clients in: it waits until everything is verified. */
  readonly opens: string;
  /** Prints `table NAME ROWS` (separated by tabs) for each table, and `damaged NAME WHY` for each that is not right. */
  readonly verify: string;
  /** Lets clients in. */
  readonly open: string;
  /** Forgets the restore, on every member: what is there is the data now. */
  readonly forget: string;
}
