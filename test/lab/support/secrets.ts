import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { execOn } from '../lab.ts';

const INVENTORIES = resolve(import.meta.dirname, '../../../inventory');

/** The values in `inventory/secrets.yaml`, by name. */
export function secretValues(): Readonly<Record<string, string>> {
  return parse(readFileSync(join(INVENTORIES, 'secrets.yaml'), 'utf8')) as Record<string, string>;
}

/** Names of the secrets whose value stands in a text. */
export function secretsIn(text: string): readonly string[] {
  return Object.entries(secretValues())
    .filter(([, value]) => text.includes(value))
    .map(([name]) => name);
}

/** Everything that is recorded of past runs. */
export function recordsOfRuns(): string {
  const folder = join(INVENTORIES, '.osha/runs');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

/**
 * Writes down the arguments and the environment of all processes on a host, over and over. Returns how to stop that,
 * which gives all that was seen.
 */
export function sampleProcesses(host: string): () => Promise<string> {
  const samples = execOn(
    host,
    `rm -f /run/lab-stop
    for sample in $(seq 3000); do
      [ -e /run/lab-stop ] && break
      cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'
      sleep 0.1
    done | awk '!seen[$0]++'`,
  );
  return async () => {
    await execOn(host, 'touch /run/lab-stop');
    return (await samples).stdout;
  };
}
