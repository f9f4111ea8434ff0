import { quote } from './shell.ts';

export interface WriteOptions {
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
  /** A command that must accept the temporary file, which `{}` stands for in it. */
  readonly validate?: string;
}

/**
 * A script that replaces the file at `path` by its stdin: it writes a file of the same name in a working directory next
 * to it, sets owner and mode, runs the validator, syncs to disk, and renames it.
 *
 * The content may be secret, so neither the temporary file nor a validator's leftovers may stay behind. The validator
 * runs in the background, because a shell handles a signal during `wait` but not while a foreground command runs;
 * SIGPIPE is ignored, because it would kill the shell without its EXIT trap. What no trap can catch (SIGKILL, a power
 * cut) is removed by the next write in the same directory: the working directory's name holds the id and start time
 * (proc_pid_stat(5), field 22) of its process, so that a write in progress is left alone.
 */
export function writeFileScript(path: string, options: WriteOptions): string {
  const validate =
    options.validate === undefined
      ? ''
      : `
( trap - PIPE; ${options.validate.replaceAll('{}', '"$new"')} ) </dev/null >&2 &
if ! wait $!; then
  echo "the new content of $target failed validation; the old file is unchanged" >&2
  exit 1
fi`;
  // A subshell limits the traps to this script.
  return `(
set -eu
trap '' PIPE
target=${quote(path)}
directory=\${target%/*}/
started() {
  [ -r "/proc/$1/stat" ] && read -r stat <"/proc/$1/stat" && set -- \${stat##*) } && started=\${20}
} 2>/dev/null
[ -d "$directory" ] || (umask 022; mkdir -p -- "$directory")
for left in "$directory".osha.*; do
  writer=\${left##*/.osha.} started=
  [ -e "$left" ] && [ ! -L "$left" ] || continue
  started "\${writer%%-*}" || :
  case $writer in "\${writer%%-*}-$started".*) ;; *) rm -rf -- "$left" ;; esac
done
umask 077
work=
trap '[ -z "$work" ] || rm -rf -- "$work"' EXIT
trap 'exit 143' HUP INT QUIT ABRT ALRM TERM USR1 USR2
started "$$"
work=$(mktemp -d "$directory.osha.$$-$started.XXXXXX")
# Whoever a validator runs as comes to the file, which has its own mode.
chmod 711 "$work"
new=$work/\${target##*/}
cat >"$new"
chown ${quote(`${options.owner}:${options.group}`)} "$new"
chmod ${options.mode.toString(8).padStart(4, '0')} "$new"${validate}
sync "$new"
# A file that is itself a mount point (a container's /etc/hosts) cannot be renamed over.
if grep -qF " $target " /proc/self/mountinfo; then
  cat "$new" >"$target"
  chown ${quote(`${options.owner}:${options.group}`)} "$target"
  chmod ${options.mode.toString(8).padStart(4, '0')} "$target"
else
  mv -fT -- "$new" "$target"
fi
)`;
}
