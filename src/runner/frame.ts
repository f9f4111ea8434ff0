import { randomBytes } from 'node:crypto';
import { ProbeError, type Probe, type ProbeAnswer } from '../playbook/operation.ts';
import { asSecretText } from '../secrets/text.ts';

/** Many probes as one script, and how to take its output apart again. */
export interface Frame {
  readonly script: string;
  /** The answers, in the order of the probes. Throws a `ProbeError` when the output is cut short. */
  split(output: { readonly stdout: string; readonly stderr: string }): readonly ProbeAnswer[];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Packs probes into one script, so that they cost one round trip. Each runs in a subshell of its own, and through
 * `eval`, so that neither an `exit` nor a syntax error of one can end the others. A probe's input reaches it as a
 * here-document: in the script's text, never in an argument.
 */
export function frameOf(probes: readonly Probe[]): Frame {
  const mark = `osha-${randomBytes(16).toString('hex')}`;
  const lines = probes.map((probe, index) => {
    const run = `( eval ${quoted(probe.script)} )`;
    const input = probe.input === undefined ? undefined : asSecretText(probe.input).reveal();
    const fed =
      input === undefined ? `${run} </dev/null` : `${run} <<'${mark}-input'\n${input}\n${mark}-input`;
    return `${fed}\nprintf '\\n${mark} ${index} %d\\n' "$?"; printf '\\n${mark} ${index}\\n' >&2`;
  });
  return {
    script: lines.join('\n') + '\n',
    split: ({ stdout, stderr }) => {
      const answers: ProbeAnswer[] = [];
      let outAt = 0;
      let errAt = 0;
      probes.forEach((_, index) => {
        const outMark = stdout.indexOf(`\n${mark} ${index} `, outAt);
        const errMark = stderr.indexOf(`\n${mark} ${index}\n`, errAt);
        if (outMark < 0 || errMark < 0) {
          throw new ProbeError(`the answer to probe ${index + 1} of ${probes.length} is truncated`);
        }
        const lineEnd = stdout.indexOf('\n', outMark + 1);
        const exitCode = Number(stdout.slice(outMark + `\n${mark} ${index} `.length, lineEnd));
        answers.push({
          stdout: stdout.slice(outAt, outMark),
          stderr: stderr.slice(errAt, errMark),
          exitCode,
        });
        outAt = lineEnd + 1;
        errAt = errMark + `\n${mark} ${index}\n`.length;
      });
      return answers;
    },
  };
}

/** Two probes with one key are one question. */
export function keyOf(probe: Probe): string {
  return probe.input === undefined ? probe.script : `${probe.script}\0${asSecretText(probe.input).reveal()}`;
}
