import { describe, expect, it } from 'vitest';
import {
  observeMember,
  parseMember,
  type MemberObservation,
  dataDirectoryOf,
  dataDirectoryScript,
} from '../../../../playbooks/etcd/cluster/observe.ts';
import {
  identityOf,
  isOnlyBootstrap,
  identityIn,
  noteOf,
  formationOf,
} from '../../../../playbooks/etcd/cluster/identity.ts';
import { platformOf } from '../../../../src/platform/index.ts';
import { aHost } from '../../../support/inventory.ts';
import { runHere } from '../../../operations/local.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder } from '../../../operations/fake-commands.ts';

/** Beginning of a log of etcd 3.4.23, which reported itself as member 436252588e8f5d37 in cluster c553731fde57c079. */
const WAL =
  '04000000000000840804100000000000' +
  '1f00000000000081080110fefbf1c608' +
  '1a1508b7babdf488cb94b14310f980df' +
  'f2fde3dca9c501000e00000000000082';

/** Log of etcd 3.4.23 that waited for the other two members of a formation of three with the token "lab". */
const BOOTSTRAP =
  '040000000000008408041000000000001f00000000000081080110f2e59d980d1a150895b0e3c9c580c0a0c10110e2ffa7a4' +
  'a4c694ad20000e000000000000820805109f8c91d6051a040800100000006d00000000000083080210f9aeeeab0c1a630801' +
  '10011801225b0800100018a3d9dfb8ae8df08c47224b7b226964223a353132333333373631363438363832313032372c2270' +
  '65657255524c73223a5b22687474703a2f2f3132372e302e302e313a3332333830225d2c226e616d65223a2263227d000000' +
  '6f00000000000081080210a2b6e7f4051a65080110011802225d0800100018db87b3dc9fc780af9901224c7b226964223a31' +
  '313035313237323938333637303437333639312c227065657255524c73223a5b22687474703a2f2f3132372e302e302e313a' +
  '3232333830225d2c226e616d65223a2262227d006f0000000000008108021095fca18a011a65080110011803225d08001000' +
  '1895b0e3c9c580c0a0c101224c7b226964223a31333932353431313534313438333035313032392c227065657255524c7322' +
  '3a5b22687474703a2f2f3132372e302e302e313a3132333830225d2c226e616d65223a2261227d0010000000000000000803' +
  '10bfa0aca60b1a06080110001803190000000000008708031096b7f1f3021a0f08021095b0e3c9c580c0a0c1011803000000' +
  '000000001900000000000087080310c49d97aa061a0f08031095b0e3c9c580c0a0c101180300000000000000';

/** First entry of its first leader. */
const FIRST_OF_LEADER = '100000000000000008021086a2a391081a06080010451804';

const REST = '00'.repeat(64);

const STATUS =
  '{"header":{"cluster_id":"14841639068965178418","member_id":"10276657743932975437","raft_term":"2"},"version":"3.4.23","dbSize":"32768","leader":"10276657743932975437","raftIndex":"4","raftTerm":"2"}';
const LIST =
  '{"header":{},"members":[{"ID":"10276657743932975437","name":"a","peerURLs":["http://localhost:2380"],"clientURLs":["http://localhost:2379"]},{"ID":"17","peerURLs":["http://192.0.2.9:2380"]}]}';
const UNIT = 'ActiveState=active\nSubState=running\nUnitFileState=enabled\nnow=1795239339.2\n';

/** One response as curl prints it. */
function said(body: string, httpStatus = 200): string {
  return `${body}\nanswered 0 ${httpStatus} \n`;
}

function parse(stdout: string): MemberObservation {
  return parseMember('etcd', { stdout, stderr: '', exitCode: 0 });
}

