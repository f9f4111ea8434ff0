import { quote, quoteAll } from './shell.ts';
import { within } from '../playbook/limits.ts';

/** Looks, 0.2 s apart, at which a program that was only just started has to be the same process. */
const CALM_CHECKS = 5;

/**
 * A shell command before every start. systemd's own word for whether one is needed (NeedDaemonReload) cannot be relied
 * on: it does not see a drop-in whose directory is new since it last read the units.
 */
export const READ_UNITS = 'systemctl daemon-reload';

/** Shell commands that say why a unit failed, on stderr, and end with exit code 1. */
export function journalOnFailure(unit: string): string {
  return `
  systemctl status --no-pager --lines=0 -- ${quote(unit)} >&2 || :
  journalctl --no-pager --output=cat --lines=20 --unit=${quote(unit)} >&2 || :
  exit 1
`;
}

/**
 * A script that starts, restarts or reloads a unit and comes back once it is active; where it does not become so,
 * it prints the unit's last words and fails. Files in `touched`, whose time of change lies in the future, are given
 * the present time first, or the unit would look out of date after every start.
 */
export function startScript(
  unit: string,
  verb: 'start' | 'restart' | 'try-restart' | 'reload',
  touched: readonly string[],
): string {
  return `${touched.length > 0 ? `touch -c -- ${quoteAll(touched)}\n` : ''}u=${quote(unit)}
${READ_UNITS}
unwell() {${journalOnFailure(unit)}}
systemctl reset-failed -- "$u" 2>/dev/null || :
systemctl ${verb} -- "$u" || unwell
# A unit of these types counts as active before its program has so much as read its configuration.
case $(systemctl show -p Type --value -- "$u") in
  simple | exec | idle) wanted=${CALM_CHECKS} ;;
  *) wanted=0 ;;
esac
i=0 calm=0 pid=
while [ $i -lt $((5*${within('unitSettles')})) ]; do
  case $(systemctl is-active -- "$u") in
    active)
      now=$(systemctl show -p MainPID --value -- "$u")
      if [ "$now" = "$pid" ]; then calm=$((calm + 1)); else calm=0; fi
      pid=$now
      [ $calm -lt $wanted ] || exit 0
      ;;
    failed | inactive) unwell ;;
    *) calm=0 ;;
  esac
  i=$((i + 1))
  sleep 0.2
done
echo "$u is still $(systemctl is-active -- "$u") after ${within('unitSettles')} s" >&2
unwell`;
}
