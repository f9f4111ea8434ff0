import { describe, expect, it } from 'vitest';
import { observeMember, parseMember, type MemberObservation } from '../../../src/operations/etcd/observe.ts';
import { identityOf } from '../../../src/operations/etcd/wal.ts';
import { platformOf } from '../../../src/platform/index.ts';
import { aHost } from '../../support/inventory.ts';
import { runHere } from '../local.ts';

/** The beginning of a log that etcd 3.4.23 wrote; it said: member 436252588e8f5d37 in cluster c553731fde57c079. */
const WAL =
  '04000000000000840804100000000000' +
  '1f00000000000081080110fefbf1c608' +
  '1a1508b7babdf488cb94b14310f980df' +
  'f2fde3dca9c501000e00000000000082';

const STATUS =
  '{"header":{"cluster_id":"14841639068965178418","member_id":"10276657743932975437","raft_term":"2"},"version":"3.4.23","dbSize":"32768","leader":"10276657743932975437","raftIndex":"4","raftTerm":"2"}';
const LIST =
  '{"header":{},"members":[{"ID":"10276657743932975437","name":"a","peerURLs":["http://localhost:2380"],"clientURLs":["http://localhost:2379"]},{"ID":"17","peerURLs":["http://192.0.2.9:2380"]}]}';
const UNIT = 'ActiveState=active\nSubState=running\nUnitFileState=enabled\nnow=1795239339.2\n';

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

describe('what a member answers', () => {
  it('keeps ids exact that JavaScript would round as numbers', () => {
    const { status } = parse(`${UNIT}installed=yes\nasked\n${STATUS}\n${LIST}\n{"health":"true"}\n`);
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

  it('has no leader where etcd leaves that field out, and is not healthy then', () => {
    const without = STATUS.replace('"leader":"10276657743932975437",', '');
    const { status } = parse(`${UNIT}asked\n${without}\n${LIST}\n{"health":"false"}\n`);
    expect(status?.leader).toBeUndefined();
    expect(status?.healthy).toBe(false);
  });

  it.each([
    ['it does not answer', '\n\n\n'],
    ['it answers in part', `${STATUS}\n\n\n`],
    ['something else answers', '<html>\n<html>\n<html>\n'],
  ])('is nothing where %s', (_name, answers) => {
    expect(parse(`${UNIT}asked\n${answers}`).status).toBeUndefined();
  });

  it('tells data that cannot be read from no data', () => {
    expect(parse(UNIT).data).toBeUndefined();
    expect(parse(`${UNIT}wal=00\n`).data).toEqual({});
    expect(parse(`${UNIT}wal=${WAL}\n`).data?.identity?.cluster).toBe('c553731fde57c079');
  });
});

describe('the question', () => {
  it('copes with a host that has no etcd', () => {
    const { script } = observeMember(platformOf('debian-12'), aHost('e1'));
    const { stdout, exitCode } = runHere(script.replaceAll('/var/lib/etcd', '/nowhere/etcd'));
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain('wal=');
  });
});
