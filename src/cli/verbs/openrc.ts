import { exiting, type Register } from '../register.ts';
import type { OpenrcRequest } from '../openrc.ts';

export const register: Register = (program, cli) => {
  program
    .command('openrc')
    .summary("print the credentials of the cloud's administrator")
    .description(
      "Prints variables for OpenStack's command-line client and libraries, with the password of the cloud's administrator in clear: " +
        'let a shell or a file of mode 600 read them, and nobody else. Reads the inventory and its secrets; connects to nothing.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--clouds', 'print a clouds.yaml instead; its cloud has the name of the inventory')
    .option(
      '--cacert <file>',
      "where this machine keeps the certificate that clients are to trust (OS_CACERT); that of osha's own CA is written there",
    )
    .addHelpText(
      'after',
      '\nExamples:\n  eval "$(osha openrc inventory/lab-openstack.yaml)" && openstack token issue\n' +
        '  eval "$(osha openrc prod/inventory.yaml --cacert ~/.prod-ca.pem)"\n' +
        '  (umask 077; osha openrc prod/inventory.yaml --clouds > ~/.config/openstack/clouds.yaml)',
    )
    .action(
      exiting(cli, async (file: string, request: OpenrcRequest) => {
        const { printOpenrc } = await import('../openrc.ts');
        return printOpenrc(cli.io, file, request);
      }),
    );
};
