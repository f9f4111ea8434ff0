import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aliveScript, dataScript } from '../../../../src/operations/rabbitmq/scripts.ts';
import * as changes from '../../../../playbooks/rabbitmq/cluster/changes.ts';
import { platformOf } from '../../../../src/platform/index.ts';
import { folderForAll } from '../../../support/temporary-folder.ts';
import { runHere } from '../../../operations/local.ts';

const debian = platformOf('debian-12');
const context: changes.ChangeContext = { platform: debian, members: 3, typeOf: () => 'disc' };

/** A fake systemd: the output of `systemctl show -p NAME`, by NAME. */
function systemd(properties: Readonly<Record<string, string>>): string {
  const cases = Object.entries(properties).map(([name, value]) => `*"-p ${name} "*) echo '${value}' ;;`);
  return `systemctl() { case "$* " in\n${cases.join('\n')}\n*) : ;;\nesac; }\nss() { :; }`;
}

describe('the data directory of a node', () => {
  const folder = folderForAll();
  const platform = {
    ...debian,
    paths: { ...debian.paths, rabbitmqEnv: join(folder, 'rabbitmq-env.conf') },
  };
  const where = (unit: Readonly<Record<string, string>>, env = ''): string => {
    writeFileSync(platform.paths.rabbitmqEnv, env);
    const script = `set -e\n${systemd(unit)}\n${dataScript(platform, { name: 'c1' })}\necho "$data"`;
    return runHere(script).stdout.trim();
  };

  const file = join(folder, 'environment');
  writeFileSync(file, 'RABBITMQ_MNESIA_BASE=/from/file\n');
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string, string])[] = [
    ['is the default', {}, 'NODENAME=rabbit@c1\n', '/var/lib/rabbitmq/mnesia/rabbit@c1'],
    [
      "is moved by the unit's environment",
      { Environment: 'LANG=C RABBITMQ_MNESIA_BASE=/srv/rabbit' },
      '',
      '/srv/rabbit/rabbit@c1',
    ],
    ['is set as a whole by the unit', { Environment: 'RABBITMQ_MNESIA_DIR=/srv/here' }, '', '/srv/here'],
    [
      'is set by an environment file of the unit',
      { EnvironmentFiles: `${file} (ignore_errors=no)` },
      '',
      '/from/file/rabbit@c1',
    ],
    [
      'is the default if the environment file does not exist',
      { EnvironmentFiles: '/nonexistent (ignore_errors=yes)' },
      '',
      '/var/lib/rabbitmq/mnesia/rabbit@c1',
    ],
    ['is set by rabbitmq-env.conf', {}, 'MNESIA_BASE="/srv/conf"\n', '/srv/conf/rabbit@c1'],
  ];
  it.each(cases)('%s', (_name, unit, env, expected) => {
    expect(where(unit, env)).toBe(expected);
  });

  it('has its durable queues counted, classic and quorum', () => {
    const data = join(folder, 'data');
    const moved = { Environment: `RABBITMQ_MNESIA_DIR=${data}` };
    const count = (): string =>
      runHere(`set -e\n${systemd(moved)}\n${dataScript(platform, { name: 'c1' })}\nkeeps`).stdout.trim();
    mkdirSync(join(data, 'msg_stores/vhosts/628W/msg_store_persistent'), { recursive: true });
    mkdirSync(join(data, 'quorum/rabbit@c1'), { recursive: true });
    writeFileSync(join(data, 'quorum/rabbit@c1/names.dets'), '');
    expect(count()).toBe('0');
    mkdirSync(join(data, 'msg_stores/vhosts/628W/queues/3ASC'), { recursive: true });
    mkdirSync(join(data, 'quorum/rabbit@c1/2F_QQ'));
    expect(count()).toBe('2');
  });
});

