import { randomBytes } from 'node:crypto';
import { ProbeError, type Probe, type ProbeAnswer } from '../playbook/operation.ts';
import { asSecretText } from '../secrets/text.ts';

/** Several probes as one script. */
export interface Frame {
  readonly script: string;
  /** Splits its output into answers, in the order of the probes. Throws `ProbeError` when the output is truncated. */
  split(output: { readonly stdout: string; readonly stderr: string }): readonly ProbeAnswer[];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Packs probes into one script, at the cost of one round trip. Each runs in a subshell through `eval`, so that neither an
 * `exit` nor a syntax error of one affects the others. A probe's input is a here-document of the script, never an argument.
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

/** Identifies a probe by its script and input: equal probes are asked once. */
export function keyOf(probe: Probe): string {
  return probe.input === undefined ? probe.script : `${probe.script}\0${asSecretText(probe.input).reveal()}`;
}
