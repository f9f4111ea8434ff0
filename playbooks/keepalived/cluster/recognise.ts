import {
  type Answers,
  type Change,
  type ClusterDecision,
  type ClusterOperation,
  type Host,
  type HostChange,
  quote,
} from 'osha';
import { formerFile, formerPath, routerIdOf } from '../files/conf.ts';
import {
  evidenceOf,
  inWords,
  isAbout,
  named,
  placesOf,
  unheard,
  viewOf,
  type Former,
  type Place,
  type VipView,
} from './holders.ts';
import { holderProbe, type HolderView, type ObserveOptions } from './observe.ts';
import type { KeepalivedSettings } from '../settings.ts';

export interface RecogniseOptions extends ObserveOptions {
  readonly settings: KeepalivedSettings;
}

type Refusal = Extract<ClusterDecision, { verdict: 'refuse' }>;

/** How a host that osha does not log in to is taken out of the election. */
export function leaveHint(unit: string, host: string): string {
  return `on ${host}: systemctl disable --now ${unit}; or list it again under hosts, outside of "on" of this virtual IP, and deploy, which does that`;
}

/**
 * Before anything is changed: no host that the inventory does not list holds a virtual IP, or could take it as soon as
 * its former peers leave it out.
 */
export function recognised(
  holders: readonly Host[],
  options: RecogniseOptions,
): ClusterOperation<HolderView> {
  const places = placesOf(options);
  return {
    scope: 'cluster',
    title: 'no unlisted host holds a virtual IP',
    members: holders,
    probe: (member) => holderProbe(member, options),
    decide: (answers) => {
      const views = viewOf(answers, places);
      return refusing(views, (view) => strangerRefusal(view, options)) ?? { verdict: 'converged' };
    },
  };
}

/**
 * After listed hosts have given up what others hold now, and before those are configured: no one else holds a virtual
 * IP, what holders must agree on changes on all of them, and former holders that may come back are remembered. They
 * are sent advertisements, so that they leave the address where it is.
 */
export function remembered(
  holders: readonly Host[],
  options: RecogniseOptions,
): ClusterOperation<HolderView> {
  const places = placesOf(options);
  return {
    scope: 'cluster',
    title: 'former holders are remembered',
    members: holders,
    probe: (member) => holderProbe(member, options),
    decide: (answers) => {
      const views = viewOf(answers, places);
      const refusal = refusing(
        views,
        (view) =>
          strangerRefusal(view, options) ??
          leftoverRefusal(view, options) ??
          splitRefusal(view, answers, options),
      );
      if (refusal) return refusal;
      const stage = views.flatMap((view) => recordsOf(view, holders, answers, options));
      if (stage.length === 0) return { verdict: 'converged' };
      const some = views.flatMap(({ former }) => former.filter(isKept));
      return {
        verdict: 'change',
        because:
          some.length === 0
            ? 'no former holder may come back'
            : `${[...new Set(some.map(named))].join(', ')} could hold a virtual IP before and may run keepalived still`,
        stages: [stage],
        evidence: evidenceOf(views),
      };
    },
  };
}

function refusing(
  views: readonly VipView[],
  refusalOf: (view: VipView) => Refusal | undefined,
): Refusal | undefined {
  const refusal = views.map(refusalOf).find((one) => one !== undefined);
  return refusal && { ...refusal, evidence: evidenceOf(views) };
}

function refuse(reason: string, hint: string): Refusal {
  return { verdict: 'refuse', reason, hint };
}

/**
 * Whether a former holder stays among the peers. One that only stopped may start at its next boot, so it does, unless osha
 * has just disabled it, or configures it with the rest because it holds other virtual IPs.
 */
function isKept({ presence, answered, listed }: Former): boolean {
  return !answered && !(listed && presence === 'closed');
}

function mayRun({ presence, answered }: Former): boolean {
  return !answered && (presence === 'open' || presence === 'speaks');
}

function strangerRefusal(
  { vip, claimants, former }: VipView,
  { unit }: RecogniseOptions,
): Refusal | undefined {
  const subject = `${vip.name} (${vip.address})`;
  const stranger = claimants.find(({ is }) => is === 'stranger');
  if (stranger) {
    return refuse(
      `${stranger.name} holds ${subject} and is not a host of this inventory`,
      leaveHint(unit, stranger.name),
    );
  }
  const rival = former.find((one) => !one.listed && mayRun(one));
  if (!rival) return undefined;
  return refuse(
    `${named(rival)} could hold ${subject}, is no longer a host of this inventory, and is up (${inWords(rival.presence)}): without its peers it would take the address too`,
    leaveHint(unit, named(rival)),
  );
}

