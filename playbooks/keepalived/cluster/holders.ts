import type { Answers, Evidence, Vip } from 'osha';
import { holderAddresses, type FormerHolder } from '../files/conf.ts';
import type { NetworkAnswer } from './network-question.ts';
import {
  addressesNear,
  recordedIn,
  type HolderView,
  type InstanceView,
  type ObserveOptions,
} from './observe.ts';

/**
 * What is known of the keepalived of a host that could not be asked: it does not run there (`closed`), the host is not on
 * the network (`silent`), it may run (`open`), or it advertises an address (`speaks`).
 */
export type Presence = 'closed' | 'silent' | 'open' | 'speaks';

/** Somebody who answers for a virtual IP. */
export interface Claimant {
  /** How a sentence names it. */
  readonly name: string;
  /** One that the inventory lets hold it, another host of the inventory, or none of it. */
  readonly is: 'holder' | 'host' | 'stranger';
  /** It was asked itself, and answered. */
  readonly answered: boolean;
}

/** Somebody who could hold a virtual IP before. */
export interface Former extends FormerHolder {
  readonly presence: Presence;
  /** The inventory still lists this host, but not for this virtual IP. */
  readonly listed: boolean;
  /** It was asked itself, and answered. */
  readonly answered: boolean;
}

/** All that the answers say of one virtual IP. */
export interface VipView {
  readonly place: Place;
  readonly vip: Vip;
  /** Those that have it among their addresses, and those that answer for it on the network. */
  readonly claimants: readonly Claimant[];
  /** Those that could hold it before, and whose keepalived may run. */
  readonly former: readonly Former[];
  /** Why no host asked the network for it; absent where one did. */
  readonly unasked?: string | undefined;
}

/** A virtual IP, and who is where in its network, by the inventory. */
export interface Place {
  readonly vip: Vip;
  /** Its holders' addresses, by name. */
  readonly holders: ReadonlyMap<string, string>;
  /** The same of every host of the inventory. A holder comes first: see `claimantsOf`. */
  readonly near: ReadonlyMap<string, string>;
  /** The names of those, by address. */
  readonly names: ReadonlyMap<string, string>;
  /** Names of all virtual IPs that keepalived holds. */
  readonly kept: ReadonlySet<string>;
}

/** The places of all virtual IPs that keepalived holds. */
export function placesOf({ vips, inventory }: Pick<ObserveOptions, 'vips' | 'inventory'>): readonly Place[] {
  const kept = new Set(vips.map(({ name }) => name));
  return vips.map((vip) => {
    const holders = holderAddresses(vip, inventory);
    const near = new Map([...holders, ...addressesNear(vip, inventory)]);
    const names = new Map([...near].map(([name, address]) => [address, name]));
    return { vip, holders, near, names, kept };
  });
}

/** How a sentence names a former holder. */
export function named({ name, address }: FormerHolder): string {
  return name === undefined ? address : `${name} (${address})`;
}

/** What the answers of the holders, and of other hosts if they were asked, say of each virtual IP. */
export function viewOf(answers: Answers<HolderView>, places: readonly Place[]): readonly VipView[] {
  const views = viewsIn(answers);
  return places.map((place) => {
    const { vip, names } = place;
    const heard = heardOf(vip, views);
    const former = formerOf(place, views).map((one) => ({
      ...one,
      presence: presenceOf(vip, one.address, views, heard),
      listed: names.has(one.address),
      answered: atAddress(one.address, views) !== undefined,
    }));
    return {
      place,
      vip,
      former,
      claimants: claimantsOf(place, views, heard, former),
      unasked: heard.length > 0 ? undefined : whyUnasked(vip, views),
    };
  });
}

function whyUnasked(vip: Vip, views: Views): string {
  const [first] = [...views.values()].flatMap((view) => view.heard.get(vip.name) ?? []);
  return first?.failed ?? `no holder of it could be asked (${vip.holders.join(', ')})`;
}

type Views = ReadonlyMap<string, HolderView>;

function viewsIn(answers: Answers<HolderView>): Views {
  return new Map(
    [...answers].flatMap(([host, answer]) => (answer.reachable ? [[host, answer.observed] as const] : [])),
  );
}

/** What the network answered to those that could ask it. */
function heardOf(vip: Vip, views: Views): readonly NetworkAnswer[] {
  return [...views.values()]
    .flatMap((view) => view.heard.get(vip.name) ?? [])
    .filter(({ failed }) => failed === undefined);
}

