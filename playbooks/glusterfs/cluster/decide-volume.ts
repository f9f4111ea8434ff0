import type { ClusterDecision, Decided, Evidence, HostChange } from 'osha';
import type { ChangeContext } from './changes.ts';
import * as changes from './changes.ts';
import type { KnownVolume, Volume } from './observe.ts';
import { away, madeOtherwise, movedBrick, notEmpty, severalOf, unaware, unmounted } from './doubts.ts';
import { brickPathOf, brickState, isReached, known, names, type Reached, type Server } from './servers.ts';

/**
 * What a volume needs, with a copy on every server. It is created and started once; servers that are new are given a
 * copy; bricks that do not run are started; options that differ are set.
 *
 * A brick that is empty, though the volume has one there, is healed from the others, once all of those are online.
 * Refused: a brick in a directory that holds other data; on a disk that is not mounted; the last copy; another path than
 * the volume has; to create it or add to it while a server cannot be reached. Nothing is ever deleted, and bricks on
 * hosts that the inventory does not name are left alone.
 */
export function decideVolume(
  servers: readonly Server[],
  volume: Volume,
  context: ChangeContext,
): ClusterDecision {
  const found = known(servers, volume.name);
  const decided =
    severalOf(servers, volume) ??
    (found ? keep(servers, volume, found, context) : make(servers, volume, context));
  return { ...decided, evidence: volumeEvidence(servers, volume, found) };
}

function make(servers: readonly Server[], volume: Volume, context: ChangeContext): Decided {
  const reached = servers.filter(isReached);
  const refused = away(servers, `${volume.name} is to be created`) ?? unmounted(reached, volume);
  if (refused) return refused;
  const taken = notEmpty(reached, volume);
  if (taken) return taken;
  const [first] = reached;
  if (!first) return { verdict: 'converged' };
  return {
    verdict: 'change',
    because: `there is no volume ${volume.name}`,
    stages: [
      absentBricks(reached, volume).map(({ name }) => changes.makeBrick(context, name, volume)),
      [changes.create(context, first.name, volume, servers)],
      ...optionStage(volume, new Map(), first, context),
      [changes.start(context, first.name, volume, false)],
      reached.map(({ name }) => changes.awaitBrick(context, name, volume)),
    ].filter((stage) => stage.length > 0),
  };
}

function keep(
  servers: readonly Server[],
  volume: Volume,
  found: KnownVolume,
  context: ChangeContext,
): Decided {
  const reached = servers.filter(isReached);
  const [on] = reached.filter(({ observed }) => observed.volumes.some(({ name }) => name === volume.name));
  if (!on) return { verdict: 'converged' };
  const refused = movedBrick(servers, volume, found) ?? unmounted(reached, volume);
  if (refused) return refused;
  const stages: (readonly HostChange[])[] = [];
  const because: string[] = [];
  const owners = reached.filter((server) => brickPathOf(found, server) !== undefined);
  const lost = owners.filter((server) => !hasBrick(server, volume, found));
  const newcomers = servers.filter((server) => brickPathOf(found, server) === undefined);
  const offline = owners.filter(
    (server) => !lost.includes(server) && !server.observed.bricks.get(volume.name)?.online,
  );
  if (!found.started && (lost.length === 0 || offline.length > 0)) {
    // Without force, it does not start where a brick is lost.
    stages.push([changes.start(context, on.name, volume, lost.length > 0)]);
    because.push(`${volume.name} is not started`);
  }
  // Those that only do not run are started first, and the others healed from them in the next round.
  if (lost.length > 0 && offline.length === 0) {
    const healed = heal(servers, owners, lost, volume, found, context);
    if (healed.verdict !== 'change') return healed;
    stages.push(...healed.stages);
    because.push(healed.because);
  }
  if (lost.length === 0 && newcomers.length > 0 && found.started && offline.length === 0) {
    const grown = grow(servers, newcomers, volume, found, context);
    if (grown.verdict !== 'change') return grown;
    stages.push(...grown.stages);
    because.push(grown.because);
  }
  if (offline.length > 0) {
    if (found.started) stages.push([changes.start(context, on.name, volume, true)]);
    stages.push(offline.map(({ name }) => changes.awaitBrick(context, name, volume)));
    because.push(`the brick of ${volume.name} does not run on ${names(offline)}`);
  }
  const options = optionStage(volume, found.options, on, context);
  if (options.length > 0) {
    stages.push(...options);
    because.push(`options of ${volume.name} differ`);
  }
  if (stages.length === 0) return { verdict: 'converged' };
  const left = offline.length > 0 || lost.length > 0 || !found.started ? [...lost, ...newcomers] : [];
  return {
    verdict: 'change',
    because: because.join('; '),
    stages,
    ...(left.length > 0 ? { then: `the brick of ${volume.name} on ${names(left)}` } : {}),
  };
}

