import type * as pacemaker from './cluster/index.ts';
import type { Settings } from './settings.ts';

/** The transport that the inventory asks for; nothing where it leaves that open. */
export function transportOf({
  transport,
  multicast = '',
  multicast_port: port,
}: Settings): pacemaker.Transport | undefined {
  if (transport === undefined) return undefined;
  if (transport !== 'udp') return { kind: transport };
  return { kind: 'udp', multicast, ...(port === undefined ? {} : { port }) };
}
