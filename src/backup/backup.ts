import type { Host } from '../inventory/types.ts';
import type { Backup, BackupChoice } from '../playbook/backup.ts';
import type { Answers } from '../playbook/operation.ts';
import type { EventSink } from '../runner/events.ts';
import { Refusal } from '../runner/failure.ts';
import { LocalPhase, type Reports } from '../runner/local-phase.ts';
import { localRun, type RunSummary } from '../runner/local-run.ts';
import { sizeInWords } from '../text/size.ts';
import { pause as realPause, type Pause } from '../transport/timers.ts';
import type { CheckedBackup } from './container.ts';
import { BackupError } from './errors.ts';
import { BackupFile } from './file.ts';
import { ByteCount, lockMember, runScript, sumIn, type Connect } from './on-member.ts';

const STEPS = {
  choose: 'Choose a member',
  copy: 'Copy its data',
  back: 'Wait until it is back in rotation',
} as const;

type BackupStep = keyof typeof STEPS;

/** Milliseconds for a member to catch up, and between two looks at it. */
const BACK_WITHIN_MS = 900_000;
const LOOK_EVERY_MS = 2_000;
/** Bytes of the lines before the data: a million tables need less. */
const MOST_FACTS = 256 * 1024 * 1024;

export interface BackupOptions {
  readonly backup: Backup;
  /** The system, by the name of its phase. */
  readonly system: string;
  readonly deployment: string;
  /** The member that the operator chose. */
  readonly from?: string | undefined;
  /** Where it is written to. */
  readonly file: string;
  /** Public keys of age; none: it is not encrypted. */
  readonly recipients: readonly string[];
  readonly connect: Connect;
  /** Asks every member. */
  readonly observe: (signal: AbortSignal) => Promise<Answers>;
  /** Who holds the lock meanwhile. */
  readonly lockOwner: string;
  /** What has to be put right if the process is killed, kept up to date. */
  readonly begun: Set<string>;
  readonly command: string;
  /** The inventory's file. */
  readonly inventory: string;
  readonly signal: AbortSignal;
  readonly emit: EventSink;
  /** How it waits; default in real time. */
  readonly pause?: Pause | undefined;
}

export type BackupSummary = RunSummary;

/** Backs up one member into a file. Returns the summary, which is also the last event. */
export async function backUp(options: BackupOptions): Promise<BackupSummary> {
  const { backup, signal, emit } = options;
  const name = 'backup';
  let phase: LocalPhase<BackupStep> | undefined;
  return localRun(
    { ...options, mode: 'backup', phases: [name] },
    async () => {
      const title = `Backup of ${backup.what}`;
      phase = new LocalPhase({ name, title, steps: STEPS, always: ['back'] }, emit, signal);
      await new BackupRun(options, phase).carryOut().finally(() => phase?.end());
    },
    () => phase?.totals() ?? {},
  );
}

class BackupRun {
  readonly #options: BackupOptions;
  readonly #phase: LocalPhase<BackupStep>;

  constructor(options: BackupOptions, phase: LocalPhase<BackupStep>) {
    this.#options = options;
    this.#phase = phase;
  }

  async carryOut(): Promise<void> {
    const host = await this.#phase.run('choose', (reports) => this.#choose(reports));
    if (!host) return;
    await this.#phase.run('copy', (reports) => this.#copy(host, reports));
    // It puts itself back, however its copy ended.
    if (this.#phase.outcomeOf('copy') === 'refused') this.#phase.skip('back', `${host.name} was left alone`);
    else await this.#phase.run('back', (reports) => this.#awaitBack(host, reports));
  }

  async #choose({ progress, remark }: Reports): Promise<{ value: Host; note: string }> {
    const { backup, observe, from, signal, emit } = this.#options;
    progress('probing every member');
    const choice: BackupChoice = backup.choose(await observe(signal), from);
    signal.throwIfAborted();
    if (choice.verdict === 'refuse') {
      remark(choice.reason, choice.evidence);
      throw new Refusal(choice.reason, choice.hint);
    }
    const host = backup.members.find(({ name }) => name === choice.member);
    if (!host) throw new Error(`${choice.member} is not a member`);
    remark(`${choice.member} is backed up: ${choice.why}`, choice.evidence);
    if (choice.warning !== undefined) emit({ event: 'warning', message: choice.warning });
    return { value: host, note: `${choice.member}: ${choice.why}` };
  }

