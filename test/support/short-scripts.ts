import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a script wrote and how it ended. */
export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const PATH = String.raw`([\w][\w./-]*)`;
const FRAMED =
  /\( eval '([^'\n]*)' \) <\/dev\/null\nprintf '\\n(osha-\w+ \d+) %d\\n' "\$\?"; printf '\\n\2\\n' >&2\n/y;

type Rule = readonly [form: RegExp, ended: (words: readonly string[], disk: string, input: string) => Ended];

const ended = (stdout: string, exitCode = 0): Ended => ({ stdout, stderr: '', exitCode });

/** The commands that nearly all tests are made of. */
const rules: readonly Rule[] = [
  [/^(?:true|:)$/, () => ended('')],
  [
    new RegExp(`^cat ${PATH} 2>/dev/null \\|\\| (?:true|:)$`),
    ([path = ''], disk) => ended(existsSync(join(disk, path)) ? readFileSync(join(disk, path), 'utf8') : ''),
  ],
  [
    new RegExp(String.raw`^(?:test -e ${PATH}|\[ -e ${PATH} \]) && echo (\w+) \|\| echo (\w+)$`),
    ([one, other, yes, no], disk) => ended(`${existsSync(join(disk, one ?? other ?? '')) ? yes : no}\n`),
  ],
  [
    new RegExp(`^cat > ?${PATH}$`),
    ([path = ''], disk, input) => {
      writeFileSync(join(disk, path), input);
      return ended('');
    },
  ],
  [
    new RegExp(String.raw`^printf (\w+) > ?${PATH}$`),
    ([word = '', path = ''], disk) => {
      writeFileSync(join(disk, path), word);
      return ended('');
    },
  ],
  [/^exit (\d)$/, ([code]) => ended('', Number(code))],
];

/**
 * What a shell in the folder `disk` would answer, where the script consists of the few commands that tests of the runner
 * use again and again: a process for each would take most of their time. `undefined` where only a shell knows.
 */
export function shortAnswer(script: string, disk: string, input: string): Ended | undefined {
  try {
    return script.startsWith('set -e\n') ? one(script.slice(7), disk, input) : framed(script, disk);
  } catch {
    // A folder that is not there, or a file that is one: a shell has the words for it.
    return undefined;
  }
}

function one(command: string, disk: string, input: string): Ended | undefined {
  for (const [form, answer] of rules) {
    const found = form.exec(command);
    if (found) return answer(found.slice(1), disk, input);
  }
  return undefined;
}

/** The probes of one round trip, as `frameOf` packs them. */
function framed(script: string, disk: string): Ended | undefined {
  let stdout = '';
  let stderr = '';
  for (FRAMED.lastIndex = 0; FRAMED.lastIndex < script.length;) {
    const [, command = '', mark = ''] = FRAMED.exec(script) ?? [];
    const answer = mark === '' ? undefined : one(command, disk, '');
    if (!answer) return undefined;
    stdout += `${answer.stdout}\n${mark} ${answer.exitCode}\n`;
    stderr += `${answer.stderr}\n${mark}\n`;
  }
  return { stdout, stderr, exitCode: 0 };
}
