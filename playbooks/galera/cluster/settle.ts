import { type HostChange, LIMITS, stretched, within } from 'osha';
import { bootstrapCommand } from './decision.ts';
import { memberChange, type ChangeContext } from './changes.ts';

/** Seconds in which a server that starts has to find its cluster, once it looks for it: Galera itself allows 30. */
const SETTLE_SECONDS = LIMITS.galeraSettles;

/**
 * Waits until a server that is on its way up or down has come to rest. One that crashed remembers who was with it
 * (`gvwstate.dat`) and waits for all of them without end, deaf to SIGTERM. When no Primary lives anywhere, that is in
 * vain: it is killed, which costs nothing, because it has not served anybody. What counts is not that it does not
 * answer, but that it shows all of what such a server shows (`waits_in_vain`), once more right before it is killed. A
 * server that opens a socket for clients is never killed; neither is one in crash recovery, nor one that receives data.
 */
export function settle(context: ChangeContext, host: string, noPrimaryAnywhere: boolean): HostChange {
  const inVain = noPrimaryAnywhere
    ? `systemctl stop --no-block -- "$u"
waits_in_vain || { echo 'it came up just now, and is left alone' >&2; exit 1; }
systemctl kill -s KILL -- "$u"
end=$(($(date +%s) + ${within('galeraSettles')}))
while ! systemctl is-failed --quiet -- "$u" && [ "$(systemctl is-active -- "$u")" != inactive ]; do
  [ "$(date +%s)" -lt "$end" ] || exit 1
  sleep 0.5
done
exit 0`
    : `echo 'it waits for members of its cluster, and some cannot be reached: bring them back; if they are off for good, form the cluster without them: ${bootstrapCommand()}' >&2
exit 1`;
  const script = `start=$(date +%s)
while :; do
  case $(systemctl is-active -- "$u") in inactive | failed) exit 0 ;; esac
  [ -z "$(wsrep)" ] || exit 0
  now=$(date +%s)
  if [ "$now" -ge $((start + ${within('galeraSettles')})) ]; then
    if waits_in_vain; then break; fi
    pids=$(server_pids)
    if [ -n "$(open_doors "$pids")" ]; then
      echo "it takes clients, and cannot be asked how it is: $(ask_server 'SELECT 1' || :)" >&2
      exit 1
    fi
  fi
  if [ "$now" -ge $((start + ${stretched(context.syncSeconds)})) ]; then
    echo "it is still on its way after ${stretched(context.syncSeconds)} s" >&2
    exit 1
  fi
  sleep 0.5
done
${inVain}`;
  return memberChange(context, host, {
    summary: noPrimaryAnywhere
      ? 'wait for mariadb to come up, and end it if it waits in vain'
      : 'wait for mariadb to come up',
    effects: noPrimaryAnywhere ? ['stops', 'kills'] : [],
    script,
    seconds: Math.max(context.syncSeconds, SETTLE_SECONDS) + 60,
  });
}
