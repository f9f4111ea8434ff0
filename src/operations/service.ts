import type { Change, Operation } from '../playbook/operation.ts';
import type { Takeover } from '../playbook/takeover.ts';
import {
  foreseeUnit,
  parseUnitState,
  shortName,
  unitKey,
  unitProbeScript,
  unitReads,
  type UnitState,
  newerThanStart,
} from './unit-state.ts';
import { quote, quoteAll } from './shell.ts';
import { within } from '../playbook/limits.ts';

export interface RunningOptions {
  /**
   * Files that the unit reads when it starts; a directory stands for entries being added to or removed from it. A unit
   * that started before one of them last changed is restarted, even if an earlier run was interrupted.
   */
  readonly newerThan?: readonly string[];
  /** The unit reads changed files on a reload; default is a restart. */
  readonly reload?: boolean;
  /** Whether it starts at boot; default true. */
  readonly enabled?: boolean;
  /**
   * The unit of a cluster manager. While it runs, only the manager starts and stops this unit; osha reloads or restarts
   * it for newer files if it runs.
   */
  readonly leftTo?: string;
  /** Whether to start it where it does not run; default true. A running unit reads newer files either way. */
  readonly start?: boolean;
  /** Milliseconds that starting it may take; default the run's `--timeout`. */
  readonly timeoutMs?: number;
}

/**
 * The options of `running` for a unit that a cluster manager may have taken over. A unit for all hosts is started by
 * osha, and the cluster takes over the running unit; a unit for one host at a time is started only by the cluster,
 * because it could otherwise run on two.
 */
export function startup(
  takeover: Takeover | undefined,
): Pick<RunningOptions, 'enabled' | 'leftTo' | 'start'> {
  if (!takeover) return {};
  return { enabled: false, leftTo: takeover.by, ...(takeover.runsOn === 'one' ? { start: false } : {}) };
}

/**
 * The unit runs with its current files, unless `start` is false, and starts at boot, unless `enabled` is false. A
 * masked unit is unmasked.
 */
export function running(unit: string, options: RunningOptions = {}): Operation<UnitState> {
  const name = shortName(unit);
  const time = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
  const act = (
    verb: 'start' | 'restart' | 'reload',
    why: string,
    touched: readonly string[] = [],
  ): Change => ({
    summary: `${verb} ${name}${why ? ` (${why})` : ''}`,
    script: options.start === false ? whileItRuns(unit, verb, touched) : startScript(unit, verb, touched),
    touches: [unitKey(unit), ...touched.map((path) => `file:${path}` as const)],
    // A reload keeps connections open.
    effects: verb === 'start' ? ['starts'] : verb === 'restart' ? ['restarts'] : [],
    ...time,
  });
  const decide = (state: UnitState): readonly Change[] => {
    const first =
      state.masked && options.enabled === false
        ? [unmask(name)]
        : atBoot(name, state, options.enabled ?? true);
    const since = options.reload ? state.loadedAt : state.startedAt;
    if (state.active === 'active') {
      const newer = newerThanStart(state, since);
      const reloadFailed = options.reload === true && state.reloadFailed;
      if (newer.length === 0 && !reloadFailed) return first;
      const ahead = newer.filter((path) => (state.changed.get(path) ?? 0) > state.now);
      const why = newer.length > 0 ? whatIsNewer(newer) : 'its last reload failed';
      return [...first, act(options.reload ? 'reload' : 'restart', why, ahead)];
    }
    if (state.managed || options.start === false) return first;
    if (state.active === 'inactive') return [...first, act('start', '')];
    if (state.active === 'failed') return [...first, act('start', 'it failed')];
    return [...first, act('restart', `it is ${state.active}, ${state.sub}`)];
  };
  return {
    scope: 'host',
    title: name,
    effects: options.start === false && options.reload ? [] : ['starts', 'restarts'],
    ...(options.start === false ? {} : { runs: unit }),
    probe: unitProbe(unit, options),
    decide,
  };
}

/** The unit was started after each of `files` last changed. A unit that does not run is left alone: it may run on another host. */
export function renewed(unit: string, files: readonly string[]): Operation<UnitState> {
  return {
    scope: 'host',
    title: `${shortName(unit)} runs what is installed`,
    effects: ['restarts'],
    probe: unitProbe(unit, { newerThan: files }),
    decide: (state) => {
      const newer = state.active === 'active' ? newerThanStart(state) : [];
      return newer.length === 0 ? [] : [restart(unit, 'a package is newer')];
    },
  };
}

function restart(unit: string, why?: string): Change {
  const name = shortName(unit);
  return {
    summary: `restart ${name}${why === undefined ? '' : ` (${why})`}`,
    script: startScript(unit, 'restart', []),
    touches: [unitKey(unit)],
    effects: ['restarts'],
  };
}

/**
 * The unit has been started within the last `youngerThanSeconds`, which is asked at each decision. A unit that does not run
 * is left alone: it may run on another host.
 */
export function restarted(unit: string, youngerThanSeconds: () => number): Operation<UnitState> {
  const name = shortName(unit);
  return {
    scope: 'host',
    title: `${name} is restarted`,
    effects: ['restarts'],
    probe: unitProbe(unit),
    decide: (state) =>
      state.active !== 'active' || state.now - (state.startedAt ?? 0) <= youngerThanSeconds()
        ? []
        : [restart(unit)],
  };
}

/** The unit starts at boot. Its current state is left alone. */
export function enabled(unit: string): Operation<UnitState> {
  const name = shortName(unit);
  return {
    scope: 'host',
    title: `${name} starts at boot`,
    probe: unitProbe(unit),
    decide: (state) => atBoot(name, state, true),
  };
}

