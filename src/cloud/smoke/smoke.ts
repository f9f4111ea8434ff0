import { pause as realPause, type Pause } from '../../transport/timers.ts';
import type { CloudService } from '../../playbook/cloud.ts';
import type { EventSink, StepOutcome } from '../../runner/events.ts';
import { localRun, type RunSummary } from '../../runner/local-run.ts';
import { Api, type Cloud } from '../api.ts';
import { chooseDialer, directly, type Dial, type Hosts } from '../dial.ts';
import { CloudError } from '../errors.ts';
import { makeGroup, makeKeypair } from './access.ts';
import { removeAll } from './cleanup.ts';
import { readConsole } from './console.ts';
import { answersOutside } from './floating.ts';
import { existingImage, makeGuest } from './guest-images.ts';
import { checkImage } from './image.ts';
import { makeNetwork } from './network.ts';
import { type Round, type Begun, newRunId, PREFIX, prefixOf, make } from './round.ts';
import { bootServer } from './server.ts';
import { SmokePhase, STEPS, type Reports, type SmokeStep } from './smoke-phase.ts';
import { KINDS } from './kinds.ts';

export interface CloudTestOptions {
  readonly cloud: Cloud;
  readonly hosts: Hosts;
  /** How this machine connects; default TCP. */
  readonly direct?: Dial;
  /** Milliseconds for which a request is retried. */
  readonly patienceMs: number;
  /** Milliseconds for everything to be removed. */
  readonly removalMs: number;
  /** What was created and is not removed yet, kept up to date. */
  readonly begun: Begun;
  readonly signal: AbortSignal;
  /** How it waits; default in real time. */
  readonly pause?: Pause;
  /** What the user typed, for the journal. */
  readonly command: string;
  /** The inventory's file. */
  readonly inventory: string;
  readonly emit: EventSink;
}

export interface SmokeOptions extends CloudTestOptions {
  /** Rounds; the first one that fails is the last. */
  readonly rounds: number;
  /** False skips the server. */
  readonly server: boolean;
  /** An image of the cloud to boot instead of a guest that is built. */
  readonly image?: string | undefined;
  /** Keeps everything that it created, for inspection. */
  readonly keep?: true | undefined;
  /** Milliseconds for the server to become ACTIVE, and again to boot. */
  readonly bootMs: number;
  /** The ids of the rounds, part of the name of everything they create; default random. */
  readonly newId?: () => string;
}

export type SmokeSummary = RunSummary;

/** Milliseconds for a running server to be reached from outside: its router may just have moved. */
const REACHED_WITHIN_MS = 120_000;

/**
 * Uses the whole cloud as its administrator, in rounds; each is a phase. Returns the summary, which is also the last event.
 * Everything a round creates it removes, also after a failure and when `signal` is aborted. Failures of the cloud and its
 * hosts are events; throws only on a defect of osha.
 */
export async function smokeTest(options: SmokeOptions): Promise<SmokeSummary> {
  const { cloud, rounds, signal, newId = newRunId } = options;
  const names = Array.from({ length: rounds }, (_, round) => (rounds === 1 ? 'smoke' : `smoke-${round + 1}`));
  return asRun('smoke', names, options, async (name) => {
    const id = newId();
    const steps = Object.keys(STEPS) as SmokeStep[];
    const phase = new SmokePhase(
      { name, title: `Smoke test of ${cloud.name}, run ${id}`, steps },
      options.emit,
      signal,
    );
    const api = await logIn(phase, options);
    try {
      await checkAll(phase, api, id, options);
    } catch (defect) {
      await removeCreated(phase, api, prefixOf(id), options);
      throw defect;
    }
    if (options.keep && !signal.aborted) phase.skip('cleanup', '--keep; remove it with --clean');
    else await removeCreated(phase, api, prefixOf(id), options);
    return phase;
  });
}

