import type { Duplex } from 'node:stream';
import type { Dial } from '../dial.ts';
import { CloudError, NotSent } from '../errors.ts';
import { GUEST_PORT } from '../guest.ts';
import { make, type Round, until } from './round.ts';

/** Milliseconds to wait for the guest's words on one connection. */
const HEARD_WITHIN_MS = 4_000;
/** The most likely port of an unknown image; a refused connection is an answer too. */
const SSH_PORT = 22;

export interface FloatingNeeds {
  readonly server: string;
  readonly outside: string;
  readonly router: string;
  /** What the guest sends; absent for an unknown image. */
  readonly marker?: string;
  readonly withinMs: number;
}

/** A place to connect from. */
interface Asker {
  readonly name: string;
  readonly dial: Dial;
}

/** Gives the server a floating address, and connects to it from this machine and from the hosts until it answers. Returns what was observed. */
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
      // The first answer is enough: an attempt from a host that is down takes much longer.
      const heard = await firstOf(askers, async (asker) => {
        const answer = await ask(round, asker, address, needs.marker);
        said.set(asker.name, answer.said);
        return answer.heard;
      });
      if (!heard) say(`it does not answer: ${inWords(said)}`);
      return heard;
    },
  }).catch(async (error: unknown) => {
    if (!(error instanceof CloudError)) throw error;
    throw new CloudError(`${error.message}; ${await routerOf(round, needs.router)}`, {
      service: 'network',
      hint: 'are the ports of the router and the external interface in one bridge on that host (bridge link), and do the Linux bridge agents run? See: osha status INVENTORY',
    });
  });
  return `${address} answers to ${heard.name}; ${await routerOf(round, needs.router)}`;
}

/** The results by reason, askers with the same one together. */
function inWords(said: ReadonlyMap<string, string>): string {
  const words = [...new Set(said.values())].sort();
  return words
    .map((word) => `${[...said].flatMap(([name, one]) => (one === word ? [name] : [])).join(', ')}: ${word}`)
    .join('; ');
}

/** The hosts of the router's copies, and their states. */
async function routerOf({ api }: Round, router: string): Promise<string> {
  const { agents } = await api.get<{
    readonly agents: readonly { readonly host: string; readonly ha_state?: string | null }[];
  }>('network', `/v2.0/routers/${router}/l3-agents`);
  const places = agents.map(({ host, ha_state: state }) => `${state ?? 'there'} on ${host}`).sort();
  return `the router is ${places.length === 0 ? 'nowhere' : places.join(', ')}`;
}

/** The first item for which `so` becomes true, without waiting for the others; `undefined` if it does for none. */
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
      said: said === '' ? 'connected, and received nothing' : `received ${JSON.stringify(said.slice(0, 80))}`,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NotSent)) throw error;
    // A refusal proves that something is there.
    return { heard: marker === undefined && /refused/i.test(error.message), said: whyNot(error.message) };
  }
}

/** A reason without the names of who connects to whom. */
function whyNot(message: string): string {
  if (/refused/i.test(message)) return 'refused';
  if (/EHOSTUNREACH|No route/i.test(message)) return 'no route to it';
  return /does not (?:answer|connect)/.test(message) ? 'no answer' : message;
}

/** What is received until a line is complete, the other end closes, or the time is up. */
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
