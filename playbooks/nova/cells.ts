import { type Change, type Operation, ProbeError, questionOf, quote } from 'osha';
import { askDatabase, type DatabaseLogin } from '../openstack/operations/database-login.ts';

export interface CellsOptions extends DatabaseLogin {
  /** How many brokers the services' configuration names. */
  readonly brokers: number;
  /** The system's user that Nova runs as. */
  readonly runAs: string;
}

/** The uuid of the cell that holds servers which could be put nowhere. */
const CELL0 = '00000000-0000-0000-0000-000000000000';

/** The name of the cell with all servers. */
const CELL1 = 'cell1';

export interface Cell {
  readonly uuid: string;
  readonly name: string;
  /** Ways to its broker and its database, as templates or in full. */
  readonly transport: string;
  readonly database: string;
}

/**
 * Templates that Nova fills in from its own configuration file, so that a new password of the database or the broker
 * needs no change here and none stands in the database ("Template URLs in Cell Mappings" of Nova's manual). Several
 * brokers are numbered; a broker more is a new template.
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

/**
 * Nova knows its two cells: cell0, and cell1 with all servers. Creating a cell is not idempotent in Nova itself: each
 * time there would be one more.
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
        const ways = ['--transport-url', 'none:///', '--database_connection', database('nova_cell0')];
        changes.push(change('tell cell0 its database', 'update_cell', '--cell_uuid', CELL0, ...ways));
      }
      const ways = ['--transport-url', transport, '--database_connection', database('nova')];
      if (!cell1) {
        changes.push(change(`create ${CELL1}`, 'create_cell', '--name', CELL1, ...ways));
      } else if (cell1.transport !== transport || cell1.database !== database('nova')) {
        const what = `tell ${CELL1} its ${brokers} brokers and its database`;
        changes.push(change(what, 'update_cell', '--cell_uuid', cell1.uuid, ...ways));
      }
      return changes;
    },
  };
}
