import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { quote } from '../operations/shell.ts';
import { writeWholeFile } from '../secrets/whole-file.ts';
import { loadCloud } from './cloud.ts';
import { UserError } from './errors.ts';
import { EXIT, type Io } from './io.ts';
import { readNamedFile } from './named-file.ts';

export interface OpenrcRequest {
  /** `clouds.yaml` instead of variables. */
  readonly clouds?: true;
  /** Where the CA's certificate is kept on this machine. */
  readonly cacert?: string;
}

/**
 * Prints the credentials of the cloud's administrator, password and all, for clients on this machine. Returns the exit
 * code. Throws `UserError` where the inventory has no OpenStack, or no password for it yet.
 */
export async function printOpenrc(io: Io, file: string, request: OpenrcRequest): Promise<number> {
  const { declared, password, authority } = await loadCloud(io, file);
  const ca = request.cacert === undefined ? undefined : fileOf(io, request.cacert);
  if (ca !== undefined && authority !== undefined) keep(ca, authority);
  if (ca === undefined && authority !== undefined) {
    io.stderr.write(
      `hint: clients have to trust the CA of this deployment; to keep its certificate in a file and name that: osha openrc ${file} --cacert ca.pem\n`,
    );
  }
  const text = request.clouds
    ? declared.cloudsYaml({ ca: ca === undefined ? ca : JSON.stringify(ca) }, password)
    : declared.openrc({ ca: ca === undefined ? ca : quote(ca) }, password);
  // The one place where a secret is printed: it is what was asked for.
  io.stdout.write(`${text.reveal().trimEnd()}\n`);
  return EXIT.ok;
}

function fileOf(io: Io, name: string): string {
  return resolve(io.cwd, name.startsWith('~/') ? join(homedir(), name.slice(2)) : name);
}

/** Writes the certificate unless it is there. What is something else is not ours to write over. */
function keep(path: string, certificate: string): void {
  if (!existsSync(path)) writeWholeFile(path, certificate, 0o644);
  else if (readNamedFile(path).trim() !== certificate.trim()) {
    throw new UserError(`${path} exists, but is not the certificate of this deployment's CA`, {
      hint: 'name another file, or remove this one: it may belong to an older CA',
    });
  }
}
