import type { Playbook, PlaybookContext } from '../../src/playbook/playbook.ts';
import type { HostStep, Step } from '../../src/playbook/step.ts';
import type { Operation } from '../../src/playbook/operation.ts';
import { platformOf } from '../../src/platform/index.ts';
import { Secret } from '../../src/secrets/secret.ts';
import { asSecretText } from '../../src/secrets/text.ts';
import { anInventory } from '../support/inventory.ts';

type Context = PlaybookContext<unknown, string, string>;

/** What the planner would give a playbook; its settings are parsed by its own schema. */
export function contextOf(playbook: Playbook, given: Partial<Context> = {}): Context {
  const inventory = given.inventory ?? anInventory();
  const secrets = Object.keys(playbook.secrets ?? {}).map((name) => [
    name,
    new Secret(name, `value-of-${name}`),
  ]);
  return {
    hosts: playbook.hosts(inventory),
    secrets: Object.fromEntries(secrets) as Record<string, Secret>,
    platform: platformOf(inventory.platform),
    options: {},
    frontends: [],
    takeovers: [],
    ...given,
    inventory,
    settings: playbook.settings.parse(given.settings ?? {}),
  };
}

/** The operations of all host steps on one host, in their order. */
export function operationsOn(steps: readonly Step[], name: string, context: Context): readonly Operation[] {
  const host = context.inventory.hosts.find((one) => one.name === name);
  if (!host) throw new Error(`no host ${name}`);
  const runsThere = (step: Step): step is HostStep =>
    step.kind === 'host' && (step.hosts ?? context.hosts).some((one) => one.name === name);
  return steps.filter(runsThere).flatMap((step) => step.operations(host));
}

/** The text of a file that a playbook places on a host, secrets revealed; nothing where it places none there. */
export function placedFile(
  playbook: Playbook,
  context: Context,
  host: string,
  path: string,
): string | undefined {
  const operations = operationsOn(playbook.steps(context), host, context);
  const placed = operations.find((operation) => operation.places?.path === path)?.places;
  return placed && asSecretText(placed.content).reveal();
}

/** Titles of the operations on a host. */
export function titlesOn(playbook: Playbook, context: Context, host: string): readonly string[] {
  return operationsOn(playbook.steps(context), host, context).map((operation) => operation.title);
}
