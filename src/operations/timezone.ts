import type { Operation } from '../playbook/operation.ts';
import { quote } from './shell.ts';

export interface TimezoneState {
  /** The zone that `/etc/localtime` links to; absent where it is no link into the zone database. */
  readonly localtime?: string;
  /** The zone in `/etc/timezone`, which Debian's tools read; absent where there is none. */
  readonly name?: string;
}

const ZONES = '/usr/share/zoneinfo';

/** The host uses this time zone, given by its name in the tz database: `Etc/UTC`, `Europe/Zurich`. */
export function is(zone: string): Operation<TimezoneState> {
  return {
    scope: 'host',
    title: `time zone ${zone}`,
    probe: {
      // Only one link is followed: many zones are themselves links.
      script: `printf 'localtime %s\\n' "$(readlink /etc/localtime 2>/dev/null)"
printf 'name %s\\n' "$(cat /etc/timezone 2>/dev/null)"`,
      reads: ['file:/etc/localtime', 'file:/etc/timezone'],
      parse: (answer) => {
        const localtime = /^localtime .*\/zoneinfo\/(.+)$/m.exec(answer.stdout)?.[1];
        const name = /^name (.+)$/m.exec(answer.stdout)?.[1];
        return { ...(localtime === undefined ? {} : { localtime }), ...(name === undefined ? {} : { name }) };
      },
    },
    decide: (state) => {
      if (state.localtime === zone && (state.name === undefined || state.name === zone)) return [];
      const was =
        state.localtime === zone
          ? `/etc/timezone says ${state.name}`
          : `it is ${state.localtime ?? state.name ?? 'not set'}`;
      return [
        {
          summary: `set the time zone to ${zone} (${was})`,
          script: `zone=${quote(zone)}
[ -f "${ZONES}/$zone" ] || { echo "there is no time zone $zone in ${ZONES}" >&2; exit 1; }
ln -sfn "${ZONES}/$zone" /etc/localtime
[ ! -e /etc/timezone ] || printf '%s\\n' "$zone" >/etc/timezone`,
          touches: ['file:/etc/localtime', 'file:/etc/timezone'],
        },
      ];
    },
  };
}
