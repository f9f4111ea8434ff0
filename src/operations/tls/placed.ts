import {
  type Change,
  type Probe,
  type ProbeAnswer,
  type ResourceKey,
  ProbeError,
  type Operation,
} from '../../playbook/operation.ts';
import { type Text, asSecretText, text } from '../../secrets/text.ts';
import { writeFileScript } from '../file-script.ts';
import { quote } from '../shell.ts';
import { readCertificate, type CertificateFacts } from './certificate.ts';
import { createHash } from 'node:crypto';
import { Secret } from '../../secrets/secret.ts';

export interface ProvidedOptions {
  /** As PEM, followed by its intermediate certificates. */
  readonly certificate: string;
  /** As PEM. */
  readonly key: Secret;
}

/** A file with a certificate and key that the operator provides. Its former content is never shown. */
export function provided(path: string, { certificate, key }: ProvidedOptions): Operation<PlacedCertificate> {
  const wanted = asSecretText(text`${certificate.trimEnd()}\n${key}\n`);
  const checksum = createHash('sha256').update(wanted.reveal()).digest('hex');
  return {
    scope: 'host',
    title: path,
    probe: certificateProbe(path, new Secret(`checksum of ${path}`, `${checksum}\n`)),
    decide: (placed) => {
      if (placed.same) return protect(path, placed);
      const why = placed.access === undefined ? 'there is none' : 'replaces another one';
      return [placeCertificate(path, `install the provided certificate at ${path} (${why})`, wanted)];
    },
  };
}

/** No certificates in `folder` other than those at `paths`; others are removed with `--prune` only. */
export function noOthers(folder: string, paths: readonly string[]): Operation<readonly string[]> {
  return {
    scope: 'host',
    title: `no other certificate in ${folder}`,
    probe: {
      script: `find ${quote(folder)} -maxdepth 1 -type f -name '*.pem' 2>/dev/null | sort`,
      reads: [`file:${folder}`],
      parse: ({ stdout }) => stdout.split('\n').filter((path) => path !== ''),
    },
    decide: (present) =>
      present
        .filter((path) => !paths.includes(path))
        .map((path) => ({
          summary: `remove ${path}`,
          script: `rm -f -- ${quote(path)}`,
          touches: [`file:${path}`],
          prunes: true,
        })),
  };
}

/** The observed state of a host's file with a certificate and its key. The key never leaves the host. */
export interface PlacedCertificate {
  /** The host's clock, in seconds since 1970. */
  readonly now: number;
  /** Absent where there is no file, or no certificate in it. */
  readonly certificate?: CertificateFacts;
  /** The key in the file belongs to the certificate. */
  readonly keyFits: boolean;
  /** The file's content has the expected checksum. */
  readonly same: boolean;
  /** `root:root 600`; absent where there is no file. */
  readonly access?: string;
}

/** Probes the certificate file at `path`; `checksum`, treated as a secret, is passed on stdin. */
export function certificateProbe(path: string, checksum?: Text): Probe<PlacedCertificate> {
  return {
    script: script(path, checksum !== undefined),
    ...(checksum === undefined ? {} : { input: checksum }),
    reads: [`file:${path}`, 'package:openssl'],
    parse: (answer) => parse(path, answer),
  };
}

/** Replaces the file by a certificate and key, readable by root only. */
export function placeCertificate(path: string, summary: string, input: NonNullable<Change['input']>): Change {
  return { summary, script: writeFileScript(path, ACCESS), input, touches: touched(path) };
}

/** The change that corrects owner and mode, if needed. */
export function protect(path: string, { access }: PlacedCertificate): readonly Change[] {
  if (access === undefined || access === ACCESS_SHOWN) return [];
  return [
    {
      summary: `change ${path}: ${access} to ${ACCESS_SHOWN}`,
      script: `chown root:root ${quote(path)}\nchmod 600 ${quote(path)}`,
      touches: touched(path),
    },
  ];
}

/** Owner and mode: HAProxy reads the file as root, before it drops privileges. */
const ACCESS = { owner: 'root', group: 'root', mode: 0o600 };

const ACCESS_SHOWN = 'root:root 600';

/** Prints the certificate at `path`, never its key; with `compare`, also whether the file has the checksum on stdin. */
function script(path: string, compare: boolean): string {
  return `f=${quote(path)}
date +now=%s
[ -f "$f" ] || exit 0
stat -L -c 'access=%U:%G %a' -- "$f"${
    compare
      ? `
read -r expected
actual=$(sha256sum <"$f")
[ "\${actual%% *}" != "$expected" ] || echo same=yes`
      : ''
  }
own=$(openssl pkey -pubout -passin pass: -in "$f" </dev/null 2>/dev/null) || own=
its=$(openssl x509 -noout -pubkey -in "$f" 2>/dev/null) || its=
if [ -n "$own" ] && [ "$own" = "$its" ]; then echo fits=yes; fi
openssl x509 -in "$f" 2>/dev/null || :`;
}

function parse(path: string, { stdout, stderr }: ProbeAnswer): PlacedCertificate {
  const field = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1];
  const now = field('now');
  if (now === undefined) throw new ProbeError(`cannot inspect ${path}: ${stderr.trim() || 'no answer'}`);
  const certificate = readCertificate(stdout);
  const access = field('access');
  return {
    now: Number(now),
    keyFits: field('fits') === 'yes',
    same: field('same') === 'yes',
    ...(certificate === undefined ? {} : { certificate }),
    ...(access === undefined ? {} : { access }),
  };
}

function touched(path: string): readonly ResourceKey[] {
  return [`file:${path}`];
}
