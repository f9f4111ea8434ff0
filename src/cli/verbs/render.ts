import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Plan } from '../../planner/plan.ts';
import type { PlacedFile } from '../../playbook/operation.ts';
import { asSecretText } from '../../secrets/text.ts';
import { writeWholeFile } from '../../secrets/whole-file.ts';
import { loadDeployment } from '../deployment.ts';
import { readNamedFile, UserError } from '../errors.ts';
import { EXIT } from '../io.ts';
import { withLimit, withOutput, type OutputOptions } from '../options.ts';
import { plainSummary, printJson } from '../presentation.ts';
import { exiting, type Cli, type Register } from '../register.ts';

/** Marks a folder that osha created and may replace; lists the hosts in it. */
const MARKER = '.osha-render';
/** World-readable: secrets are masked in these files. */
const MODE = 0o644;

interface RenderRequest extends OutputOptions {
  readonly out: string;
  readonly force?: true;
  readonly limit?: readonly string[];
}

export const registerRender: Register = (program, cli) => {
  const command = program
    .command('render')
    .summary('write the files a deployment would place on the hosts')
    .description(
      'Writes every file that a deployment places on each host to DIR/HOST/PATH, with secrets masked. ' +
        'Leaves out what is only known on a host (such as the detected virtualization). Connects to nothing. A folder from an ' +
        'earlier run is replaced; any other folder has to be empty.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .requiredOption('--out <dir>', 'the folder to write to')
    .option('--force', 'write into a folder that contains other files, and keep those')
    .addHelpText(
      'after',
      '\nExamples:\n  osha render inventory/lab.yaml --out files\n  osha render inventory/lab.yaml --out after && diff -r files after',
    );
  withOutput(withLimit(command)).action(
    exiting(cli, (file: string, request: RenderRequest) => render(cli, file, request)),
  );
};

/** Writes the files that a deployment would place on each host. Returns the exit code. */
async function render(cli: Cli, file: string, request: RenderRequest): Promise<number> {
  const deployment = await loadDeployment(cli.io, file, {
    json: request.json ?? false,
    secrets: 'shown',
  });
  const { createPlan } = await import('../../planner/plan.ts');
  const plan = createPlan({ ...deployment, selection: request.limit ? { limit: request.limit } : {} });
  const folder = resolve(cli.io.cwd, request.out);
  const placed = placedFiles(plan);
  prepareFolder(folder, request);
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

/** By host and path; the last step that places a file wins. */
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

/** Removes an earlier rendering. Throws `UserError` for any other folder that is not empty, unless forced. */
function prepareFolder(folder: string, { force, out }: RenderRequest): void {
  mkdirSync(folder, { recursive: true });
  const marker = join(folder, MARKER);
  if (existsSync(marker)) {
    // The marker may have been edited: remove nothing outside of this folder.
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
