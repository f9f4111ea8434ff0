import { type Change, type Effect, quote, quoteAll, type ResourceKey, type Text } from 'osha';

/**
 * The cluster's property in which osha keeps the ids of what it made. Pacemaker passes over names that it does not
 * know, and it is the one place that every kind of thing can be noted in: a constraint has no attributes of its own.
 */
export const RECORD = 'osha-made';

const TOUCHES: readonly ResourceKey[] = ['cluster:resources'];

/** One command of pcs on the living cluster, and all that the cluster may do to its resources for it. */
export function pcs(summary: string, command: string, effects: readonly Effect[]): Change {
  return { summary, effects, script: `pcs ${command}`, touches: TOUCHES };
}

export interface Batch {
  /** All that the cluster may do to its resources for it. */
  readonly effects: readonly Effect[];
  /** Commands on a copy of the configuration: `edit(...)` of pcs, or cibadmin and its like. */
  readonly commands: readonly string[];
  /** Ids of what they make. */
  readonly makes?: readonly string[];
  /** Commands on the living cluster, before. */
  readonly before?: readonly string[];
  /** For commands, in the file "$d/in". */
  readonly input?: Text;
  readonly prunes?: true;
}

/** A command of pcs within a batch. */
export function edit(command: string): string {
  return `pcs -f "$d/new" ${command}`;
}

/**
 * Several commands as one change of the cluster: made on a copy, and brought in at once, so that nothing is started
 * before it has its constraints. In the same change it is noted what osha made; what is no longer there is forgotten.
 */
export function batch(
  summary: string,
  { effects, commands, makes = [], before = [], input, prunes }: Batch,
): Change {
  return {
    summary,
    effects,
    // Whoever changed the configuration meanwhile keeps their change: only the difference is brought in.
    script: `${before.map((command) => `${command}\n`).join('')}d=$(mktemp -d)
trap 'rm -rf -- "$d"' EXIT
${input === undefined ? '' : 'cat >"$d/in"\n'}cibadmin --query >"$d/old"
cp "$d/old" "$d/new"
export CIB_file="$d/new"
${commands.map((command) => `${command}\n`).join('')}cibadmin --query --scope configuration >"$d/conf"
made=$(crm_attribute --type crm_config --name ${RECORD} --query --quiet 2>/dev/null) || made=
kept=
for id in $made ${quoteAll(makes)}; do
  grep -q " id=\\"$id\\"" "$d/conf" || continue
  case " $kept " in *" $id "*) ;; *) kept="$kept\${kept:+ }$id" ;; esac
done
[ "$kept" = "$made" ] || crm_attribute --type crm_config --name ${RECORD} --update "$kept"
unset CIB_file
crm_diff --original "$d/old" --new "$d/new" --no-version >"$d/patch" || [ $? -eq 1 ]
[ ! -s "$d/patch" ] || cibadmin --patch --xml-file "$d/patch"`,
    touches: TOUCHES,
    ...(input === undefined ? {} : { input }),
    ...(prunes ? { prunes } : {}),
  };
}

/** ` 'ip=10.0.0.20' 'nic=eth0'`: options as pcs takes them. */
export function optionWords(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([name, value]) => ` ${quote(`${name}=${value}`)}`)
    .join('');
}
