import type { SecretRules } from '../secrets/rule.ts';
import { loadSecrets, secretStates, type SecretState } from '../secrets/load.ts';
import { ensureSecrets, rotateSecrets, decryptSecrets, encryptSecrets } from '../secrets/write.ts';
import { hasErrors, type LocatedProblem } from '../yaml/problem.ts';
import { confirmer } from './consent.ts';
import { loadDeployment } from './deployment.ts';
import { InvalidFile, printProblems } from './errors.ts';
import { EXIT, type Io } from './io.ts';
import { keyring } from './keyring.ts';
import type { ConsentOptions } from './options.ts';
import { drawing, printJson } from './presentation.ts';
import type { Cli } from './register.ts';
import { trackedSecrets } from '../secrets/files.ts';

/** What can be done with secrets. */
export type SecretsAction =
  | { readonly do: 'list'; readonly json: boolean; readonly color: boolean }
  | { readonly do: 'generate' | 'decrypt' }
  | ({ readonly do: 'rotate'; readonly names: readonly string[] } & ConsentOptions)
  | { readonly do: 'encrypt'; readonly recipients: readonly string[] };

/** Lists or changes the secrets of an inventory; never prints a value. Returns the exit code. */
export async function secretsAction(cli: Cli, file: string, action: SecretsAction): Promise<number> {
  const { io } = cli;
  const { inventory, rules } = await loadDeployment(io, file, { json: false, secrets: 'none', quiet: true });
  printProblems(io, await trackedSecrets(inventory.file));
  const keys = keyring(io);
  const say = (text: string): number => {
    io.stdout.write(`${text}\n`);
    return EXIT.ok;
  };
  switch (action.do) {
    case 'list': {
      const loaded = await loadSecrets(inventory.file, rules, { unlock: keys.unlock });
      if (!loaded.isOpen) throw new InvalidFile(loaded.problems);
      return list(io, secretStates(rules, loaded), loaded.problems, action);
    }
    case 'generate': {
      const ensured = await ensureSecrets(inventory.file, rules, { unlock: keys.unlock });
      if (hasErrors(ensured.problems)) throw new InvalidFile(ensured.problems);
      if (ensured.generated.length === 0) return say('no secret is missing');
      return say(`generated in ${ensured.file}: ${ensured.generated.join(', ')}`);
    }
    case 'rotate': {
      const known = action.names.filter((name) => rules[name] !== undefined);
      if (!action.yes && known.length === action.names.length) {
        await confirmer(cli, 'secrets rotate')(replacedInWords(known, rules));
      }
      const names = await rotateSecrets(inventory.file, rules, action.names, { unlock: keys.unlock });
      return say(`new: ${names.join(', ')}\nbring them to the hosts with: osha deploy ${file}`);
    }
    case 'encrypt': {
      const target = await keys.target(action.recipients);
      return say(`encrypted into ${await encryptSecrets(inventory.file, target, await keys.identity())}`);
    }
    case 'decrypt':
      return say(`decrypted into ${await decryptSecrets(inventory.file, await keys.unlock())}`);
  }
}

/** What a rotation makes useless. */
function replacedInWords(names: readonly string[], rules: SecretRules): string {
  const lines = names.map((name) => `  ${name}: ${rules[name]?.describe ?? ''}\n`);
  return `Will be replaced here, and on the hosts by the next deployment:\n${lines.join('')}Whatever was made with the present values, and is not osha's to renew, no longer works then.\n`;
}

async function list(
  io: Io,
  states: readonly SecretState[],
  problems: readonly LocatedProblem[],
  options: { readonly json: boolean; readonly color: boolean },
): Promise<number> {
  printProblems(io, problems);
  if (options.json) {
    printJson(io, [
      ...states.map((state) => ({ event: 'secret', ...state })),
      ...problems.map((problem) => ({ event: 'problem', ...problem })),
    ]);
  } else {
    const { table } = await import('../render/table.ts');
    const drawn = await drawing(io, options);
    const { good, changed, bad, hint } = drawn.colors;
    const styles = { set: good, missing: changed, weak: bad, unknown: hint };
    const columns = ['secret', 'state', 'what it is for'].map((title) => ({ title }));
    const rows = states.map(({ name, state, describe }) => [
      name,
      { text: state, style: styles[state] },
      describe,
    ]);
    io.stdout.write(`${table(columns, rows, drawn)}\n`);
  }
  return hasErrors(problems) ? EXIT.usage : EXIT.ok;
}
