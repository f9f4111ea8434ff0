import { type Operation, ProbeError, quote, type Vip } from 'osha';

/**
 * Stops and disables a keepalived that osha deployed earlier, on a host that holds no virtual IPs any more: it would claim
 * them in addition to the new holders. A keepalived without osha's file is left alone.
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
    title: `no ${unit} deployed by osha`,
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
 * Checks that Pacemaker holds none of the virtual IPs, which would then be on two hosts. osha does not remove them from a
 * cluster on its own.
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
          `Pacemaker holds ${found.join(' and ')} here, but keepalived should: remove it from the cluster first (pcs resource delete vip-${found[0] ?? ''}), or destroy the cluster (pcs cluster destroy)`,
        );
      },
    },
    decide: () => [],
  };
}
