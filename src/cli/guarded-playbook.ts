import { z } from 'zod';
import type { Host } from '../inventory/types.ts';
import type { Backup } from '../playbook/backup.ts';
import type { Change, ClusterOperation, HealthCheck, Operation, Probe } from '../playbook/operation.ts';
import type { SpareQuestion } from '../planner/purpose.ts';
import type { Life, SpareCheck } from '../playbook/life.ts';
import type { Playbook } from '../playbook/playbook.ts';
import type { ClusterStep, HostStep, Step, VerifyStep } from '../playbook/step.ts';
import type { PlaybookFile } from './playbook-file.ts';

const callable = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', {
  error: 'expected a function',
});
const text = z.string({ error: 'expected a string' });
const listOf = <Item extends z.ZodType>(item: Item): z.ZodArray<Item> =>
  z.array(item, { error: 'expected a list' });
const rule = z.union(
  [
    z.strictObject({
      length: z.int().min(16),
      alphabet: z.enum(['alphanumeric', 'hex']),
      describe: z.string(),
    }),
    z.strictObject({ kind: z.literal('privateKey'), bits: z.int().min(2048), describe: z.string() }),
  ],
  { error: "expected a rule such as token('what it is for')" },
);
const rules = z.record(z.string().regex(/^[A-Za-z]\w*$/, { error: 'expected letters and digits' }), rule);
const port = z.looseObject(
  { port: z.int().min(1).max(65_535), process: text },
  { error: 'expected a port and its process' },
);

/** The shape of a playbook, checked at run time: its types are gone when it is loaded. */
const playbookShape = z.looseObject({
  name: z.string({ error: 'expected a string' }).regex(/^[A-Za-z][A-Za-z0-9_-]*$/, {
    error: 'expected letters, digits, "-" and "_", beginning with a letter',
  }),
  title: text,
  hosts: callable,
  needs: listOf(text).optional(),
  wave: text.optional(),
  manual: z.literal(true, { error: 'expected true or undefined' }).optional(),
  servesHost: z.literal(true, { error: 'expected true or undefined' }).optional(),
  settings: z.custom<z.ZodType>(
    (value) => typeof value === 'object' && value !== null && '_zod' in value && 'safeParse' in value,
    { error: 'expected a zod 4 schema, such as z.strictObject({})' },
  ),
  secrets: rules.optional(),
  ports: listOf(port).optional(),
  steps: callable,
  ...Object.fromEntries(
    [
      'moreSecrets',
      'carries',
      'health',
      'life',
      'drill',
      'backup',
      'frontends',
      'takeovers',
      'morePorts',
      'validate',
    ].map((name) => [name, callable.optional()]),
  ),
});

