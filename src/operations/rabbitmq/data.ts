import { posix } from 'node:path';
import type { Host } from '../../inventory/types.ts';
import type { Platform } from '../../platform/platform.ts';
import { quote } from '../shell.ts';
import { nodeOf } from './asking.ts';

/**
 * Shell commands that set `data` to the directory in which the node of a host really keeps its data, and define
 * `keeps`, which prints how many durable queues have files there. The directory is moved by RABBITMQ_MNESIA_BASE or
 * RABBITMQ_MNESIA_DIR, in the unit's environment or its files, or by MNESIA_BASE or MNESIA_DIR in rabbitmq-env.conf.
 */
export function dataScript(platform: Platform, host: Pick<Host, 'name'>): string {
  const unit = quote(platform.units.rabbitmq);
  const usual = `${posix.dirname(platform.paths.rabbitmqCookie)}/mnesia`;
  return `moved=$(
  sed -n 's/^[[:space:]]*\\(export[[:space:]]*\\)\\{0,1\\}\\(RABBITMQ_\\)\\{0,1\\}\\(MNESIA_[A-Z]*=\\)/\\3/p' ${quote(platform.paths.rabbitmqEnv)} 2>/dev/null || :
  systemctl show -p EnvironmentFiles --value -- ${unit} 2>/dev/null | sed 's/ (ignore_errors=.*//' |
    while read -r file; do sed -n 's/^RABBITMQ_\\(MNESIA_[A-Z]*=\\)/\\1/p' "$file" 2>/dev/null || :; done
  systemctl show -p Environment --value -- ${unit} 2>/dev/null | tr ' ' '\\n' | sed -n 's/^"\\{0,1\\}RABBITMQ_\\(MNESIA_[A-Z]*=\\)/\\1/p'
)
moved_to() { printf '%s\\n' "$moved" | sed -n "s/^$1=//p" | tail -n 1 | tr -d "\\"'"; }
data=$(moved_to MNESIA_DIR)
base=$(moved_to MNESIA_BASE)
[ -n "$data" ] || data=\${base:-${usual}}/${nodeOf(host)}
keeps() {
  find "$data"/msg_stores/vhosts/*/queues/* "$data"/quorum/*/* "$data"/stream/* -maxdepth 0 -type d 2>/dev/null | wc -l
}`;
}
