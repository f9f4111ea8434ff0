import { questionOf, type Operation } from '../playbook/operation.ts';
import * as file from './file.ts';
import type { PathState } from './file.ts';
import { quote } from './shell.ts';

/** A kernel module. */
export interface KernelModule {
  readonly name: string;
  /**
   * A path that exists once the module's function is available; kernels with the function built in may not list it
   * anywhere else.
   */
  readonly gives: string;
}

/** The file that loads them at boot, and the modules that are not loaded. */
export interface ModulesState {
  readonly file: PathState;
  readonly missing: readonly string[];
}

const MISSING = '-- missing';

/**
 * A shell command that prints the module's name if it is not loaded; `$builtin` is the kernel's list of built-in
 * modules.
 */
function look(module: string | KernelModule): string {
  const name = typeof module === 'string' ? module : module.name;
  const given = typeof module === 'string' ? '' : `[ -e ${quote(module.gives)} ] || `;
  return `[ -d ${quote(`/sys/module/${name}`)} ] || ${given}grep -qs ${quote(`/${name}\\.ko`)} "$builtin" || echo ${quote(name)}`;
}

/**
 * These kernel modules are loaded now, and at the next boot: by `/etc/modules-load.d/60-osha-NAME.conf`, which is
 * osha's own. A module that is built into the kernel counts as loaded.
 */
export function loaded(name: string, given: readonly (string | KernelModule)[]): Operation<ModulesState> {
  const modules = given.map((module) => (typeof module === 'string' ? module : module.name));
  const path = `/etc/modules-load.d/60-osha-${name}.conf`;
  const list = file.content(path, { content: `# Placed by osha.\n${modules.join('\n')}\n` });
  return {
    scope: 'host',
    title: modules.join(', '),
    ...(list.places ? { places: list.places } : {}),
    probe: {
      ...questionOf(list.probe),
      script: `(\n${list.probe.script}\n)
printf '\\n%s\\n' '${MISSING}'
builtin=/lib/modules/$(uname -r)/modules.builtin
${given.map(look).join('\n')}
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
