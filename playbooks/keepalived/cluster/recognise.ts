import {
  type Answers,
  type Change,
  type ClusterDecision,
  type ClusterOperation,
  type Host,
  type HostChange,
  quote,
} from 'osha';
import { formerFile, formerPath } from '../files/conf.ts';
import {
  evidenceOf,
  inWords,
  isAbout,
  named,
  placesOf,
  unheard,
  viewOf,
  type Former,
  type VipView,
} from './holders.ts';
import { disagrees } from './agree.ts';
import { holderProbe, type HolderView, type RecogniseOptions } from './observe.ts';

type Refusal = Extract<ClusterDecision, { verdict: 'refuse' }>;

/** Hint on how to stop keepalived on a host outside the inventory. */
export function leaveHint(unit: string, host: string): string {
  return `on ${host}: systemctl disable --now ${unit}; or list it under hosts again, but not in "on" of this virtual IP, and deploy, which stops it`;
}

/**
 * Runs before any change. Refuses while a host outside the inventory holds a virtual IP, or could take it once its former
 * peers no longer list it.
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
 * Runs after former holders among the listed hosts have stopped keepalived, and before the holders are configured. Refuses
 * while another host holds a virtual IP, or when shared settings cannot change on all holders. Records former holders that
 * may return: they keep receiving advertisements, so that they do not take the address.
 */
export function remembered(
  holders: readonly Host[],
  options: RecogniseOptions,
): ClusterOperation<HolderView> {
  const places = placesOf(options);
  return {
    scope: 'cluster',
    title: 'former holders are recorded',
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
            ? 'no former holder can return'
            : `${[...new Set(some.map(named))].join(', ')} could hold a virtual IP before and may still run keepalived`,
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
 * Whether a former holder is recorded as a peer. A stopped one is, because it may start at its next boot, unless osha has
 * just disabled it, or configures it for other virtual IPs.
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
    `${host.name} holds ${vip.name} (${vip.address}), but its holders are ${vip.holders.join(', ')}`,
    `on ${host.name}: systemctl disable --now ${unit}; or deploy while ${host.name} is reachable and not excluded by --limit, which stops it`,
  );
}

/** Holders with different router IDs, intervals, addresses or passwords ignore each other, and each takes the address. */
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
    `settings shared by all holders of ${vip.name} change on ${changing.join(', ')}, but ${deaf.join(', ')} may run keepalived with the old ones and did not answer: it would hold ${vip.address} too`,
    `bring ${deaf.join(', ')} back, or on it: systemctl disable --now ${options.unit}; then: osha deploy INVENTORY --only keepalived`,
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
    return [{ host: host.name, change: written(path, `record ${what}`, before, wanted) }];
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