  async #copy(host: Host, reports: Reports): Promise<{ value: true; note: string }> {
    const { connect, signal, lockOwner, file: path, recipients, begun, backup, emit } = this.#options;
    const session = await connect(host, signal);
    try {
      await lockMember(session, lockOwner, signal);
      const file = await BackupFile.create(path, recipients);
      begun.add(`${path}.part is incomplete and can be removed`);
      try {
        const receiver = new Receiver(this.#options, host, file, reports);
        const { stderr } = await runScript(session, backup.dump(host), {
          signal,
          stdoutTo: (bytes) => receiver.take(bytes),
          onLine: (line) => {
            if (sumIn(line) === undefined) reports.progress(line);
          },
        });
        const sent = sumIn(stderr);
        const made = await file.finish((received) => demandSame(host, sent, received));
        const { header, sha256, fileBytes } = made;
        emit({
          event: 'backed-up',
          phase: this.#phase.name,
          step: 'copy',
          file: path,
          bytes: fileBytes,
          sha256,
          member: host.name,
          version: header.version,
          position: header.position,
          encrypted: recipients.length > 0,
          tables: Object.fromEntries(header.tables),
        });
        const rows = [...header.tables.values()].reduce((sum, count) => sum + count, 0);
        return {
          value: true,
          note: `${path}, ${sizeInWords(fileBytes)}, ${header.tables.size} tables with ${rows} rows at ${header.position}`,
        };
      } catch (error) {
        await file.discard();
        throw error;
      } finally {
        begun.clear();
      }
    } finally {
      await session.close().catch(() => undefined);
    }
  }

  async #awaitBack(host: Host, { progress }: Reports): Promise<{ value: true; note: string }> {
    const { backup, observe, pause = realPause } = this.#options;
    // Only a second Ctrl-C ends it.
    const { signal } = new AbortController();
    const until = Date.now() + BACK_WITHIN_MS;
    for (;;) {
      const why = backup.whyAway(await observe(signal), host.name);
      if (why === undefined) return { value: true, note: host.name };
      if (Date.now() >= until) {
        throw new BackupError(`${host.name} is not back in rotation: ${why}`, {
          hint: 'see why: osha status INVENTORY',
        });
      }
      progress(`${host.name}: ${why}`);
      await pause(LOOK_EVERY_MS, signal);
    }
  }
}

function demandSame(host: Host, sent: string | undefined, { bodySha256 }: CheckedBackup): void {
  if (sent === bodySha256) return;
  throw new BackupError(`the data did not arrive as ${host.name} sent it: its checksum differs`, {
    hint: 'run again',
  });
}

/** Takes what a member sends: lines with facts, an empty line, and the data. */
class Receiver {
  readonly #options: BackupOptions;
  readonly #host: Host;
  readonly #file: BackupFile;
  readonly #time = new Date().toISOString();
  readonly #count: ByteCount;
  #before: Buffer[] | undefined = [];
  #beforeBytes = 0;
  #dataBytes = 0;

  constructor(options: BackupOptions, host: Host, file: BackupFile, { progress }: Reports) {
    this.#options = options;
    this.#host = host;
    this.#file = file;
    this.#count = new ByteCount((bytes) =>
      progress(`${sizeInWords(bytes)} received, of ${sizeInWords(this.#dataBytes)} before compression`),
    );
  }

  async take(bytes: Buffer): Promise<void> {
    if (!this.#before) return this.#body(bytes);
    // Small, and arrives in few pieces: the empty line may be cut in two.
    this.#before.push(bytes);
    this.#beforeBytes += bytes.length;
    if (this.#beforeBytes > MOST_FACTS) throw new BackupError(`${this.#host.name} sent no data`);
    const all = Buffer.concat(this.#before);
    const end = all.indexOf('\n\n');
    this.#before = [all];
    if (end < 0) return;
    this.#before = undefined;
    const { backup, deployment, system } = this.#options;
    const facts = backup.parseFacts(all.toString('utf8', 0, end).split('\n'));
    this.#dataBytes = facts.dataBytes;
    await this.#file.begin({ deployment, system, member: this.#host.name, time: this.#time, ...facts });
    await this.#body(all.subarray(end + 2));
  }

  async #body(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    this.#count.add(bytes.length);
    await this.#file.body(bytes);
  }
}
