import { afterEach, describe, expect, it } from 'vitest';
import {
  API_SCRIPT,
  type ApiRequest,
  type ApiSession,
  apiJob,
} from '../../../../playbooks/openstack/operations/api-session.ts';
import type { ProbeAnswer } from '../../../../src/playbook/operation.ts';
import { Secret } from '../../../../src/secrets/secret.ts';
import { ADMIN_PASSWORD, startCloud, type Cloud } from './cloud.ts';
import { runMeanwhile } from './meanwhile.ts';
import { listImages, NOWHERE, sessionAt } from './sessions.ts';

let cloud: Cloud;
afterEach(() => cloud.close());

const session = (): ApiSession => sessionAt(cloud.origin);

/** Sends requests like a change. */
function send(requests: readonly ApiRequest[], who: ApiSession = session()): Promise<ProbeAnswer> {
  return runMeanwhile(API_SCRIPT, apiJob(who, requests, { together: 0 }));
}

describe('the script of a change', () => {
  const create = (name: string, more: object = {}): ApiRequest => ({
    service: 'identity',
    method: 'POST',
    path: '/projects',
    body: { project: { name, domain_id: 'default' } },
    ...more,
  });

  it('sends requests one at a time, and uses values of earlier responses in later ones', async () => {
    cloud = await startCloud({ others: () => ({ status: 200, body: {} }) });
    listImages(cloud);
    const done = await send([
      create('service', { save: { project: 'project.id' } }),
      {
        service: 'identity',
        path: '/projects?name=service',
        save: { found: 'projects.0.id', name: 'projects.0.name' },
      },
      {
        service: 'image',
        method: 'PUT',
        path: '/of/{project}',
        body: {
          id: '{found}',
          list: ['{name}', { deep: 'a {name}' }],
          left: '{unknown}',
          number: 1,
          yes: true,
          none: null,
        },
      },
    ]);
    expect(done).toEqual({ stdout: '', stderr: '', exitCode: 0 });
    expect(cloud.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v3/projects',
      'GET /v3/projects?name=service',
      'PUT /image/v2/of/project-1',
    ]);
    expect(cloud.calls[2]?.body).toEqual({
      id: 'project-1',
      list: ['service', { deep: 'a service' }],
      left: '{unknown}',
      number: 1,
      yes: true,
      none: null,
    });
  });

  it('continues after an accepted error status', async () => {
    cloud = await startCloud();
    expect(await send([create('admin', { accept: [409] }), create('service')])).toMatchObject({
      exitCode: 0,
    });
    expect(cloud.lists['projects']?.map(({ name }) => name)).toEqual(['admin', 'service']);
  });

  const failing: readonly (readonly [string, readonly [ApiRequest, Partial<ApiSession>?], RegExp])[] = [
    [
      'is rejected',
      [create('admin')],
      /^POST \/projects: 409 .*Conflict occurred attempting to store project/,
    ],
    [
      'does not return a value that a later one needs',
      [{ service: 'identity', path: '/users?name=nova', save: { users: 'users.0.id' } }],
      /^GET \/users\?name=nova: 0 its response has no users\.0\.id$/,
    ],
    [
      'is for a service missing from the catalogue',
      [{ service: 'compute', path: '/flavors' }],
      /^GET \/flavors: 0 the catalogue has no compute$/,
    ],
    [
      'is not sent, because the password is wrong',
      [create('new'), { password: new Secret('openstackAdmin', 'wrong-word') }],
      /^logging in as admin at http:\/\/127\.0\.0\.1:\d+\/v3: 401 .*requires authentication/,
    ],
    [
      'is not sent, because nothing answers',
      [create('new'), { authUrl: NOWHERE }],
      /^logging in as admin at http:\/\/127\.0\.0\.1:1\/v3: 0 .*refused/,
    ],
  ];
  it.each(failing)(
    'fails at the first request that %s, with its error',
    async (_why, [request, who], words) => {
      cloud = await startCloud();
      const { stdout, stderr, exitCode } = await send([request, create('later')], { ...session(), ...who });
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
      expect(stderr.trim()).toMatch(words);
      expect(cloud.lists['projects']?.map(({ name }) => name)).toEqual(['admin']);
    },
  );

  it('has its secrets only on stdin, and sends them only to the service', async () => {
    cloud = await startCloud();
    const nova = new Secret('novaAccount', 'mX4nB7vC2zL9kJ5h');
    const user = { name: 'nova', domain_id: 'default', password: nova };
    const requests: readonly ApiRequest[] = [
      { service: 'identity', method: 'POST', path: '/users', body: { user } },
      { service: 'identity', method: 'POST', path: '/users', body: { user } },
    ];
    const { stdout, stderr, exitCode } = await send(requests);
    expect(exitCode).toBe(1);
    expect(cloud.lists['users']?.at(-1)).toMatchObject({ name: 'nova', password: nova.reveal() });
    const job = apiJob(session(), requests, { together: 0 });
    expect(job.secrets().map(({ name }) => name)).toEqual(['openstackAdmin', 'novaAccount', 'novaAccount']);
    for (const secret of [ADMIN_PASSWORD, nova.reveal()]) {
      expect(`${stdout}${stderr}${API_SCRIPT}${String(job)}`).not.toContain(secret);
    }
  });
});
