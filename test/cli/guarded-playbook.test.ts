import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { guardedPlaybook } from '../../src/cli/guarded-playbook.ts';
import { PlaybookFile, type LocatedPlace } from '../../src/cli/playbook-file.ts';
import * as face from '../../src/index.ts';
import { failureOf } from '../../src/runner/failure.ts';
import type { Host } from '../../src/inventory/types.ts';
import type { Life } from '../../src/playbook/life.ts';
import type { Step } from '../../src/playbook/step.ts';
import { anInventory } from '../support/inventory.ts';
import { platformOf } from '../../src/platform/index.ts';
import { PlaybookFault } from '../../src/playbook/playbook.ts';

const { everyHost, file, step, verify } = face;
const TEXT = "import { playbook } from 'osha';\n\n  steps: () => [step('Write it', 1)],\n";
const inventory = anInventory();
const [host] = inventory.hosts;

function aFile(entry?: LocatedPlace): PlaybookFile {
  return new PlaybookFile({
    name: 'my.ts',
    path: '/somewhere/my.ts',
    text: TEXT,
    cwd: '/somewhere',
    entry,
    face,
  });
}

/** A definition as JavaScript could have it: nothing of it is checked before it is loaded. */
function guarded(definition: object, entry?: LocatedPlace): ReturnType<typeof guardedPlaybook> {
  return guardedPlaybook(aFile(entry), {
    name: 'mine',
    title: 'My own',
    hosts: everyHost,
    settings: z.strictObject({}),
    steps: () => [],
    ...definition,
  });
}

function faultOf(act: () => unknown): PlaybookFault {
  try {
    act();
  } catch (error) {
    if (error instanceof PlaybookFault) return error;
    throw error;
  }
  throw new Error('there was no fault');
}

const context = {
  inventory,
  hosts: inventory.hosts,
  settings: {},
  secrets: {},
  platform: platformOf('debian-12'),
  options: {},
  frontends: [],
  takeovers: [],
};
const stepsOf = (definition: object): readonly Step[] => guarded(definition).steps(context);
/** Such as a function that returns nothing, or a name that is misspelt: what TypeScript would have marked. */
const wrong = (value: unknown): never => value as never;

describe('a user’s playbook is rejected where it', () => {
  it.each<[string, object, string]>([
    ['has no name', { name: undefined }, 'playbook.name: expected a string, found undefined'],
    ['has a name with a space', { name: 'my app' }, 'playbook.name: expected letters, digits'],
    ['has no schema for its settings', { settings: {} }, 'playbook.settings: expected a zod 4 schema'],
    ['has a string as needs', { needs: 'base' }, 'playbook.needs: expected a list, found "base"'],
    ['has steps that are not a function', { steps: [] }, 'playbook.steps: expected a function, found a list'],
    [
      'has a secret that no rule makes',
      { secrets: { key: true } },
      'playbook.secrets.key: expected a rule such as',
    ],
  ])('%s', (_, definition, words) => {
    expect(faultOf(() => guarded(definition)).message).toContain(words);
  });
});

