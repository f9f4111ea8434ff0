import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ApiAnswers,
  type ApiRequest,
  type ApiSession,
  apiProbe,
} from '../../../../playbooks/openstack/operations/api-session.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { folderForTest } from '../../../support/temporary-folder.ts';
import { CA } from '../../../operations/tls/samples.ts';
import { startCloud, type Cloud, type CloudOptions } from './cloud.ts';
import { runMeanwhile } from './meanwhile.ts';
import { listImages, NOWHERE, password, sessionAt } from './sessions.ts';
import { issue } from '../../../../src/operations/tls/issued.ts';

let cloud: Cloud | undefined;
afterEach(() => cloud?.close());

async function start(options?: CloudOptions): Promise<Cloud> {
  cloud = await startCloud(options);
  listImages(cloud);
  return cloud;
}

/** The probe's result for a session on this machine. */
async function ask(
  who: ApiSession,
  requests: readonly ApiRequest[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ApiAnswers> {
  const probe = apiProbe(who, requests, [], (answers) => answers);
  const answer = await runMeanwhile(probe.script, probe.input, environment);
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
  return probe.parse(answer);
}

describe('a probe of several services', () => {
  it('logs in once, finds them in the catalogue, and returns responses in the order of the requests', async () => {
    const { origin } = await start({
      others: ({ path }) =>
        ({
          '/image/v2/images': { status: 200, body: { images: ['a'] } },
          '/image/v2/text': { status: 503, body: '<html>busy</html>' },
          '/image/v2/nothing': { status: 204 },
        })[path],
    });
    const { login, answers } = await ask(sessionAt(origin), [
      { service: 'image', path: '/images' },
      { service: 'image', path: '/text' },
      { service: 'image', path: '/nothing' },
      { service: 'image', path: '/missing' },
      { service: 'compute', path: '/servers' },
      { url: `${origin}/image/v2/images` },
      { service: 'identity', path: '/roles' },
      { login: { user: 'admin', password } },
      { login: { user: 'admin', password: new Secret('a', 'wrong') } },
      { login: { user: 'admin', password, url: NOWHERE } },
    ]);
    expect(login).toMatchObject({ status: 201 });
    expect(answers).toMatchObject([
      { status: 200, body: { images: ['a'] } },
      { status: 503, body: '<html>busy</html>' },
      { status: 204, body: null },
      { status: 404, body: { error: { message: 'not here' } } },
      { status: 0, error: 'the catalogue has no compute' },
      { status: 200, body: { images: ['a'] } },
      { status: 200, body: { roles: [{ name: 'admin' }] } },
      { status: 201 },
      { status: 401 },
      { status: 0, error: expect.stringContaining('refused') as string },
    ]);
    expect(answers.every(({ ms }) => typeof ms === 'number' && ms >= 0)).toBe(true);
  });

  it('sends all requests concurrently', async () => {
    const waiting: (() => void)[] = [];
    const { origin } = await start({
      others: async () => {
        await new Promise<void>((go) => {
          waiting.push(go);
          if (waiting.length === 4) for (const each of waiting) each();
        });
        return { status: 200 };
      },
    });
    const { answers } = await ask(
      sessionAt(origin),
      Array.from({ length: 4 }, () => ({ service: 'image', path: '/' }) as const),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('returns the reason for a failed login, and sends no requests', async () => {
    const { origin, calls } = await start();
    const question = [{ service: 'image', path: '/images' }] as const;
    const wrong = { ...sessionAt(origin), password: new Secret('openstackAdmin', 'wrong-word') };
    const down = { ...sessionAt(origin), authUrl: NOWHERE };
    const said = await Promise.all([ask(wrong, question), ask(down, question)]);
    const because = (status: number, words: string): unknown => ({
      login: { status, error: expect.stringContaining(words) as string },
      answers: [],
    });
    expect(said).toMatchObject([because(401, 'requires authentication'), because(0, 'refused')]);
    expect(calls).toEqual([]);
  });

  it('logs in at the first URL that works, and returns the result of the first URL', async () => {
    const { origin } = await start();
    const session = { ...sessionAt(origin), authUrl: NOWHERE, otherUrls: [`${origin}/v3`] };
    const { login, answers } = await ask(session, [{ service: 'identity', path: '/roles' }]);
    expect(login).toMatchObject({ status: 0, error: expect.stringContaining('refused') as string });
    expect(answers).toMatchObject([{ status: 200 }]);
  });

  it("sends Keystone's requests to the URL of the login, not of the catalogue, and uses no proxy", async () => {
    const { origin, lists } = await start();
    for (const endpoint of lists['endpoints'] ?? []) Object.assign(endpoint, { url: NOWHERE });
    const proxies = { http_proxy: NOWHERE, https_proxy: NOWHERE, HTTP_PROXY: NOWHERE, ALL_PROXY: NOWHERE };
    const { answers } = await ask(sessionAt(origin), [{ service: 'identity', path: '/roles' }], proxies);
    expect(answers).toMatchObject([{ status: 200 }]);
  });

  it('parses any output of the script, even none', () => {
    const probe = apiProbe(sessionAt('http://192.0.2.20:5000'), [], [], (answers) => answers);
    const said = (stdout: string): ApiAnswers => probe.parse({ stdout, stderr: '', exitCode: 0 });
    expect(said('')).toEqual({
      login: { status: 0, error: 'python3 does not run on this host' },
      answers: [],
    });
    expect(() => said('Traceback')).toThrow('unexpected output of the API client: Traceback');
  });
});

describe('a probe over TLS', () => {
  let folder: string;
  beforeEach(() => {
    folder = folderForTest();
  });

  it('trusts the given CA, and no other', async () => {
    const pem = (await issue(CA, { names: ['127.0.0.1'], days: 30 }, Date.now() / 1000)).reveal();
    const { origin } = await start({ tls: { key: pem, cert: pem } });
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, CA.certificate);
    const question = [{ service: 'identity', path: '/roles' }] as const;
    const session = sessionAt(origin);
    const [trusted, strange] = await Promise.all([ask({ ...session, ca }, question), ask(session, question)]);
    expect(trusted).toMatchObject({ login: { status: 201 }, answers: [{ status: 200 }] });
    expect(strange).toMatchObject({
      login: { status: 0, error: expect.stringContaining('CERTIFICATE_VERIFY_FAILED') as string },
    });
  });
});
