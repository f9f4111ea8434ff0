/** Databases and accounts of a MariaDB server, over its root socket. In a Galera cluster: on one member, `once`. */
export { database, type DatabaseOptions } from './mysql/database.ts';
export { secured } from './mysql/secured.ts';
export { user, type UserOptions } from './mysql/user.ts';
