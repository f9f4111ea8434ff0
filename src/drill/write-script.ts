import { quote } from '../operations/shell.ts';
import type { DrillScript } from '../playbook/drill.ts';
import { asSecretText } from '../secrets/text.ts';
import type { Sample } from './measure.ts';
import { SAMPLE_LIMIT_MS, type WatchScript } from './probe-script.ts';

/** An attempt to write an entry; `answered` if it was acknowledged. */
export interface WriteSample {
  /** The number of the entry. */
  readonly number: number;
  readonly sample: Sample;
}

/**
 * A script that writes entries 1, 2, 3 ... of `writer`, one in `everyMs` milliseconds or slower, and prints a line for each:
 * number, start, duration, and 1 where it was acknowledged. The input of `write` is in a variable of the shell, which no other
 * process can see.
 */
export function writeScript(write: DrillScript, writer: string, everyMs: number): WatchScript {
  const limit = SAMPLE_LIMIT_MS / 1000;
  const script = `input=$(cat)
number=0
now() { read -r up idle </proc/uptime; now=\${up%.*}\${up#*.}0; }
while :; do
  number=$((number + 1)) answered=0
  now; began=$now
  printf '%s\\n' "$input" | timeout -k 1 ${limit} sh -c ${quote(write.script)} osha ${quote(writer)} "$number" >/dev/null && answered=1
  now; took=$((now - began))
  echo "$number $began $took $answered"
  [ "$took" -ge ${everyMs} ] || sleep "$(printf '%d.%03d' $(((${everyMs} - took) / 1000)) $(((${everyMs} - took) % 1000)))"
done`;
  return { script, input: write.input === undefined ? '' : asSecretText(write.input).reveal() };
}

/** A line of `writeScript`; `undefined` for anything else. */
export function writeSampleOf(line: string): WriteSample | undefined {
  const numbers = /^(\d+) (\d+) (\d+) ([01])$/.exec(line)?.slice(1).map(Number);
  if (!numbers) return undefined;
  const [number = 0, startMs = 0, tookMs = 0, answered] = numbers;
  return { number, sample: { startMs, tookMs, answered: answered === 1 } };
}
