import { type Probe, quote, type Secret, text, within } from 'osha';

/** The services' own way to their databases. */
export interface DatabaseLogin {
  readonly server: { readonly address: string; readonly port: number };
  readonly user: string;
  readonly password: Secret;
}

/**
 * Asks a database as the service would: the answer's rows are lines, their columns are parted by tabs; the script's exit
 * code is not 0 where there was no answer. The client reads its password where nobody can see it: in a file of options
 * that is its stdin.
 */
export function askDatabase(
  { server, user, password }: DatabaseLogin,
  database: string,
  query: string,
): Omit<Probe, 'parse'> {
  return {
    script: `timeout ${within('mariadbQuery')} mariadb --defaults-file=/dev/stdin -BN -e ${quote(query)} ${quote(database)} 2>/dev/null`,
    input: text`[client]
host=${server.address}
port=${server.port}
user=${user}
password=${password}
`,
    reads: [`database:${database}`, `database:user ${user}`, 'cluster:galera/data'],
  };
}
