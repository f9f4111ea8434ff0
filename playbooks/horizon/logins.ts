import { type Operation, ProbeError, questionOf, type Secret } from 'osha';
import type { Site } from '../openstack/site.ts';
import { askDatabase } from '../openstack/operations/database.ts';
import { DATABASE } from './files/conf.ts';

/** Run as Apache's user: root would leave files that Apache cannot read. */
const MANAGE = 'python3 /usr/share/openstack-dashboard/manage.py';
const APACHE_USER = 'www-data';

const MIGRATIONS = '/usr/lib/python3/dist-packages/django/contrib/sessions/migrations';

/** Names of migrations: those of the package, and those applied to the database. */
export interface LoginTables {
  readonly known: readonly string[];
  readonly done: readonly string[];
}

/** Brings the session table to the version of the installed Django. Runs once. */
export function tablesOfLogins(site: Site, password: Secret): Operation<LoginTables> {
  const asked = askDatabase(
    { server: site.databaseServer, user: DATABASE, password },
    DATABASE,
    `SELECT CONCAT("done ", name) FROM django_migrations WHERE app = "sessions"`,
  );
  return {
    scope: 'host',
    runsOnce: true,
    title: `tables of ${DATABASE}`,
    probe: {
      ...questionOf(asked),
      script: `for file in ${MIGRATIONS}/[0-9]*.py; do
  [ ! -e "$file" ] || { name=\${file##*/}; echo "known \${name%.py}"; }
done
${asked.script} || :`,
      parse: ({ stdout }) => {
        const after = (word: string): readonly string[] =>
          stdout
            .split('\n')
            .flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
        const known = after('known');
        if (known.length === 0) {
          throw new ProbeError(`no migrations found in ${MIGRATIONS}: is the package installed?`);
        }
        return { known, done: after('done') };
      },
    },
    decide: ({ known, done }) => {
      const missing = known.filter((name) => !done.includes(name));
      if (missing.length === 0) return [];
      return [
        {
          summary: `${done.length === 0 ? 'create' : 'migrate'} the tables of ${DATABASE}: ${missing.join(', ')}`,
          script: `runuser -u ${APACHE_USER} -- ${MANAGE} migrate --noinput sessions`,
          touches: [`database:${DATABASE}`],
        },
      ];
    },
  };
}

/** Deletes expired sessions once a day. */
export const CLEANUP_TIMER = 'osha-horizon-logins.timer';
export const CLEANUP_TIMER_FILE = `/etc/systemd/system/${CLEANUP_TIMER}`;
export const CLEANUP_SERVICE_FILE = '/etc/systemd/system/osha-horizon-logins.service';

export const CLEANUP_TIMER_UNIT = `# Placed by osha.
[Unit]
Description=Forget ended logins of the dashboard, once a day

[Timer]
OnCalendar=daily
# Every host does it: not all at once.
RandomizedDelaySec=6h

[Install]
WantedBy=timers.target
`;

export const CLEANUP_SERVICE_UNIT = `# Placed by osha.
[Unit]
Description=Forget ended logins of the dashboard

[Service]
Type=oneshot
User=${APACHE_USER}
ExecStart=/usr/bin/${MANAGE} clearsessions
`;
