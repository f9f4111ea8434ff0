/**
 * A shell function `unmounted_at PATH`: prints a mount point at or above the absolute path that `/etc/fstab` or a mount
 * unit defines, but where nothing is mounted. A directory that looks empty proves nothing then: its data may be on the
 * missing disk. Mount points with spaces in their names are not detected.
 */
export const UNMOUNTED = `unmounted_at() {
  at=$(readlink -m -- "$1")
  set --
  while [ -n "$at" ]; do
    set -- "$@" "$at"
    at=\${at%/*}
  done
  systemd-escape --path --suffix=mount "$@" 2>/dev/null | tr ' \\n' '\\0\\0' |
    xargs -0 systemctl show -p Where -p LoadState -p ActiveState -- 2>/dev/null |
    awk -v points="$*" '
      function unit() { if (loaded && !active && where in at) wanted[where]; loaded = active = 0; where = "" }
      BEGIN {
        n = split(points, point, " ")
        for (i = 1; i <= n; i++) at[point[i]]
        while ((getline line < "/proc/self/mounts") > 0) { split(line, field, " "); mounted[field[2]] }
        while ((getline line < "/etc/fstab") > 0) {
          if (line !~ /^[ \\t]*#/ && split(line, field, " ") > 1 && field[2] in at) wanted[field[2]]
        }
      }
      /^Where=/ { where = substr($0, 7) }
      /^LoadState=loaded/ { loaded = 1 }
      /^ActiveState=active/ { active = 1 }
      /^$/ { unit() }
      END {
        unit()
        for (i = 1; i <= n; i++) if (point[i] in wanted && !(point[i] in mounted)) { print point[i]; exit }
      }'
}`;
