import { Option, type Command } from 'commander';
import { withConnections, withConsent, withLimit, type ConsentOptions } from '../options.ts';
import { exiting, type Register } from '../register.ts';
import type { AdoptRequest } from '../adopt.ts';
import type { SecretsAction } from '../secrets.ts';

export const register: Register = (program, cli) => {
  const secrets = program
    .command('secrets')
    .summary('list, make, adopt and encrypt the secrets of an inventory')
    .description(
      'The secrets of an inventory stand beside it: in secrets.yaml, mode 600, or encrypted with age in secrets.yaml.age. ' +
        'None of these commands prints a value. An encrypted file is opened with the age identity in the file that ' +
        'OSHA_AGE_IDENTITY names, with the passphrase in the file that OSHA_PASSPHRASE_FILE names, or with the passphrase ' +
        'that is asked for.',
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
    'which secrets there are',
    'Lists the secrets that the inventory needs: what each is for, and whether it is there.',
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
    'make those that are missing',
    'Generates the secrets that are missing, and leaves the others as they are.',
  ).action(exiting(cli, (file: string) => act(file, { do: 'generate' })));
  withConsent(
    verb(
      'rotate',
      'replace some by new ones',
      'Replaces secrets by new ones. The next deployment brings them to the hosts. What they were is remembered in the ' +
        'file, so that a deployment can tell a rotation from the secrets of another folder; of one that is missing here, ' +
        'whatever the hosts have is replaced.',
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
        'read them back from the hosts',
        'Reads the secrets that this folder lacks from the hosts that carry them, and writes them beside the inventory: ' +
          'after it was cloned, or lost its secrets.yaml. Changes nothing on any host. Refuses, and writes nothing, where ' +
          'hosts have different ones, or this folder has another one: then say which counts.',
      ),
    ),
  )
    .addOption(
      new Option('--replace', 'take the secrets of the hosts where this folder has others').conflicts('keep'),
    )
    .option('--keep', 'keep those of this folder, and let the next deployment replace those of the hosts')
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
    'encrypt the file',
    'Encrypts secrets.yaml with age into secrets.yaml.age, and removes the plain file: for the recipients that are named, ' +
      'or with a passphrase.',
  )
    .option(
      '--recipient <age1...>',
      'a public key that may open it; can be given several times',
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
    'decrypt the file again',
    'Decrypts secrets.yaml.age into secrets.yaml, mode 600, and removes the encrypted file.',
  ).action(exiting(cli, (file: string) => act(file, { do: 'decrypt' })));
};
