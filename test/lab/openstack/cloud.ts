import { resolve } from 'node:path';
import { hostsOf } from '../support/hosts.ts';
import { secretValues } from '../support/secrets.ts';

/** Three controllers and a compute host: paths and addresses of `inventory/lab-openstack.yaml`. */
export const INVENTORY = resolve(import.meta.dirname, '../../../inventory/lab-openstack.yaml');

export const CONTROLLERS = ['controller1', 'controller2', 'controller3'] as const;
export const HOSTS = [...CONTROLLERS, 'compute1'] as const;
/** Addresses of the controllers, by name. */
export const ADDRESSES = Object.fromEntries(
  CONTROLLERS.map((host, index) => [host, `172.29.80.${11 + index}`]),
);
export const COMPUTE_ADDRESS = '172.29.80.21';
export const API_VIP = '172.29.80.10';
export const DATABASE_VIP = '172.29.80.9';

export const { on, sql, kill, start, holdersOf } = hostsOf(INVENTORY);

/** A request to each service at the virtual IP that needs its database. */
export const QUESTIONS = {
  keystone: '',
  glance: `http://${API_VIP}:9292/v2/images?limit=1`,
  placement: `http://${API_VIP}:8778/resource_providers?name=none`,
  nova: `http://${API_VIP}:8774/v2.1/os-services`,
  neutron: `http://${API_VIP}:9696/v2.0/agents`,
  cinder: `http://${API_VIP}:8776/v3/os-services`,
} as const;

export type Service = keyof typeof QUESTIONS;
export const SERVICES = Object.keys(QUESTIONS) as readonly Service[];

/** Time limit of a request in milliseconds. */
const PATIENCE_MS = 3000;

/** Logs in as administrator and returns a token. Throws without an answer in time. */
export async function login(origin = `http://${API_VIP}:5000`): Promise<string> {
  const domain = { name: 'Default' };
  const user = { name: 'admin', domain, password: secretValues()['openstackAdmin'] };
  const answer = await fetch(`${origin}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user } },
        scope: { project: { name: 'admin', domain } },
      },
    }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  await answer.arrayBuffer();
  const token = answer.headers.get('x-subject-token');
  if (answer.status !== 201 || token === null) throw new Error(`Keystone answers ${answer.status}`);
  return token;
}

/** The body of a service's response. Throws on an error status or without an answer in time. */
export async function ask(url: string, token: string, timeoutMs = PATIENCE_MS): Promise<unknown> {
  const answer = await fetch(url, {
    headers: { 'x-auth-token': token },
    signal: AbortSignal.timeout(timeoutMs),
  });
  const body = await answer.text();
  if (!answer.ok) throw new Error(`${url} answers ${answer.status} ${body.slice(0, 200)}`);
  return body === '' ? undefined : (JSON.parse(body) as unknown);
}

/** Whether Keystone accepts a token. */
export async function isValid(token: string): Promise<boolean> {
  const answer = await fetch(`http://${API_VIP}:5000/v3/auth/tokens`, {
    headers: { 'x-auth-token': token, 'x-subject-token': token },
    signal: AbortSignal.timeout(10_000),
  });
  await answer.arrayBuffer();
  return answer.status === 200;
}
