import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpAnswer, eachHostAnswers } from '../../../../playbooks/openstack/operations/http-health.ts';
import type { Answer } from '../../../../src/playbook/operation.ts';
import { aHost } from '../../../support/inventory.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { runMeanwhile } from './meanwhile.ts';

const check = (port: number, statuses?: readonly number[]): ReturnType<typeof eachHostAnswers> =>
  eachHostAnswers({
    title: 'Keystone',
    hosts: [aHost('c1', { address: '127.0.0.1' })],
    port,
    path: '/v3',
    package: 'no-such-package',
    unit: 'keystone',
    ...(statuses ? { statuses } : {}),
  });

function judged(
  answer: Answer<HttpAnswer>,
  statuses?: readonly number[],
): readonly (readonly [boolean, string])[] {
  return check(5000, statuses)
    .judge(new Map([['c1', answer]]))
    .map(({ healthy, evidence }) => [healthy, evidence] as const);
}

describe('a service that answers over HTTP', () => {
  const said = (status: number): Answer<HttpAnswer> => ({
    reachable: true,
    observed: { status, seconds: 0.0124, version: '2:22.0.2-0+deb12u1' },
  });
  const cases: readonly (readonly [
    string,
    Answer<HttpAnswer>,
    readonly number[] | undefined,
    boolean,
    string,
  ])[] = [
    ['is healthy with status 200', said(200), undefined, true, '22.0.2, answers in 12 ms'],
    ['is healthy with status 300', said(300), undefined, true, '22.0.2, answers in 12 ms'],
    ['is unhealthy with another status', said(503), undefined, false, 'answers 503 on port 5000'],
    ['is healthy with an expected status', said(401), [401], true, '22.0.2, answers in 12 ms'],
    ['is unhealthy with an unexpected status', said(200), [401], false, 'answers 200 on port 5000'],
    ['is unhealthy without an answer', said(0), undefined, false, 'no answer on port 5000'],
    [
      'is unhealthy if its host is unreachable',
      { reachable: false, reason: 'no route to host' },
      undefined,
      false,
      'no route to host',
    ],
  ];
  it.each(cases)('%s', (_name, answer, statuses, healthy, evidence) => {
    expect(judged(answer, statuses)).toEqual([[healthy, evidence]]);
  });

  it('has a hint only if it is unhealthy', () => {
    const hints = [said(200), said(503), said(0)].map(
      (answer) => check(5000).judge(new Map([['c1', answer]]))[0]?.hint,
    );
    const hint = 'on c1, check its log and: systemctl status keystone';
    expect(hints).toEqual([undefined, hint, hint]);
  });
});

describe('its probe', () => {
  let folder: string;
  let close: () => void;
  beforeEach(() => {
    folder = folderForTest();
    writeFileSync(join(folder, 'dpkg-query'), '#!/bin/sh\necho 2:22.0.2-0\n', { mode: 0o755 });
  });
  afterEach(() => {
    close();
  });

  /** The probe's result for a server on this machine that returns this status. */
  async function observed(status: number, before = ''): Promise<HttpAnswer> {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/v3' ? status : 404).end();
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    close = () => void server.close();
    const asking = check((server.address() as AddressInfo).port);
    const asked = asking.probe(asking.members[0]!);
    const proxies = { http_proxy: 'http://127.0.0.1:1', ALL_PROXY: 'http://127.0.0.1:1' };
    const answer = await runMeanwhile(`PATH="${folder}:$PATH"\n${before}\n${asked.script}`, '', proxies);
    expect(answer.exitCode).toBe(0);
    return asked.parse(answer);
  }

  it('connects to the host without a proxy', async () => {
    const answer = await observed(300);
    expect(answer).toMatchObject({ status: 300, version: '2:22.0.2-0' });
    expect(answer.seconds).toBeGreaterThan(0);
  });

  const silent: readonly (readonly [string, string])[] = [
    ['nothing answers', 'curl() { printf "000 0.000123"; return 7; }'],
    ['curl is missing', 'curl() { return 127; }'],
  ];
  it.each(silent)('finds status 0 if %s', async (_where, before) => {
    expect(await observed(200, before)).toMatchObject({ status: 0, version: '2:22.0.2-0' });
  });
});