const hostShape = z.looseObject(
  { name: text, address: text, roles: listOf(text) },
  { error: 'expected a host of the inventory' },
);
const probeShape = z.looseObject(
  { script: text, reads: listOf(text), parse: callable },
  { error: 'expected a probe' },
);
const operationShape = z.looseObject(
  {
    scope: z.literal('host', { error: 'expected an operation on one host' }),
    title: text,
    probe: probeShape,
    decide: callable,
  },
  { error: 'expected an operation' },
);
const clusterShape = z.looseObject(
  {
    title: text,
    members: listOf(hostShape),
    probe: callable,
    decide: callable,
  },
  { error: 'expected an operation on a cluster' },
);
const checkShape = z.looseObject(
  {
    scope: z.literal('health', { error: 'expected a health check' }),
    title: text,
    members: listOf(hostShape),
    probe: callable,
    judge: callable,
  },
  { error: 'expected a health check' },
);
const stepBase = { title: text, hosts: listOf(hostShape).optional() };
const stepShape = z.discriminatedUnion(
  'kind',
  [
    z.looseObject({ ...stepBase, kind: z.literal('host'), operations: callable }),
    z.looseObject({ ...stepBase, kind: z.literal('cluster'), operation: clusterShape }),
    z.looseObject({ ...stepBase, kind: z.literal('verify'), check: checkShape }),
  ],
  { error: 'expected a step: make it with step() or verify()' },
);
const changeShape = z.looseObject(
  { summary: text, script: text, touches: listOf(text) },
  { error: 'expected a change' },
);
const problemShape = z.looseObject(
  {
    severity: z.enum(['error', 'warning', 'advice']),
    path: listOf(z.union([z.string(), z.number()])),
    message: text,
  },
  { error: 'expected a problem: { severity, path, message }' },
);
const frontendShape = z.looseObject(
  {
    name: text,
    vip: text,
    port: z.int(),
    servers: listOf(z.looseObject({ host: text, address: text, port: z.int() })),
  },
  { error: 'expected a frontend' },
);
const takeoverShape = z.looseObject(
  { unit: text, hosts: listOf(text), by: text },
  { error: 'expected a takeover' },
);
const carriedShape = z.looseObject(
  { secret: text, hosts: listOf(hostShape), path: text },
  { error: 'expected a carried secret' },
);
const drillShape = z.looseObject(
  {
    services: listOf(
      z.looseObject({ name: text, address: text, port: z.int(), proof: z.looseObject({ kind: text }) }),
    ).optional(),
    writes: listOf(
      z.looseObject({ what: text, container: text, members: listOf(hostShape), writers: listOf(hostShape) }),
    ).optional(),
  },
  { error: 'expected services and writes' },
);
const spareShape = z.looseObject(
  { members: listOf(hostShape), probe: callable, judge: callable },
  { error: 'expected a check: make it with spareCheck()' },
);
const lifeShape = z.looseObject(
  {
    okToStop: callable,
    ...Object.fromEntries(
      ['okToDrain', 'okToLeave', 'okToRestart', 'drain', 'undrain', 'leave', 'whyKept', 'units'].map(
        (name) => [name, callable.optional()],
      ),
    ),
  },
  { error: 'expected an object with okToStop' },
);
const reasonShape = z.string({ error: 'expected a string or undefined' }).optional();
const verdictShape = z.looseObject(
  {
    verdict: z.enum(['spared', 'needed', 'unknown'], { error: 'expected "spared", "needed" or "unknown"' }),
    evidence: text,
  },
  { error: 'expected a verdict: { verdict, evidence }' },
);
const backupShape = z.looseObject(
  {
    what: text,
    members: listOf(hostShape),
    ...Object.fromEntries(
      ['probe', 'choose', 'dump', 'parseFacts', 'whyAway', 'judgeRestore'].map((name) => [name, callable]),
    ),
    restore: z.looseObject({
      pipe: text,
      pipeEnd: text,
      close: text,
      stop: text,
      opens: text,
      verify: text,
      open: text,
      forget: text,
      ...Object.fromEntries(['receive', 'empty', 'place', 'formOptions'].map((name) => [name, callable])),
    }),
  },
  { error: 'expected a backup: its scripts and decisions' },
);
const findingShape = z.looseObject(
  { subject: text, healthy: z.boolean(), evidence: text },
  { error: 'expected a finding: { subject, healthy, evidence }' },
);

/**
 * A playbook of a user's file, wrapped so that errors in its code become faults of that file. Operations of all hosts are
 * requested once in advance, so that most faults appear in the plan, before any host is contacted. Throws `PlaybookFault`
 * where `exported` is not a playbook.
 */
