import { createHash, randomBytes } from 'node:crypto';
import type { Host } from '../inventory/types.ts';
import type { CarriedSecret } from '../playbook/carried-secret.ts';
import { ProbeError, type Answers, type Probe } from '../playbook/operation.ts';
import { Secret } from '../secrets/secret.ts';

/** A secret found on a host. */
export interface FoundSecret {
  readonly place: CarriedSecret;
  /** The value or its checksum. */
  readonly found: string;
}

/** A found secret with the host's name. */
export interface HostSecret extends FoundSecret {
  readonly host: string;
}

/** Checksums with a salt that only this run knows. */
export interface Checksums {
  readonly salt: Secret;
  /** The expected checksum of a place that holds `secret`. */
  of(place: CarriedSecret, secret: Secret): string;
}

/** New checksums for one run. Without the salt they reveal nothing, even of weak secrets. */
export function checksums(): Checksums {
  const salt = new Secret('salt', randomBytes(32).toString('hex'));
  return {
    salt,
    of: (place, secret) => {
      const held = place.holds?.(secret) ?? secret.reveal();
      return createHash('sha256').update(`${salt.reveal()}${held}\n`).digest('hex');
    },
  };
}

/** The places of a host, without duplicates from several playbooks. */
export function placesOn(host: Host, places: readonly CarriedSecret[]): readonly CarriedSecret[] {
  const own = places.filter((place) => place.hosts.some(({ name }) => name === host.name));
  const key = ({ secret, path, where }: CarriedSecret): string => JSON.stringify([secret, path, where]);
  return [...new Map(own.toReversed().map((place) => [key(place), place])).values()].toReversed();
}

/** Quotes a word for the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const PLACED = 'Placed by osha';

/** Passes each value to `tell` in a shell variable: no value gets into the arguments of a process. */
function scriptOf(places: readonly CarriedSecret[], print: string): string {
  const single = places.flatMap((place, index) => {
    const { path, where } = place;
    if (where.in === 'line') return [];
    if (where.in === 'output') return [`tell ${index} "$( ( ${where.script}\n) </dev/null 2>/dev/null )"`];
    return [
      `${where.with === undefined ? '' : `placed ${quoted(where.with)} && `}whole ${index} ${quoted(path)}`,
    ];
  });
  return `IFS= read -r salt || :
tell() { [ -z "$2" ] || printf '%s %s\\n' "$1" "$(${print})"; }
first() { line=; [ ! -f "$1" ] || IFS= read -r line <"$1" || :; }
placed() { first "$1"; case $line in *${quoted(PLACED)}*) ;; *) false ;; esac; }
whole() { first "$2"; tell "$1" "$line"; }
${[...single, ...linesScript(places)].join('\n')}
:`;
}

/** Reads all files with secrets in lines with one awk. Skips missing files, on which mawk would abort. */
function linesScript(places: readonly CarriedSecret[]): readonly string[] {
  const byPath = new Map<string, string[]>();
  places.forEach(({ path, where }, index) => {
    if (where.in !== 'line') return;
    const section = where.section === undefined ? '' : `[${where.section}]`;
    const words = [where.line, where.after ?? '', section].map((word) => JSON.stringify(word));
    byPath.set(path, [...(byPath.get(path) ?? []), `find(${[index, ...words].join(', ')})`]);
  });
  if (byPath.size === 0) return [];
  const rules = [...byPath].map(
    ([path, finds]) => `FILENAME == ${JSON.stringify(path)} { ${finds.join('; ')} }`,
  );
  return [
    'set --',
    `for file in ${[...byPath.keys()].map(quoted).join(' ')}; do [ ! -f "$file" ] || set -- "$@" "$file"; done`,
    `[ $# -eq 0 ] || awk ${quoted([FIND, ...rules].join('\n'))} "$@" 2>/dev/null | while read -r index value; do tell "$index" "$value"; done`,
  ];
}

/** Ignores files that osha did not place. The characters are those that rules for secrets allow. */
const FIND = `function find(index_, line, after, wanted,  rest, at) {
  if (index_ in found || (wanted != "" && wanted != section) || index($0, line) != 1) return
  rest = substr($0, length(line) + 1)
  if (wanted != "" && !sub(/^[ \\t]*=[ \\t]*/, "", rest)) return
  if (after != "") { at = index(rest, after); if (!at) return; rest = substr(rest, at + length(after)) }
  if (!match(rest, /^[A-Za-z0-9._-]+/)) return
  found[index_] = 1
  print index_ " " substr(rest, 1, RLENGTH)
}
FNR == 1 { ours = /${PLACED}/; section = "" }
!ours { next }
{ sub(/^[ \\t]+/, ""); sub(/[ \\t\\r]+$/, "") }
/^\\[/ { section = $0 }`;

function probeOf(
  places: readonly CarriedSecret[],
  print: string,
  salt: Secret,
  decode: (text: string) => string,
): Probe<readonly FoundSecret[]> {
  return {
    script: scriptOf(places, print),
    input: salt,
    reads: places.map(({ path }) => `file:${path}` as const),
    parse: ({ stdout, exitCode }) => {
      if (exitCode !== 0) throw new ProbeError(`cannot read the secrets on the host: exit code ${exitCode}`);
      const found = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [, index = '', text = ''] = /^(\d+) ([A-Za-z0-9+/=]+)(?: +-)?$/.exec(line) ?? [];
          // Without the line: it may be a secret.
          if (!places[Number(index)] || index === '') {
            throw new ProbeError('unexpected probe output: expected a number and a word in each line');
          }
          return { index: Number(index), found: decode(text) };
        })
        .sort((a, b) => a.index - b.index);
      return found.flatMap(({ index, found: text }) => {
        const place = places[index];
        return place ? [{ place, found: text }] : [];
      });
    },
  };
}

/** Reads checksums of the secrets on a host: the values stay there. */
export function checksumProbe(
  places: readonly CarriedSecret[],
  { salt }: Checksums,
): Probe<readonly FoundSecret[]> {
  // A here-document, because a pipe would need another process.
  const print = `sha256sum <<END\n$salt$2\nEND\n`;
  return probeOf(places, print, salt, (text) => text);
}

/** Reads the secrets on a host. */
export function valueProbe(places: readonly CarriedSecret[]): Probe<readonly FoundSecret[]> {
  return probeOf(places, `base64 -w 0 <<END\n$2\nEND\n`, new Secret('salt', 'none'), (text) =>
    Buffer.from(text, 'base64').toString('utf8').replace(/\n$/, ''),
  );
}

/** Found secrets of all hosts that answered, by name. */
export function bySecret(
  answers: Answers<readonly FoundSecret[]>,
): ReadonlyMap<string, readonly HostSecret[]> {
  const found = new Map<string, HostSecret[]>();
  for (const [host, answer] of answers) {
    for (const { place, found: text } of answer.reachable ? answer.observed : []) {
      const all = found.get(place.secret) ?? [];
      found.set(place.secret, all);
      all.push({ host, place, found: text });
    }
  }
  return found;
}

/** Whether two hosts have the same value. */
export function twoAgree(found: readonly HostSecret[]): boolean {
  return found.some((one) => found.some((other) => other.host !== one.host && other.found === one.found));
}
