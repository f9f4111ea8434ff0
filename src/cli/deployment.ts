import { resolve } from 'node:path';
import type { Inventory } from '../inventory/types.ts';
import type { Platform } from '../platform/platform.ts';
import type { Playbook } from '../playbook/playbook.ts';
import type { LoadedSecrets } from '../secrets/load.ts';
import type { SecretRules } from '../secrets/rule.ts';
import type { Secret } from '../secrets/secret.ts';
import { hasErrors, inFileOrder, type LocatedProblem } from '../yaml/problem.ts';
import type { DeployedPlaybooks } from './deployed-playbooks.ts';
import { InvalidFile, printProblems } from './errors.ts';
import type { Io } from './io.ts';
import { printJson } from './presentation.ts';

/**
 * What a verb needs the secrets for. `none`: nothing, their file is not even looked at. `shown`: only their masks; what is
 * wrong in a plain file is told, a sealed one stays closed. `read`: their values; those that are missing are made up in
 * memory, and a deployment writes them once the hosts have admitted it.
 */
export type SecretsUse = 'none' | 'shown' | 'read';

/** Everything that a plan is made of. */
export interface Deployment {
  readonly inventory: Inventory;
  readonly platform: Platform;
  /** In deployment order; also those of the user's own that the inventory names. */
  readonly playbooks: readonly Playbook[];
  /** What is run alone, where that was asked for. */
  readonly run?: DeployedPlaybooks['run'];
  /** Of the secrets that this deployment needs, by their names. */
  readonly rules: SecretRules;
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Names of secrets that are not there yet, where that is known. */
  readonly missing: readonly string[];
  /** Their file as it was read; with `read` alone. */
  readonly loaded?: LoadedSecrets | undefined;
}

export interface LoadRequest {
  /** Tell warnings as JSON lines as well. */
  readonly json: boolean;
  readonly secrets: SecretsUse;
  /** Tell advice too. */
  readonly advice?: true;
  /** Leave warnings to the verbs that are about the inventory. */
  readonly quiet?: true;
  /** A file of the user's own playbooks that is run alone. */
  readonly run?: string | undefined;
}

/** Reads an inventory and its secrets. Warnings go to stderr. Throws `InvalidFile` with all mistakes at once. */
export async function loadDeployment(io: Io, file: string, request: LoadRequest): Promise<Deployment> {
  const [
    { playbooks: builtIn },
    { checkWritten, readInventory },
    { platformIds, platformOf },
    { secretRules },
    { deployedPlaybooks },
  ] = await Promise.all([
    import('../../playbooks/index.ts'),
    import('../inventory/load.ts'),
    import('../platform/index.ts'),
    import('../playbook/playbook.ts'),
    import('./deployed-playbooks.ts'),
  ]);
  const written = readInventory(pathOf(io, file));
  const { playbooks, run, problems: faults } = await deployedPlaybooks(io, written, builtIn, request.run);
  const checked = checkWritten(written, {
    playbooks,
    platforms: platformIds,
    incomplete: faults.length > 0,
  });
  const { inventory } = checked;
  const problems = inFileOrder([...checked.problems, ...faults]);
  if (!inventory || hasErrors(problems)) throw new InvalidFile(problems);
  const present = playbooks.filter((playbook) => playbook.hosts(inventory).length > 0);
  const rules = secretRules(present, inventory.settings);
  const found = await secretsFor(io, inventory, rules, request.secrets);
  const all = [...problems, ...found.problems];
  if (hasErrors(all)) throw new InvalidFile(all);
  for (const problem of request.quiet ? [] : all) {
    if (problem.severity === 'advice' && !request.advice) continue;
    printProblems(io, [problem]);
    if (request.json) printJson(io, [{ event: 'problem', ...problem }]);
  }
  const { secrets, missing, loaded } = found;
  const platform = platformOf(inventory.platform);
  return { inventory, platform, playbooks, run, rules, secrets, missing, loaded };
}

interface FoundSecrets extends Pick<Deployment, 'secrets' | 'missing' | 'loaded'> {
  readonly problems: readonly LocatedProblem[];
}

async function secretsFor(
  io: Io,
  inventory: Inventory,
  rules: SecretRules,
  use: SecretsUse,
): Promise<FoundSecrets> {
  const { placeholders } = await import('../secrets/rule.ts');
  if (use === 'none') return { secrets: placeholders(rules), missing: [], problems: [] };
  const [{ loadSecrets }, { trackedSecrets }, { secretsFilesOf, secretsState }, { keyring }] =
    await Promise.all([
      import('../secrets/load.ts'),
      import('../secrets/files.ts'),
      import('../secrets/files.ts'),
      import('./keyring.ts'),
    ]);
  if (use === 'shown' && secretsState(secretsFilesOf(inventory.file)) === 'sealed') {
    return { secrets: placeholders(rules), missing: [], problems: await trackedSecrets(inventory.file) };
  }
  const loaded = await loadSecrets(inventory.file, rules, { unlock: keyring(io).unlock });
  const { missing } = loaded;
  const problems = [...loaded.problems, ...(await trackedSecrets(inventory.file))];
  if (use === 'shown') return { secrets: placeholders(rules), missing, problems };
  const { generateMissing } = await import('../secrets/write.ts');
  // With a mistake in the file nothing is done: no key has to be made for it.
  const made = hasErrors(problems) ? {} : generateMissing(loaded, rules);
  return { secrets: { ...made, ...loaded.secrets }, missing, problems, loaded };
}

/** As the user named it, where that means the same to this process: so it stands in messages. */
export function pathOf(io: Io, file: string): string {
  return io.cwd === process.cwd() ? file : resolve(io.cwd, file);
}
