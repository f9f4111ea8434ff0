import { createReadStream } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { BackupComposer, BackupReader, type BackupHeader, type CheckedBackup } from './container.ts';
import { BackupError } from './errors.ts';

/** Bytes to read at a time. */
const PIECE_BYTES = 1024 * 1024;
/** How a file that is sealed with age begins. */
const SEALED = 'age-encryption.org/';

/** Throws `BackupError` for anything but the public keys of age. */
export async function checkRecipients(recipients: readonly string[]): Promise<void> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      throw new BackupError(`not an age recipient: ${recipient}`, {
        hint: 'a recipient begins with "age1"; age-keygen prints it as the public key',
        exitCode: 2,
        cause: error,
      });
    }
  }
}

/** A backup that is being written, to FILE.part until it is complete. Readable by its owner alone. */
export class BackupFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #seal: Seal | undefined;
  #composer: BackupComposer | undefined;
  #fileBytes = 0;

  private constructor(path: string, file: FileHandle, seal: (write: Write) => Seal | undefined) {
    this.#path = path;
    this.#file = file;
    this.#seal = seal((bytes) => this.#write(bytes));
  }

  static async create(path: string, recipients: readonly string[]): Promise<BackupFile> {
    // What is left of a run that was killed.
    await rm(`${path}.part`, { force: true });
    const file = await open(`${path}.part`, 'wx', 0o600);
    const encrypter = recipients.length === 0 ? undefined : new (await import('age-encryption')).Encrypter();
    for (const recipient of recipients) encrypter?.addRecipient(recipient);
    return new BackupFile(path, file, (write) => encrypter && sealInto(encrypter, write));
  }

  async begin(header: BackupHeader): Promise<void> {
    this.#composer = new BackupComposer(header, (bytes) => this.#seal?.write(bytes) ?? this.#write(bytes));
    await this.#composer.begin();
  }

  async body(bytes: Uint8Array): Promise<void> {
    await this.#composer?.body(bytes);
  }

  /** Completes the file. `check` may still reject it. */
  async finish(
    check: (backup: CheckedBackup) => void,
  ): Promise<CheckedBackup & { readonly fileBytes: number }> {
    if (!this.#composer) throw new BackupError('the member sent nothing');
    const checked = await this.#composer.finish();
    await this.#seal?.end();
    check(checked);
    await this.#file.sync();
    await this.#file.close();
    await rename(`${this.#path}.part`, this.#path);
    const folder = await open(dirname(this.#path), 'r');
    await folder.sync().finally(() => folder.close());
    return { ...checked, fileBytes: this.#fileBytes };
  }

  /** Removes what was written so far. */
  async discard(): Promise<void> {
    await this.#seal?.abort();
    await this.#file.close().catch(() => undefined);
    await rm(`${this.#path}.part`, { force: true });
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#fileBytes += bytes.length;
    await this.#file.writeFile(bytes);
  }
}

type Write = (bytes: Uint8Array) => Promise<void>;

/** A stream that encrypts what is written to it. */
interface Seal {
  readonly write: Write;
  readonly end: () => Promise<void>;
  readonly abort: () => Promise<void>;
}

function sealInto(
  encrypter: { encrypt(file: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> },
  write: Write,
): Seal {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const pumped = (async (): Promise<void> => {
    const reader = (await encrypter.encrypt(readable)).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await write(value);
    }
  })();
  // Thrown by whoever writes next.
  pumped.catch(() => undefined);
  return {
    write: async (bytes) => {
      await Promise.race([writer.write(bytes), pumped]);
    },
    end: async () => {
      await Promise.race([writer.close(), pumped]);
      await pumped;
    },
    abort: () => writer.abort().catch(() => undefined),
  };
}

/** The identities that open a sealed backup, as age writes them. */
export type Identities = readonly string[];

/** Reads a backup to its end, and checks it. `onBody` gets the data, and holds the reading back. Throws `BackupError`. */
export async function readBackup(
  path: string,
  identities: Identities,
  {
    onBody = () => undefined,
    signal,
  }: {
    readonly onBody?: (bytes: Buffer, header: BackupHeader) => Promise<void> | void;
    readonly signal: AbortSignal;
  },
): Promise<CheckedBackup> {
  const reader = new BackupReader();
  for await (const bytes of plainBytes(path, identities)) {
    signal.throwIfAborted();
    const body = reader.take(bytes);
    if (reader.header && body.length > 0) await onBody(body, reader.header);
  }
  return reader.finish();
}

/** Reads the first line of a backup. Throws `BackupError`. */
export async function readHeader(path: string, identities: Identities): Promise<BackupHeader> {
  const reader = new BackupReader();
  for await (const bytes of plainBytes(path, identities)) {
    reader.take(bytes);
    if (reader.header) return reader.header;
  }
  return reader.finish().header;
}

async function* plainBytes(path: string, identities: Identities): AsyncGenerator<Uint8Array> {
  const isSealed = (await firstBytes(path)) === SEALED;
  const stream = createReadStream(path, { highWaterMark: PIECE_BYTES });
  try {
    if (isSealed) yield* opened(stream, identities);
    else for await (const bytes of stream) yield bytes as Uint8Array;
  } finally {
    stream.destroy();
  }
}

async function* opened(stream: Readable, identities: Identities): AsyncGenerator<Uint8Array> {
  if (identities.length === 0) {
    throw new BackupError('the backup is encrypted', {
      hint: 'name the file with the age identity: --identity FILE',
      exitCode: 5,
    });
  }
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    const plain = await decrypter.decrypt(Readable.toWeb(stream) as ReadableStream<Uint8Array>);
    const reader = plain.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (error instanceof BackupError) throw error;
    const isStranger = /no identity/i.test(error instanceof Error ? error.message : '');
    throw new BackupError(
      isStranger
        ? 'the backup is encrypted for others than this identity'
        : 'the backup is truncated or damaged',
      {
        hint: isStranger ? 'use an identity that it was encrypted for' : 'use another copy of it',
        exitCode: isStranger ? 5 : 1,
        cause: error,
      },
    );
  }
}

async function firstBytes(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SEALED.length), 0, SEALED.length, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
