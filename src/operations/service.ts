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
   * Files, and directories for what is added to and removed from them, that the unit reads when it starts. A unit
   * that started before one of them last changed is started again, also when an earlier run was interrupted.
   */
  readonly newerThan?: readonly string[];
  /** The unit takes new files with a reload; default is a restart. */
  readonly reload?: boolean;
  /** Whether it starts at boot; default true. */
  readonly enabled?: boolean;
  /**
   * A cluster manager's unit: while that runs, it alone starts and stops this unit, and only a reload or a restart
   * for newer files of a running one is left to do.
   */
  readonly leftTo?: string;
  /** Whether it is started where it does not run; default true. Where it runs, newer files are taken either way. */
  readonly start?: boolean;
  /** Milliseconds that starting it may take; default the run's `--timeout`. */
  readonly timeoutMs?: number;
}

/**
 * How a unit is kept running that `takeover` may have taken out of the init system's hands. A unit for all of its hosts
 * runs from the start, and the cluster takes over what runs; one for one host at a time is never started by anything
 * but the cluster, because it could then run on two.
 */
export function startup(
  takeover: Takeover | undefined,
): Pick<RunningOptions, 'enabled' | 'leftTo' | 'start'> {
  if (!takeover) return {};
  return { enabled: false, leftTo: takeover.by, ...(takeover.runsOn === 'one' ? { start: false } : {}) };
}

/**
 * The unit runs, on its files as they are now, unless `start` is false; and starts at boot unless `enabled` is false. A
 * mask is taken off.
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
    // A reload keeps its connections.
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
    probe: unitProbe(unit, options),
    decide,
  };
}

/** The unit starts at boot. Whether it runs now is left as it is. */
export function enabled(unit: string): Operation<UnitState> {
  const name = shortName(unit);
  return {
    scope: 'host',
    title: `${name} starts at boot`,
    probe: unitProbe(unit),
    decide: (state) => atBoot(name, state, true),
  };
}

/** The unit does not start at boot: something else starts it, or nothing. Whether it runs now is left as it is. */
export function disabled(unit: string): Operation<UnitState> {
  const name = shortName(unit);
  return {
    scope: 'host',
    title: `${name} is not started at boot`,
    probe: unitProbe(unit),
    decide: (state) => atBoot(name, state, false),
  };
}

/** The unit does not run, and does not start at boot. A unit that is not installed is as good. */
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

/** Looks, 0.2 s apart, at which a program that was only just started has to be the same process. */
const CALM_CHECKS = 5;

/**
 * A shell command before every start. systemd's own word for whether one is needed (NeedDaemonReload) cannot be relied
 * on: it does not see a drop-in whose directory is new since it last read the units.
 */
export const READ_UNITS = 'systemctl daemon-reload';

/**
 * A script that starts, restarts or reloads a unit and comes back once it is active; where it does not become so,
 * it prints the unit's last words and fails. Files in `touched`, whose time of change lies in the future, are given
 * the present time first, or the unit would look out of date after every start.
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

/** Shell commands that say why a unit failed, on stderr, and end with exit code 1. */
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

/** Since the unit was looked at, it may have moved to another host: it must not be started here then. */
function whileItRuns(unit: string, verb: 'start' | 'restart' | 'reload', touched: readonly string[]): string {
  const gentle = verb === 'reload' ? 'reload' : 'try-restart';
  return `systemctl -q is-active -- ${quote(unit)} || exit 0\n${startScript(unit, gentle, touched)}`;
}

function whatIsNewer(files: readonly string[]): string {
  return files.length === 1 ? `${files[0]} is newer` : `${files.length} of its files are newer`;
}