/** Removes what earlier smoke tests left behind. Returns and throws like `smokeTest`. */
export async function cleanCloud(options: CloudTestOptions): Promise<SmokeSummary> {
  const { cloud, signal } = options;
  return asRun('clean', ['clean'], options, async (name) => {
    const phase = new SmokePhase(
      { name, title: `Remove leftovers from ${cloud.name}`, steps: ['login', 'cleanup'] },
      options.emit,
      signal,
    );
    await removeCreated(phase, await logIn(phase, options), PREFIX, options, signal);
    return phase;
  });
}

/** Runs phases serially, as a run of their own. The first one that fails is the last. */
async function asRun(
  mode: 'smoke' | 'clean',
  names: readonly string[],
  options: CloudTestOptions,
  runPhase: (name: string) => Promise<SmokePhase>,
): Promise<SmokeSummary> {
  const phases: SmokePhase[] = [];
  const count = (outcome: StepOutcome): number =>
    phases.reduce((total, phase) => total + phase.count(outcome), 0);
  return localRun(
    { ...options, mode, phases: names },
    async () => {
      for (const name of names) {
        const phase = await runPhase(name);
        phase.end();
        phases.push(phase);
        if (options.signal.aborted || phase.count('failed') > 0) return;
      }
    },
    () => ({
      ok: count('ok'),
      failed: count('failed'),
      skipped: count('skipped'),
      unreachable: phases.some((phase) => phase.isUnreachable) ? 1 : 0,
    }),
  );
}

async function logIn(phase: SmokePhase, options: CloudTestOptions): Promise<Api | undefined> {
  const { cloud, hosts, direct, patienceMs, signal, pause = realPause } = options;
  return phase.run('login', async ({ progress }) => {
    progress('finding a route to the virtual IP');
    const { hostname: address, port } = new URL(cloud.credentials.authUrl);
    const dialer = await chooseDialer({
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
        dial: dialer.dial,
        ...(cloud.trust === undefined ? {} : { trust: cloud.trust }),
        patienceMs,
        pause,
        onTrouble: phase.progress,
      },
      signal,
    );
    progress('requesting a token');
    return { value: api, note: `${await checkCatalogue(api, cloud)}, reached ${dialer.name()}` };
  });
}

