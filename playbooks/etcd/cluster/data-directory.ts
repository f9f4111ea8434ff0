import { type Platform, quote } from 'osha';

/** Where a member keeps its data. */
export interface DataDirectory {
  /** As the running process has it, else as its unit would start it now; absent where that cannot be told. */
  readonly now?: string;
  /** As it would start on the configuration that osha places. */
  readonly next?: string;
}

/**
 * Shell commands that print where etcd keeps its data, found as etcd finds it: an option wins over the environment, a
 * later file of the environment over an earlier one, and a configuration file of its own over all. Needs `$u`, the unit,
 * and `$pid`, its process or 0; leaves the directory in `$dir`, empty where it cannot be told.
 */
export function dataDirectoryScript({ paths }: Platform): string {
  return `found=$(
  {
    systemctl show -p Environment -p EnvironmentFiles -p ExecStart -- "$u"
    if [ "\${pid:-0}" != 0 ] && [ -r "/proc/$pid/environ" ]; then
      printf 'arguments=%s\\n' "$(tr '\\0' ' ' <"/proc/$pid/cmdline")"
      tr '\\0' '\\n' <"/proc/$pid/environ" | grep -E '^(ETCD_DATA_DIR|ETCD_CONFIG_FILE)=' | sed 's/^/running=/'
    fi
  } | awk -v managed=${quote(paths.etcdEnv)} -v usual=${quote(paths.etcdData)} '
    function set(env, line, at, value) {
      at = index(line, "=")
      value = substr(line, at + 1)
      gsub(/["\\047]/, "", value)
      if (at > 1) env[substr(line, 1, at - 1)] = value
    }
    function directory(arguments, env) {
      if (arguments ~ /-config-file[= ]/ || env["ETCD_CONFIG_FILE"] != "") return ""
      if (match(arguments, /-data-dir[= ][^ ]+/)) return substr(arguments, RSTART + 10, RLENGTH - 10)
      return env["ETCD_DATA_DIR"] == "" ? usual : env["ETCD_DATA_DIR"]
    }
    sub(/^Environment=/, "") { n = split($0, word, " "); for (i = 1; i <= n; i++) { gsub(/^"|"$/, "", word[i]); set(now, word[i]); set(then, word[i]) } }
    sub(/^EnvironmentFiles=/, "") { sub(/ \\(ignore_errors=.*/, ""); files[++count] = $0 }
    /^ExecStart=/ && match($0, /argv\\[\\]=.* ; ignore_errors/) { start = substr($0, RSTART + 7, RLENGTH - 23) }
    sub(/^arguments=/, "") { arguments = $0; runs = 1 }
    sub(/^running=/, "") { set(running, $0) }
    END {
      for (i = 1; i <= count; i++) {
        while ((getline line < files[i]) > 0) { set(now, line); if (files[i] != managed) set(then, line) }
        if (files[i] == managed) then["ETCD_DATA_DIR"] = usual
      }
      print "directory=" (runs ? directory(arguments, running) : directory(start " " now["DAEMON_ARGS"], now))
      print "next=" directory(start " " then["DAEMON_ARGS"], then)
    }'
)
printf '%s\\n' "$found" | sed '/=$/d'
dir=$(printf '%s\\n' "$found" | sed -n 's/^directory=//p')`;
}

/** Understands what `dataDirectoryScript` printed. */
export function dataDirectoryOf(lines: readonly string[]): DataDirectory {
  const value = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`${key}=/`))?.slice(key.length + 1);
  const [now, next] = [value('directory'), value('next')];
  return { ...(now === undefined ? {} : { now }), ...(next === undefined ? {} : { next }) };
}
