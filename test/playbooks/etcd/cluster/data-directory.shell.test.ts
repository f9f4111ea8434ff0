import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataDirectoryOf, dataDirectoryScript } from '../../../../playbooks/etcd/cluster/data-directory.ts';
import { platformOf } from '../../../../src/platform/index.ts';
import { inFolder } from '../../../operations/fake-commands.ts';
import { runHere } from '../../../operations/local.ts';

const platform = platformOf('debian-12');
const USUAL = platform.paths.etcdData;

interface Unit {
  readonly environment?: string;
  /** What is in the file that osha places. */
  readonly placed?: string;
  /** What is in a file of the operator's own, which the unit reads after it. */
  readonly later?: string;
  readonly start?: string;
}

/** What the script says of such a unit that does not run. */
function directoryOf({
  environment = 'DAEMON_ARGS= ETCD_NAME=c1 ETCD_DATA_DIR=/var/lib/etcd/default',
  placed = '',
  later = '',
  start = '/usr/bin/etcd $DAEMON_ARGS',
}: Unit): unknown {
  const systemctl = `cat <<END
Environment=${environment}
EnvironmentFiles=$OWN/placed (ignore_errors=yes)
EnvironmentFiles=$OWN/later (ignore_errors=yes)
ExecStart={ path=/usr/bin/etcd ; argv[]=${start.replaceAll('$', '\\$')} ; ignore_errors=no ; pid=0 }
END`;
  return inFolder({ systemctl }, (folder, path) => {
    writeFileSync(join(folder, 'placed'), placed);
    writeFileSync(join(folder, 'later'), later);
    const script = dataDirectoryScript(platform).replaceAll(platform.paths.etcdEnv, `${folder}/placed`);
    const { stdout } = runHere(`export OWN=${folder} ${path}\nu=etcd pid=0\n${script}`);
    return dataDirectoryOf(stdout.split('\n'));
  });
}

describe('where etcd keeps its data', () => {
  const cases: readonly (readonly [string, Unit, object])[] = [
    ["is what the package's unit says", {}, { now: USUAL, next: USUAL }],
    [
      'is another directory now where a file says so that osha will replace',
      { placed: 'ETCD_NAME=c1\nETCD_DATA_DIR="/srv/etcd"\n' },
      { now: '/srv/etcd', next: USUAL },
    ],
    [
      'stays in another directory where a later file says so',
      { placed: `ETCD_DATA_DIR=${USUAL}\n`, later: 'ETCD_DATA_DIR=/srv/etcd\n' },
      { now: '/srv/etcd', next: '/srv/etcd' },
    ],
    [
      'stays in another directory where an option of the command says so',
      { placed: `ETCD_DATA_DIR=${USUAL}\n`, start: '/usr/bin/etcd --data-dir /srv/etcd --debug' },
      { now: '/srv/etcd', next: '/srv/etcd' },
    ],
    [
      'is another directory now where a file that osha will replace gives the option',
      { placed: 'DAEMON_ARGS="--data-dir=/srv/etcd"\n' },
      { now: '/srv/etcd', next: USUAL },
    ],
    [
      'cannot be told where etcd reads a file of its own',
      { start: '/usr/bin/etcd --config-file /etc/etcd.yaml' },
      {},
    ],
  ];
  it.each(cases)('%s', (_name, unit, expected) => {
    expect(directoryOf(unit)).toEqual(expected);
  });
});
