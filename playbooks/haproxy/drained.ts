import { type Frontend, type Host, type Operation, quote, type Vip, within } from 'osha';
import { ADMIN_SOCKET, frontendsOn } from './files/conf.ts';
import { parseStat, type HaproxyState, type ServerState } from './health.ts';

export interface DrainedOptions {
  readonly frontends: readonly Frontend[];
  readonly vips: readonly Vip[];
  readonly unit: string;
}

/**
 * HAProxy on `balancer` sends no client to the servers on `host`, and none is connected to them (`drained`), or sends them
 * clients again. A connection that does not end by itself is closed after `LIMITS.haproxyDrains`: clients of a broker or a
 * database keep theirs for hours. Kept by the running HAProxy alone: a reload forgets it. Where HAProxy does not run, there is
 * nothing to do.
 */
export function servers(
  balancer: Host,
  host: Host,
  wanted: 'drained' | 'ready',
  options: DrainedOptions,
): Operation<HaproxyState['servers']> {
  const { unit } = options;
  const own = sectionsWith(host, balancer, options);
  return {
    scope: 'host',
    title: `the servers on ${host.name} are ${wanted}`,
    probe: {
      script: `printf 'show stat\\n' | ${socat}`,
      reads: [`unit:${unit}`],
      parse: ({ stdout }) => parseStat(stdout),
    },
    decide: (states) => {
      const changing = serversToChange(states ?? [], { host: host.name, sections: own, wanted });
      if (changing.length === 0) return [];
      const sections = changing.map(({ section }) => section);
      return [
        {
          summary:
            wanted === 'drained'
              ? `send no clients to ${host.name} (${sections.join(', ')})`
              : `send clients to ${host.name} again (${sections.join(', ')})`,
          script: wanted === 'drained' ? drainScript(host.name, sections) : readyScript(host.name, sections),
          touches: [`unit:${unit}`],
        },
      ];
    },
  };
}

/** The sections of HAProxy on `balancer` that have a server on `host`. */
export function sectionsWith(
  host: Host,
  balancer: Host,
  { frontends, vips }: Pick<DrainedOptions, 'frontends' | 'vips'>,
): readonly string[] {
  return frontendsOn(balancer, frontends, vips)
    .filter((frontend) => frontend.servers.some((server) => server.host === host.name))
    .map(({ name }) => name);
}

/** The servers of a host that are not as wanted: `MAINT` is what a drain ends in. Pure. */
export function serversToChange(
  states: readonly ServerState[],
  { host, sections, wanted }: { host: string; sections: readonly string[]; wanted: 'drained' | 'ready' },
): readonly ServerState[] {
  return states.filter(
    ({ section, server, status }) =>
      server === host && sections.includes(section) && isDrained(status) !== (wanted === 'drained'),
  );
}

/** `MAINT`, also with the name of what it tracks. A server that is down while it drains is reported as `DOWN`. */
export function isDrained(status: string): boolean {
  return status.startsWith('MAINT');
}

const socat = `timeout ${within('socketAnswer')} socat -t ${within('socketAnswer')} - UNIX-CONNECT:${ADMIN_SOCKET}`;

/** Sends a command to HAProxy and fails where it answers: these commands answer only with an error. */
const SEND = `send() {
  said=$(printf '%s\\n' "$1" | ${socat})
  [ -z "$(printf %s "$said" | tr -d '[:space:]')" ] || { printf '%s: %s\\n' "$1" "$said" >&2; exit 1; }
}
`;

/** `set server ... state`: management guide of HAProxy, section 9.3. */
function drainScript(host: string, sections: readonly string[]): string {
  const names = sections.map((section) => `${section}/${host}`);
  return `${SEND}for server in ${names.map(quote).join(' ')}; do send "set server $server state drain"; done
# Columns of "show stat": section, server, ..., current sessions (5).
busy() {
  printf 'show stat\\n' | ${socat} |
    awk -F, -v host=${quote(host)} -v sections=${quote(` ${sections.join(' ')} `)} \\
      '$2 == host && $5 > 0 && index(sections, " " $1 " ") { found = 1 } END { exit !found }'
}
waited=0
while [ $waited -lt ${within('haproxyDrains')} ] && busy; do sleep 1; waited=$((waited + 1)); done
for server in ${names.map(quote).join(' ')}; do
  send "shutdown sessions server $server"
  send "set server $server state maint"
done`;
}

function readyScript(host: string, sections: readonly string[]): string {
  const names = sections.map((section) => quote(`${section}/${host}`));
  return `${SEND}for server in ${names.join(' ')}; do send "set server $server state ready"; done`;
}
