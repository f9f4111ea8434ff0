import { get } from 'node:http';
import { connect } from 'node:net';
import type { Vip } from '../../../src/inventory/types.ts';
import { sleep } from '../run.ts';

/** The page that HAProxy serves on each of its virtual IPs. */
const ALIVE = { port: 1080, path: '/alive' };
/** What answers on an address without HAProxy: the sshd of its holder. */
const SSHD = 22;
/** A slower answer does not count. */
const PATIENCE_MS = 500;
const EVERY_MS = 100;

/** Whether a virtual IP answers on a new connection from this machine. */
export function answers(vip: Pick<Vip, 'address' | 'haproxy'>): Promise<boolean> {
  return vip.haproxy ? pageAnswers(vip.address) : portAnswers(vip.address);
}

/**
 * Milliseconds for which a virtual IP did not answer during `disturb`, from the last answer before to the first one after;
 * about 100 if it always answered. Throws if it is still silent `withinMs` later.
 */
export async function silenceOf(
  vip: Pick<Vip, 'name' | 'address' | 'haproxy'>,
  withinMs: number,
  disturb: () => Promise<void>,
): Promise<number> {
  const heard: number[] = [];
  let over = false;
  const listening = (async () => {
    while (!over) {
      if (await answers(vip)) heard.push(Date.now());
      await sleep(EVERY_MS);
    }
  })();
  try {
    const hearAfter = async (moment: number): Promise<void> => {
      while ((heard.at(-1) ?? 0) <= moment) {
        if (Date.now() - moment > withinMs) {
          throw new Error(`${vip.name} (${vip.address}) does not answer within ${withinMs / 1000} s`);
        }
        await sleep(EVERY_MS);
      }
    };
    await hearAfter(Date.now());
    await disturb();
    await hearAfter(Date.now());
  } finally {
    over = true;
    await listening;
  }
  return longestGap(heard);
}

/** The longest gap between consecutive moments; 0 for fewer than two. */
export function longestGap(moments: readonly number[]): number {
  return moments.reduce((longest, moment, index) => {
    const before = moments[index - 1];
    return before === undefined ? longest : Math.max(longest, moment - before);
  }, 0);
}

function pageAnswers(address: string): Promise<boolean> {
  return new Promise((done) => {
    const request = get({ host: address, ...ALIVE, agent: false, timeout: PATIENCE_MS }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy()).on('error', () => done(false));
  });
}

function portAnswers(address: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: address, port: SSHD, timeout: PATIENCE_MS });
    const end = (answered: boolean) => (): void => {
      socket.destroy();
      done(answered);
    };
    socket.on('connect', end(true)).on('timeout', end(false)).on('error', end(false));
  });
}
