import { Option, type Command } from 'commander';
import { withConnections, withConsent, withLimit, type ConsentOptions } from '../options.ts';
import { exiting, type Register } from '../register.ts';
import type { AdoptRequest } from '../adopt.ts';
import type { SecretsAction } from '../secrets.ts';

export const register: Register = (program, cli) => {
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
  const act = async (file: string, action: SecretsAction): Promise<number> => {
    const { secretsAction } = await import('../secrets.ts');
    return secretsAction(cli, file, action);
  };

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
