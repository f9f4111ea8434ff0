import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changesOf, osha, startOsha } from '../support/osha.ts';
import { untilHealthy } from '../support/healthy.ts';
import { until } from '../support/until.ts';
import {
  API_VIP,
  ask,
  CONTROLLERS,
  DATABASE_VIP,
  holdersOf,
  INVENTORY,
  isValid,
  kill,
  login,
  start,
} from './cloud.ts';
import type { Figures } from './figures.ts';
import { activeOf, holdersOfRouter, NETWORK_API, untilTakeoverIsReady } from './router.ts';
import { sendQuery, stillWaits, takeBackQuery } from './waiting-query.ts';
import { everyApi, watch } from './watch.ts';

/** An upper bound for a move of the virtual IP and HAProxy's detection, on two cores; measured times are lower. */
const MOST_SILENCE_MS = 120_000;
/** Milliseconds for a host to recover from a hard stop. */
const MOST_RECOVERY_MS = 8 * 60_000;
/** Milliseconds after which Neutron counts an agent as dead, with a margin for two cores. */
const MOST_AGENT_MS = 150_000;
/** Milliseconds after which a host's kernel closes a dead connection, with a margin for two cores. */
const MOST_WAITING_MS = 60_000;
/** Where the guest of the smoke test answers. */
const GUEST_PORT = 7777;

const IMAGES = `http://${API_VIP}:9292/v2/images`;

/** Acknowledged objects that must survive. */
interface Kept {
  /** An image of random bytes. */
  readonly image: { readonly id: string; readonly sha256: string };
  /** The server's floating address. */
  readonly floating: string;
  readonly router: string;
  readonly token: string;
}

async function uploadedImage(token: string): Promise<Kept['image']> {
  const bytes = randomBytes(8 << 20);
  const headers = { 'x-auth-token': token, 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'osha-smoke-kept', disk_format: 'raw', container_format: 'bare' });
  const made = (await (await fetch(IMAGES, { method: 'POST', headers, body })).json()) as { id: string };
  const stored = await fetch(`${IMAGES}/${made.id}/file`, {
    method: 'PUT',
    headers: { 'x-auth-token': token, 'content-type': 'application/octet-stream' },
    body: bytes,
  });
  expect(stored.status).toBe(204);
  return { id: made.id, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function sha256Of(image: string): Promise<string> {
  const answer = await fetch(`${IMAGES}/${image}/file`, { headers: { 'x-auth-token': await login() } });
  return createHash('sha256')
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest('hex');
}

/** Resolves once the server answers at its floating address; rejects after two seconds. */
function speaks(address: string): Promise<void> {
  return new Promise((heard, silent) => {
    const socket = connect({ host: address, port: GUEST_PORT, timeout: 2000 });
    const give = (error: Error): void => {
      socket.destroy();
      silent(error);
    };
    socket.once('data', () => {
      socket.destroy();
      heard();
    });
    socket.once('timeout', () => give(new Error(`${address} is silent`)));
    socket.once('error', give);
    socket.once('end', () => give(new Error(`${address} said nothing`)));
  });
}

/** Each controller in turn loses power under load, and comes back. */
export function controllers(figures: Figures): void {
  let kept: Kept;
  /** Hosts with the active router when they died. */
  const lostRouters: string[] = [];
  /** Hosts through which a query was waiting for its result when they died. */
  const lostQueries: string[] = [];

  beforeAll(async () => {
    const smoke = await osha('smoke', INVENTORY, '--keep', '--json');
    expect(smoke.exitCode, smoke.stdout.slice(-3000) + smoke.stderr).toBe(0);
    const token = await login();
    const { floatingips } = (await ask(`${NETWORK_API}/floatingips`, token)) as {
      floatingips: { floating_ip_address: string; router_id: string; description: string }[];
    };
    const mine = floatingips.find(({ description }) => description.startsWith('osha-smoke-'));
    if (!mine) throw new Error('the smoke test kept no floating address');
    kept = {
      token,
      image: await uploadedImage(token),
      floating: mine.floating_ip_address,
      router: mine.router_id,
    };
  });

  afterAll(async () => {
    const cleaned = await osha('smoke', INVENTORY, '--clean');
    expect(cleaned.exitCode, cleaned.stdout + cleaned.stderr).toBe(0);
  });

  it('two of them hold the router, one active and one on standby', async () => {
    await untilTakeoverIsReady(kept.router, MOST_AGENT_MS);
  });

  describe.each(CONTROLLERS.map((host) => [host] as const))('%s', (host) => {
    it('loses power: every API answers again, and the server keeps answering', async () => {
      const routed = activeOf(await holdersOfRouter(kept.router)) === host;
      const balanced = (await holdersOf(DATABASE_VIP, CONTROLLERS)).includes(host);
      const [witness] = CONTROLLERS.filter((other) => other !== host) as [string, string];
      await sendQuery(witness);
      const seen = watch({ ...everyApi(kept.token), server: () => speaks(kept.floating) });
      await until('everything is watched', 30_000, async () =>
        Promise.resolve(seen.silenceMs('keystone') < 2000 && seen.silenceMs('server') < 2000),
      );
      const load = startOsha('smoke', INVENTORY, '--no-server', '--repeat', '2', '--json');
      await load.until(({ event }) => event === 'step-finished');
      await kill(host);
      const { exitCode, stdout, stderr } = await load.result;
      const silences = await seen.stop();
      figures.losses.set(host, silences);
      expect(exitCode, stdout.slice(-3000) + stderr).toBe(0);
      for (const [name, ms] of silences) expect(ms, name).toBeLessThan(MOST_SILENCE_MS);
      if (balanced) {
        lostQueries.push(host);
        await until('the waiting query fails', MOST_WAITING_MS, async () => !(await stillWaits(witness)));
      }
      await takeBackQuery(witness);
      if (!routed) return;
      lostRouters.push(host);
      await until('another host holds the router', MOST_AGENT_MS, async () => {
        const active = activeOf(await holdersOfRouter(kept.router));
        return active !== undefined && active !== host;
      });
    });

    it('loses no acknowledged object', async () => {
      expect(await sha256Of(kept.image.id)).toBe(kept.image.sha256);
      expect(await isValid(kept.token)).toBe(true);
    });

    it('comes back and recovers without manual work', async () => {
      await start(host);
      await untilHealthy(INVENTORY, MOST_RECOVERY_MS);
      const again = await osha('deploy', INVENTORY, '--json');
      expect(again.exitCode, again.stderr).toBe(0);
      expect(changesOf(again)).toEqual([]);
      await speaks(kept.floating);
    });
  });

  it('one of them had the active router when it died, so that traffic failed over', () => {
    expect(lostRouters).not.toEqual([]);
  });

  it('one of them held the virtual IP of the database when it died, and the waiting query failed', () => {
    expect(lostQueries).not.toEqual([]);
  });
}
