import type { Change, Probe, ProbeAnswer, ResourceKey } from '../../playbook/operation.ts';
import { ProbeError } from '../../playbook/operation.ts';
import type { Text } from '../../secrets/text.ts';
import { writeFileScript } from '../file-script.ts';
import { quote } from '../shell.ts';
import { readCertificate, type CertificateFacts } from './read.ts';

/** A host's file with a certificate and its key, as far as anybody may know it: the key stays where it is. */
export interface PlacedCertificate {
  /** The host's clock, in seconds since 1970. */
  readonly now: number;
  /** Absent where there is no file, or none with a certificate in it. */
  readonly certificate?: CertificateFacts;
  /** The file's key is the certificate's. */
  readonly keyFits: boolean;
  /** The file has the content whose checksum was asked for. */
  readonly same: boolean;
  /** `root:root 600`; absent where there is no file. */
  readonly access?: string;
}

/** Its owner and mode: HAProxy reads it as root, before it becomes somebody else. */
const ACCESS = { owner: 'root', group: 'root', mode: 0o600 };
const ACCESS_SHOWN = 'root:root 600';

/** Prints the certificate at `path`, never its key. With an expected checksum on stdin, also whether it is that file. */
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
  if (now === undefined)
    throw new ProbeError(`${path} could not be looked at: ${stderr.trim() || 'no answer'}`);
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

/** Asks for the certificate in the file at `path`; `checksum`, a secret's worth, goes there on stdin. */
export function certificateProbe(path: string, checksum?: Text): Probe<PlacedCertificate> {
  return {
    script: script(path, checksum !== undefined),
    ...(checksum === undefined ? {} : { input: checksum }),
    reads: [`file:${path}`, 'package:openssl'],
    parse: (answer) => parse(path, answer),
  };
}

/** Replaces the file by a certificate and key; readable for root alone. */
export function placeCertificate(path: string, summary: string, input: NonNullable<Change['input']>): Change {
  return { summary, script: writeFileScript(path, ACCESS), input, touches: touched(path) };
}

/** What is left to do about owner and mode. */
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

function touched(path: string): readonly ResourceKey[] {
  return [`file:${path}`];
}
