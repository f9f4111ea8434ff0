import { get } from 'node:http';
import { connect } from 'node:net';
import type { Vip } from '../../../src/inventory/types.ts';
import { sleep } from '../run.ts';

/** The page that HAProxy answers on every virtual IP that it stands behind. */
const ALIVE = { port: 1080, path: '/alive' };
/** What answers on an address with nothing behind it: the sshd of the host that holds it. */
const SSHD = 22;
/** An answer that takes longer is none. */
const PATIENCE_MS = 500;
const EVERY_MS = 100;

/** True where a virtual IP answers, asked from this machine by a connection of its own. */
export function answers(vip: Pick<Vip, 'address' | 'haproxy'>): Promise<boolean> {
  return vip.haproxy ? pageAnswers(vip.address) : portAnswers(vip.address);
}

/**
 * How many milliseconds a virtual IP did not answer when `disturb` was done, from the last answer before to the first one after;
 * about 100 where it always did. Throws when it is still silent `withinMs` after that.
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

/** The longest time between two moments that follow each other; 0 of fewer than two. */
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
