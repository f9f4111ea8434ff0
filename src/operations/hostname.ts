import type { Operation } from '../playbook/operation.ts';
import { writeFileScript } from './file-script.ts';
import { quote } from './shell.ts';

export interface HostnameState {
  /** The kernel's node name, which RabbitMQ and Pacemaker use. */
  readonly now: string;
  /** The name in `/etc/hostname`, used at boot; empty where there is none. */
  readonly atBoot: string;
}

/** The host name is `name`, now and after the next boot. */
export function is(name: string): Operation<HostnameState> {
  return {
    scope: 'host',
    title: `host name ${name}`,
    probe: {
      script: `printf 'now %s\\n' "$(uname -n)"
printf 'boot %s\\n' "$(grep -v '^#' /etc/hostname 2>/dev/null | head -n 1)"`,
      reads: ['host:name', 'file:/etc/hostname'],
      parse: (answer) => ({
        now: /^now (.*)$/m.exec(answer.stdout)?.[1] ?? '',
        atBoot: /^boot (.*)$/m.exec(answer.stdout)?.[1] ?? '',
      }),
    },
    decide: (state) => {
      if (state.now === name && state.atBoot === name) return [];
      const was = state.now === name ? `${state.atBoot || 'nothing'} after the next boot` : state.now;
      return [
        {
          summary: `set the host name to ${name} (it is ${was})`,
          script: `${writeFileScript('/etc/hostname', { owner: 'root', group: 'root', mode: 0o644 })}
[ "$(uname -n)" = ${quote(name)} ] || printf '%s\\n' ${quote(name)} >/proc/sys/kernel/hostname`,
          input: `${name}\n`,
          touches: ['host:name', 'file:/etc/hostname'],
        },
      ];
    },
  };
}