/** The unit does not start at boot. Its current state is left alone. */
export function disabled(unit: string): Operation<UnitState> {
  const name = shortName(unit);
  return {
    scope: 'host',
    title: `${name} is not started at boot`,
    probe: unitProbe(unit),
    decide: (state) => atBoot(name, state, false),
  };
}

/** The unit does not run, and does not start at boot. A unit that is not installed also counts. */
export function stopped(unit: string): Operation<UnitState> {
  const name = shortName(unit);
  return {
    scope: 'host',
    title: `${name} is stopped`,
    effects: ['stops'],
    probe: unitProbe(unit),
    decide: (state) => [
      ...atBoot(name, state, false),
      ...(state.active === 'inactive' || state.active === 'failed'
        ? []
        : [
            {
              summary: `stop ${name}`,
              script: `systemctl stop ${quote(unit)} || {${journalOnFailure(unit)}}`,
              touches: [unitKey(unit)],
              effects: ['stops' as const],
            },
          ]),
    ],
  };
}

/** Consecutive checks, 0.2 s apart, in which a program that has just started must be the same process. */
const CALM_CHECKS = 5;

/**
 * A shell command before every start. systemd's NeedDaemonReload is not reliable: it misses a drop-in whose directory
 * was created after systemd last read the units.
 */
export const READ_UNITS = 'systemctl daemon-reload';

/**
 * A script that starts, restarts or reloads a unit and returns once it is active; otherwise it prints the unit's last
 * log lines and fails. Files in `touched`, whose change time lies in the future, get the current time first; else the
 * unit would look outdated after every start.
 */
export function startScript(
  unit: string,
  verb: 'start' | 'restart' | 'try-restart' | 'reload',
  touched: readonly string[],
): string {
  return `${touched.length > 0 ? `touch -c -- ${quoteAll(touched)}\n` : ''}u=${quote(unit)}
${READ_UNITS}
unwell() {${journalOnFailure(unit)}}
systemctl reset-failed -- "$u" 2>/dev/null || :
systemctl ${verb} -- "$u" || unwell
# A unit of these types counts as active before its program has so much as read its configuration.
case $(systemctl show -p Type --value -- "$u") in
  simple | exec | idle) wanted=${CALM_CHECKS} ;;
  *) wanted=0 ;;
esac
i=0 calm=0 pid=
while [ $i -lt $((5*${within('unitSettles')})) ]; do
  case $(systemctl is-active -- "$u") in
    active)
      now=$(systemctl show -p MainPID --value -- "$u")
      if [ "$now" = "$pid" ]; then calm=$((calm + 1)); else calm=0; fi
      pid=$now
      [ $calm -lt $wanted ] || exit 0
      ;;
    failed | inactive) unwell ;;
    *) calm=0 ;;
  esac
  i=$((i + 1))
  sleep 0.2
done
echo "$u is still $(systemctl is-active -- "$u") after ${within('unitSettles')} s" >&2
unwell`;
}

/** Shell commands that print on stderr why a unit failed, and exit with 1. */
export function journalOnFailure(unit: string): string {
  return `
  systemctl status --no-pager --lines=0 -- ${quote(unit)} >&2 || :
  journalctl --no-pager --output=cat --lines=20 --unit=${quote(unit)} >&2 || :
  exit 1
`;
}

function unitProbe(
  unit: string,
  { newerThan: files = [], leftTo }: Pick<RunningOptions, 'newerThan' | 'leftTo'> = {},
): Operation<UnitState>['probe'] {
  return {
    script: unitProbeScript(unit, files, leftTo),
    reads: [...unitReads(unit, files), ...(leftTo === undefined ? [] : [unitKey(leftTo)])],
    parse: (answer) => parseUnitState(unit, answer),
    foresee: (state, pending) => {
      const manager = leftTo === undefined ? undefined : pending.get(unitKey(leftTo));
      if (!manager) return foreseeUnit(unit, state, pending);
      const others = new Map([...pending].filter(([key]) => leftTo === undefined || key !== unitKey(leftTo)));
      const foreseen = foreseeUnit(unit, state, others);
      return (
        foreseen && {
          ...foreseen,
          managed: manager.includes('stops') ? false : foreseen.managed || manager.includes('starts'),
        }
      );
    },
  };
}

function unmask(unit: string): Change {
  return {
    summary: `unmask ${unit}`,
    script: `systemctl unmask ${quote(unit)}`,
    touches: [unitKey(unit)],
  };
}

function enable(unit: string): Change {
  return {
    summary: `start ${unit} at boot`,
    script: `systemctl enable ${quote(unit)}`,
    touches: [unitKey(unit)],
  };
}

function disable(unit: string): Change {
  return {
    summary: `do not start ${unit} at boot`,
    script: `systemctl disable ${quote(unit)}`,
    touches: [unitKey(unit)],
  };
}

function atBoot(unit: string, state: UnitState, wanted: boolean): readonly Change[] {
  if (state.masked) return wanted ? [unmask(unit), enable(unit)] : [];
  if (wanted && state.boot === 'disabled') return [enable(unit)];
  if (!wanted && state.boot === 'enabled') return [disable(unit)];
  return [];
}

/** The unit may have moved to another host since the probe; it must not be started here then. */
function whileItRuns(unit: string, verb: 'start' | 'restart' | 'reload', touched: readonly string[]): string {
  const gentle = verb === 'reload' ? 'reload' : 'try-restart';
  return `systemctl -q is-active -- ${quote(unit)} || exit 0\n${startScript(unit, gentle, touched)}`;
}

function whatIsNewer(files: readonly string[]): string {
  return files.length === 1 ? `${files[0]} is newer` : `${files.length} of its files are newer`;
}
