import { type Change, type Operation, ProbeError, questionOf, quote } from 'osha';
import { askDatabase, type DatabaseLogin } from '../openstack/operations/database.ts';

/** The UUID of the cell for servers that could not be scheduled. */
const CELL0 = '00000000-0000-0000-0000-000000000000';

/** The name of the cell for all other servers. */
const CELL1 = 'cell1';

export interface CellsOptions extends DatabaseLogin {
  /** The number of brokers in the services' configuration. */
  readonly brokers: number;
  /** The system user that Nova runs as. */
  readonly runAs: string;
}

export interface Cell {
  readonly uuid: string;
  readonly name: string;
  /** The URLs of its broker and database, as templates or in full. */
  readonly transport: string;
  readonly database: string;
}

/**
 * Maps cell0 and cell1 in Nova. Runs once. `nova-manage` is not idempotent: each `create_cell` would add another cell.
 */
export function cells(options: CellsOptions): Operation<readonly Cell[]> {
  const { brokers, runAs } = options;
  const { transport, database } = templates(brokers);
  const change = (summary: string, ...words: readonly string[]): Change => ({
    summary,
    script: `runuser -u ${quote(runAs)} -- nova-manage cell_v2 ${words.map(quote).join(' ')}`,
    touches: ['database:nova_api'],
  });
  return {
    scope: 'host',
    runsOnce: true,
    title: "Nova's cells",
    probe: {
      ...questionOf(
        askDatabase(
          options,
          'nova_api',
          'SELECT uuid, name, transport_url, database_connection FROM cell_mappings',
        ),
      ),
      parse: ({ stdout, exitCode }) => {
        if (exitCode !== 0) throw new ProbeError('the database nova_api does not answer, or has no tables');
        return stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => {
            const [uuid = '', name = '', broker = '', connection = ''] = line.split('\t');
            return { uuid, name, transport: broker, database: connection };
          });
      },
    },
    decide: (known) => {
      const cell0 = known.find(({ uuid }) => uuid === CELL0);
      const cell1 = known.find(({ name }) => name === CELL1);
      const changes: Change[] = [];
      if (!cell0) {
        changes.push(change('map cell0', 'map_cell0', '--database_connection', database('nova_cell0')));
      } else if (cell0.database !== database('nova_cell0')) {
        const urls = ['--transport-url', 'none:///', '--database_connection', database('nova_cell0')];
        changes.push(
          change('update the database connection of cell0', 'update_cell', '--cell_uuid', CELL0, ...urls),
        );
      }
      const urls = ['--transport-url', transport, '--database_connection', database('nova')];
      if (!cell1) {
        changes.push(change(`create ${CELL1}`, 'create_cell', '--name', CELL1, ...urls));
      } else if (cell1.transport !== transport || cell1.database !== database('nova')) {
        const what = `update the connections of ${CELL1} to ${brokers} brokers and the database`;
        changes.push(change(what, 'update_cell', '--cell_uuid', cell1.uuid, ...urls));
      }
      return changes;
    },
  };
}

/**
 * URL templates that Nova fills in from its configuration file, so that no password is in the database and a new one
 * needs no change there ("Template URLs in Cell Mappings" in Nova's manual). Several brokers are numbered, so another
 * number of brokers needs another template.
 */
function templates(brokers: number): {
  readonly transport: string;
  readonly database: (name: string) => string;
} {
  const numbers = Array.from({ length: brokers }, (_, index) => String(index + 1));
  const nodes = (brokers === 1 ? [''] : numbers).map(
    (number) => `{username${number}}:{password${number}}@{hostname${number}}:{port${number}}`,
  );
  return {
    transport: `{scheme}://${nodes.join(',')}//`,
    database: (name) => `{scheme}://{username}:{password}@{hostname}:{port}/${name}?{query}`,
  };
}
