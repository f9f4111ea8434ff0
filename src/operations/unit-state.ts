import {
  ProbeError,
  type Effect,
  type PendingReads,
  type ProbeAnswer,
  type ResourceKey,
} from '../playbook/operation.ts';
import { INSTALLED } from './packages.ts';
import { quote, quoteAll } from './shell.ts';

/**
 * What systemd reports about a unit, and when the files that it depends on last changed. Times are seconds since 1970.
 */
export interface UnitState {
  /** `active`, `inactive`, `failed`, `activating`, `deactivating` or `reloading`. */
  readonly active: string;
  readonly sub: string;
  readonly masked: boolean;
  /** Its unit file exists, whether it is masked or not. */
  readonly isInstalled: boolean;
  /** `fixed` for a unit that can be neither enabled nor disabled, or does not exist. */
  readonly boot: 'enabled' | 'disabled' | 'fixed';
  /** When it last became active. */
  readonly startedAt?: number;
  /** When it last became active or was reloaded. */
  readonly loadedAt?: number;
  readonly reloadFailed: boolean;
  /** The cluster manager named in the probe is running. */
  readonly managed: boolean;
  readonly now: number;
  /** When each file last changed, in content, owner or mode; without those that do not exist. */
  readonly changed: ReadonlyMap<string, number>;
}

const PROPERTIES =
  'LoadState,ActiveState,SubState,UnitFileState,ActiveEnterTimestamp,StateChangeTimestamp,ReloadResult';

/**
 * A script that prints the unit's properties, the host's time, when each of `files` changed, and whether the unit
 * `manager` is active.
 */
export function unitProbeScript(unit: string, files: readonly string[], manager?: string): string {
  const managed =
    manager === undefined ? '' : `\n! systemctl -q is-active -- ${quote(manager)} || echo managed=yes`;
  const stat = files.length > 0 ? `\nstat -L -c 'changed=%.6Z %n' -- ${quoteAll(files)} 2>/dev/null` : '';
  // Before version 247 systemd cannot print microseconds. A generated unit comes from an init script; only is-enabled
  // reports whether that starts at boot.
  return `u=${quote(unit)}
state=$(TZ=UTC systemctl show --timestamp=us+utc -p ${PROPERTIES} -- "$u" 2>/dev/null) ||
  state=$(TZ=UTC systemctl show -p ${PROPERTIES} -- "$u")
printf '%s\\n' "$state"
case $state in
  *UnitFileState=generated*) printf 'UnitFileState=%s\\n' "$(systemctl is-enabled -- "$u" 2>/dev/null)" ;;
  *LoadState=masked*) [ -e "/lib/systemd/system/\${u%.service}.service" ] || [ -e "/etc/init.d/\${u%.service}" ] || echo installed=no ;;
esac
date +now=%s.%N${managed}${stat}
exit 0`;
}

/** Parses the output of `unitProbeScript`. Throws a `ProbeError` where systemd did not answer. */
export function parseUnitState(unit: string, answer: ProbeAnswer): UnitState {
  const properties = new Map<string, string>();
  const changed = new Map<string, number>();
  for (const line of answer.stdout.split('\n')) {
    const at = line.indexOf('=');
    const key = line.slice(0, at);
    const value = line.slice(at + 1);
    if (key === 'changed') changed.set(value.slice(value.indexOf(' ') + 1), Number.parseFloat(value));
    else if (at > 0) properties.set(key, value);
  }
  const active = properties.get('ActiveState');
  if (active === undefined) {
    throw new ProbeError(
      `systemd did not report the state of ${unit}: ${answer.stderr.trim() || 'no answer'}`,
    );
  }
  const startedAt = parseTimestamp(properties.get('ActiveEnterTimestamp') ?? '');
  const loadedAt = parseTimestamp(properties.get('StateChangeTimestamp') ?? '');
  const reload = properties.get('ReloadResult') ?? 'success';
  const masked = properties.get('LoadState') === 'masked';
  return {
    active,
    sub: properties.get('SubState') ?? '',
    masked,
    isInstalled: properties.get('LoadState') !== 'not-found' && properties.get('installed') !== 'no',
    boot: bootState(properties.get('UnitFileState') ?? ''),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(loadedAt === undefined ? {} : { loadedAt }),
    reloadFailed: reload !== 'success' && reload !== '',
    managed: properties.get('managed') === 'yes',
    now: Number(properties.get('now') ?? Number.NaN),
    changed,
  };
}

/**
 * Files that changed after the unit last started, or after `since` (seconds since 1970). All files where that is later
 * than the host's clock: the clock was set back, so times cannot be compared.
 */
