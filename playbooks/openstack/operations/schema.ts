import { type Operation, ProbeError, questionOf, quote } from 'osha';
import { askDatabase, type DatabaseLogin } from './database-login.ts';

/** A database of an OpenStack project, and what brings its tables to the version of the installed package. */
export interface SchemaOptions extends DatabaseLogin {
  readonly database: string;
  /** The folder with the package's migrations, in which Alembic's `versions` are. */
  readonly migrations: string;
  /** The command that brings the tables up to date. */
  readonly upgrade: string;
  /** The system's user that runs it: as root it would leave log files that the service cannot write. */
  readonly runAs: string;
  /** Seconds that it may take; default 600: large databases take long. */
  readonly seconds?: number;
}

/** Revisions: those that the package ends in, and those that the database is at. */
export interface SchemaState {
  readonly heads: readonly string[];
  readonly current: readonly string[];
}

/**
 * Reads the migrations themselves: a head is a revision that no other one builds on or depends on. Asking the
 * project's own command takes seconds, because it loads the whole project.
 */
const HEADS = `import os, re, sys
revisions, before = set(), set()
for root, _, files in os.walk(sys.argv[1]):
    if "legacy" in root or "versions" not in root: continue
    for name in files:
        if not name.endswith(".py"): continue
        with open(os.path.join(root, name)) as file: source = file.read()
        own = re.search(r"^revision\\s*=\\s*['\\"](\\w+)", source, re.M)
        if not own: continue
        revisions.add(own.group(1))
        for links in re.findall(r"^(?:down_revision|depends_on)\\s*=\\s*(\\([^)]*\\)|.*)", source, re.M):
            before.update(re.findall(r"['\\"](\\w+)['\\"]", links))
for head in sorted(revisions - before): print("head", head)`;

/** The database's tables are at the version of the installed package. To be done once, before its services start. */
export function schema(options: SchemaOptions): Operation<SchemaState> {
  const { database, upgrade, runAs } = options;
  const asked = askDatabase(options, database, `SELECT CONCAT("current ", version_num) FROM alembic_version`);
  return {
    scope: 'host',
    runsOnce: true,
    title: `tables of ${database}`,
    probe: {
      ...questionOf(asked),
      script: `python3 -S -E -c ${quote(HEADS)} ${quote(options.migrations)} 2>/dev/null || :
${asked.script} || :`,
      parse: ({ stdout }) => {
        const after = (word: string): readonly string[] =>
          stdout
            .split('\n')
            .filter((line) => line.startsWith(`${word} `))
            .map((line) => line.slice(word.length + 1))
            .sort();
        const heads = after('head');
        if (heads.length === 0) {
          throw new ProbeError(`there are no migrations in ${options.migrations}: is its package installed?`);
        }
        return { heads, current: after('current') };
      },
    },
    decide: ({ heads, current }) => {
      if (heads.join() === current.join()) return [];
      return [
        {
          summary:
            current.length === 0
              ? `create the tables of ${database}`
              : `bring the tables of ${database} from ${current.join(', ')} to ${heads.join(', ')}`,
          script: `runuser -u ${quote(runAs)} -- ${upgrade}`,
          touches: [`database:${database}`],
          timeoutMs: (options.seconds ?? 600) * 1000,
        },
      ];
    },
  };
}
