import { expect, it } from 'vitest';
import { platformOf } from '../../../src/platform/index.ts';
import type { Platform } from '../../../src/platform/platform.ts';
import type { Aspect } from './architecture.ts';

/** A program's own check of its configuration file. */
interface Checker {
  /** The phase that writes the file. */
  readonly system: string;
  readonly title: string;
  /** Fails and prints the errors if the program rejects the file. Succeeds on hosts without the file. */
  script(platform: Platform): string;
}

const CHECKERS: readonly Checker[] = [
  {
    system: 'haproxy',
    title: 'haproxy.cfg: haproxy -c',
    script: ({ paths }) => `haproxy -c -f ${paths.haproxyConf}`,
  },
  {
    system: 'keepalived',
    title: 'keepalived.conf: keepalived --config-test',
    script: ({ paths }) => `[ -e ${paths.keepalivedConf} ] || exit 0
      keepalived --config-test --use-file ${paths.keepalivedConf}`,
  },
  {
    system: 'pacemaker',
    title: 'corosync.conf: corosync -t',
    script: ({ paths }) => `COROSYNC_MAIN_CONFIG_FILE=${paths.corosyncConf} corosync -t`,
  },
  {
    system: 'pacemaker',
    title: "the cluster's configuration: crm_verify",
    script: () => 'crm_verify --live-check',
  },
  {
    system: 'galera',
    title: 'my.cnf: mariadbd --help --verbose',
    // It reads all files and stops at the first unknown option; it opens no data.
    script: ({ paths }) => `[ -e ${paths.mariadbConf} ] || exit 0
      said=$(mariadbd --user=mysql --help --verbose 2>&1 >/dev/null) || { echo "$said"; exit 1; }
      echo "$said" | grep -i -e unknown -e deprecated -e 'ambiguous' && exit 1; exit 0`,
  },
  {
    system: 'etcd',
    title: "etcd's environment: no unknown settings",
    // etcd has no configuration check; on start it warns of unknown settings, and exits on invalid ones.
    script: ({ units, paths }) => `invocation=$(systemctl show -P InvocationID ${units.etcd})
      [ "$(systemctl is-active ${units.etcd})" = active ]
      for name in $(sed -n 's/^\\(ETCD_[A-Z_]*\\)=.*/\\1/p' ${paths.etcdEnv}); do
        tr '\\0' '\\n' </proc/$(systemctl show -P MainPID ${units.etcd})/environ | grep -q "^$name=" || { echo "$name is not in use"; exit 1; }
      done
      journalctl _SYSTEMD_INVOCATION_ID="$invocation" | grep -i -e 'unrecognized environment' -e 'unknown flag' && exit 1; exit 0`,
  },
  {
    system: 'rabbitmq',
    title: 'rabbitmq.conf: loaded by the running broker, without errors',
    script: ({
      paths,
    }) => `rabbitmq-diagnostics -q status --formatter json | jq -e --arg file ${paths.rabbitmqConf} '.config_files | index($file) != null'
      rabbitmq-diagnostics -q check_running`,
  },
  {
    system: 'logging',
    title: 'rsyslog: rsyslogd -N1',
    script: () => 'rsyslogd -N1',
  },
  {
    system: 'time',
    title: 'chrony.conf: chronyd -p',
    script: ({ paths }) => `chronyd -p -f ${paths.chronyConf} >/dev/null`,
  },
];

/** The programs accept their configuration files. */
export const checkers: Aspect = {
  title: 'configuration checks by the programs themselves',
  fits: () => true,
  tests: ({ inventory, lab, systems }) => {
    const platform = platformOf(inventory.platform);
    const fitting = CHECKERS.filter(({ system }) => systems.has(system));
    it.each(fitting.map((checker) => [checker.title, checker] as const))('%s', async (_, checker) => {
      const hosts = systems.get(checker.system) ?? [];
      expect(hosts).not.toEqual([]);
      await Promise.all(hosts.map((host) => lab.on(host, `set -e\n${checker.script(platform)}`)));
    });
  },
};