export function guardedPlaybook(file: PlaybookFile, exported: unknown): Playbook {
  if (typeof exported !== 'object' || exported === null || !('steps' in exported)) {
    throw file.fault(
      'its default export is neither a playbook nor a list of playbooks',
      "write: import { playbook } from 'osha'; export default playbook({ ... })",
    );
  }
  requireShape(file, 'playbook', exported, playbookShape);
  const playbook = exported as Playbook;
  const list = <Item>(what: string, item: z.ZodType, act: () => readonly Item[]): readonly Item[] => {
    const found = file.call(what, act);
    requireShape(file, what, found, listOf(item));
    return found;
  };
  const own: Partial<Playbook> = {
    settings: derived(playbook.settings, {
      safeParse: (value, params) => file.call('settings', () => playbook.settings.safeParse(value, params)),
    }),
    hosts: (inventory) => list('hosts', hostShape, () => playbook.hosts(inventory)),
    steps: (context) =>
      list('steps', stepShape, () => playbook.steps(context)).map((step) =>
        guardedStep(file, step, context.hosts),
      ),
  };
  if (playbook.moreSecrets) {
    own.moreSecrets = (settings, inventory) => {
      const more = file.call('moreSecrets', () => playbook.moreSecrets?.(settings, inventory) ?? {});
      requireShape(file, 'moreSecrets', more, rules);
      return more;
    };
  }
  if (playbook.carries)
    own.carries = (context) => list('carries', carriedShape, () => playbook.carries?.(context) ?? []);
  if (playbook.health) {
    own.health = (context) =>
      list('health', checkShape, () => playbook.health?.(context) ?? []).map((check) =>
        guardedCheck(file, check),
      );
  }
  if (playbook.life) {
    own.life = (context) => {
      const life = file.call('life', () => playbook.life?.(context)) as Life;
      requireShape(file, 'life', life, lifeShape);
      return guardedLife(file, life, context.hosts);
    };
  }
  if (playbook.drill) {
    own.drill = (context) => {
      const drill = file.call('drill', () => playbook.drill?.(context) ?? {});
      requireShape(file, 'drill', drill, drillShape);
      return drill;
    };
  }
  if (playbook.backup) {
    own.backup = (context) => {
      const backup = file.call('backup', () => playbook.backup?.(context));
      requireShape(file, 'backup', backup, backupShape);
      return backup as Backup;
    };
  }
  if (playbook.frontends)
    own.frontends = (context) => list('frontends', frontendShape, () => playbook.frontends?.(context) ?? []);
  if (playbook.takeovers)
    own.takeovers = (context) => list('takeovers', takeoverShape, () => playbook.takeovers?.(context) ?? []);
  if (playbook.morePorts)
    own.morePorts = (context) => list('morePorts', port, () => playbook.morePorts?.(context) ?? []);
  if (playbook.validate) {
    own.validate = (inventory, settings) =>
      list('validate', problemShape, () => playbook.validate?.(inventory, settings) ?? []);
  }
  return derived(playbook, own);
}

function guardedLife(file: PlaybookFile, life: Life, hosts: readonly Host[]): Life {
  const list = <Item>(what: string, shape: z.ZodType, act: () => readonly Item[]): readonly Item[] => {
    const found = file.call(what, act);
    requireShape(file, what, found, listOf(shape));
    return found;
  };
  const checks = (name: SpareQuestion) => (host: Host) =>
    list(name, spareShape, () => life[name]?.(host) as readonly SpareCheck[]).map((check) =>
      derived<SpareCheck>(check, {
        probe: guardedProbe(file, name, check),
        judge: (answers) => {
          const spare = file.call(name, () => check.judge(answers));
          requireShape(file, name, spare, verdictShape);
          return spare;
        },
      }),
    );
  const steps = (name: 'drain' | 'undrain' | 'leave') => (host: Host) =>
    life[name] === undefined
      ? []
      : list(name, stepShape, () => life[name]?.(host) as readonly Step[]).map((step) =>
          guardedStep(file, step, hosts),
        );
  return derived<Life>(life, {
    okToStop: checks('okToStop'),
    ...(life.okToDrain && { okToDrain: checks('okToDrain') }),
    ...(life.okToLeave && { okToLeave: checks('okToLeave') }),
    ...(life.okToRestart && { okToRestart: checks('okToRestart') }),
    drain: steps('drain'),
    undrain: steps('undrain'),
    leave: steps('leave'),
    ...(life.whyKept && {
      whyKept: (host) => {
        const why = file.call('whyKept', () => life.whyKept?.(host));
        requireShape(file, 'whyKept', why, reasonShape);
        return why;
      },
    }),
    ...(life.units && {
      units: (host) => list('units', text, () => life.units?.(host) as readonly string[]),
    }),
  });
}

