import { type Operation, ProbeError, quote, type Vip } from 'osha';

/**
 * On a host that can hold none of the virtual IPs: the keepalived that osha set up there before is stopped, or it
 * would go on holding them beside the new holders. One that is somebody else's is left alone.
 */
export function givenUp({
  unit,
  conf,
}: {
  readonly unit: string;
  readonly conf: string;
}): Operation<boolean> {
  const name = quote(unit);
  return {
    scope: 'host',
    title: `no ${unit} of osha's`,
    effects: ['stops'],
    probe: {
      script: `if grep -qsxF '# Placed by osha.' ${quote(conf)} &&
  { systemctl -q is-active -- ${name} || systemctl -q is-enabled -- ${name}; } 2>/dev/null; then echo kept; fi
exit 0`,
      reads: [`unit:${unit}`, `file:${conf}`],
      parse: ({ stdout }) => stdout.trim() === 'kept',
    },
    decide: (kept) =>
      kept
        ? [
            {
              summary: `stop ${unit} (this host no longer holds a virtual IP)`,
              script: `systemctl disable -- ${name}\nsystemctl stop -- ${name}`,
              touches: [`unit:${unit}`],
              effects: ['stops'],
            },
          ]
        : [],
  };
}

/**
 * Pacemaker holds none of the virtual IPs: where they were its own before, they would be on two hosts. To take them out
 * of a cluster is not a matter of course, so it is asked for.
 */
export function notInCluster(vips: readonly Vip[]): Operation<readonly string[]> {
  const held = (vip: Vip): string => `value="${vip.address}"`;
  return {
    scope: 'host',
    title: 'no virtual IP in a cluster',
    probe: {
      script: `cibadmin --query 2>/dev/null | grep -oF ${vips.map((vip) => `-e ${quote(held(vip))}`).join(' ')} || :`,
      reads: ['cluster:resources', 'unit:pacemaker'],
      parse: ({ stdout }) => {
        const found = vips.filter((vip) => stdout.includes(held(vip))).map((vip) => vip.name);
        if (found.length === 0) return found;
        throw new ProbeError(
          `Pacemaker holds ${found.join(' and ')} here, which keepalived is to hold: take it out first (pcs resource delete vip-${found[0] ?? ''}), or give the cluster up (pcs cluster destroy)`,
        );
      },
    },
    decide: () => [],
  };
}
