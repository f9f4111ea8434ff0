import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Plan } from '../planner/plan.ts';
import type { PlacedFile } from '../playbook/operation.ts';
import { asSecretText } from '../secrets/text.ts';
import { writeWholeFile } from '../secrets/whole-file.ts';
import { loadDeployment } from './deployment.ts';
import { UserError } from './errors.ts';
import { EXIT } from './io.ts';
import { readNamedFile } from './named-file.ts';
import type { OutputOptions } from './options.ts';
import { printJson } from './presentation.ts';
import type { Cli } from './register.ts';
import { plainSummary } from './summary.ts';

/** Names the folders that osha made, so that it may make them anew. */
const MARKER = '.osha-render';
/** The files hold masks in the place of secrets. */
const MODE = 0o644;

export interface RenderRequest extends OutputOptions {
  readonly out: string;
  readonly force?: true;
  readonly limit?: readonly string[];
}

/** Writes what a deployment would place on each host into a folder. Returns the exit code. */
export async function render(cli: Cli, file: string, request: RenderRequest): Promise<number> {
  const deployment = await loadDeployment(cli.io, file, {
    json: request.json ?? false,
    secrets: 'shown',
  });
  const { createPlan } = await import('../planner/plan.ts');
  const plan = createPlan({ ...deployment, selection: request.limit ? { limit: request.limit } : {} });
  const folder = resolve(cli.io.cwd, request.out);
  const placed = placedFiles(plan);
  makeRoom(folder, request);
  for (const [host, files] of placed) {
    for (const { path, content } of files.values()) {
      const target = join(folder, host, path);
      mkdirSync(dirname(target), { recursive: true });
      writeWholeFile(target, asSecretText(content).masked(), MODE);
    }
  }
  writeWholeFile(join(folder, MARKER), `${[...placed.keys()].join('\n')}\n`, MODE);
  const counts = [...placed].map(([host, files]) => ({ host, ok: files.size }));
  if (request.json) printJson(cli.io, [...fileLines(placed, folder), plainSummary(counts)]);
  else for (const { host, ok } of counts) cli.io.stdout.write(`${join(request.out, host)}: ${ok} files\n`);
  return EXIT.ok;
}

/** By host and path; of two steps that place one file, the later one counts. */
function placedFiles(plan: Plan): ReadonlyMap<string, ReadonlyMap<string, PlacedFile>> {
  const placed = new Map(plan.hosts.map((host) => [host.name, new Map<string, PlacedFile>()]));
  for (const { step, hosts } of plan.phases.flatMap((phase) => phase.steps)) {
    if (step.kind !== 'host') continue;
    for (const host of hosts) {
      for (const { places } of step.operations(host)) {
        if (places) placed.get(host.name)?.set(places.path, places);
      }
    }
  }
  return placed;
}

function fileLines(placed: ReturnType<typeof placedFiles>, folder: string): readonly object[] {
  return [...placed].flatMap(([host, files]) =>
    [...files.values()].map(({ path, mode }) => ({
      event: 'file',
      host,
      path,
      mode: mode.toString(8).padStart(4, '0'),
      file: join(folder, host, path),
    })),
  );
}

/** Empties a folder that osha made; refuses any other that is not empty, unless it is told to. */
function makeRoom(folder: string, { force, out }: RenderRequest): void {
  mkdirSync(folder, { recursive: true });
  const marker = join(folder, MARKER);
  if (existsSync(marker)) {
    // Only the hosts that it wrote itself: names are one path segment each, whatever the marker says.
    for (const host of readNamedFile(marker).split('\n')) {
      if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(host))
        rmSync(join(folder, host), { recursive: true, force: true });
    }
    return;
  }
  if (readdirSync(folder).length === 0 || force) return;
  throw new UserError(`${out} is not empty, and osha did not create it`, {
    hint: 'name another folder, or add --force to write into this one',
  });
}
