/** How the members of a cluster reach each other. */
export type Transport =
  | { readonly kind: 'knet' }
  | { readonly kind: 'udpu' }
  | {
      readonly kind: 'udp';
      readonly multicast: string;
      /** Default Corosync's 5405. */
      readonly port?: number;
    };

/** The transport as `pcs cluster setup` takes it; knet is what pcs takes by itself. */
export function transportWords(transport: Transport | undefined): string {
  if (transport === undefined || transport.kind === 'knet') return '';
  if (transport.kind === 'udpu') return ' transport udpu';
  const port = transport.port === undefined ? '' : ` mcastport=${transport.port}`;
  return ` transport udp link mcastaddr=${transport.multicast}${port}`;
}

/** "knet", "udp with multicast 239.1.1.1". */
export function transportInWords(transport: Transport): string {
  if (transport.kind !== 'udp') return transport.kind;
  const port = transport.port === undefined ? '' : `:${transport.port}`;
  return `udp with multicast ${transport.multicast}${port}`;
}

/** Whether a cluster that has `found` is what the inventory wants; a port that it does not name may be any. */
export function isTransport(found: Transport, wanted: Transport): boolean {
  if (found.kind !== 'udp' || wanted.kind !== 'udp') return found.kind === wanted.kind;
  return (
    found.multicast === wanted.multicast &&
    (wanted.port === undefined || (found.port ?? 5405) === wanted.port)
  );
}
