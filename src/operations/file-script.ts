import { quote } from './shell.ts';

export interface WriteOptions {
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
  /** A command that must accept the temporary file, which `{}` stands for in it. */
  readonly validate?: string;
}

/**
 * A script that makes its stdin the content of the file at `path`: it writes a temporary file beside it, gives it
 * owner and mode, has it validated, brings it to the disk, and renames it.
 */
export function writeFileScript(path: string, options: WriteOptions): string {
  const validate =
    options.validate === undefined
      ? ''
      : `
if ! ( ${options.validate.replaceAll('{}', '"$new"')} ) </dev/null >&2; then
  echo "the new content of $target was refused; the old one was left as it was" >&2
  exit 1
fi`;
  // In a subshell, so that its trap ends with it.
  return `(
set -eu
target=${quote(path)}
directory=\${target%/*}/
[ -d "$directory" ] || (umask 022; mkdir -p -- "$directory")
umask 077
new=$(mktemp "$directory.osha.XXXXXX")
trap 'rm -f -- "$new"' EXIT
trap 'exit 143' HUP INT TERM
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
