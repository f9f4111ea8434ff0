/** Seconds that all members may take to see each other. */
export const FORMED_WITHIN_SECONDS = 120;

/**
 * Starts Corosync, and Pacemaker once that has a quorum: a member that sees nobody would otherwise run what others run,
 * where the cluster ignores quorum (`no-quorum-policy`, the default for two members). Corosync lets one of two have the
 * quorum alone only after it has seen the other. `alone`: every other member is known to run nothing, so that no quorum
 * is waited for. Comes back when the members have elected a coordinator.
 */
export function startScript({ alone }: { readonly alone: boolean }): string {
  return `systemctl start corosync
tries=0
${alone ? '' : QUORUM}systemctl start pacemaker
until crm_mon --one-shot --output-as=xml 2>/dev/null | grep -q '<current_dc present="true"'; do
  tries=$((tries + 1))
  [ "$tries" -lt ${FORMED_WITHIN_SECONDS} ] || { echo 'the members elected no coordinator' >&2; exit 1; }
  sleep 1
done`;
}

const QUORUM = `if ! systemctl -q is-active pacemaker; then
  until corosync-quorumtool -s 2>/dev/null | grep -q '^Quorate: *Yes'; do
    tries=$((tries + 1))
    if [ "$tries" -ge ${FORMED_WITHIN_SECONDS} ]; then
      echo 'Corosync runs and has no quorum, so that Pacemaker was not started: it could run what other members run' >&2
      corosync-quorumtool -s >&2 || :
      exit 1
    fi
    sleep 1
  done
fi
`;