function atAddress(address: string, views: Views): HolderView | undefined {
  return [...views.values()].find((view) => view.addresses.has(address));
}

/** Whether an instance of a host's file is about a virtual IP, which may have had another name or address then. */
export function isAbout(instance: InstanceView, vip: Vip): boolean {
  return instance.name === vip.name || instance.addresses.includes(vip.address);
}

/** Whether a host may take a virtual IP: as it says itself, or else as the network tells. */
function presenceOf(vip: Vip, address: string, views: Views, heard: readonly NetworkAnswer[]): Presence {
  const own = atAddress(address, views);
  if (own) {
    const runs = own.unit !== 'inactive' && own.unit !== 'failed';
    return runs && own.instances?.some((instance) => isAbout(instance, vip)) ? 'open' : 'closed';
  }
  if (heard.some(({ speaks }) => speaks.has(address))) return 'speaks';
  if (heard.some(({ closed }) => closed.has(address))) return 'closed';
  if (heard.length > 0 && heard.every(({ macs }) => !macs.has(address))) return 'silent';
  return 'open';
}

function formerOf({ vip, holders, names, kept }: Place, views: Views): readonly FormerHolder[] {
  const present = new Set(holders.values());
  const found = new Map<string, FormerHolder>();
  for (const { instances = [], records } of views.values()) {
    const past = [
      ...instances.filter((instance) => isAbout(instance, vip)).flatMap(({ holders }) => holders),
      // The file of a virtual IP that is called otherwise now counts for all.
      ...[...records].flatMap(([name, text]) =>
        name === vip.name || !kept.has(name) ? recordedIn(text) : [],
      ),
    ];
    for (const { address, name } of past) {
      if (present.has(address)) continue;
      const known = names.get(address) ?? name ?? found.get(address)?.name;
      found.set(address, { address, name: known });
    }
  }
  return [...found.values()].sort((a, b) => a.address.localeCompare(b.address));
}

function claimantsOf(
  { vip, near }: Place,
  views: Views,
  heard: readonly NetworkAnswer[],
  former: readonly Former[],
): readonly Claimant[] {
  const claimants = new Map<string, Claimant>();
  const add = (name: string, is?: Claimant['is']): void => {
    const listed = vip.holders.includes(name) ? 'holder' : 'host';
    claimants.set(name, { name, is: is ?? listed, answered: views.has(name) });
  };
  for (const [host, view] of views) if (view.addresses.has(vip.address)) add(host);
  const answering = (mac: string, address: string): boolean =>
    heard.some(({ macs }) => macs.get(address)?.has(mac) === true);
  for (const mac of new Set(heard.flatMap(({ macs }) => [...(macs.get(vip.address) ?? [])]))) {
    const owner = [...views].find(([, view]) => view.macs.has(mac));
    // It said itself that it does not have the address: it has passed on since.
    if (owner) continue;
    // Holders first. A router may answer for everybody (proxy ARP): what a holder's own address answers with tells nothing.
    const host = [...near].find(([, address]) => answering(mac, address));
    if (host) {
      add(host[0]);
      continue;
    }
    const past = former.find(({ address }) => answering(mac, address));
    add(past ? named(past) : `an unknown host (${mac})`, 'stranger');
  }
  return [...claimants.values()];
}

/** Holders that did not answer, and whose keepalived may run all the same. */
export function unheard({ vip, holders }: Place, answers: Answers<HolderView>): readonly string[] {
  const views = viewsIn(answers);
  const heard = heardOf(vip, views);
  return vip.holders.filter((name) => {
    const presence = presenceOf(vip, holders.get(name) ?? '', views, heard);
    return !views.has(name) && (presence === 'open' || presence === 'speaks');
  });
}

/** The answers as a table. */
export function evidenceOf(views: readonly VipView[]): Evidence {
  const list = (words: readonly string[]): string => (words.length > 0 ? words.join(', ') : '-');
  return {
    columns: ['virtual IP', 'address', 'holders', 'held by', 'former holders'],
    rows: views.map(({ vip, claimants, former }) => [
      vip.name,
      vip.address,
      vip.holders.join(', '),
      list(claimants.map(({ name }) => name)),
      list(former.map((one) => `${named(one)}: ${inWords(one.presence)}`)),
    ]),
  };
}

/** What a presence means, in words. */
export function inWords(presence: Presence): string {
  switch (presence) {
    case 'closed':
      return 'keepalived does not run';
    case 'silent':
      return 'not on the network';
    case 'open':
      return 'keepalived may run';
    case 'speaks':
      return 'keepalived advertises an address';
  }
}
