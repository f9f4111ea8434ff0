import {
  type Host,
  type Operation,
  type Platform,
  ProbeError,
  quote,
  rabbitmq,
  type ResourceKey,
  unitKey,
  within,
} from 'osha';

/** What a node says about its maintenance mode. */
export type Maintenance = 'drained' | 'ready' | 'down';

/**
 * The node is in maintenance mode (`drained`): it listens for no clients, has closed their connections, and leads no queue that
 * another node could lead (rabbitmq-upgrade(8)); or it serves clients again. RabbitMQ ends the mode when a node starts. A
 * node that does not run is left alone.
 */
export function maintenance(
  platform: Platform,
  host: Host,
  wanted: 'drained' | 'ready',
): Operation<Maintenance> {
  const { name } = host;
  const node = rabbitmq.nodeOf(host);
  const unit = platform.units.rabbitmq;
  const keys: readonly ResourceKey[] = [unitKey(unit), 'cluster:rabbitmq/members'];
  return {
    scope: 'host',
    title: wanted === 'drained' ? `${node} is in maintenance mode` : `${node} serves clients`,
    probe: {
      script: `timeout ${within('rabbitmqAnswers')} rabbitmqctl -q eval 'rabbit_maintenance:is_being_drained_local_read(node()).' 2>&1 </dev/null
[ $? -ne 0 ] || exit 0
systemctl -q is-active -- ${quote(unit)} || echo down`,
      reads: keys,
      parse: ({ stdout, stderr }) => parseMaintenance(`${stdout}${stderr}`),
    },
    decide: (state) => {
      if (state === wanted || state === 'down') return [];
      const verb = wanted === 'drained' ? 'drain' : 'revive';
      return [
        {
          summary:
            wanted === 'drained' ? `put ${name} in maintenance mode` : `end the maintenance mode of ${name}`,
          script: `rabbitmq-upgrade -q ${verb} </dev/null`,
          touches: keys,
        },
      ];
    },
  };
}

/** Throws `ProbeError` if a running node does not answer. */
export function parseMaintenance(output: string): Maintenance {
  const lines = output.trim().split('\n');
  const last = lines.at(-1) ?? '';
  if (last === 'down') return 'down';
  if (last === 'true') return 'drained';
  if (last === 'false') return 'ready';
  throw new ProbeError(
    `RabbitMQ runs, but does not say whether it is in maintenance mode: ${lines[0] ?? ''}`,
  );
}
