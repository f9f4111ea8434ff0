import { within } from 'osha';

/**
 * Whom a member has to see before Pacemaker is started on it. `majority`: Corosync has a quorum. `both`: as one of two it
 * sees the other, because each of two keeps the quorum alone when they lose each other. `nobody`: every other member is
 * known to run nothing.
 */
export type Company = 'majority' | 'both' | 'nobody';

/**
 * Starts Corosync, and Pacemaker once that sees enough: a member that sees nobody would otherwise run what others run,
 * where the cluster ignores quorum (`no-quorum-policy`, the default for two members). Comes back when the members have
 * elected a coordinator, which has let this one in.
 */
export function startScript(company: Company): string {
  return `systemctl start corosync
tries=0
${company === 'nobody' ? '' : waiting(company)}systemctl start pacemaker
until seen=$(crm_mon --one-shot --output-as=xml 2>/dev/null) && printf '%s\n' "$seen" | grep -q '<current_dc present="true"' &&
  printf '%s\n' "$seen" | grep "<node name=\\"$(crm_node --name)\\"" | grep 'online="true"' | grep -q 'pending="false"'; do
  tries=$((tries + 1))
  [ "$tries" -lt ${within('pacemakerForms')} ] || { echo 'the members elected no coordinator that lets this one in' >&2; exit 1; }
  sleep 1
done`;
}

function waiting(company: Exclude<Company, 'nobody'>): string {
  const both = company === 'both' ? ` && printf '%s\\n' "$seen" | grep -q '^Nodes: *2'` : '';
  return `if ! systemctl -q is-active pacemaker; then
  while :; do
    seen=$(corosync-quorumtool -s 2>/dev/null) || :
    if printf '%s\\n' "$seen" | grep -q '^Quorate: *Yes'${both}; then break; fi
    tries=$((tries + 1))
    if [ "$tries" -ge ${within('pacemakerForms')} ]; then
      echo 'Corosync runs and does not see enough members, so that Pacemaker was not started: it could run what they run' >&2
      printf '%s\\n' "$seen" >&2
      exit 1
    fi
    sleep 1
  done
fi
`;
}
