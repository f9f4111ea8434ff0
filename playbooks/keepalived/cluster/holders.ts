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
 * The state of keepalived on another host, as seen from the network: not running (`closed`), host not on the network
 * (`silent`), possibly running (`open`), or advertising an address (`speaks`).
 */
export type Presence = 'closed' | 'silent' | 'open' | 'speaks';

/** A host that claims a virtual IP. */
export interface Claimant {
  /** Its name in messages. */
  readonly name: string;
  /** A holder of the virtual IP, another host of the inventory, or a host outside of it. */
  readonly is: 'holder' | 'host' | 'stranger';
  /** It answered the probe itself. */
  readonly answered: boolean;
}

/** A former holder of a virtual IP. */
export interface Former extends FormerHolder {
  readonly presence: Presence;
  /** The inventory still lists this host, but not for this virtual IP. */
  readonly listed: boolean;
  /** It answered the probe itself. */
  readonly answered: boolean;
}

/** The combined view of one virtual IP. */
export interface VipView {
  readonly place: Place;
  readonly vip: Vip;
  /** Hosts with the address on an interface, or that answer ARP requests for it. */
  readonly claimants: readonly Claimant[];
  /** All known former holders. */
  readonly former: readonly Former[];
  /** Why no host could query the network for it; absent when one did. */
  readonly unasked?: string | undefined;
}

/** A virtual IP and the inventory's addresses in its network. */
export interface Place {
  readonly vip: Vip;
  /** Addresses of its holders, by name. */
  readonly holders: ReadonlyMap<string, string>;
  /** Addresses of all hosts, by name. Holders come first: see `claimantsOf`. */
  readonly near: ReadonlyMap<string, string>;
  /** Names of all hosts, by address. */
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

/** The name of a former holder in messages. */
export function named({ name, address }: FormerHolder): string {
  return name === undefined ? address : `${name} (${address})`;
}

/** The view of each virtual IP, from the answers of holders and other hosts. */
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

/** The successful network queries for a virtual IP. */
function heardOf(vip: Vip, views: Views): readonly NetworkAnswer[] {
  return [...views.values()]
    .flatMap((view) => view.heard.get(vip.name) ?? [])
    .filter(({ failed }) => failed === undefined);
}

function atAddress(address: string, views: Views): HolderView | undefined {
  return [...views.values()].find((view) => view.addresses.has(address));
}

/** Whether a VRRP instance is for a virtual IP, by name or address, one of which may have changed. */
export function isAbout(instance: InstanceView, vip: Vip): boolean {
  return instance.name === vip.name || instance.addresses.includes(vip.address);
}

/** The presence of the host at an address: from its own answer, or else from the network. */
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
      // The record of a renamed virtual IP counts for all.
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
    // A host that answered the probe reported its addresses itself.
    if (owner) continue;
    // Holders first: with proxy ARP, a router's MAC address can answer for other hosts too.
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

/** Holders that did not answer the probe, but may run keepalived. */
export function unheard({ vip, holders }: Place, answers: Answers<HolderView>): readonly string[] {
  const views = viewsIn(answers);
  const heard = heardOf(vip, views);
  return vip.holders.filter((name) => {
    const presence = presenceOf(vip, holders.get(name) ?? '', views, heard);
    return !views.has(name) && (presence === 'open' || presence === 'speaks');
  });
}

/** The evidence table. */
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

/** A presence in words. */
export function inWords(presence: Presence): string {
  switch (presence) {
    case 'closed':
      return 'keepalived is not running';
    case 'silent':
      return 'not on the network';
    case 'open':
      return 'keepalived may run';
    case 'speaks':
      return 'keepalived advertises an address';
  }
}
