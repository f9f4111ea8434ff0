import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  program
    .command('ca')
    .summary("print the certificate of the deployment's own CA")
    .description(
      'Prints, as PEM, the certificate of the CA that osha makes for virtual IPs that speak TLS (haproxy: tls) without a certificate of your own. ' +
        'Clients that trust it (curl, browsers, OpenStack clients) can verify those virtual IPs. It is derived from the secret tlsAuthority, so every machine prints the same one. ' +
        'For a new CA: osha secrets rotate INVENTORY tlsAuthority; the next deployment brings it, and new certificates, to the hosts. Connects to nothing.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .addHelpText(
      'after',
      '\nExamples:\n  osha ca inventory/three-controllers.yaml > ca.pem && curl --cacert ca.pem https://172.29.77.20/\n' +
        '  osha ca inventory/three-controllers.yaml | openssl x509 -noout -text',
    )
    .action(
      exiting(cli, async (file: string) => {
        const { printAuthority } = await import('../ca.ts');
        return printAuthority(cli.io, file);
      }),
    );
};
