import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Plan } from '../../planner/plan.ts';
import { quote } from '../../operations/shell.ts';
import type { Approval } from '../../runner/approval.ts';
import type { Prunable, RunEvent } from '../../runner/events.ts';
import type { RunOptions } from '../../runner/run-plan.ts';
import type { Confirm } from '../ask.ts';
import { loadDeployment, type Deployment } from '../deployment.ts';
import type { ExecuteOptions } from '../execute.ts';
import { EXIT, exitCodeOf } from '../io.ts';
import {
  playbookOptionsOf,
  selectionOf,
  withConnections,
  withConsent,
  withOutput,
  withPlaybookOptions,
  withSelection,
  type ConnectionOptions,
  type ConsentOptions,
  type OutputOptions,
  type PlaybookOptions,
  type SelectionOptions,
} from '../options.ts';
import { tableOptions } from '../presentation.ts';
import { printPlan } from '../print-plan.ts';
import type { PlannedRequest, SavedPlan } from '../saved-plan.ts';
import { exiting, type Cli, type Register } from '../register.ts';

interface DeployOptions
  extends OutputOptions, ConnectionOptions, SelectionOptions, PlaybookOptions, ConsentOptions {
  /** Also remove resources that osha created and the inventory no longer lists. */
  readonly prune?: true;
  /** Exit 3 when changes are pending. */
  readonly exitCode?: true;
  /** With --diff: the file to save the plan to. */
  readonly out?: string;
  /** The file of a saved plan, to carry out that and nothing else. */
  readonly plan?: string;
}

interface ModeOptions {
  readonly dryRun?: true;
  readonly diff?: true;
}

export interface DeployRequest extends DeployOptions {
  readonly mode: 'plan' | 'diff' | 'apply';
  /** A file with the user's own playbooks; only these are run. */
  readonly run?: string;
  /** The text of the inventory, instead of that in its file. */
  readonly text?: string | undefined;
}