describe('the plan reports as a mistake in the user’s file a step that', () => {
  it.each<[string, object, string]>([
    ['throws', { steps: () => wrong(JSON.parse('{')) }, 'steps: Expected property name'],
    ['returns a promise', { steps: async () => [] }, 'my.ts:3:3: steps returns a promise'],
    ['returns nothing', { steps: () => undefined }, 'steps: expected a list, found undefined'],
    ['is no step', { steps: () => [false] }, 'steps[0]: expected a step: make it with step() or verify()'],
    [
      'misses an operation',
      { steps: () => [step('Write it', wrong(undefined))] },
      'my.ts:3:23: step "Write it"[0]: expected an operation, found undefined',
    ],
    [
      'does not return an operation for a host',
      { steps: () => [step('Write it', () => wrong(undefined))] },
      'step "Write it"[0]: expected an operation, found undefined',
    ],
    [
      'has a misspelt operation for a host',
      { steps: () => [step('Write it', () => wrong((file as never as { contnt: () => void }).contnt()))] },
      'step "Write it": file.contnt is not a function',
    ],
    [
      'has a check without members',
      {
        steps: () => [
          verify('Answers', wrong({ scope: 'health', title: 'x', probe: () => 1, judge: () => [] })),
        ],
      },
      'steps[0].check.members: expected a list, found undefined',
    ],
  ])('%s', (_, definition, words) => {
    const fault = faultOf(() => stepsOf(definition));
    expect(fault.message).toContain(words);
    expect(fault.problem.hint).not.toBe('');
  });

  it.each<
    [keyof ReturnType<typeof guardedPlaybook>, (playbook: ReturnType<typeof guardedPlaybook>) => unknown]
  >([
    ['hosts', (playbook) => playbook.hosts(inventory)],
    ['validate', (playbook) => playbook.validate?.(inventory, {})],
    ['moreSecrets', (playbook) => playbook.moreSecrets?.({}, { settings: {} })],
    ['carries', (playbook) => playbook.carries?.(context)],
    ['health', (playbook) => playbook.health?.(context)],
    ['frontends', (playbook) => playbook.frontends?.(context)],
    ['takeovers', (playbook) => playbook.takeovers?.(context)],
    ['morePorts', (playbook) => playbook.morePorts?.(context)],
  ])('%s throws, returns a promise or returns another shape', (name, call) => {
    const mistakes: readonly (() => unknown)[] = [
      () => {
        throw new Error('my own mistake');
      },
      async () => [],
      () => 'nonsense',
    ];
    for (const mistake of mistakes) {
      expect(faultOf(() => call(guarded({ [name]: mistake }))).message).toContain(name);
    }
  });

  it('its settings throw while they are parsed', () => {
    const settings = z.strictObject({}).transform(() => wrong(JSON.parse('{')));
    expect(faultOf(() => guarded({ settings }).settings.safeParse({})).message).toContain('settings: ');
  });
});

describe('the life of a user’s playbook is checked where it', () => {
  const probe = () => ({ script: 'true', reads: [], parse: () => true });
  const spare = { members: inventory.hosts, probe, judge: () => ({ verdict: 'spared', evidence: 'yes' }) };
  const lifeOf = (life: unknown): Life => {
    const found = guarded({ life: () => life }).life?.(context);
    if (!found) throw new Error('it has no life');
    return found;
  };
  const mine = (life: object): Life => lifeOf({ okToStop: () => [spare], ...life });
  const on = host as Host;

  it.each<[string, () => unknown, string]>([
    ['is nothing', () => lifeOf(undefined), 'life: expected an object with okToStop, found undefined'],
    ['is a list', () => lifeOf([]), 'life: expected an object with okToStop, found a list'],
    ['has no okToStop', () => lifeOf({}), 'life.okToStop: expected a function, found undefined'],
    [
      'has a drain that is no function',
      () => mine({ drain: [] }),
      'life.drain: expected a function, found a list',
    ],
    ['has units that are a list', () => mine({ units: ['app'] }), 'life.units: expected a function'],
    [
      'drains with nothing',
      () => mine({ drain: () => undefined }).drain?.(on),
      'drain: expected a list, found undefined',
    ],
    [
      'says nothing about whether it spares a host',
      () => lifeOf({ okToStop: () => undefined }).okToStop(on),
      'okToStop: expected a list, found undefined',
    ],
    ['drains with a promise', () => mine({ drain: async () => [] }).drain?.(on), 'drain returns a promise'],
    [
      'drains with no step',
      () => mine({ drain: () => [{}] }).drain?.(on),
      'drain[0].kind: expected a step: make it with step() or verify()',
    ],
    [
      'undrains with a step without operations',
      () => mine({ undrain: () => [step('Start it', wrong(undefined))] }).undrain?.(on),
      'step "Start it"[0]: expected an operation, found undefined',
    ],
    [
      'leaves by throwing',
      () => mine({ leave: () => wrong(JSON.parse('{')) }).leave?.(on),
      'leave: Expected property name',
    ],
    ['says no check', () => lifeOf({ okToStop: () => [1] }).okToStop(on), 'okToStop[0]: expected a check'],
    [
      'says a check without members',
      () => lifeOf({ okToStop: () => [{ ...spare, members: undefined }] }).okToStop(on),
      'okToStop[0].members: expected a list, found undefined',
    ],
    [
      'says a check whose probe is none',
      () => lifeOf({ okToStop: () => [{ ...spare, probe: () => 'true' }] }).okToStop(on),
      'okToStop: expected a probe, found "true"',
    ],
    [
      'says no check of a drain',
      () => mine({ okToDrain: () => 'yes' }).okToDrain?.(on),
      'okToDrain: expected a list, found "yes"',
    ],
    [
      'judges by throwing',
      () =>
        lifeOf({ okToStop: () => [{ ...spare, judge: () => wrong(JSON.parse('{')) }] })
          .okToStop(on)[0]
          ?.judge(new Map()),
      'okToStop: Expected property name',
    ],
    [
      'judges with a word',
      () =>
        lifeOf({ okToStop: () => [{ ...spare, judge: () => 'spared' }] })
          .okToStop(on)[0]
          ?.judge(new Map()),
      'okToStop: expected a verdict: { verdict, evidence }, found "spared"',
    ],
    [
      'judges with an unknown verdict',
      () =>
        lifeOf({ okToStop: () => [{ ...spare, judge: () => ({ verdict: 'ok', evidence: '' }) }] })
          .okToStop(on)[0]
          ?.judge(new Map()),
      'okToStop.verdict: expected "spared", "needed" or "unknown", found "ok"',
    ],
    [
      'lists units that are none',
      () => mine({ units: () => [1] }).units?.(on),
      'units[0]: expected a string, found 1',
    ],
    [
      'keeps a host for a reason that is no text',
      () => mine({ whyKept: () => true }).whyKept?.(on),
      'whyKept: expected a string or undefined, found true',
    ],
    [
      'throws over whether it keeps a host',
      () => mine({ whyKept: () => wrong(JSON.parse('{')) }).whyKept?.(on),
      'whyKept: Expected property name',
    ],
  ])('%s', (_, act, words) => {
    const fault = faultOf(act);
    expect(fault.message).toContain(words);
    expect(fault.message).toMatch(/^\S+\.ts:\d+:\d+: /);
  });

  it('says the same with and without the guard', () => {
    const life = mine({ okToDrain: () => [], units: () => ['app'], whyKept: () => 'it is the last one' });
    expect(life.okToStop(on)[0]?.judge(new Map())).toEqual({ verdict: 'spared', evidence: 'yes' });
    expect(life.okToDrain?.(on)).toEqual([]);
    expect(life.units?.(on)).toEqual(['app']);
    expect(life.whyKept?.(on)).toBe('it is the last one');
    expect([life.drain?.(on), life.undrain?.(on), life.leave?.(on)]).toEqual([[], [], []]);
    // Without them, the defaults of osha apply.
    const plain = mine({});
    expect(['okToDrain', 'units', 'whyKept'].filter((name) => name in plain)).toEqual([]);
  });
});

