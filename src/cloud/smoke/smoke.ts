import { Api } from '../api.ts';
import type { CloudService } from '../../playbook/cloud.ts';
import type { Cloud } from '../cloud.ts';
import { directly, type Dial } from '../dial.ts';
import { CloudError } from '../errors.ts';
import type { CloudEventSink } from '../events.ts';
import type { Hosts } from '../hosts.ts';
import { pause as realPause, type Pause } from '../../transport/timers.ts';
import { findWay } from '../way.ts';
import { makeGroup, makeKeypair } from './access.ts';
import { removeAll, type Left } from './cleanup.ts';
import { readConsole } from './console.ts';
import type { Begun } from './create.ts';
import { answersOutside } from './floating.ts';
import { existingImage, makeGuest } from './guest-images.ts';
import { checkImage } from './image.ts';
import { checkCatalogue } from './login.ts';
import { PREFIX, prefixOf } from './names.ts';
import { makeNetwork } from './network.ts';
import { PARTS, Parts, titled, type PartName, type Telling } from './parts.ts';
import type { Round } from './round.ts';
import { bootServer } from './server.ts';
import { checkVolumeType } from './volume-type.ts';

export interface SmokeOptions {
  readonly cloud: Cloud;
  readonly hosts: Hosts;
  /** How this machine connects; default TCP. */
  readonly direct?: Dial;
  /** Milliseconds for which a request is tried again. */
  readonly patienceMs: number;
  /** Milliseconds for everything to be removed. */
  readonly removalMs: number;
  readonly signal: AbortSignal;
  /** How it waits; default as long as it says. */
  readonly pause?: Pause;
  readonly emit: CloudEventSink;
}

export interface RoundOptions extends SmokeOptions {
  readonly run: string;
  /** False leaves the server out. */
  readonly server: boolean;
  /** An image of the cloud to boot instead of a guest that is made. */
  readonly image?: string;
  /** Leaves everything that it made, to be looked at. */
  readonly keep?: true;
  /** Milliseconds for the server to be ACTIVE, and again to speak. */
  readonly bootMs: number;
  /** What was made and is not removed yet, kept up to date. */
  readonly begun: Begun;
}

export interface SmokeResult {
  readonly ok: number;
  readonly failed: number;
  readonly skipped: number;
  readonly interrupted: boolean;
  /** No way led to the cloud. */
  readonly unreachable: boolean;
  readonly left: readonly Left[];
}

/** Milliseconds for a server that runs to be reached from outside: its router may just have moved. */
const REACHED_WITHIN_MS = 120_000;

/**
 * One round through the whole cloud, as its administrator. Everything that it makes it removes, also after a failure and
 * when `signal` is aborted. Nothing of the cloud's is thrown: it is told.
 */
export async function smokeRound(options: RoundOptions): Promise<SmokeResult> {
  const { cloud, run, emit, signal } = options;
  const parts = new Parts(emit, signal);
  emit({
    event: 'smoke-started',
    cloud: cloud.name,
    run,
    parts: titled(Object.keys(PARTS) as PartName[]),
  });
  const api = await loggedIn(parts, options);
  try {
    await checkAll(parts, api, options);
  } catch (defect) {
    await removed(parts, api, prefixOf(run), options);
    throw defect;
  }
  if (options.keep && !signal.aborted) {
    parts.skip('cleanup', 'as asked: --keep; --clean removes it');
    return resultOf(parts, signal, []);
  }
  return resultOf(parts, signal, await removed(parts, api, prefixOf(run), options));
}

/** Removes what earlier rounds left behind, whatever run they were. */
export async function cleanCloud(options: SmokeOptions & Pick<RoundOptions, 'begun'>): Promise<SmokeResult> {
  const { cloud, emit, signal } = options;
  const parts = new Parts(emit, signal);
  emit({ event: 'smoke-started', cloud: cloud.name, run: '', parts: titled(['login', 'cleanup']) });
  const api = await loggedIn(parts, options);
  return resultOf(parts, signal, await removed(parts, api, PREFIX, options, signal));
}

function resultOf(parts: Parts, signal: AbortSignal, left: readonly Left[]): SmokeResult {
  return {
    ok: parts.count('ok'),
    failed: parts.count('failed'),
    skipped: parts.count('skipped'),
    interrupted: signal.aborted,
    unreachable: parts.unreachable,
    left,
  };
}

async function loggedIn(parts: Parts, options: SmokeOptions): Promise<Api | undefined> {
  const { cloud, hosts, direct, patienceMs, signal, pause = realPause } = options;
  return parts.run('login', async ({ progress }) => {
    progress('looking for a way to the virtual IP');
    const { hostname: address, port } = new URL(cloud.credentials.authUrl);
    const way = await findWay({
      to: { address, port: Number(port) },
      hosts,
      through: [...cloud.entrances, ...cloud.control, ...cloud.network, ...cloud.compute].filter(
        (host, index, all) => all.indexOf(host) === index,
      ),
      signal,
      ...(direct ? { direct } : {}),
    });
    const api = new Api(
      {
        credentials: cloud.credentials,
        dial: way.dial,
        ...(cloud.trust === undefined ? {} : { trust: cloud.trust }),
        patienceMs,
        pause,
        onTrouble: parts.progress,
      },
      signal,
    );
    progress('asking for a token');
    return { value: api, note: `${await checkCatalogue(api, cloud)}, reached ${way.name()}` };
  });
}

