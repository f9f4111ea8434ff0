/** Databases and accounts of a MariaDB server, over its root socket. In a Galera cluster: on one member, `once`. */
export { secured, user, type UserOptions } from './mysql/accounts.ts';
export {
  accessHint,
  accessProblem,
  account,
  literal,
  rowsProbe,
  sqlCommand,
  sqlFromInput,
  type Rows,
} from './mysql/client.ts';
export { database, type DatabaseOptions } from './mysql/database.ts';
