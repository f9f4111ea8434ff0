import type { Duplex } from 'node:stream';
import type { Dial } from '../dial.ts';
import { CloudError, NotSent } from '../errors.ts';
import { GUEST_PORT } from '../guest.ts';
import { make, type Round } from './round.ts';
import { until } from './until.ts';

/** Milliseconds for one attempt to hear the guest. */
const HEARD_WITHIN_MS = 4_000;
/** Where a server of an unknown image most likely answers; that it refuses is an answer too. */
const SSH_PORT = 22;

export interface FloatingNeeds {
  readonly server: string;
  readonly outside: string;
  readonly router: string;
  /** What the guest says; absent where that is not known. */
  readonly marker?: string;
  readonly withinMs: number;
}

/** Somewhere to ask from. */
interface Asker {
  readonly name: string;
  readonly dial: Dial;
}

/** Gives the server a floating address and asks there until it answers: from this machine, and from the hosts. Returns what was seen. */
export async function answersOutside(round: Round, needs: FloatingNeeds): Promise<string> {
  const { api, cloud, hosts, direct } = round;
  const port = await portOf(round, needs.server);
  const id = await make(round, 'floating', 'floating', {
    path: '/v2.0/floatingips',
    key: 'floatingip',
    body: (description) => ({
      floatingip: { floating_network_id: needs.outside, port_id: port, description },
    }),
  });
  const { floatingip } = await api.get<{ readonly floatingip: { readonly floating_ip_address: string } }>(
    'network',
    `/v2.0/floatingips/${id}`,
  );
  const address = floatingip.floating_ip_address;
  const places = new Map([...cloud.network, ...cloud.control].map((host) => [host.name, host]));
  const askers: readonly Asker[] = [
    { name: 'this machine', dial: direct },
    ...[...places.values()].map((host) => ({ name: host.name, dial: hosts.from(host) })),
  ];
  const heard = await until(round, {
    what: `the server answers at ${address}`,
    withinMs: needs.withinMs,
    look: async (say) => {
      const said = new Map<string, string>();
      // The first who hears it is enough: a host that is down is waited for much longer.
      const heard = await firstOf(askers, async (asker) => {
        const answer = await ask(round, asker, address, needs.marker);
        said.set(asker.name, answer.said);
        return answer.heard;
      });
      if (!heard) say(`nobody hears it: ${inWords(said)}`);
      return heard;
    },
  }).catch(async (error: unknown) => {
    if (!(error instanceof CloudError)) throw error;
    throw new CloudError(`${error.message}; ${await routerOf(round, needs.router)}`, {
      service: 'network',
      hint: 'are the ports of the router and the external interface in one bridge on that host (bridge link), and do the Linux bridge agents run? See: osha status INVENTORY',
    });
  });
  return `${address} answers, asked from ${heard.name}; ${await routerOf(round, needs.router)}`;
}

/** What askers said, those who said the same together. */
function inWords(said: ReadonlyMap<string, string>): string {
  const words = [...new Set(said.values())].sort();
  return words
    .map((word) => `${[...said].flatMap(([name, one]) => (one === word ? [name] : [])).join(', ')}: ${word}`)
    .join('; ');
}

/** Where the router's copies are, and which of them is active. */
async function routerOf({ api }: Round, router: string): Promise<string> {
  const { agents } = await api.get<{
    readonly agents: readonly { readonly host: string; readonly ha_state?: string | null }[];
  }>('network', `/v2.0/routers/${router}/l3-agents`);
  const places = agents.map(({ host, ha_state: state }) => `${state ?? 'there'} on ${host}`).sort();
  return `the router is ${places.length === 0 ? 'nowhere' : places.join(', ')}`;
}

/** The first of which it turns out to be so, whatever the others still do; undefined where it is so of none. */
async function firstOf<Item>(
  items: readonly Item[],
  so: (item: Item) => Promise<boolean>,
): Promise<Item | undefined> {
  return new Promise((found, failed) => {
    const all = items.map(async (item) => {
      if (await so(item)) found(item);
    });
    Promise.all(all).then(() => found(undefined), failed);
  });
}

async function portOf({ api }: Round, server: string): Promise<string> {
  const { ports } = await api.get<{ readonly ports: readonly { readonly id: string }[] }>(
    'network',
    `/v2.0/ports?device_id=${server}&fields=id`,
  );
  const [port] = ports;
  if (!port) throw new CloudError('network: the server has no port', { service: 'network' });
  return port.id;
}

async function ask(
  { signal }: Round,
  { dial }: Asker,
  address: string,
  marker: string | undefined,
): Promise<{ readonly heard: boolean; readonly said: string }> {
  try {
    const stream = await dial({ address, port: marker === undefined ? SSH_PORT : GUEST_PORT }, signal);
    if (marker === undefined) {
      stream.destroy();
      return { heard: true, said: '' };
    }
    const said = await firstWords(stream);
    return {
      heard: said.includes(marker),
      said: said === '' ? 'connects and hears nothing' : `hears ${JSON.stringify(said.slice(0, 80))}`,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NotSent)) throw error;
    // Whoever refuses is there.
    return { heard: marker === undefined && /refused/i.test(error.message), said: whyNot(error.message) };
  }
}

/** The part of a reason that is not the same as who asks whom. */
function whyNot(message: string): string {
  if (/refused/i.test(message)) return 'refused';
  if (/EHOSTUNREACH|No route/i.test(message)) return 'no such host there';
  return /does not (?:answer|connect)/.test(message) ? 'no answer' : message;
}

/** All that comes until the other end closes, or for a while. */
function firstWords(stream: Duplex): Promise<string> {
  return new Promise((heard) => {
    let words = '';
    const done = (): void => {
      clearTimeout(late);
      stream.destroy();
      heard(words);
    };
    const late = setTimeout(done, HEARD_WITHIN_MS);
    stream.on('data', (chunk: Buffer) => {
      words += chunk.toString('utf8');
      if (words.includes('\n')) done();
    });
    stream.on('end', done).on('error', done).on('close', done);
  });
}