function guardedStep(file: PlaybookFile, step: Step, hosts: readonly Host[]): Step {
  const what = `step "${step.title}"`;
  switch (step.kind) {
    case 'host': {
      const own: Partial<HostStep> = { operations: (host) => operationsOf(file, step, host) };
      const until = step.untilHealthy?.bind(step);
      if (until)
        own.untilHealthy = (host) =>
          guardedCheck(
            file,
            file.call(what, () => until(host)),
          );
      for (const host of step.hosts ?? hosts) operationsOf(file, step, host);
      return derived(step, own);
    }
    case 'cluster':
      return derived<ClusterStep>(step, { operation: guardedCluster(file, what, step.operation) });
    case 'verify':
      return derived<VerifyStep>(step, { check: guardedCheck(file, step.check) });
  }
}

function operationsOf(file: PlaybookFile, step: HostStep, host: Host): readonly Operation[] {
  const what = `step "${step.title}"`;
  const found = file.call(what, () => step.operations(host));
  requireShape(file, what, found, listOf(operationShape), step.title);
  return found.map((operation) =>
    derived(operation, {
      decide: (observed) => {
        const changes: readonly Change[] = file.call(what, () => operation.decide(observed));
        requireShape(file, `${what}: decide`, changes, listOf(changeShape), step.title);
        return changes;
      },
    }),
  );
}

function guardedCluster(file: PlaybookFile, what: string, operation: ClusterOperation): ClusterOperation {
  return derived(operation, {
    probe: guardedProbe(file, what, operation),
    decide: (answers) => file.call(what, () => operation.decide(answers)),
  });
}

function guardedCheck(file: PlaybookFile, check: HealthCheck): HealthCheck {
  requireShape(file, 'health check', check, checkShape);
  const what = `health check "${check.title}"`;
  return derived(check, {
    probe: guardedProbe(file, what, check),
    judge: (answers) => {
      const findings = file.call(what, () => check.judge(answers));
      requireShape(file, what, findings, listOf(findingShape), check.title);
      return findings;
    },
  });
}

/** The guarded `probe`. Calls it once for each member, so that a fault appears in the plan. */
function guardedProbe(
  file: PlaybookFile,
  what: string,
  asks: Pick<ClusterOperation, 'members' | 'probe'>,
): (member: Host) => Probe {
  const probe = (member: Host): Probe => {
    const found = file.call(what, () => asks.probe(member));
    requireShape(file, what, found, probeShape);
    return found;
  };
  for (const member of asks.members) probe(member);
  return probe;
}

/** `base` with some properties replaced. Inherits the others, so that instances of classes keep working. */
function derived<Base extends object>(base: Base, own: Partial<Base>): Base {
  return Object.create(base, Object.getOwnPropertyDescriptors(own)) as Base;
}

/** Throws a fault of `file` where `value` does not have the shape. */
function requireShape(
  file: PlaybookFile,
  what: string,
  value: unknown,
  shape: z.ZodType,
  near?: string,
): void {
  const result = shape.safeParse(value);
  const [issue] = result.error?.issues ?? [];
  if (!issue) return;
  const where = issue.path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('');
  const found = issue.path.reduce<unknown>(
    (at, step) => (at as Readonly<Record<PropertyKey, unknown>> | undefined)?.[step],
    value,
  );
  throw file.fault(
    `${what}${where}: ${issue.message}, found ${inWords(found)}`,
    'osha exports the types: an editor with TypeScript support marks the place',
    file.find(near ?? String(typeof issue.path[0] === 'string' ? issue.path[0] : what)),
  );
}

function inWords(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  return value instanceof Promise ? 'a promise' : 'an object';
}
