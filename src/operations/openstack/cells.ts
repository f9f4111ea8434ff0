import { ProbeError, type Change, type Operation } from '../../playbook/operation.ts';
import type { Secret } from '../../secrets/secret.ts';
import { text } from '../../secrets/text.ts';

export interface CellsOptions {
  readonly server: { readonly address: string; readonly port: number };
  readonly user: string;
  readonly password: Secret;
  /** The system's user that Nova runs as. */
  readonly runAs: string;
}

/** The uuid of the cell that holds servers which could be put nowhere. */
const CELL0 = '00000000-0000-0000-0000-000000000000';

/** Names of the cells by uuid. */
export type Cells = ReadonlyMap<string, string>;

/**
 * Nova's API knows its two cells: cell0, and cell1 with all servers. Both are mapped with the connections of the
 * configuration file as templates, so that a new password of the database or the broker needs no change here. Creating a cell
 * is not idempotent in Nova itself: a second cell1 would hide the servers of the first from nobody, and confuse everybody.
 */
export function cells({ server, user, password, runAs }: CellsOptions): Operation<Cells> {
  const change = (summary: string, command: string): Change => ({
    summary,
    script: `runuser -u ${runAs} -- nova-manage cell_v2 ${command}`,
    touches: ['database:nova_api'],
  });
  return {
    scope: 'host',
    title: "Nova's cells",
    probe: {
      script: `timeout 20 mariadb --defaults-file=/dev/stdin -BN -e 'SELECT uuid, name FROM cell_mappings' nova_api 2>/dev/null || echo silent`,
      input: text`[client]
host=${server.address}
port=${server.port}
user=${user}
password=${password}
connect-timeout=5
`,
      reads: ['database:nova_api', 'cluster:galera'],
      parse: ({ stdout }) => {
        if (stdout.includes('silent'))
          throw new ProbeError('the database nova_api does not answer, or has no tables');
        return new Map(
          stdout
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => {
              const [uuid = '', name = ''] = line.split('\t');
              return [uuid, name] as const;
            }),
        );
      },
    },
    decide: (known) => [
      ...(known.has(CELL0)
        ? []
        : [
            change(
              'map cell0',
              `map_cell0 --database_connection '{scheme}://{username}:{password}@{hostname}:{port}/nova_cell0?{query}'`,
            ),
          ]),
      ...([...known.values()].includes('cell1')
        ? []
        : [
            change(
              'create cell1',
              `create_cell --name cell1 --transport-url '{scheme}://{username}:{password}@{hostname}:{port}//' --database_connection '{scheme}://{username}:{password}@{hostname}:{port}/nova?{query}'`,
            ),
          ]),
    ],
  };
}
