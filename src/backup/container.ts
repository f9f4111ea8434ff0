import { createHash, type Hash } from 'node:crypto';
import { Buffer } from 'node:buffer';
import type { BackupFacts } from '../playbook/backup.ts';
import { BackupError } from './errors.ts';

/**
 * The file of a backup: one line of JSON, the data as it was compressed, and 128 bytes with its checksum. Sealed with age, it is
 * the same inside. `docs/tasks.md` tells how to take it apart by hand.
 */
export interface BackupHeader extends BackupFacts {
  /** The name of the deployment. */
  readonly deployment: string;
  /** The system, by the name of its phase. */
  readonly system: string;
  readonly member: string;
  /** When it was begun: ISO 8601, UTC. */
  readonly time: string;
}

/** What is known of a whole backup. */
export interface CheckedBackup {
  readonly header: BackupHeader;
  /** Of the compressed data. */
  readonly bodyBytes: number;
  readonly bodySha256: string;
  /** Of everything before the last 128 bytes: identifies the backup. */
  readonly sha256: string;
}

/** A line feed, the checksum and the size as JSON, spaces, and a line feed. */
export const FOOTER_BYTES = 128;

/** The version of the format. */
const FORMAT = 1;
const NEWLINE = 0x0a;
/** Bytes of the first line: a million tables need less. */
const LONGEST_HEADER = 256 * 1024 * 1024;
const START = `{"osha-backup":${FORMAT},`;

/** Composes the bytes of a backup, which are passed to `write` in order. */
export class BackupComposer {
  readonly #hash = createHash('sha256');
  readonly #bodyHash = createHash('sha256');
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #header: BackupHeader;
  #bodyBytes = 0;

  constructor(header: BackupHeader, write: (bytes: Uint8Array) => Promise<void>) {
    this.#header = header;
    this.#write = write;
  }

  async begin(): Promise<void> {
    const { tables, ...header } = this.#header;
    const line = JSON.stringify({ 'osha-backup': FORMAT, ...header, tables: Object.fromEntries(tables) });
    await this.#add(Buffer.from(`${line}\n`));
  }

  async body(bytes: Uint8Array): Promise<void> {
    this.#bodyHash.update(bytes);
    this.#bodyBytes += bytes.length;
    await this.#add(bytes);
  }

  async finish(): Promise<CheckedBackup> {
    const sha256 = this.#hash.digest('hex');
    await this.#write(footer(sha256, this.#bodyBytes));
    return {
      header: this.#header,
      bodyBytes: this.#bodyBytes,
      bodySha256: this.#bodyHash.digest('hex'),
      sha256,
    };
  }

  async #add(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#write(bytes);
  }
}

function footer(sha256: string, bytes: number): Buffer {
  const text = `\n${JSON.stringify({ sha256, bytes })}`;
  return Buffer.from(`${text.padEnd(FOOTER_BYTES - 1)}\n`);
}

/** Takes the bytes of a backup apart as they arrive. Throws `BackupError` for anything but a whole backup. */
export class BackupReader {
  readonly #hash: Hash = createHash('sha256');
  readonly #bodyHash: Hash = createHash('sha256');
  #header: BackupHeader | undefined;
  #held: Buffer = Buffer.alloc(0);
  #bodyBytes = 0;

  /** Known once the first line has arrived. */
  get header(): BackupHeader | undefined {
    return this.#header;
  }

  /** Takes the next bytes. Returns those of the body that are complete: the last ones may be the footer. */
  take(bytes: Uint8Array): Buffer {
    this.#held = this.#held.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes]);
    if (!this.#header && !this.#takeHeader()) return Buffer.alloc(0);
    const cut = Math.max(0, this.#held.length - FOOTER_BYTES);
    const body = this.#held.subarray(0, cut);
    this.#held = this.#held.subarray(cut);
    this.#hash.update(body);
    this.#bodyHash.update(body);
    this.#bodyBytes += body.length;
    return body;
  }

  /** Checks the end. */
  finish(): CheckedBackup {
    if (!this.#header) throw notABackup();
    const text = this.#held.toString('latin1');
    const [, sha256, bytes] = /^\n\{"sha256":"([0-9a-f]{64})","bytes":(\d+)\} *\n$/.exec(text) ?? [];
    if (sha256 === undefined || this.#held.length !== FOOTER_BYTES) {
      throw new BackupError('the backup is truncated or damaged: its last line is missing', {
        hint: ANOTHER,
      });
    }
    if (this.#hash.digest('hex') !== sha256 || Number(bytes) !== this.#bodyBytes) {
      throw new BackupError('the backup is damaged: its checksum is wrong', { hint: ANOTHER });
    }
    const bodySha256 = this.#bodyHash.digest('hex');
    return { header: this.#header, bodyBytes: this.#bodyBytes, bodySha256, sha256 };
  }

  #takeHeader(): boolean {
    const start = this.#held.subarray(0, START.length).toString('latin1');
    if (!START.startsWith(start)) throw notABackup();
    const end = this.#held.indexOf(NEWLINE);
    if (end < 0) {
      if (this.#held.length > LONGEST_HEADER) throw notABackup();
      return false;
    }
    const line = this.#held.subarray(0, end + 1);
    this.#header = headerOf(line.toString('utf8'));
    this.#hash.update(line);
    this.#held = this.#held.subarray(end + 1);
    return true;
  }
}

const ANOTHER = 'use another copy of it, or another backup';

function notABackup(): BackupError {
  return new BackupError('this is not a backup of osha, or one of a newer version', {
    hint: 'a backup begins with {"osha-backup":1, and is made by: osha backup INVENTORY',
    exitCode: 2,
  });
}

function headerOf(line: string): BackupHeader {
  let found: Readonly<Record<string, unknown>>;
  try {
    found = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    throw new BackupError('the backup is damaged: its first line is not JSON', { hint: ANOTHER });
  }
  const word = (name: string): string => {
    const value = found[name];
    if (typeof value === 'string') return value;
    throw new BackupError(`the backup is damaged: its first line has no ${name}`, { hint: ANOTHER });
  };
  const { tables, dataBytes } = found;
  const counts =
    typeof tables === 'object' && tables !== null
      ? Object.entries(tables).flatMap(([name, rows]) =>
          typeof rows === 'number' ? [[name, rows] as const] : [],
        )
      : [];
  const compression = word('compression');
  if (compression !== 'zstd' && compression !== 'gzip') {
    throw new BackupError(`the backup is damaged: it is compressed with ${JSON.stringify(compression)}`, {
      hint: ANOTHER,
    });
  }
  return {
    deployment: word('deployment'),
    system: word('system'),
    member: word('member'),
    time: word('time'),
    version: word('version'),
    position: word('position'),
    compression,
    dataBytes: typeof dataBytes === 'number' ? dataBytes : 0,
    tables: new Map(counts),
  };
}
