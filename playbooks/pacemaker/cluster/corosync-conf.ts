import type { Transport } from './transport.ts';

/** What `corosync.conf` says of the cluster. */
export interface CorosyncConf {
  readonly clusterName: string;
  /** Made by pcs when it set the cluster up; clusters from before that have none. */
  readonly clusterUuid?: string;
  readonly nodes: readonly CorosyncNode[];
  readonly transport: Transport;
}

export interface CorosyncNode {
  readonly name: string;
  readonly address: string;
}

interface Section {
  readonly name: string;
  readonly values: Map<string, string>;
  readonly sections: Section[];
}

/** Reads a `corosync.conf`. Lines that are neither a section nor `key: value` are passed over, as Corosync does. */
export function parseCorosyncConf(text: string): CorosyncConf {
  const root: Section = { name: '', values: new Map(), sections: [] };
  const open = [root];
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    const section = open.at(-1) ?? root;
    if (line === '' || line.startsWith('#')) continue;
    if (line.endsWith('{')) {
      const inner: Section = { name: line.slice(0, -1).trim(), values: new Map(), sections: [] };
      section.sections.push(inner);
      open.push(inner);
    } else if (line === '}') {
      if (open.length > 1) open.pop();
    } else {
      const colon = line.indexOf(':');
      if (colon > 0) section.values.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
    }
  }
  const named = (parent: Section, name: string): readonly Section[] =>
    parent.sections.filter((section) => section.name === name);
  const totem = named(root, 'totem');
  const uuid = totem.map((section) => section.values.get('cluster_uuid')).find((value) => value);
  return {
    clusterName: totem.map((section) => section.values.get('cluster_name')).find((value) => value) ?? '',
    ...(uuid === undefined ? {} : { clusterUuid: uuid }),
    transport: transportOf(
      totem.map((section) => section.values.get('transport')).find((value) => value),
      totem.flatMap((section) => named(section, 'interface')).map((section) => section.values),
    ),
    nodes: named(root, 'nodelist')
      .flatMap((list) => named(list, 'node'))
      .map((node) => {
        const address = node.values.get('ring0_addr') ?? '';
        return { name: node.values.get('name') ?? address, address };
      }),
  };
}

/** Corosync 3 speaks knet where its file does not say otherwise. */
function transportOf(
  word: string | undefined,
  interfaces: readonly ReadonlyMap<string, string>[],
): Transport {
  if (word === 'udpu') return { kind: 'udpu' };
  if (word !== 'udp') return { kind: 'knet' };
  const value = (key: string): string | undefined =>
    interfaces.map((section) => section.get(key)).find((found) => found);
  const port = value('mcastport');
  return {
    kind: 'udp',
    multicast: value('mcastaddr') ?? '',
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

/** Whether an address of a cluster's node reaches that node only. */
export function isLoopback({ address }: CorosyncNode): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost';
}

/**
 * Whether it is the file that the Debian and Ubuntu packages of Corosync come with: a cluster `debian` of one node on
 * loopback, without the uuid that pcs gives to each cluster. What runs may be another cluster all the same: the file of
 * one can be overwritten while it runs.
 */
export function isShipped(conf: CorosyncConf): boolean {
  return (
    conf.clusterName === 'debian' &&
    conf.clusterUuid === undefined &&
    conf.nodes.length === 1 &&
    conf.nodes.every(isLoopback)
  );
}
