/** Databases and accounts of a MariaDB server, over its root socket. In a Galera cluster: on one member, `once`. */
export { accessHint, accessProblem } from './mysql/access.ts';
export { database, type DatabaseOptions } from './mysql/database.ts';
export { rowsProbe, type Rows } from './mysql/probe.ts';
export { secured } from './mysql/secured.ts';
export { account, literal, sqlCommand } from './mysql/sql.ts';
export { user, type UserOptions } from './mysql/user.ts';