export const registerPlan: Register = (program, cli) => {
  const command = program
    .command('plan')
    .summary('show what a deployment would do')
    .description(
      'Prints the phases, their steps, and for each step its hosts and strategy, without connecting to any host. ' +
        'With --diff, connects and prints what would change, without writing to any host. With --out, also saves this plan to a ' +
        'file, which osha deploy carries out with its option --plan, or refuses if the hosts have changed since. ' +
        'Exits with 1 when something is unhealthy that no pending change may fix. ' +
        'The same as deploy --dry-run.',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .addHelpText(
      'after',
      '\nExamples:\n  osha plan inventory/lab.yaml\n  osha plan inventory/lab.yaml --only galera,haproxy\n' +
        '  osha plan inventory/lab.yaml --diff --exit-code\n  osha plan inventory/lab.yaml --out plan.json',
    );
  command.addOption(
    new Option('--out <file>', 'save the plan to a file, to be carried out with --plan').implies({
      diff: true,
    }),
  );
  withOutput(withConnections(withSelection(withPlaybookOptions(withDiff(command))))).action(
    exiting(cli, (inventory: string, options: DeployOptions & ModeOptions) =>
      deploy(cli, inventory, { ...options, mode: options.diff ? 'diff' : 'plan' }),
    ),
  );
};

export const registerDeploy: Register = (program, cli) => {
  const command = program
    .command('deploy')
    .summary('deploy everything the inventory describes')
    .description(
      'Brings every host to the state that the inventory describes, phase by phase, and verifies it. What is already in ' +
        'place stays untouched: a second deployment changes nothing, and an interrupted one resumes where it stopped. ' +
        'What can lose data or availability (--prune, --bootstrap-from) is shown first and has to be confirmed. ' +
        'Generates missing secrets and writes them next to the inventory. Refuses to run where the hosts have secrets ' +
        'that this folder lacks, or different ones.\n\n' +
        'With --plan, carries out a plan that was saved with osha plan INVENTORY --out FILE: its changes and no others. Where the hosts have ' +
        'changed since, names the differences and changes nothing (exit 5).',
    )
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--dry-run', 'only print the plan, without connecting')
    .addOption(
      new Option(
        '--plan <file>',
        'carry out a saved plan, or refuse if the hosts have changed since',
      ).conflicts(['only', 'skip', 'from', 'limit', 'prune', 'bootstrapFrom', 'diff', 'dryRun']),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  osha deploy inventory/lab.yaml\n  osha deploy inventory/lab.yaml --only rabbitmq --limit controller2\n' +
        '  osha deploy inventory/lab.yaml --from galera:form-the-cluster\n' +
        '  osha deploy inventory/lab.yaml --bootstrap-from controller1\n' +
        '  osha deploy inventory/lab.yaml --plan plan.json\n  osha deploy inventory/lab.yaml --json | tail -1',
    );
  withOutput(withConnections(withSelection(withConsent(withPlaybookOptions(withDiff(command)))))).action(
    exiting(cli, (inventory: string, options: DeployOptions & ModeOptions) =>
      deploy(cli, inventory, { ...options, mode: modeOf(options) }),
    ),
  );
};

export const registerRun: Register = (program, cli) => {
  const command = program
    .command('run')
    .summary('run your own playbook')
    .description(
      'Runs the playbook, or the list of playbooks, that a TypeScript file exports by default, and nothing else, with the ' +
        "same engine and the same options as deploy. The file imports from 'osha' (and from 'zod'), wherever it is. Its " +
        "settings are in the inventory, under the playbook's name.\n\n" +
        'An inventory that has such settings names the file, so that every command knows them: playbooks: [./motd.ts]. ' +
        'Then deploy, plan and status include the playbook as well.',
    )
    .argument('<playbook>', 'a .ts or .js file whose default export is a playbook')
    .argument('<inventory>', 'the inventory, a YAML file')
    .option('--dry-run', 'only print the plan, without connecting')
    .addHelpText(
      'after',
      '\nExamples:\n  osha run motd.ts inventory/lab.yaml --diff\n  osha run motd.ts inventory/lab.yaml --limit controller1',
    );
  withOutput(withConnections(withSelection(withConsent(withDiff(command))))).action(
    exiting(cli, (playbook: string, inventory: string, options: DeployOptions & ModeOptions) =>
      deploy(cli, inventory, { ...options, run: playbook, mode: modeOf(options) }),
    ),
  );
};

/** `--diff`, and what goes with it. */
function withDiff(command: Command): Command {
  return command
    .option('--diff', 'connect and show what would change, without changing anything')
    .option(
      '--prune',
      'remove resources that osha created and the inventory no longer lists (default: only report them)',
    )
    .addOption(
      new Option('--exit-code', 'with --diff: exit 3 when changes are pending').implies({ diff: true }),
    );
}

function modeOf({ diff, dryRun }: ModeOptions): DeployRequest['mode'] {
  if (diff) return 'diff';
  return dryRun ? 'plan' : 'apply';
}

/** Plans, compares or deploys an inventory, as `mode` says. Returns the exit code. */
export async function deploy(cli: Cli, file: string, given: DeployRequest): Promise<number> {
  const { run, mode } = given;
  const saved = given.plan === undefined ? undefined : await savedPlan(cli, given.plan, file);
  const request = saved ? { ...given, ...asOptions(saved.plan.request) } : given;
  const deployment = await loadDeployment(cli.io, file, {
    json: request.json ?? false,
    secrets: mode === 'plan' ? 'shown' : 'read',
    run,
    text: given.text,
  });
  const { createPlan } = await import('../../planner/plan.ts');
  const plan = createPlan({
    ...deployment,
    selection: selectionOf(request),
    options: playbookOptionsOf(request),
  });
  if (mode === 'plan') return printPlan(cli, plan, request);
  const [{ executePlan }, { passwordsFor }, { confirmer }] = await Promise.all([
    import('../execute.ts'),
    import('../access.ts'),
    import('../ask.ts'),
  ]);
  const risks = mode === 'apply' && !request.yes ? risksOf(plan, request) : [];
  const confirm = risks.length > 0 ? confirmer(cli, risks.join(' with ')) : undefined;
  const options = { ...request, mode, passwords: await passwordsFor(cli.io, request) };
  const prune = confirm
    ? await confirmedRemovals(cli, plan, deployment, { ...options, confirm })
    : (request.prune ?? false);
  if (request.out !== undefined)
    return saveAnnounced(cli, plan, deployment, { ...options, out: request.out, prune });
  const approved = saved ? await unmoved(cli, plan, deployment, { ...options, saved }) : undefined;
  const summary = await executePlan(cli, plan, deployment, { ...options, prune, approved });
  return exitCodeOf(summary, { pendingIsError: request.exitCode ?? false });
}

/** A saved plan, and the file that it was read from. */
interface Saved {
  readonly plan: SavedPlan;
  readonly file: string;
}

async function savedPlan({ io }: Cli, file: string, inventoryFile: string): Promise<Saved> {
  const { readPlan } = await import('../saved-plan.ts');
  const files = { file: resolve(io.cwd, file), inventoryFile: resolve(io.cwd, inventoryFile) };
  return { plan: readPlan(files), file };
}

/** The options that a plan was made with. */
function asOptions({
  only,
  skip,
  from,
  limit,
  prune,
  bootstrapFrom,
}: PlannedRequest): Partial<DeployOptions> {
  return {
    ...(only && { only }),
    ...(skip && { skip }),
    ...(from && {
      from: from.step === undefined ? { phase: from.phase } : { phase: from.phase, step: from.step },
    }),
    ...(limit && { limit }),
    ...(prune && { prune }),
    ...(bootstrapFrom !== undefined && { bootstrapFrom }),
  };
}

/** Shows what a deployment would do, and saves it, unless the survey is incomplete. Returns the exit code. */
async function saveAnnounced(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions &
    Omit<DeployRequest, 'prune'> &
    Pick<RunOptions, 'mode' | 'prune'> & { readonly out: string },
): Promise<number> {
  const [{ executePlan }, { Announced, savePlan }] = await Promise.all([
    import('../execute.ts'),
    import('../saved-plan.ts'),
  ]);
  const announced = new Announced();
  const observe = (event: RunEvent): void => announced.add(event);
  const summary = await executePlan(cli, plan, deployment, { ...options, observe });
  const exitCode = exitCodeOf(summary, { pendingIsError: options.exitCode ?? false });
  if (exitCode !== EXIT.ok && exitCode !== EXIT.pending) {
    cli.io.stderr.write(`the plan is incomplete, so ${options.out} was not written\n`);
    return exitCode;
  }
  const { only, skip, from, limit, bootstrapFrom } = options;
  const request = { only, skip, from, limit, prune: options.prune ? true : undefined, bootstrapFrom };
  savePlan(resolve(cli.io.cwd, options.out), announced, {
    inventory: deployment.inventory.file,
    request: JSON.parse(JSON.stringify(request)) as PlannedRequest,
  });
  cli.io.stderr.write(
    `saved; carry it out with: osha deploy ${quote(deployment.inventory.file)} --plan ${quote(options.out)}\n`,
  );
  return exitCode;
}

/** What a saved plan allows, if the hosts are as they were. Throws `UserError` with 5 if not. */
async function unmoved(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions & Pick<DeployRequest, 'prune'> & { readonly saved: Saved },
): Promise<Approval> {
  const [{ surveyPlan }, { demandUnmoved }, { Approval: Approved }] = await Promise.all([
    import('../execute.ts'),
    import('../saved-plan.ts'),
    import('../../runner/approval.ts'),
  ]);
  const { saved, prune = false } = options;
  const { announced } = await surveyPlan(cli, plan, deployment, { ...options, announceRemovals: prune });
  demandUnmoved(saved.plan, announced, { file: saved.file, inventoryFile: deployment.inventory.file });
  return new Approved(saved.plan.changes, saved.plan.operations);
}

/** The given options that can lose data or availability. */
function risksOf(plan: Plan, request: DeployRequest): readonly string[] {
  return [...(request.prune ? ['--prune'] : []), ...plan.losses.map(({ option }) => option)];
}

/**
 * Surveys what the run would remove or may lose, and asks for confirmation. Returns what the run may remove; anything it
 * finds later is only reported.
 */
async function confirmedRemovals(
  cli: Cli,
  plan: Plan,
  deployment: Deployment,
  options: ExecuteOptions & Pick<DeployRequest, 'prune'> & { readonly confirm: Confirm },
): Promise<readonly Prunable[]> {
  const [{ surveyPlan }, { atStake }] = await Promise.all([
    import('../execute.ts'),
    import('../../render/plan.ts'),
  ]);
  const { prunable, shown, evidence } = await surveyPlan(cli, plan, deployment, options);
  const removed = options.prune ? shown : [];
  const text = atStake({ prunable: removed, losses: plan.losses, evidence }, tableOptions(cli.io, options));
  if (text !== undefined) await options.confirm(text);
  return options.prune ? prunable : [];
}