async function checkAll(parts: Parts, api: Api | undefined, options: RoundOptions): Promise<void> {
  const { cloud, hosts, direct, run, begun, signal, bootMs, image, pause = realPause } = options;
  const has = (...services: readonly CloudService[]): boolean =>
    services.every((service) => cloud.services.includes(service));
  const lacking = (...services: readonly CloudService[]): string =>
    `not in openstack.services: ${services.filter((service) => !has(service)).join(', ')}`;
  /** Does a part, or says why not. Parts whose needs were left out on purpose are left out for the same reason. */
  const part = async <Value>(
    name: PartName,
    leftOut: string | undefined,
    work: (round: Round) => Promise<{ readonly value: Value; readonly note: string }>,
  ): Promise<Value | undefined> => {
    const why = signal.aborted ? 'interrupted before' : (leftOut ?? (api ? undefined : 'no way in'));
    if (why !== undefined || !api) {
      parts.skip(name, why ?? '');
      return undefined;
    }
    const round = (telling: Telling): Round => ({
      ...telling,
      ...{ cloud, api, hosts, run, begun, signal, pause, direct: direct ?? directly() },
    });
    return parts.run(name, (telling) => work(round(telling)));
  };
  const noteOnly = (note: string): { readonly value: true; readonly note: string } => ({ value: true, note });
  const failedBefore = (...needs: readonly PartName[]): string | undefined => {
    const failed = needs.find((need) => parts.outcomeOf(need) !== 'ok');
    return failed === undefined ? undefined : `it needs: ${PARTS[failed]}`;
  };

  await part('image', has('image') ? undefined : lacking('image'), async (round) =>
    noteOnly(await checkImage(round)),
  );
  const network = await part('network', has('network') ? undefined : lacking('network'), async (round) => {
    const made = await makeNetwork(round);
    return { value: made, note: made.note };
  });
  const access = await part('access', has('network') ? undefined : lacking('network'), async (round) => {
    const group = await makeGroup(round);
    if (!has('compute'))
      return { value: { group, keypair: '' }, note: 'without a keypair: that is of compute' };
    const keypair = await makeKeypair(round);
    return { value: { group, keypair }, note: 'ping and TCP are let in' };
  });
  await part('volume', has('volume') ? undefined : lacking('volume'), async (round) =>
    noteOnly(await checkVolumeType(round)),
  );

  const noServer = !options.server
    ? 'as asked: --no-server'
    : !has('compute')
      ? lacking('compute')
      : cloud.compute.length === 0
        ? 'no host has the role compute'
        : undefined;
  const guest = await part('guest', noServer ?? failedBefore('image', 'network', 'access'), async (round) => {
    const made = await (image === undefined ? makeGuest(round) : existingImage(round, image));
    return { value: made, note: made.note };
  });
  const server = await part('server', noServer ?? failedBefore('guest'), async (round) => {
    if (!guest || !network || !access) throw new CloudError('what the server needs is not there');
    const made = await bootServer(round, { guest, ...access, network: network.network, withinMs: bootMs });
    return { value: made, note: made.note };
  });
  const marker = guest?.marker;
  const silent = image !== undefined ? 'what an image of yours says is not known' : undefined;
  await part('console', noServer ?? silent ?? failedBefore('server'), async (round) => {
    if (!server || marker === undefined) throw new CloudError('there is no server');
    return noteOnly(await readConsole(round, server, { marker, withinMs: bootMs }));
  });
  const outside = network?.outside;
  const inside = network && outside === undefined ? 'there is no network outside' : undefined;
  await part('floating', noServer ?? inside ?? failedBefore('server'), async (round) => {
    if (!server || !network || outside === undefined) throw new CloudError('there is no server');
    return noteOnly(
      await answersOutside(round, {
        server: server.id,
        outside,
        router: network.router,
        withinMs: image === undefined ? REACHED_WITHIN_MS : Math.max(bootMs, REACHED_WITHIN_MS),
        ...(marker === undefined ? {} : { marker }),
      }),
    );
  });
}

async function removed(
  parts: Parts,
  api: Api | undefined,
  prefix: string,
  options: SmokeOptions & Pick<RoundOptions, 'begun'>,
  // Nothing stops this but a second Ctrl-C, which ends the process.
  signal = new AbortController().signal,
): Promise<readonly Left[]> {
  if (!api) {
    parts.skip('cleanup', 'nothing was made');
    return [];
  }
  let left: readonly Left[] = [];
  await parts.run('cleanup', async ({ progress }) => {
    const cleanup = await removeAll(api.with(signal), prefix, {
      withinMs: options.removalMs,
      signal,
      pause: options.pause ?? realPause,
      onProgress: progress,
      begun: options.begun,
    });
    left = cleanup.left;
    if (left.length > 0) {
      throw new CloudError(
        `left behind: ${left.map(({ kind, name, why }) => `${kind} ${name} (${why})`).join('; ')}`,
        { hint: 'later: osha smoke INVENTORY --clean' },
      );
    }
    const { length } = cleanup.removed;
    return { value: true, note: length === 0 ? 'there was nothing' : `${length} of ${length} are gone` };
  });
  return left;
}
