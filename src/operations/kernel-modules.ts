import type { Operation } from '../playbook/operation.ts';
import * as file from './file.ts';
import type { PathState } from './path-state.ts';
import { quote, quoteAll } from './shell.ts';

/** The file that loads them at boot, and which of them the kernel does not have loaded. */
export interface ModulesState {
  readonly file: PathState;
  readonly missing: readonly string[];
}

const MISSING = '-- missing';

/**
 * These kernel modules are loaded now, and at the next boot: by `/etc/modules-load.d/60-osha-NAME.conf`, which is
 * osha's own. A module that is built into the kernel counts as loaded.
 */
export function loaded(name: string, modules: readonly string[]): Operation<ModulesState> {
  const path = `/etc/modules-load.d/60-osha-${name}.conf`;
  const list = file.content(path, { content: `# Placed by osha.\n${modules.join('\n')}\n` });
  return {
    scope: 'host',
    title: modules.join(', '),
    ...(list.places ? { places: list.places } : {}),
    probe: {
      ...list.probe,
      script: `(\n${list.probe.script}\n)
printf '\\n%s\\n' '${MISSING}'
builtin=/lib/modules/$(uname -r)/modules.builtin
for module in ${quoteAll(modules)}; do
  [ -d "/sys/module/$module" ] || grep -qs "/$module\\.ko" "$builtin" || printf '%s\\n' "$module"
done
exit 0`,
      reads: [...list.probe.reads, ...modules.map((module) => `kernel:${module}` as const)],
      parse: (answer) => {
        const [before = '', after = ''] = answer.stdout.split(`\n${MISSING}\n`);
        return {
          file: list.probe.parse({ ...answer, stdout: before }),
          missing: after.split('\n').filter((module) => module !== ''),
        };
      },
    },
    decide: (state) => [
      ...list.decide(state.file),
      ...state.missing.map((module) => ({
        summary: `load the kernel module ${module}`,
        script: `modprobe -- ${quote(module)}`,
        touches: [`kernel:${module}` as const],
      })),
    ],
  };
}
