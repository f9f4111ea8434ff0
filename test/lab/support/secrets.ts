import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { execOn } from '../lab.ts';

const INVENTORIES = resolve(import.meta.dirname, '../../../inventory');

/** The current values in `inventory/secrets.yaml`, by name; without `previous`, which keeps replaced ones. */
export function secretValues(): Readonly<Record<string, string>> {
  const all = parse(readFileSync(join(INVENTORIES, 'secrets.yaml'), 'utf8')) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Names of the secrets whose value is in a text. */
export function secretsIn(text: string): readonly string[] {
  return Object.entries(secretValues())
    .filter(([, value]) => text.includes(value))
    .map(([name]) => name);
}

/** All records of past runs. */
export function recordsOfRuns(): string {
  const folder = join(INVENTORIES, '.osha/runs');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

export interface SampleOptions {
  /** The lab's inventory; default: the lab brought up last. */
  readonly inventory?: string;
  /** Seconds between two samples; default 0.1. */
  readonly seconds?: number;
}

/** Seconds after which sampling stops, even if the test fails. */
const MOST_SECONDS = 3600;

/**
 * Samples the arguments and environments of all processes on a host. Returns a function that stops it and returns all
 * that was seen.
 */
export function sampleProcesses(
  host: string,
  { inventory, seconds = 0.1 }: SampleOptions = {},
): () => Promise<string> {
  const lab = inventory === undefined ? {} : { inventory };
  const program = readFileSync(resolve(import.meta.dirname, 'sample.pl'), 'utf8');
  const samples = execOn(host, `perl - ${MOST_SECONDS} ${seconds} <<'END'\n${program}\nEND`, lab);
  return async () => {
    await execOn(host, 'touch /run/lab-stop', lab);
    return (await samples).stdout;
  };
}