async function checkAll(
  phase: SmokePhase,
  api: Api | undefined,
  run: string,
  options: SmokeOptions,
): Promise<void> {
  const { cloud, hosts, direct, begun, signal, bootMs, image, pause = realPause } = options;
  const has = (...services: readonly CloudService[]): boolean =>
    services.every((service) => cloud.services.includes(service));
  const lacking = (...services: readonly CloudService[]): string =>
    `not in openstack.services: ${services.filter((service) => !has(service)).join(', ')}`;
  /** Runs a step, or skips it with a reason. Steps that need one that was skipped on purpose are skipped for the same reason. */
  const step = async <Value>(
    name: SmokeStep,
    skipped: string | undefined,
    work: (round: Round) => Promise<{ readonly value: Value; readonly note: string }>,
  ): Promise<Value | undefined> => {
    const why = signal.aborted ? 'interrupted before' : (skipped ?? (api ? undefined : 'not logged in'));
    if (why !== undefined || !api) {
      phase.skip(name, why ?? '');
      return undefined;
    }
    const round = (reports: Reports): Round => ({
      ...reports,
      ...{ cloud, api, hosts, run, begun, signal, pause, direct: direct ?? directly() },
    });
    return phase.run(name, (reports) => work(round(reports)));
  };
  const noteOnly = (note: string): { readonly value: true; readonly note: string } => ({ value: true, note });
  const failedBefore = (...needs: readonly SmokeStep[]): string | undefined => {
    const failed = needs.find((need) => phase.outcomeOf(need) !== 'ok');
    return failed === undefined ? undefined : `it needs: ${STEPS[failed]}`;
  };

  await step('image', has('image') ? undefined : lacking('image'), async (round) =>
    noteOnly(await checkImage(round)),
  );
  const network = await step('network', has('network') ? undefined : lacking('network'), async (round) => {
    const made = await makeNetwork(round);
    return { value: made, note: made.note };
  });
  const access = await step('access', has('network') ? undefined : lacking('network'), async (round) => {
    const group = await makeGroup(round);
    if (!has('compute')) return { value: { group, keypair: '' }, note: 'no keypair: it needs compute' };
    const keypair = await makeKeypair(round);
    return { value: { group, keypair }, note: 'allows ping and TCP' };
  });
  await step('volume', has('volume') ? undefined : lacking('volume'), async (round) =>
    noteOnly(await checkVolumeType(round)),
  );

  const noServer = !options.server
    ? '--no-server'
    : !has('compute')
      ? lacking('compute')
      : cloud.compute.length === 0
        ? 'no host has the role compute'
        : undefined;
  const guest = await step('guest', noServer ?? failedBefore('image', 'network', 'access'), async (round) => {
    const made = await (image === undefined ? makeGuest(round) : existingImage(round, image));
    return { value: made, note: made.note };
  });
  const server = await step('server', noServer ?? failedBefore('guest'), async (round) => {
    if (!guest || !network || !access) throw new CloudError('the guest, network or keypair is missing');
    const made = await bootServer(round, { guest, ...access, network: network.network, withinMs: bootMs });
    return { value: made, note: made.note };
  });
  const marker = guest?.marker;
  const silent = image !== undefined ? 'the console of a --image is not checked' : undefined;
  await step('console', noServer ?? silent ?? failedBefore('server'), async (round) => {
    if (!server || marker === undefined) throw new CloudError('there is no server');
    return noteOnly(await readConsole(round, server, { marker, withinMs: bootMs }));
  });
  const outside = network?.outside;
  const inside = network && outside === undefined ? 'there is no external network' : undefined;
  await step('floating', noServer ?? inside ?? failedBefore('server'), async (round) => {
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

async function removeCreated(
  phase: SmokePhase,
  api: Api | undefined,
  prefix: string,
  options: CloudTestOptions,
  // Only a second Ctrl-C stops a cleanup: it ends the process.
  signal = new AbortController().signal,
): Promise<void> {
  if (!api) {
    phase.skip('cleanup', 'nothing was created');
    return;
  }
  await phase.run('cleanup', async ({ progress }) => {
    const { removed, left } = await removeAll(api.with(signal), prefix, {
      withinMs: options.removalMs,
      signal,
      pause: options.pause ?? realPause,
      onProgress: progress,
      begun: options.begun,
    });
    if (left.length > 0) {
      throw new CloudError(
        `left behind: ${left.map(({ kind, name, why }) => `${kind} ${name} (${why})`).join('; ')}`,
        { hint: 'remove it later: osha smoke INVENTORY --clean' },
      );
    }
    const { length } = removed;
    return { value: true, note: length === 0 ? 'nothing to remove' : `removed ${length} of ${length}` };
  });
}

/** Creates a volume type and reads it back. Returns what was observed. */
async function checkVolumeType(round: Round): Promise<string> {
  const id = await make(round, 'volumeType', 'type', {
    path: '/types',
    key: 'volume_type',
    body: (name) => ({ volume_type: { name, description: 'of osha smoke' } }),
  });
  if ((await round.api.find('volume', KINDS.volumeType.path(id))) === undefined) {
    throw new CloudError('volume: the volume type that was created does not exist', { service: 'volume' });
  }
  return 'created and read back';
}

/** Checks that every service of the inventory is in the catalogue, at the virtual IP. Returns what was observed. */
async function checkCatalogue(api: Api, cloud: Cloud): Promise<string> {
  const catalogue = await api.catalogue();
  const { hostname } = new URL(cloud.credentials.authUrl);
  for (const service of cloud.services) {
    const url = catalogue.url(service, '/');
    if (url.hostname !== hostname) {
      throw new CloudError(`identity: the catalogue has ${service} at ${url.host} instead of ${hostname}`, {
        service: 'identity',
        hint: 'register it at the virtual IP: osha deploy INVENTORY',
      });
    }
  }
  // No other step uses it.
  if (cloud.services.includes('placement')) await api.get('placement', '/');
  return `${cloud.services.length} services in the catalogue, all at ${hostname}`;
}
