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
 * What a verb needs of the secrets. `none`: nothing, their file is not read. `shown`: only their masks; problems of a plain
 * file are reported, an encrypted one stays closed. `read`: their values; missing ones are generated in memory, and a
 * deployment writes them once the hosts have admitted it.
 */
export type SecretsUse = 'none' | 'shown' | 'read';

/** An inventory and everything else that a plan needs. */
export interface Deployment {
  readonly inventory: Inventory;
  readonly platform: Platform;
  /** In deployment order, including the user's own that the inventory names. */
  readonly playbooks: readonly Playbook[];
  /** With `osha run`: the playbooks to run, and no others. */
  readonly run?: DeployedPlaybooks['run'];
  /** The rules of the secrets that this deployment needs, by name. */
  readonly rules: SecretRules;
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Names of secrets that do not exist yet, where that is known. */
  readonly missing: readonly string[];
  /** The secrets file as it was read; only with `read`. */
  readonly loaded?: LoadedSecrets | undefined;
}

export interface LoadRequest {
  /** Also print warnings as JSON lines. */
  readonly json: boolean;
  readonly secrets: SecretsUse;
  /** Also print advice. */
  readonly advice?: true;
  /** Print no warnings: for verbs that are not about the inventory. */
  readonly quiet?: true;
  /** The file of `osha run`. */
  readonly run?: string | undefined;
  /** Read instead of the text in the file. */
  readonly text?: string | undefined;
}

/** Reads an inventory and its secrets. Prints warnings on stderr. Throws `InvalidFile` with all mistakes at once. */
export async function loadDeployment(io: Io, file: string, request: LoadRequest): Promise<Deployment> {
  const [
    { playbooks: builtIn },
    { checkWritten, parseInventory, readInventory },
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
  const path = pathOf(io, file);
  const written = request.text === undefined ? readInventory(path) : parseInventory(path, request.text);
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
  // An invalid file ends the command: do not spend time on generating keys.
  const made = hasErrors(problems) ? {} : generateMissing(loaded, rules);
  return { secrets: { ...made, ...loaded.secrets }, missing, problems, loaded };
}

/** The path as the user gave it, for messages; absolute where this process runs in another folder. */
function pathOf(io: Io, file: string): string {
  return io.cwd === process.cwd() ? file : resolve(io.cwd, file);
}
