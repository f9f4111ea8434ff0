import { exiting, type Register } from '../register.ts';
import type { OpenrcRequest } from '../openrc.ts';

export const register: Register = (program, cli) => {
  program
    .command('openrc')
    .summary("print the credentials of the cloud's administrator")
    .description(
      "Prints variables for OpenStack's command-line client and libraries, including the administrator's password in clear text: " +
        'send them to a shell or to a file of mode 600 only. Reads the inventory and its secrets; connects to nothing.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--clouds', 'print a clouds.yaml instead; the cloud is named after the inventory')
    .option(
      '--cacert <file>',
      "file with the CA certificate that clients trust (OS_CACERT); osha's own CA is written to it",
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
