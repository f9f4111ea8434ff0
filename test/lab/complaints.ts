/**
 * A script that prints diagnostics of an unhealthy host: pending systemd jobs, failed units, listening sockets with
 * connections that are not accepted and what their threads wait for, warnings, and the ends of the most recent logs. It
 * never fails.
 */
export const WHAT_A_HOST_SAYS = `{
systemctl list-jobs --no-legend --plain
systemctl --failed --no-legend --plain
ss -ltnp | awk 'NR == 1 || $2 > 0'
for pid in $(ss -ltnp | awk '$2 > 0' | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -u); do
  for thread in /proc/$pid/task/*; do echo "$thread $(cat $thread/wchan) $(cat $thread/syscall)"; done
  ss -tnop | grep "pid=$pid,"
done
journalctl --boot --priority=warning --lines=40 --no-pager
find /var/log -name '*.log' -mmin -15 -printf '%T@ %p\\n' | sort -rn | head -n 8 | cut -d' ' -f2 | xargs -r tail -n 15
} 2>&1 || true`;