describe('a fault', () => {
  it('suggests the correction of a misspelt name', () => {
    const misspelt = (): never => wrong((file as never as { contnt: () => void }).contnt());
    const { problem } = faultOf(() => stepsOf({ steps: misspelt }));
    expect(problem.hint).toBe('did you mean file.content?');
  });

  it('is reported at the inventory’s entry for the file, with its own place in the message', () => {
    const entry = { file: 'inventory.yaml', line: 7, column: 14 };
    const { problem } = faultOf(() => guarded({ steps: async () => [] }, entry).steps(context));
    expect(problem).toMatchObject({
      ...entry,
      severity: 'error',
      message: 'my.ts:3:3: steps returns a promise',
    });
  });

  it('in a decision fails the step as a mistake in the file, not as a defect of osha', () => {
    const operation = { ...file.content('/etc/x', { content: 'x' }), decide: () => wrong(undefined) };
    const [planned] = stepsOf({ steps: () => [step('Write it', operation)] });
    if (planned?.kind !== 'host') throw new Error('a step on hosts was planned');
    const [guardedOperation] = planned.operations(host as Host);
    const fault = faultOf(() => guardedOperation?.decide({}));
    expect(failureOf(fault)).toMatchObject({
      message: 'my.ts:3:23: step "Write it": decide: expected a list, found undefined',
    });
  });
});

it('a valid playbook plans the same with and without the guard, also as an instance of a class', () => {
  class Mine {
    readonly name = 'mine';
    readonly title = 'My own';
    readonly settings = z.strictObject({ text: z.string().default('hello') });
    readonly hosts = everyHost;
    steps(): readonly Step[] {
      return [step(this.title, file.content('/etc/x', { content: 'x' }))];
    }
  }
  const mine = guardedPlaybook(aFile(), new Mine());
  expect(mine.settings.parse({})).toEqual({ text: 'hello' });
  expect(mine.steps(context).map(({ title }) => title)).toEqual(['My own']);
});
