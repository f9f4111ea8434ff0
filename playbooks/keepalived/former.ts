import { quote } from 'osha';
import type { Operation } from 'osha';

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
              summary: `stop ${unit} (this host is no holder of a virtual IP any more)`,
              script: `systemctl disable -- ${name}\nsystemctl stop -- ${name}`,
              touches: [`unit:${unit}`],
            },
          ]
        : [],
  };
}
