import type { Operation } from '../playbook/operation.ts';
import { quote } from './shell.ts';

export interface TimezoneState {
  /** The zone that `/etc/localtime` leads to; absent where it is not a link into the database of zones. */
  readonly localtime?: string;
  /** What `/etc/timezone` says, which Debian's tools read; absent where there is none. */
  readonly name?: string;
}

const ZONES = '/usr/share/zoneinfo';

/** The host's clock is shown in this time zone, by its name in the tz database: `Etc/UTC`, `Europe/Zurich`. */
export function is(zone: string): Operation<TimezoneState> {
  return {
    scope: 'host',
    title: `time zone ${zone}`,
    probe: {
      // Not resolved to the end: many zones are themselves links to another one.
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
