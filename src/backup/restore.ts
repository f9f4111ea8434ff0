import type { Host } from '../inventory/types.ts';
import type { Backup, RestoreDecision, RestoreRequest, RestoreState, RowCounts } from '../playbook/backup.ts';
import type { Answers } from '../playbook/operation.ts';
import type { EventSink } from '../runner/events.ts';
import { Refusal } from '../runner/failure.ts';
import { LocalPhase, type Reports } from '../runner/local-phase.ts';
import { localRun, type RunSummary } from '../runner/local-run.ts';
import { sizeInWords } from '../text/size.ts';
import type { Session } from '../transport/session.ts';
import { pause } from '../transport/timers.ts';
import type { CheckedBackup } from './container.ts';
import { differences, differencesTable, type Verified } from './differences.ts';
import { BackupError } from './errors.ts';
import { readBackup, type Identities } from './file.ts';
import { ByteCount, lockMember, runScript, sumIn, type Connect } from './on-member.ts';

const PLACE_STEPS = {
  check: 'Check the backup',
  observe: 'Probe every member',
  receive: 'Copy the data to a member and prepare it',
  stop: 'Stop every member',
  place: 'Move the former data aside and put the backup in its place',
} as const;

const VERIFY_STEPS = {
  verify: 'Compare every table with the backup',
  open: 'Let clients in',
} as const;

type PlaceStep = keyof typeof PLACE_STEPS;
type VerifyStep = keyof typeof VERIFY_STEPS;

/** Bytes to send at a time: the host keeps one such piece in memory. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** Milliseconds for a server to stop, and for the other small commands. */
const STOPPED_WITHIN_MS = 900_000;
/** Milliseconds for a server to start or stop without help, and between two looks at it. */
const SETTLED_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 2_000;

export interface RestoreOptions {
  readonly backup: Backup;
  /** The system, by the name of its phase, and its title. */
  readonly system: string;
  readonly file: string;
  readonly identities: Identities;
  /** The deployment that the backup may be of. */
  readonly deployment: string;
  /** Whether existing data may be moved aside. */
  readonly replace: boolean;
  readonly connect: Connect;
  readonly observe: (signal: AbortSignal) => Promise<Answers>;
  /** Forms the cluster from a member, with the playbook's own decisions, and lets nobody in. Emits no summary of its own. */
  readonly form: (member: Host, signal: AbortSignal, emit: EventSink) => Promise<RunSummary>;
  readonly lockOwner: string;
  readonly command: string;
  readonly inventory: string;
  readonly signal: AbortSignal;
  readonly emit: EventSink;
}

/**
 * Puts a backup in the place of the data of all members. The data is copied and prepared before anything is stopped. Repeatable:
 * it continues where an earlier attempt with the same backup ended. Returns the summary, which is also the last event.
 */
export async function restore(options: RestoreOptions): Promise<RunSummary> {
  const run = new RestoreRun(options);
  return localRun(
    { ...options, mode: 'restore', phases: ['restore', options.system, 'verify'] },
    () => run.carryOut(),
    () => {
      const { refusal, formed } = run;
      return {
        changes: formed?.changes,
        ok: run.count('ok') + (formed?.ok ?? 0),
        failed: run.count('failed') + (formed?.failed ?? 0),
        skipped: run.count('skipped') + (formed?.skipped ?? 0),
        unreachable: formed?.unreachable,
        refusal,
      };
    },
  );
}

/** A decision to restore. */
type Decided = Extract<RestoreDecision, { verdict: 'restore' }>;

class RestoreRun {
  readonly #options: RestoreOptions;
  readonly #phases: LocalPhase<string>[] = [];
  #formed: RunSummary | undefined;
  /** Names of what is moved aside: the time of this run. */
  readonly #stamp = new Date().toISOString().replace(/\..*/, '').replaceAll(/[-:]/g, '').replace('T', '-');

  constructor(options: RestoreOptions) {
    this.#options = options;
  }

  get formed(): RunSummary | undefined {
    return this.#formed;
  }