describe('the identity in the data of a member', () => {
  it('is read from the log that etcd writes', () => {
    expect(identityOf(WAL)).toEqual({ member: '436252588e8f5d37', cluster: 'c553731fde57c079' });
  });

  it.each([
    ['nothing', ''],
    ['a log that was cut off', WAL.slice(0, 60)],
    ['zeros', '00'.repeat(64)],
    ['another file', Buffer.from('#!/bin/sh\necho this is not a log, is it?\n').toString('hex')],
  ])('is unknown in %s', (_name, hex) => {
    expect(identityOf(hex)).toBeUndefined();
  });
});

describe('a log that a formation left', () => {
  it('shows that its member never heard from a leader', () => {
    expect(isOnlyBootstrap(BOOTSTRAP + REST)).toBe(true);
  });

  it.each([
    ['a leader wrote to it', BOOTSTRAP + FIRST_OF_LEADER + REST],
    ['its end was not read', BOOTSTRAP],
    ['it is no log', Buffer.from('#!/bin/sh\necho this is not a log, is it?\n').toString('hex') + REST],
    ['it is empty', ''],
  ])('does not show it where %s', (_name, hex) => {
    expect(isOnlyBootstrap(hex)).toBe(false);
  });

  it('has the ids that derive from the parameters of the formation', () => {
    const initialCluster = 'a=http://127.0.0.1:12380,b=http://127.0.0.1:22380,c=http://127.0.0.1:32380';
    expect(identityIn({ token: 'lab', initialCluster }, 'a')).toEqual(identityOf(BOOTSTRAP));
    expect(identityIn({ token: 'lab-2', initialCluster }, 'a')).not.toEqual(identityOf(BOOTSTRAP));
    expect(identityIn({ token: 'lab', initialCluster }, 'd')).toBeUndefined();
  });

  it('is recorded in a note, and an empty note counts as none', () => {
    const formation = { token: 'lab-1795', initialCluster: 'a=http://192.0.2.11:2380' };
    expect(formationOf(noteOf(formation))).toEqual(formation);
    expect(formationOf('')).toBeUndefined();
    expect(
      parse(`${UNIT}note=${noteOf(formation)}\nwal=${BOOTSTRAP}\nlog=${BOOTSTRAP}${REST}\n`),
    ).toMatchObject({
      formation,
      data: { onlyBootstrap: true },
    });
  });
});

describe('the answer of a member', () => {
  it('keeps ids exact that JavaScript would round as numbers', () => {
    const { status } = parse(
      `${UNIT}installed=yes\nasked\n${said(STATUS)}${said(LIST)}${said('{"health":"true"}')}`,
    );
    expect(status).toEqual({
      cluster: 'cdf818194e3a8c32',
      member: '8e9e05c52164694d',
      version: '3.4.23',
      leader: '8e9e05c52164694d',
      term: 2,
      index: 4,
      sizeBytes: 32768,
      errors: [],
      listed: [
        { id: '8e9e05c52164694d', name: 'a', peerUrls: ['http://localhost:2380'] },
        { id: '11', name: '', peerUrls: ['http://192.0.2.9:2380'] },
      ],
      healthy: true,
    });
  });

  it('has no leader if etcd omits that field', () => {
    const without = STATUS.replace('"leader":"10276657743932975437",', '');
    const { status } = parse(`${UNIT}asked\n${said(without)}${said(LIST)}${said('{"health":"false"}')}`);
    expect(status?.leader).toBeUndefined();
    expect(status?.healthy).toBe(false);
  });

  it.each([
    ['the connection is refused', '\nanswered 7 000 Failed to connect\n', 'refused', /connection refused/],
    ['it times out', '\nanswered 28 000 Operation timed out\n', 'timeout', /timed out/],
    ['only the first request is answered', `${said(STATUS)}\nanswered 28 000 \n`, 'timeout', /timed out/],
    ['the connection breaks', '\nanswered 56 000 Recv failure\n', 'unintelligible', /Recv failure/],
    [
      'a proxy answers',
      said('<html>\n<p>no</p>\n</html>', 403),
      'unintelligible',
      /not an etcd response: HTTP 403: <html>/,
    ],
    ['something else answers', said('{"error":"unknown service"}', 404), 'unintelligible', /HTTP 404/],
    ['curl printed nothing', '', 'timeout', /no answer/],
  ])('gives no status where %s, but a reason', (_name, answers, kind, words) => {
    const { status, silence } = parse(`${UNIT}asked\n${answers}`);
    expect(status).toBeUndefined();
    expect(silence).toEqual({ kind, words: expect.stringMatching(words) as string });
  });

  it('distinguishes unreadable data from no data', () => {
    expect(parse(UNIT).data).toBeUndefined();
    expect(parse(`${UNIT}wal=00\n`).data).toEqual({ onlyBootstrap: false });
    expect(parse(`${UNIT}fragment=/var/lib/etcd/default/member/snap/db\n`).data).toEqual({
      fragment: '/var/lib/etcd/default/member/snap/db',
      onlyBootstrap: false,
    });
    expect(parse(`${UNIT}wal=${WAL}\n`).data?.identity?.cluster).toBe('c553731fde57c079');
  });
});

