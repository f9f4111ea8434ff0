import type { Operation } from '../../playbook/operation.ts';
import { quote } from '../shell.ts';

/** No certificate that osha placed in `folder` but those at `paths`; it goes with `--prune` only. */
export function noOthers(folder: string, paths: readonly string[]): Operation<readonly string[]> {
  return {
    scope: 'host',
    title: `no other certificate in ${folder}`,
    probe: {
      script: `find ${quote(folder)} -maxdepth 1 -type f -name '*.pem' 2>/dev/null | sort`,
      reads: [`file:${folder}`],
      parse: ({ stdout }) => stdout.split('\n').filter((path) => path !== ''),
    },
    decide: (present) =>
      present
        .filter((path) => !paths.includes(path))
        .map((path) => ({
          summary: `remove ${path}`,
          script: `rm -f -- ${quote(path)}`,
          touches: [`file:${path}`],
          prunes: true,
        })),
  };
}
