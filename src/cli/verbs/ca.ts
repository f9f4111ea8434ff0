import { exiting, type Register } from '../register.ts';

export const register: Register = (program, cli) => {
  program
    .command('ca')
    .summary("print the certificate of the deployment's own CA")
    .description(
      "Prints, as PEM, the certificate of the CA that osha makes for virtual IPs that speak TLS (haproxy: tls) without a certificate of the operator's. " +
        'Whoever trusts it can check theirs: curl, a browser, a client of OpenStack. It follows from the secret tlsAuthority, and is the same on every machine. ' +
        'A new CA is made with "osha secrets rotate INVENTORY tlsAuthority"; the next deployment brings it, and new certificates, to the hosts. Connects to nothing.',
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
