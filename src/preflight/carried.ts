import { createHash, randomBytes } from 'node:crypto';
import type { Host } from '../inventory/types.ts';
import type { CarriedSecret } from '../playbook/carried-secret.ts';
import { ProbeError, type Answers, type Probe } from '../playbook/operation.ts';
import { Secret } from '../secrets/secret.ts';

/** What a host has at one of the places of its secrets. */
export interface FoundSecret {
  readonly place: CarriedSecret;
  /** A value, or its checksum. */
  readonly found: string;
}

/** The same with the host's name. */
export interface HostSecret extends FoundSecret {
  readonly host: string;
}

/** The checksum of what a host has, with a salt that only this run knows. */
export interface Checksums {
  readonly salt: Secret;
  /** What a place that holds `secret` answers. */
  of(place: CarriedSecret, secret: Secret): string;
}

/** The checksums of one run: without its salt they tell nothing, also of a weak secret. */
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

/** The places of a host; what several playbooks declare alike is one. */
export function placesOn(host: Host, places: readonly CarriedSecret[]): readonly CarriedSecret[] {
  const own = places.filter((place) => place.hosts.some(({ name }) => name === host.name));
  const key = ({ secret, path, where }: CarriedSecret): string => JSON.stringify([secret, path, where]);
  return [...new Map(own.toReversed().map((place) => [key(place), place])).values()].toReversed();
}

/** A word of a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const PLACED = 'Placed by osha';

/** Each value reaches `tell` in a variable: none is in an argument of a process. */
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

/** Reads all files that secrets are in a line of with one process. One that is not there would end mawk. */
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

/** A package's own file counts for nothing. The characters are those that no rule for secrets refuses. */
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
      if (exitCode !== 0) throw new ProbeError(`the places of secrets cannot be read: exit code ${exitCode}`);
      const found = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [, index = '', text = ''] = /^(\d+) ([A-Za-z0-9+/=]+)(?: +-)?$/.exec(line) ?? [];
          // Never the line itself: it may be a value.
          if (!places[Number(index)] || index === '') {
            throw new ProbeError('expected a number and a word in each line');
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

/** Asks a host for checksums of the secrets that it has: their values stay where they are. */
export function checksumProbe(
  places: readonly CarriedSecret[],
  { salt }: Checksums,
): Probe<readonly FoundSecret[]> {
  // A here-document, which a shell feeds by itself, and not a pipe from another process.
  const print = `sha256sum <<END\n$salt$2\nEND\n`;
  return probeOf(places, print, salt, (text) => text);
}

/** Asks a host for the secrets that it has. */
export function valueProbe(places: readonly CarriedSecret[]): Probe<readonly FoundSecret[]> {
  return probeOf(places, `base64 -w 0 <<END\n$2\nEND\n`, new Secret('salt', 'none'), (text) =>
    Buffer.from(text, 'base64').toString('utf8').replace(/\n$/, ''),
  );
}

/** What the hosts that answered have of each secret, by its name. */
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

/** Whether two hosts have the same thing. */
export function twoAgree(found: readonly HostSecret[]): boolean {
  return found.some((one) => found.some((other) => other.host !== one.host && other.found === one.found));
}
