import { Option, type Command } from 'commander';
import type { SecretState } from '../../secrets/load.ts';
import type { SecretRules } from '../../secrets/rule.ts';
import { hasErrors, type LocatedProblem } from '../../yaml/problem.ts';
import type { AdoptRequest } from '../adopt.ts';
import { loadDeployment } from '../deployment.ts';
import { InvalidFile, printProblems } from '../errors.ts';
import { EXIT, type Io } from '../io.ts';
import { withConnections, withConsent, withLimit, type ConsentOptions } from '../options.ts';
import { printJson, tableOptions } from '../presentation.ts';
import { exiting, type Cli, type Register } from '../register.ts';

type SecretsAction =
  | { readonly do: 'list'; readonly json: boolean; readonly color: boolean }
  | { readonly do: 'generate' | 'decrypt' }
  | ({ readonly do: 'rotate'; readonly names: readonly string[] } & ConsentOptions)
  | { readonly do: 'encrypt'; readonly recipients: readonly string[] };

export const registerSecrets: Register = (program, cli) => {
  const secrets = program
    .command('secrets')
    .summary('manage the secrets of an inventory')
    .description(
      'The secrets of an inventory are next to it: in secrets.yaml, mode 600, or encrypted with age in secrets.yaml.age. ' +
        'None of these commands prints a value. An encrypted file is opened with the age identity in the file that ' +
        'OSHA_AGE_IDENTITY names, with the passphrase in the file that OSHA_PASSPHRASE_FILE names, or with a passphrase ' +
        'that you are prompted for.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  osha secrets list inventory/lab.yaml\n  osha secrets rotate inventory/lab.yaml rabbitmqOpenstack\n' +
        '  osha secrets adopt inventory/lab.yaml\n' +
        '  osha secrets encrypt inventory/lab.yaml --recipient age1...',
    );
  const verb = (name: SecretsAction['do'] | 'adopt', summary: string, description: string): Command =>
    secrets
      .command(name)
      .summary(summary)
      .description(description)
      .argument('<inventory>', 'the inventory, a YAML file');
  const act = (file: string, action: SecretsAction): Promise<number> => runAction(cli, file, action);

  verb(
    'list',
    'list the secrets',
    'Lists the secrets that the inventory needs: what each is for, and whether it exists.',
  )
    .option('--json', 'print JSON Lines on stdout and nothing else')
    .option('--no-color', 'no colours')
    .action(
      exiting(cli, (file: string, { json = false, color }: { json?: boolean; color: boolean }) =>
        act(file, { do: 'list', json, color }),
      ),
    );
  verb(
    'generate',
    'generate missing secrets',
    'Generates the missing secrets. Does not change the others.',
  ).action(exiting(cli, (file: string) => act(file, { do: 'generate' })));
  withConsent(
    verb(
      'rotate',
      'replace secrets with new ones',
      'Replaces secrets with new ones. The next deployment brings them to the hosts. The file keeps the old values, so ' +
        'that a deployment can tell a rotation from the secrets of another folder. For a secret that was missing here, the ' +
        'next deployment replaces whatever the hosts have.',
    ).argument('<secret...>', 'names of secrets'),
  ).action(
    exiting(cli, (file: string, names: readonly string[], { yes }: ConsentOptions) =>
      act(file, { do: 'rotate', names, yes }),
    ),
  );
  withConnections(
    withLimit(
      verb(
        'adopt',
        'read the secrets back from the hosts',
        'Reads the secrets that this folder lacks from the hosts, and writes them next to the inventory, as after a fresh ' +
          'clone or a lost secrets.yaml. Changes nothing on any host. Refuses, and writes nothing, where the hosts ' +
          'disagree with each other or with this folder; --replace or --keep then says which side wins.',
      ),
    ),
  )
    .addOption(
      new Option('--replace', 'take the secrets of the hosts where this folder has different ones').conflicts(
        'keep',
      ),
    )
    .option('--keep', 'keep the secrets of this folder; the next deployment replaces those of the hosts')
    .option('--json', 'print JSON Lines on stdout and nothing else')
    .addHelpText(
      'after',
      '\nExamples:\n  osha secrets adopt inventory/lab.yaml\n  osha secrets adopt inventory/lab.yaml --limit controller1',
    )
    .action(
      exiting(cli, async (file: string, options: AdoptRequest) => {
        const { adopt } = await import('../adopt.ts');
        return adopt(cli.io, file, options);
      }),
    );
  verb(
    'encrypt',
    'encrypt secrets.yaml',
    'Encrypts secrets.yaml with age into secrets.yaml.age, for the given recipients or with a passphrase, and removes ' +
      'the plain file.',
  )
    .option(
      '--recipient <age1...>',
      'a public key that can decrypt it (repeatable)',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .action(
      exiting(cli, (file: string, { recipient }: { recipient: readonly string[] }) =>
        act(file, { do: 'encrypt', recipients: recipient }),
      ),
    );
  verb(
    'decrypt',
    'decrypt secrets.yaml.age',
    'Decrypts secrets.yaml.age into secrets.yaml, mode 600, and removes the encrypted file.',
  ).action(exiting(cli, (file: string) => act(file, { do: 'decrypt' })));
};

/** Lists or changes the secrets of an inventory. Never prints a value. Returns the exit code. */
async function runAction(cli: Cli, file: string, action: SecretsAction): Promise<number> {
  const { io } = cli;
  const [
    { loadSecrets, secretStates },
    { trackedSecrets },
    { decryptSecrets, encryptSecrets, ensureSecrets, rotateSecrets },
    { keyring },
  ] = await Promise.all([
    import('../../secrets/load.ts'),
    import('../../secrets/files.ts'),
    import('../../secrets/write.ts'),
    import('../keyring.ts'),
  ]);
  const { inventory, rules } = await loadDeployment(io, file, { json: false, secrets: 'none', quiet: true });
  printProblems(io, await trackedSecrets(inventory.file));
  const keys = keyring(io);
  const print = (text: string): number => {
    io.stdout.write(`${text}\n`);
    return EXIT.ok;
  };
  switch (action.do) {
    case 'list': {
      const loaded = await loadSecrets(inventory.file, rules, { unlock: keys.unlock });
      if (!loaded.isOpen) throw new InvalidFile(loaded.problems);
      return printList(io, secretStates(rules, loaded), loaded.problems, action);
    }
    case 'generate': {
      const ensured = await ensureSecrets(inventory.file, rules, { unlock: keys.unlock });
      if (hasErrors(ensured.problems)) throw new InvalidFile(ensured.problems);
      if (ensured.generated.length === 0) return print('no secrets are missing');
      return print(`generated in ${ensured.file}: ${ensured.generated.join(', ')}`);
    }
    case 'rotate': {
      const known = action.names.filter((name) => rules[name] !== undefined);
      if (!action.yes && known.length === action.names.length) {
        const { confirmer } = await import('../ask.ts');
        await confirmer(cli, 'secrets rotate')(rotationInWords(known, rules));
      }
      const names = await rotateSecrets(inventory.file, rules, action.names, { unlock: keys.unlock });
      return print(`replaced: ${names.join(', ')}\nbring the new ones to the hosts: osha deploy ${file}`);
    }
    case 'encrypt': {
      const target = await keys.target(action.recipients);
      return print(`encrypted into ${await encryptSecrets(inventory.file, target, await keys.identity())}`);
    }
    case 'decrypt':
      return print(`decrypted into ${await decryptSecrets(inventory.file, await keys.unlock())}`);
  }
}

/** What to confirm before a rotation. */
function rotationInWords(names: readonly string[], rules: SecretRules): string {
  const lines = names.map((name) => `  ${name}: ${rules[name]?.describe ?? ''}\n`);
  return `Will be replaced here, and on the hosts by the next deployment:\n${lines.join('')}Anything that uses the old values and is not managed by osha stops working then.\n`;
}

async function printList(
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
    const { table } = await import('../../render/table.ts');
    const drawn = tableOptions(io, options);
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
