import { on } from './cloud.ts';

/** A query that takes an hour, at the virtual IP of the database, with Keystone's client library and account. */
const STATEMENT = `import configparser, urllib.parse, pymysql
conf = configparser.ConfigParser(interpolation=None, strict=False)
conf.read("/etc/keystone/keystone.conf")
url = urllib.parse.urlsplit(conf["database"]["connection"])
account = {"user": url.username, "password": urllib.parse.unquote(url.password)}
with pymysql.connect(host=url.hostname, port=url.port, **account) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT 'osha waits', SLEEP(3600)")
`;

const SCRIPT = '/run/osha-waiting-query.py';
const UNIT = 'osha-waiting-query';

/** Sends the query from a host, and returns once it is connected. */
export async function sendQuery(host: string): Promise<void> {
  await on(
    host,
    `cat > ${SCRIPT} <<'PY'
${STATEMENT}PY
systemd-run --quiet --unit=${UNIT} python3 ${SCRIPT}
until ss -tnpH state established dport = :3306 | grep -q "pid=$(systemctl show --property=MainPID --value ${UNIT}),"; do
  systemctl is-active --quiet ${UNIT} || { journalctl --unit=${UNIT} --no-pager; exit 1; }
  sleep 0.2
done`,
  );
}

/** Whether the query is still waiting. */
export async function stillWaits(host: string): Promise<boolean> {
  return (await on(host, `systemctl is-active ${UNIT} || true`)) === 'active';
}

/** Stops the query, whatever its state. */
export async function takeBackQuery(host: string): Promise<void> {
  await on(
    host,
    `systemctl stop ${UNIT} 2>/dev/null; systemctl reset-failed ${UNIT} 2>/dev/null; rm ${SCRIPT}`,
  );
}
