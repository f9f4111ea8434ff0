import { type Operation, ProbeError, questionOf, quote, type Probe, type Secret, text, within } from 'osha';

/**
 * Finds the heads in the migrations themselves: revisions that no other revision builds on or depends on. The project's own
 * command would take seconds, because it loads the whole project.
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

/** The login of a service's database account. */
export interface DatabaseLogin {
  readonly server: { readonly address: string; readonly port: number };
  readonly user: string;
  readonly password: Secret;
}

/** A database of an OpenStack project, and the command that migrates its tables. */
export interface SchemaOptions extends DatabaseLogin {
  readonly database: string;
  /** The folder of the package's migrations, with Alembic's `versions` in it. */
  readonly migrations: string;
  /** The command that migrates the tables. */
  readonly upgrade: string;
  /** The system user that runs it: root would leave log files that the service cannot write. */
  readonly runAs: string;
  /** Time limit in seconds; default 600, because large databases take long. */
  readonly seconds?: number;
}

/** Alembic revisions: the package's heads, and the database's current ones. */
export interface SchemaState {
  readonly heads: readonly string[];
  readonly current: readonly string[];
}

/** Brings a database's tables to the version of the installed package. Runs once, before its services start. */
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
          throw new ProbeError(`no migrations found in ${options.migrations}: is the package installed?`);
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
              : `migrate the tables of ${database} from ${current.join(', ')} to ${heads.join(', ')}`,
          script: `runuser -u ${quote(runAs)} -- ${upgrade}`,
          touches: [`database:${database}`],
          timeoutMs: (options.seconds ?? 600) * 1000,
        },
      ];
    },
  };
}

/**
 * The script and input of a probe that queries a database as a service's account. It prints one line per row, with columns
 * separated by tabs; its exit code is not 0 if the query failed. The client reads its password from an option file on
 * stdin, so that it is in no argument.
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
