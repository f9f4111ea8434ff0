import { type Operation, quote, within } from 'osha';
import { isPlaceholder, memberProbe, type MemberState } from './member-state.ts';

/** Where what a cluster of one remembered is kept: Pacemaker reads the older copies in its own folder again. */
const KEPT = '/var/lib/pacemaker/cib-of-the-package';

/**
 * The cluster of one, on loopback, that the Debian package of Corosync comes with is gone: pcs sets no cluster up on a
 * host that is in one already. Left alone where anything says that it could be another cluster: see `isPlaceholder`.
 */
export function noPlaceholder(confPath: string): Operation<MemberState> {
  return {
    scope: 'host',
    title: `no cluster of one in ${confPath}`,
    effects: ['stops', 'wipes'],
    probe: memberProbe(confPath),
    decide: (state) =>
      isPlaceholder(state)
        ? [
            {
              summary: 'remove the cluster "debian" of this host alone, which its package came with',
              effects: ['stops', 'wipes'],
              script: removal(quote(confPath)),
              touches: ['cluster:pacemaker', `file:${confPath}`, 'unit:corosync', 'unit:pacemaker'],
            },
          ]
        : [],
  };
}

/** It is asked again before it is stopped: somebody may have set a cluster up since. */
function removal(conf: string): string {
  return `conf=${conf}
cib=/var/lib/pacemaker/cib
other() { echo "this is no longer the cluster that the package came with: $1" >&2; exit 1; }
[ "$(sed -n 's/^[[:space:]]*cluster_name:[[:space:]]*//p' "$conf")" = debian ] || other "$conf has another name"
[ "$(grep -c '^[[:space:]]*ring0_addr:' "$conf")" -eq 1 ] || other "$conf lists several nodes"
case $(timeout ${within('corosyncCmapctl')} corosync-cmapctl -g totem.cluster_name 2>/dev/null | sed -n 's/.* = //p') in
  '' | debian) ;;
  *) other 'Corosync runs as another' ;;
esac
[ ! -e $cib/cib.xml ] || ! grep -qE '<(primitive|bundle) ' $cib/cib.xml || other 'it has resources'
systemctl stop pacemaker corosync
kept=
for file in $cib/cib*; do
  [ -e "$file" ] || continue
  [ -n "$kept" ] || kept=$(mktemp -d ${KEPT}.XXXXXX)
  mv -- "$file" "$kept/"
done
rm -f -- "$conf"`;
}
