/**
 * Where the position that was found out stands, with the fingerprint of what it was found in. In memory: after a reboot
 * it has to be found out again.
 */
export const POSITION_FILE = '/run/osha/galera-position';

/**
 * Shell functions about the data of a server that does not run; they need what `resolve` sets.
 *
 * - `own_databases` prints the databases that are not the server's own. `test` counts when there is something in it.
 * - `fingerprint` prints what a noted position is tied to: the directories, InnoDB's log and Galera's state, the boot,
 *   and the last start of the unit. Fails where a directory or the log is missing, so nothing is believed of a disk that
 *   is not mounted.
 */
export const DATA_FUNCTIONS = `own_databases() {
  for i in "$data"/*/; do
    i=\${i%/}
    case \${i##*/} in
      '*' | mysql | performance_schema | sys | lost+found | '#'*) ;;
      test) [ -z "$(find "$i/" -type f ! -name db.opt 2>/dev/null | head -n 1)" ] || echo test ;;
      *) printf '%s\\n' "\${i##*/}" ;;
    esac
  done
}
fingerprint() {
  i=$(
    exec 2>/dev/null
    for i in "$data" "$innodb" "$log" "$state"; do stat -L -c '%n %d:%i' -- "$i" || exit 1; done
    stat -L -c '%n %d:%i %s %y %z' -- "$log/ib_logfile0" || exit 1
    for i in "$innodb/ibdata1" "$data/aria_log_control"; do stat -L -c '%n %d:%i %s %y %z' -- "$i" || echo "no $i"; done
    sed -n 's/^\\(uuid\\|seqno\\): */\\1 /p' "$state/grastate.dat" || echo 'no state'
    cat /proc/sys/kernel/random/boot_id
    systemctl show -p InvocationID -p ExecMainStartTimestampMonotonic -- "$u"
  ) || return 1
  printf '%s\\n' "$i" | sha256sum | cut -d ' ' -f 1
}`;