function leftoverRefusal({ vip, claimants }: VipView, { unit }: RecogniseOptions): Refusal | undefined {
  const host = claimants.find(({ is, answered }) => is === 'host' && !answered);
  if (!host) return undefined;
  return refuse(
    `${host.name} holds ${vip.name} (${vip.address}) and may not: its holders are ${vip.holders.join(', ')}`,
    `on ${host.name}: systemctl disable --now ${unit}; or deploy with ${host.name} reachable and not left out by --limit, which does that`,
  );
}

/** Holders with another router ID, interval, address or password do not hear each other, and each takes the address. */
function splitRefusal(
  { place, vip, former }: VipView,
  answers: Answers<HolderView>,
  options: RecogniseOptions,
): Refusal | undefined {
  const changing = [...answers].flatMap(([host, answer]) => {
    if (!answer.reachable) return [];
    const isNew = !answer.observed.instances?.some((one) => isAbout(one, vip));
    return isNew || disagrees(host, answer.observed, place, options.settings) ? [host] : [];
  });
  if (changing.length === 0) return undefined;
  const deaf = [...unheard(place, answers), ...former.filter(mayRun).map(named)];
  if (deaf.length === 0) return undefined;
  return refuse(
    `what all holders of ${vip.name} must agree on changes on ${changing.join(', ')}, and ${deaf.join(', ')} may run keepalived with the old settings and cannot be asked: it would hold ${vip.address} too`,
    `bring ${deaf.join(', ')} back, or on it: systemctl disable --now ${options.unit}; then: osha deploy INVENTORY --only keepalived`,
  );
}

/**
 * Whether the holders of a virtual IP would not hear each other because of a host's file: it has other settings than they
 * must agree on, does not name all of them, or is about a virtual IP that the host does not hold any more.
 */
export function disagrees(
  host: string,
  { instances, samePassword }: HolderView,
  { vip, holders }: Place,
  settings: KeepalivedSettings,
): boolean {
  const instance = instances?.find((one) => isAbout(one, vip));
  if (!instance) return false;
  if (!vip.holders.includes(host) || instance.name !== vip.name) return true;
  const knows = (address: string): boolean => instance.holders.some((holder) => holder.address === address);
  return (
    samePassword === false ||
    instance.routerId !== routerIdOf(vip, settings) ||
    instance.advertSeconds !== settings.advert_seconds ||
    instance.multicast !== settings.multicast ||
    !instance.addresses.includes(vip.address) ||
    (!instance.multicast && ![...holders].every(([name, address]) => name === host || knows(address)))
  );
}

function recordsOf(
  { place, vip, former }: VipView,
  holders: readonly Host[],
  answers: Answers<HolderView>,
  { conf }: RecogniseOptions,
): readonly HostChange[] {
  const path = formerPath(conf, vip.name);
  const kept = former.filter(isKept);
  return holders.flatMap((host): readonly HostChange[] => {
    const answer = answers.get(host.name);
    if (!vip.holders.includes(host.name) || !answer?.reachable) return [];
    const wanted = formerFile(host.name, vip.name, kept, place.holders);
    const before = answer.observed.records.get(vip.name);
    if (before === wanted) return [];
    const what = kept.length === 0 ? `no former holder of ${vip.name}` : kept.map(named).join(', ');
    return [{ host: host.name, change: written(path, `remember ${what}`, before, wanted) }];
  });
}

function written(path: string, summary: string, before: string | undefined, after: string): Change {
  const folder = path.replace(/\/[^/]+$/, '');
  return {
    summary: `${summary} (${path})`,
    diff: { path, ...(before === undefined ? {} : { before }), after },
    script: `umask 022
mkdir -p -- ${quote(folder)}
new=$(mktemp ${quote(`${folder}/.osha.XXXXXX`)})
trap 'rm -f -- "$new"' EXIT
cat >"$new"
chmod 644 "$new"
sync "$new"
mv -fT -- "$new" ${quote(path)}`,
    input: after,
    touches: [`file:${path}`],
  };
}
