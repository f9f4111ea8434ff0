import { questionOf, type Change, type Operation } from '../playbook/operation.ts';
import * as file from './file.ts';
import type { PathState } from './file.ts';
import { quote, quoteAll } from './shell.ts';

/** The drop-in file, and the kernel's current values; settings that this kernel lacks are left out. */
export interface SysctlState {
  readonly file: PathState;
  readonly live: ReadonlyMap<string, string>;
}

const LIVE = '-- live';

function livePath(key: string): string {
  return `/proc/sys/${key.replaceAll('.', '/')}`;
}

/** The kernel separates several values by tabs. */
function normal(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}

/**
 * These kernel settings are in effect, now and after the next boot, through `/etc/sysctl.d/60-osha-NAME.conf`. A
 * setting that the kernel lacks is an error; most need a module.
 */
export function values(
  name: string,
  settings: Readonly<Record<string, string | number>>,
): Operation<SysctlState> {
  const wanted = Object.entries(settings).map(([key, value]) => [key, normal(String(value))] as const);
  const path = `/etc/sysctl.d/60-osha-${name}.conf`;
  const lines = wanted.map(([key, value]) => `${key} = ${value}\n`).join('');
  const dropIn = file.content(path, { content: `# Placed by osha.\n${lines}` });
  const bridged = wanted.some(([key]) => key.startsWith('net.bridge.'));
  return {
    scope: 'host',
    title: wanted.map(([key]) => key).join(', '),
    ...(dropIn.places ? { places: dropIn.places } : {}),
    probe: {
      ...questionOf(dropIn.probe),
      script: `(\n${dropIn.probe.script}\n)
printf '\\n%s\\n' '${LIVE}'
# Read in one go: the kernel ends these files for whoever reads them byte by byte, as a shell does.
grep -s '' /dev/null ${quoteAll(wanted.map(([key]) => livePath(key)))}
exit 0`,
      reads: [
        ...dropIn.probe.reads,
        ...wanted.map(([key]) => `kernel:${key}` as const),
        ...(bridged ? (['kernel:br_netfilter'] as const) : []),
      ],
      parse: (answer) => {
        const [before = '', after = ''] = answer.stdout.split(`\n${LIVE}\n`);
        const live = new Map<string, string>();
        for (const line of after.split('\n')) {
          const at = line.indexOf(':');
          if (at > 0) live.set(line.slice(0, at), normal(line.slice(at + 1)));
        }
        return {
          file: dropIn.probe.parse({ ...answer, stdout: before }),
          live: new Map(
            wanted.flatMap(([key]) => {
              const value = live.get(livePath(key));
              return value === undefined ? [] : [[key, value] as const];
            }),
          ),
        };
      },
    },
    decide: (state) => [
      ...dropIn.decide(state.file),
      ...wanted.flatMap(([key, value]) => {
        const now = state.live.get(key);
        return now === value ? [] : [liveChange(key, value, now)];
      }),
    ],
  };
}

function liveChange(key: string, value: string, now: string | undefined): Change {
  const path = quote(livePath(key));
  return {
    summary: `set ${key} to ${value} (${now === undefined ? 'the kernel has no such setting yet' : `it is ${now}`})`,
    script: `[ -e ${path} ] || {
  echo 'this kernel has no setting ${key}: load the module that provides it first' >&2
  exit 1
}
printf '%s\\n' ${quote(value)} >${path}`,
    touches: [`kernel:${key}`],
  };
}