  get refusal(): { readonly message: string; readonly hint?: string | undefined } | undefined {
    if (this.#formed?.refused !== undefined)
      return { message: this.#formed.refused, hint: this.#formed.hint };
    return this.#phases.find(({ refusal }) => refusal !== undefined)?.refusal;
  }

  count(outcome: 'ok' | 'failed' | 'skipped'): number {
    return this.#phases.reduce((sum, phase) => sum + phase.count(outcome), 0);
  }

  async carryOut(): Promise<void> {
    const { signal, emit, form, backup } = this.#options;
    const title = `Restore of ${backup.what}`;
    const placing = new LocalPhase<PlaceStep>(
      { name: 'restore', title, steps: PLACE_STEPS, always: [] },
      emit,
      signal,
    );
    this.#phases.push(placing);
    const placed = await this.#place(placing).finally(() => placing.end());
    if (!placed || signal.aborted) return;
    this.#formed = await form(placed.member, signal, emit);
    if (signal.aborted || this.#formed.failed > 0 || this.#formed.refused !== undefined) return;
    if (this.#formed.unreachable > 0) return;
    const verifying = new LocalPhase<VerifyStep>(
      { name: 'verify', title: 'Verification', steps: VERIFY_STEPS, always: [] },
      emit,
      signal,
    );
    this.#phases.push(verifying);
    await this.#verify(verifying, placed.checked).finally(() => verifying.end());
  }

  async #place(
    phase: LocalPhase<PlaceStep>,
  ): Promise<{ readonly member: Host; readonly checked: CheckedBackup } | undefined> {
    const checked = await phase.run('check', (reports) => this.#check(reports));
    if (!checked) return undefined;
    const decided = await phase.run('observe', (reports) => this.#observe(checked, reports));
    if (!decided) return undefined;
    const { member, state } = decided;
    const isDone = (step: PlaceStep, states: readonly RestoreState[]): boolean => {
      if (!states.includes(state)) return false;
      phase.skip(step, `done before, on ${member.name}`);
      return true;
    };
    if (!isDone('receive', ['prepared', 'placed', 'formed'])) {
      if (!(await phase.run('receive', (reports) => this.#receive(member, checked, reports))))
        return undefined;
    }
    if (!isDone('stop', ['formed'])) {
      if (!(await phase.run('stop', (reports) => this.#stop(member, reports)))) return undefined;
    }
    if (!isDone('place', ['formed'])) {
      if (!(await phase.run('place', (reports) => this.#putInPlace(member, checked, reports))))
        return undefined;
    }
    return { member, checked };
  }

  async #check({ progress }: Reports): Promise<{ value: CheckedBackup; note: string }> {
    const { file, identities, signal, deployment } = this.#options;
    const count = new ByteCount((bytes) => progress(`${sizeInWords(bytes)} read`));
    const checked = await readBackup(file, identities, {
      signal,
      onBody: (bytes) => count.add(bytes.length),
    }).catch((error: unknown) => {
      // Nothing was touched yet.
      if (error instanceof BackupError) throw new Refusal(`${file}: ${error.message}`, error.hint ?? '');
      throw error;
    });
    const { header, sha256 } = checked;
    if (header.deployment !== deployment) {
      throw new Refusal(
        `${file} is a backup of the deployment ${header.deployment}`,
        `if that is intended: --from-deployment ${header.deployment}`,
      );
    }
    return {
      value: checked,
      note: `of ${header.member}, ${header.time}, at ${header.position}, sha256 ${sha256}`,
    };
  }

  async #observe(
    checked: CheckedBackup,
    { progress, remark }: Reports,
  ): Promise<{ value: { member: Host; state: RestoreState }; note: string }> {
    progress('probing every member');
    const decision = await this.#decide(checked);
    if (decision.verdict === 'refuse') {
      remark(decision.reason, decision.evidence);
      throw new Refusal(decision.reason, decision.hint);
    }
    const { state, evidence } = decision;
    const member = this.#hostOf(decision);
    remark(`${member.name} gets the backup, the others copy it`, evidence);
    return { value: { member, state }, note: `${member.name}: ${STATE_IN_WORDS[state]}` };
  }

  async #decide({ sha256, header }: CheckedBackup): Promise<RestoreDecision> {
    const { backup, observe, signal, replace } = this.#options;
    const request: RestoreRequest = {
      id: sha256,
      version: header.version,
      dataBytes: header.dataBytes,
      replace,
    };
    const until = Date.now() + SETTLED_WITHIN_MS;
    for (;;) {
      const decision = backup.judgeRestore(await observe(signal), request);
      signal.throwIfAborted();
      if (decision.verdict !== 'refuse' || !decision.passes || Date.now() >= until) return decision;
      await pause(LOOK_EVERY_MS, signal);
    }
  }

  #hostOf({ member }: Decided): Host {
    const host = this.#options.backup.members.find(({ name }) => name === member);
    if (!host) throw new Error(`${member} is not a member`);
    return host;
  }

  /** Streams the data to a member, which extracts it as it arrives: it is never there twice. */
  async #receive(
    member: Host,
    checked: CheckedBackup,
    { progress }: Reports,
  ): Promise<{ value: true; note: string }> {
    const { backup, signal } = this.#options;
    const { restore: scripts } = backup;
    return this.#locked(member, async (session) => {
      let ready = (): void => undefined;
      const isReady = new Promise<void>((resolve) => (ready = resolve));
      const receiving = runScript(session, scripts.receive(checked.sha256, checked.header.compression), {
        signal,
        onLine: progress,
        onAnswer: (line) => {
          if (line === 'ready') ready();
        },
      });
      receiving.catch(() => undefined);
      const sender = await session.openAnother({ timeoutMs: 60_000, signal });
      const tell = (word: string): Promise<unknown> =>
        runScript(sender, `echo ${word} >${scripts.pipeEnd}`, { signal, timeoutMs: 60_000 });
      await Promise.race([isReady, receiving]);
      try {
        const again = await this.#send(sender, progress);
        if (again.sha256 !== checked.sha256)
          throw new BackupError(`${this.#options.file} has changed meanwhile`);
      } catch (error) {
        signal.throwIfAborted();
        // Its own words say more than that its pipe is closed.
        await tell('stop').catch(() => undefined);
        await receiving;
        throw error;
      }
      await tell('end');
      const { stdout } = await receiving;
      if (sumIn(stdout) !== checked.bodySha256) {
        throw new BackupError(`${member.name} received something else than was sent: its checksum differs`);
      }
      return { value: true, note: `${sizeInWords(checked.bodyBytes)} on ${member.name}` };
    });
  }

  async #send(sender: Session, progress: (text: string) => void): Promise<CheckedBackup> {
    const { file, identities, signal, backup } = this.#options;
    const count = new ByteCount((bytes) => progress(`${sizeInWords(bytes)} sent`));
    let pieces: Buffer[] = [];
    let size = 0;
    const flush = async (): Promise<void> => {
      const input = Buffer.concat(pieces);
      pieces = [];
      size = 0;
      if (input.length === 0) return;
      await runScript(sender, `cat >${backup.restore.pipe}`, { signal, input });
      count.add(input.length);
    };
    const checked = await readBackup(file, identities, {
      signal,
      onBody: async (bytes) => {
        pieces.push(bytes);
        size += bytes.length;
        if (size >= PIECE_BYTES) await flush();
      },
    });
    await flush();
    return checked;
  }

  /** The member that gets the data is the last to stop, so that an interrupted restore leaves one that has been there all along. */
  async #stop(member: Host, { progress }: Reports): Promise<{ value: true; note: string }> {
    const { backup, signal } = this.#options;
    const { members, restore: scripts } = backup;
    await Promise.all(members.map((host) => this.#on(host, scripts.close)));
    for (const host of [...members.filter((one) => one !== member), member]) {
      signal.throwIfAborted();
      progress(`stops ${host.name}`);
      await this.#on(host, scripts.stop);
    }
    return { value: true, note: members.map(({ name }) => name).join(', ') };
  }

  async #putInPlace(
    member: Host,
    checked: CheckedBackup,
    { progress, remark }: Reports,
  ): Promise<{ value: true; note: string }> {
    const { backup, signal } = this.#options;
    const { members, restore: scripts } = backup;
    progress('probing every member again');
    const decision = await this.#decide(checked);
    if (decision.verdict === 'refuse') throw new Refusal(decision.reason, decision.hint);
    if (decision.member !== member.name || decision.state === 'formed' || decision.state === 'nothing') {
      throw new Refusal(`the members have changed meanwhile: ${STATE_IN_WORDS[decision.state]}`, 'run again');
    }
    const aside: string[] = [];
    const others = members.filter((one) => one !== member);
    // Each script checks once more that no server runs. The data comes last: then no other member has any.
    for (const host of [...others, member]) {
      signal.throwIfAborted();
      progress(`moves the former data of ${host.name} aside`);
      const script =
        host === member ? scripts.place(checked.sha256, this.#stamp) : scripts.empty(this.#stamp);
      const { stdout } = await this.#on(host, script);
      const path = /^aside (.+)$/m.exec(stdout)?.[1];
      if (path !== undefined) aside.push(`${path} on ${host.name}`);
    }
    if (aside.length > 0) {
      remark('The former data was moved aside. Remove it once it is not needed any more.', {
        columns: ['former data'],
        rows: aside.map((path) => [path]),
      });
    }
    return { value: true, note: aside.length > 0 ? `former data: ${aside.join(', ')}` : 'there was no data' };
  }

  async #verify(phase: LocalPhase<VerifyStep>, { header }: CheckedBackup): Promise<void> {
    const { backup, system } = this.#options;
    const { members, restore: scripts } = backup;
    const isRight = await phase.run('verify', async ({ progress, remark }) => {
      progress(`reads every table on ${members.map(({ name }) => name).join(', ')}`);
      const found = await Promise.all(
        members.map(async (host): Promise<[string, Verified]> => [
          host.name,
          verifiedIn((await this.#on(host, scripts.verify)).stdout),
        ]),
      );
      const wrong = differences(header.tables, new Map(found));
      if (wrong.length > 0) {
        remark(
          'What differs from the backup:',
          differencesTable(
            wrong,
            members.map(({ name }) => name),
          ),
        );
        await this.#forget();
        throw new BackupError(`${wrong.length} tables differ from the backup: clients are kept out`, {
          hint: `restore another backup, or let clients in as it is: osha recover INVENTORY ${system}`,
        });
      }
      const rows = [...header.tables.values()].reduce((sum, count) => sum + count, 0);
      return {
        value: true,
        note: `${header.tables.size} tables with ${rows} rows, the same on every member`,
      };
    });
    if (!isRight) return;
    await phase.run('open', async ({ remark }) => {
      await this.#forget();
      await Promise.all(members.map((host) => this.#on(host, scripts.open)));
      remark(
        'Accounts and passwords are those of the backup. To set them as this folder has them: osha deploy INVENTORY',
      );
      return { value: true, note: members.map(({ name }) => name).join(', ') };
    });
  }

  async #forget(): Promise<void> {
    const { members, restore: scripts } = this.#options.backup;
    await Promise.all(members.map((host) => this.#on(host, scripts.forget)));
  }

  #on(host: Host, script: string): Promise<{ readonly stdout: string }> {
    const { signal } = this.#options;
    return this.#locked(host, (session) =>
      runScript(session, script, { signal, timeoutMs: STOPPED_WITHIN_MS }),
    );
  }

  /** Works on a host whose lock is held meanwhile. */
  async #locked<Result>(host: Host, work: (session: Session) => Promise<Result>): Promise<Result> {
    const { connect, signal, lockOwner } = this.#options;
    const session = await connect(host, signal);
    try {
      await lockMember(session, lockOwner, signal);
      return await work(session);
    } finally {
      await session.close().catch(() => undefined);
    }
  }
}

const STATE_IN_WORDS: Readonly<Record<RestoreState, string>> = {
  nothing: 'the backup has to be copied there',
  prepared: 'the backup is there already, and prepared',
  placed: 'the backup is in its place already',
  formed: 'it runs with the backup already',
};

/** What a member says about its tables. */
export function verifiedIn(text: string): Verified {
  const tables = new Map<string, number>();
  const damaged = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [word, name = '', value = ''] = line.split('\t');
    if (word === 'table') tables.set(name, Number(value));
    else if (word === 'damaged') damaged.set(name, value);
  }
  return { tables: tables satisfies RowCounts, damaged };
}