describe('a broker', () => {
  const LISTENS = `ss() { echo 'LISTEN 0 128 0.0.0.0:25672 0.0.0.0:* users:(("beam.smp",pid=9,fd=3))'; }`;
  const PROXY = `ss() { echo 'LISTEN 0 128 10.0.0.1:5672 0.0.0.0:* users:(("haproxy",pid=9,fd=3))'; }`;
  const cases: readonly (readonly [string, string, string, boolean])[] = [
    ['runs while its unit has a process', '4711', '', true],
    ['runs if something else started it', '0', LISTENS, true],
    ['does not run just because HAProxy listens on the client port', '0', PROXY, false],
    ['does not run without process and listener', '0', '', false],
    ['is detected by its ports if systemd does not answer', '', LISTENS, true],
  ];
  it.each(cases)('%s', (_name, pid, ss, expected) => {
    const script = `${systemd({ MainPID: pid })}\n${ss}\n${aliveScript(debian)}\nalive`;
    expect(runHere(script).exitCode === 0).toBe(expected);
  });
});

describe('the changes check again before they act', () => {
  const folder = folderForAll();
  const data = join(folder, 'rabbit@c1');
  const moved = { Environment: `RABBITMQ_MNESIA_DIR=${data}` };
  const run = (change: string, stubs: string): ReturnType<typeof runHere> =>
    // Starting the unit is not tested here: the fake reports it as active.
    runHere(`set -e\n${systemd({ ...moved, MainPID: '0' })}\n${stubs}\n${change}`);
  const ctl = (answer: string): string =>
    `rabbitmqctl() { case "$*" in *eval*) echo '${answer}' ;; *) echo "ran $*" ;; esac; }
systemctl() { case "$* " in *is-active*) echo active ;; *Environment' '*) echo 'RABBITMQ_MNESIA_DIR=${data}' ;; *MainPID*) echo 0 ;; esac; }`;

  it.each([
    ['holds queues now', '{3,0,[],[],0}'],
    ['has clients now', '{0,2,[],[],0}'],
    ['is in a cluster now', '{clustered,[rabbit@c1,rabbit@c2]}'],
    ['gives an unexpected answer', ''],
  ])('a node is not reset that %s', (_name, answer) => {
    const { script } = changes.join(context, 'c1', 'rabbit@c2').change;
    const ran = run(script.replaceAll('rabbitmq-diagnostics', ':'), ctl(answer));
    expect(ran).toMatchObject({ exitCode: 1 });
    expect(ran.stderr).toContain('no longer empty');
    expect(ran.stdout).not.toContain('ran');
  });

  it('an empty node is reset and joins', () => {
    const { script } = changes.join(context, 'c1', 'rabbit@c2').change;
    const ran = run(script.replaceAll('rabbitmq-diagnostics', ':'), ctl('{0,0,[],[],0}'));
    expect(ran.stdout.match(/ran -q \w+/g)).toEqual([
      'ran -q stop_app',
      'ran -q reset',
      'ran -q join_cluster',
      'ran -q start_app',
      'ran -q await_startup',
    ]);
  });

  it('a node is not reset while the node to join does not answer', () => {
    const { script } = changes.join(context, 'c1', 'rabbit@c2').change;
    const ran = run(script.replaceAll('rabbitmq-diagnostics', 'false'), ctl('{0,0,[],[],0}'));
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).not.toContain('ran');
  });

  it('a broker that paused itself is not started', () => {
    const { script } = changes.startBroker(context, 'c1').change;
    expect(run(script, ctl('true'))).toMatchObject({ exitCode: 1 });
    expect(run(script, ctl('false')).stdout).toContain('ran -q start_app');
  });

  it('data is not moved aside if it holds queues by now or the broker runs', () => {
    const { script } = changes.startEmpty(context, 'c1').change;
    mkdirSync(join(data, 'quorum/rabbit@c1/2F_QQ'), { recursive: true });
    const queues = run(script, ctl(''));
    expect(queues.exitCode).toBe(1);
    expect(queues.stderr).toContain('now holds 1 queues');
    const alive = run(script, `${ctl('')}\nss() { echo '"beam.smp"'; }`);
    expect(alive.exitCode).toBe(1);
    expect(alive.stderr).toContain('its broker runs now');
    expect(runHere(`ls ${folder}`).stdout.trim()).toBe('rabbit@c1');
  });

  it('a node is not restarted before all others run', () => {
    const { script } = changes.restart(context, 'c1', 'f is newer', []).change;
    expect(script.indexOf('await_online_nodes 3 --timeout $((10*')).toBeLessThan(
      script.indexOf('restart --'),
    );
    expect(script.indexOf('await_online_nodes 3 --timeout $((10*')).toBeGreaterThanOrEqual(0);
  });
});
