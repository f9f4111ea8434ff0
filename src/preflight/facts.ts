import type { Probe } from '../playbook/operation.ts';
import { ProbeError } from '../playbook/operation.ts';

/** The state of a host before any change. */
export interface HostFacts {
  readonly uid: number;
  readonly osId: string;
  readonly osVersion: string;
  readonly osTitle: string;
  /** Name of process 1. */
  readonly init: string;
  readonly epochSeconds: number;
  readonly memoryBytes: number;
  /** Free bytes by path, on the file systems for packages and data. */
  readonly freeBytes: Readonly<Record<string, number>>;

  readonly addresses: readonly { interface: string; address: string; prefixLength: number }[];
  readonly mtu: Readonly<Record<string, number>>;
  /** TCP listeners; `process` is empty if unknown. */
  readonly listening: readonly { port: number; address: string; process: string }[];
  /** Resolved addresses by name; absent if a name does not resolve. */
  readonly names: Readonly<Record<string, string>>;
  /** Pinged addresses that answered. */
  readonly answering: readonly string[];
}

/** Paths whose file systems receive packages and data. */
const ROOM = ['/', '/var', '/var/lib'];

/** One probe for all facts, so that a check costs one round trip. Resolves `names`, and pings `pinged` addresses once. */
export function factsProbe(names: readonly string[], pinged: readonly string[]): Probe<HostFacts> {
  return {
    reads: ['host:facts'],
    script: [
      'echo "uid $(id -u)"',
      '( . /etc/os-release 2>/dev/null; echo "os $ID $VERSION_ID $PRETTY_NAME" )',
      'echo "init $(cat /proc/1/comm)"',
      'echo "epoch $(date +%s.%N)"',
      `awk '/^MemTotal:/ { print "memory", $2 }' /proc/meminfo`,
      ...ROOM.map((path) => `df -Pk ${path} 2>/dev/null | awk 'NR == 2 { print "room ${path}", $4 }'`),
      `ip -o addr show 2>/dev/null | awk '$3 == "inet" || $3 == "inet6" { print "address", $2, $4 }'`,
      `for link in /sys/class/net/*; do echo "mtu \${link##*/} $(cat "$link/mtu")"; done`,
      `ss -Hltnp 2>/dev/null | awk '{ print "listen", $4, $6 }'`,
      ...names.map((name) => `getent ahostsv4 ${name} | awk 'NR == 1 { print "name ${name}", $1 }'`),
      ...pinged.map((address) => `ping -c 1 -W 1 ${address} >/dev/null 2>&1 && echo "answers ${address}"`),
      'true',
    ].join('\n'),
    parse: ({ stdout }) => parseFacts(stdout),
  };
}

function parseFacts(stdout: string): HostFacts {
  const lines = stdout.split('\n').map((line) => line.split(' '));
  const all = (key: string): readonly string[][] =>
    lines.filter((line) => line[0] === key).map((line) => line.slice(1));
  const one = (key: string): readonly string[] => {
    const found = all(key)[0];
    if (!found) throw new ProbeError(`unexpected probe output: no ${key}`);
    return found;
  };
  const number = (key: string, text: string | undefined): number => {
    if (text === undefined || !/^\d+(\.\d+)?$/.test(text)) {
      throw new ProbeError(`unexpected probe output: ${key} "${text ?? ''}" is not a number`);
    }
    return Number(text);
  };
  // Not everything in /sys/class/net is an interface, and not every file system has a size.
  const numbers = (key: string, factor: number): Record<string, number> =>
    Object.fromEntries(
      all(key).flatMap(([name = '', value = '']) =>
        /^\d+$/.test(value) ? [[name, Number(value) * factor] as const] : [],
      ),
    );
  const [osId = '', osVersion = '', ...osTitle] = one('os');
  const freeBytes = numbers('room', 1024);
  if (Object.keys(freeBytes).length === 0)
    throw new ProbeError('unexpected probe output: no free disk space');
  return {
    uid: number('uid', one('uid')[0]),
    osId,
    osVersion,
    osTitle: osTitle.join(' '),
    init: one('init')[0] ?? '',
    epochSeconds: number('epoch', one('epoch')[0]),
    memoryBytes: number('memory', one('memory')[0]) * 1024,
    freeBytes,
    addresses: all('address').map(([link = '', cidr = '']) => {
      const [address = '', prefixLength = ''] = cidr.split('/');
      return { interface: link, address, prefixLength: Number(prefixLength) };
    }),
    mtu: numbers('mtu', 1),
    listening: all('listen').map(([local = '', process = '']) => ({
      port: Number(local.slice(local.lastIndexOf(':') + 1)),
      address: local.slice(0, local.lastIndexOf(':')),
      process: /\(\("([^"]+)"/.exec(process)?.[1] ?? '',
    })),
    names: Object.fromEntries(all('name').map(([name = '', address = '']) => [name, address])),
    answering: all('answers').map(([address = '']) => address),
  };
}