describe('the processes on a host', () => {
  it('are that of the unit with its addresses, and any other that holds the ports', () => {
    expect(parse(`${UNIT}process=yes\nlistens=192.0.2.11:2380\nintruder=0.0.0.0:2379 nginx\n`)).toMatchObject(
      { process: { listens: ['192.0.2.11:2380'] }, intruders: ['0.0.0.0:2379 nginx'] },
    );
  });

  it('count as listening if the sockets cannot be listed', () => {
    expect(parse(`${UNIT}process=yes\nsockets=unknown\n`).process?.listens).toEqual(['unknown']);
  });
});

describe('the probe', () => {
  const { script } = observeMember(platformOf('debian-12'), aHost('e1'));

  it('never queries through a proxy, whatever a file or the environment says', () => {
    const queries = script.split('\n').filter((line) => /\/v3\/|\/health/.test(line));
    expect(queries).toHaveLength(3);
    for (const query of queries) expect(query).toContain("--noproxy '*'");
    expect(queries[0]).toMatch(/curl -q /);
  });

  it('succeeds on a host without etcd', () => {
    const { stdout, exitCode } = runHere(script.replaceAll('/var/lib/etcd', '/nowhere/etcd'));
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain('wal=');
  });
});

const platform = platformOf('debian-12');
const USUAL = platform.paths.etcdData;

interface Unit {
  readonly environment?: string;
  /** Content of the file that osha writes. */
  readonly placed?: string;
  /** Content of a file of the operator's own, which the unit reads after it. */
  readonly later?: string;
  readonly start?: string;
}

/** Directories that the script finds for such a unit while it does not run. */
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

describe('the data directory', () => {
  const cases: readonly (readonly [string, Unit, object])[] = [
    ["is that of the package's unit", {}, { now: USUAL, next: USUAL }],
    [
      'changes if it is set in the file that osha replaces',
      { placed: 'ETCD_NAME=c1\nETCD_DATA_DIR="/srv/etcd"\n' },
      { now: '/srv/etcd', next: USUAL },
    ],
    [
      'stays if it is set in a later file',
      { placed: `ETCD_DATA_DIR=${USUAL}\n`, later: 'ETCD_DATA_DIR=/srv/etcd\n' },
      { now: '/srv/etcd', next: '/srv/etcd' },
    ],
    [
      'stays if it is set by an option of the command',
      { placed: `ETCD_DATA_DIR=${USUAL}\n`, start: '/usr/bin/etcd --data-dir /srv/etcd --debug' },
      { now: '/srv/etcd', next: '/srv/etcd' },
    ],
    [
      'changes if the option is set in the file that osha replaces',
      { placed: 'DAEMON_ARGS="--data-dir=/srv/etcd"\n' },
      { now: '/srv/etcd', next: USUAL },
    ],
    [
      'is unknown if etcd reads a configuration file of its own',
      { start: '/usr/bin/etcd --config-file /etc/etcd.yaml' },
      {},
    ],
  ];
  it.each(cases)('%s', (_name, unit, expected) => {
    expect(directoryOf(unit)).toEqual(expected);
  });
});