/** True where its directory is a brick of this very volume. */
function hasBrick(server: Reached, volume: Volume, found: KnownVolume): boolean {
  return server.observed.bricks.get(volume.name)?.volumeId === found.id;
}

function absentBricks(reached: readonly Reached[], volume: Volume): readonly Reached[] {
  return reached.filter(({ observed }) => !observed.bricks.get(volume.name)?.exists);
}

/** Bricks whose data is gone are healed from all others, which are online: one that is not may be the newest. */
function heal(
  servers: readonly Server[],
  owners: readonly Reached[],
  lost: readonly Reached[],
  volume: Volume,
  found: KnownVolume,
  context: ChangeContext,
): Decided {
  const missing = away(servers, `the brick of ${volume.name} on ${names(lost)} is empty`);
  if (missing) return missing;
  const taken =
    notEmpty(lost, volume) ?? madeOtherwise(volume, found, ['Replicate']) ?? unaware(lost, volume);
  if (taken) return taken;
  const whole = owners.filter((server) => !lost.includes(server));
  if (whole.length === 0) {
    return {
      verdict: 'refuse',
      reason: `the data of ${volume.name} is gone on ${names(lost)}, and there is no other copy in sight`,
      hint: 'is its disk mounted? Else delete the volume (gluster volume delete), and restore it from a backup',
    };
  }
  const gone = lost.flatMap(({ name, address }) => [`${name}:`, `${address}:`]);
  const others = found.bricks.filter((brick) => !gone.some((host) => brick.startsWith(host)));
  return {
    verdict: 'change',
    because: `the brick of ${volume.name} on ${names(lost)} is empty: it was rebuilt`,
    stages: lost.flatMap((server) => [
      [
        changes.renewBrick(
          context,
          server,
          volume,
          owners.filter((other) => other !== server),
        ),
      ],
      [changes.resetBrick(context, volume, server, { others, replica: found.bricks.length })],
      [changes.awaitBrick(context, server.name, volume)],
    ]),
  };
}

/** New servers are given a copy while all others are online: they note then what the new one lacks. */
function grow(
  servers: readonly Server[],
  newcomers: readonly Server[],
  volume: Volume,
  found: KnownVolume,
  context: ChangeContext,
): Decided {
  const missing = away(servers, `${names(newcomers)} is to be given a copy of ${volume.name}`);
  if (missing) return missing;
  const reached = newcomers.filter(isReached);
  const kinds = found.bricks.length === 1 ? ['Replicate', 'Distribute'] : ['Replicate'];
  const refused =
    notEmpty(reached, volume) ?? madeOtherwise(volume, found, kinds) ?? unaware(reached, volume);
  if (refused) return refused;
  return {
    verdict: 'change',
    because: `no copy of ${volume.name} on ${names(newcomers)}`,
    stages: [
      absentBricks(reached, volume).map(({ name }) => changes.makeBrick(context, name, volume)),
      ...reached.flatMap((server, index) => [
        [
          changes.addBrick(context, volume, server, {
            others: found.bricks,
            replica: found.bricks.length + index + 1,
          }),
        ],
        [changes.awaitBrick(context, server.name, volume)],
      ]),
    ].filter((stage) => stage.length > 0),
  };
}

function optionStage(
  volume: Volume,
  present: ReadonlyMap<string, string>,
  on: Reached,
  context: ChangeContext,
): readonly (readonly HostChange[])[] {
  const differing = Object.entries(volume.options).filter(([key, value]) => present.get(key) !== value);
  return differing.length > 0 ? [[changes.setOptions(context, on.name, volume, differing)]] : [];
}

function volumeEvidence(
  servers: readonly Server[],
  volume: Volume,
  found: KnownVolume | undefined,
): Evidence {
  const strange = (found?.bricks ?? []).filter(
    (brick) =>
      !servers.some((server) => found && brick === `${server.name}:${brickPathOf(found, server) ?? ''}`),
  );
  return {
    columns: ['server', 'volume', 'brick', 'state'],
    rows: [
      ...servers.map((server) => {
        const path = found ? (brickPathOf(found, server) ?? 'none') : 'none';
        if (!isReached(server)) return [server.name, volume.name, path, `unreachable: ${server.reason}`];
        return [server.name, volume.name, path, brickState(server.observed.bricks.get(volume.name), found)];
      }),
      ...strange.map((brick) => [brick, volume.name, '', 'not in the inventory: left alone']),
    ],
  };
}
