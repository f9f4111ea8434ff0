import { type DrillWrites, type Host, mysql, quote, text } from 'osha';

/** The database and the account of an availability test. */
const NAME = 'osha_drill';

/** Seconds for a writer to connect: the time limit of a sample. */
const CONNECT_SECONDS = 2;

/** Writes rows through a frontend at `through`, and finds them again on every member. */
export function drillWrites(
  members: readonly Host[],
  through: { readonly address: string; readonly port: number },
): DrillWrites {
  const who = mysql.account(NAME, '%');
  const to = `--host=${quote(through.address)} --port=${through.port} --connect-timeout=${CONNECT_SECONDS}`;
  return {
    what: 'rows of the database',
    container: `the database and the account ${NAME}`,
    members,
    writers: members,
    prepare: (password) => ({
      script: mysql.sqlFromInput(),
      input: text`CREATE DATABASE IF NOT EXISTS ${NAME};
CREATE OR REPLACE TABLE ${NAME}.acknowledged (writer VARCHAR(255), number INT, PRIMARY KEY (writer, number)) ENGINE=InnoDB;
CREATE OR REPLACE USER ${who} IDENTIFIED BY '${password}';
GRANT INSERT ON ${NAME}.* TO ${who};
`,
    }),
    write: (password) => ({
      script: `mariadb --defaults-file=/dev/stdin --protocol=tcp ${to} -e "INSERT INTO ${NAME}.acknowledged VALUES ('$1', $2)"`,
      input: text`[client]
user=${NAME}
password=${password}
`,
    }),
    list: {
      script: mysql.sqlCommand(`SET SESSION wsrep_sync_wait=1;
SELECT CONCAT(writer, ' ', number) FROM ${NAME}.acknowledged;`),
    },
    remove: { script: mysql.sqlCommand(`DROP USER IF EXISTS ${who};\nDROP DATABASE IF EXISTS ${NAME};`) },
  };
}