export function newerThanStart(
  state: Pick<UnitState, 'startedAt' | 'now' | 'changed'>,
  since: number | undefined = state.startedAt,
): readonly string[] {
  if (since === undefined) return [];
  if (since > state.now + 1) return [...state.changed.keys()];
  return [...state.changed].filter(([, changedAt]) => changedAt > since).map(([path]) => path);
}

/** `mariadb` and `mariadb.service` are the same unit. */
export function shortName(unit: string): string {
  return unit.replace(/\.service$/, '');
}

export function unitKey(unit: string): ResourceKey {
  return `unit:${shortName(unit)}`;
}

/** The resources that a unit's state depends on, including the `files` that it reads when it starts. */
export function unitReads(unit: string, files: readonly string[] = []): readonly ResourceKey[] {
  return [unitKey(unit), INSTALLED, ...files.flatMap((path) => [`file:${path}`, `file:${path}/`] as const)];
}

/** Effects after which a unit runs with its data unchanged. */
export const RUNS: readonly Effect[] = ['starts', 'restarts'];

/**
 * The state of a unit after the `pending` changes, as far as they touch its `unitReads`: its files are then newer than
 * its start, an installation adds it without starting it, a start makes it run. Returns `undefined` where the outcome
 * is ambiguous.
 */
export function foreseeUnit(unit: string, state: UnitState, pending: PendingReads): UnitState | undefined {
  const files = [...pending.keys()].flatMap((key) =>
    key.startsWith('file:') ? [key.slice('file:'.length).replace(/(?<=.)\/$/, '')] : [],
  );
  const effects = pending.get(unitKey(unit));
  const isDisturbed = effects?.some((effect) => effect !== 'stops' && !RUNS.includes(effect)) ?? false;
  // The order of the start and the file changes is unknown here.
  if (isDisturbed || (effects?.length && files.length > 0)) return undefined;
  const comes = pending.has(INSTALLED) && !state.isInstalled;
  const changed = new Map([...state.changed, ...files.map((path) => [path, state.now] as const)]);
  return {
    ...state,
    changed,
    // Debian's maintainer scripts enable the units that they install (deb-systemd-helper).
    ...(comes ? { isInstalled: true, masked: false, boot: 'enabled' as const } : {}),
    ...(effects?.length === 0 ? { masked: false } : {}),
    ...(effects?.includes('stops') ? { active: 'inactive', sub: 'dead' } : {}),
    ...(effects?.some((effect) => RUNS.includes(effect))
      ? { active: 'active', sub: 'running', masked: false, startedAt: state.now, loadedAt: state.now }
      : {}),
  };
}

/**
 * Foresees what a member of a cluster will report: its unit as in `foreseeUnit`, the rest as now. Unknown where the
 * membership (`members`) changes before, or where `canSay` is false for the member.
 */
export function foreseeMember<Observed extends { readonly unit: UnitState }>(
  unit: string,
  members: ResourceKey,
  canSay: (observed: Observed) => boolean = () => true,
) {
  return (observed: Observed, pending: PendingReads): Observed | undefined => {
    if (pending.get(members)?.length || !canSay(observed)) return undefined;
    const foreseen = foreseeUnit(unit, observed.unit, pending);
    return foreseen && { ...observed, unit: foreseen };
  };
}

/**
 * Foresees what a server will report about its data, such as its users: the same as now, provided that it `answers` now
 * and that pending changes only start or restart its unit, or that of a peer (`peers`).
 */
export function heldBy<Observed>(
  unit: string,
  answers: (observed: Observed) => boolean,
  peers?: ResourceKey,
) {
  return (observed: Observed, pending: PendingReads): Observed | undefined => {
    const isKept = [...pending].every(
      ([key, effects]) =>
        key === INSTALLED ||
        ((key === unitKey(unit) || key === peers) && effects.every((effect) => RUNS.includes(effect))),
    );
    return isKept && answers(observed) ? observed : undefined;
  };
}

/** Seconds since 1970 of what `systemctl show` prints: "Fri 2026-01-02 10:00:00.123456 UTC". */
export function parseTimestamp(value: string): number | undefined {
  const match = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? UTC$/.exec(value);
  if (!match) return undefined;
  return Date.parse(`${match[1]}T${match[2]}Z`) / 1000 + Number(match[3] ?? 0);
}

function bootState(unitFileState: string): UnitState['boot'] {
  if (unitFileState === 'enabled') return 'enabled';
  // Enabled only until the next boot counts as disabled.
  if (unitFileState === 'disabled' || unitFileState.endsWith('-runtime')) return 'disabled';
  return 'fixed';
}
